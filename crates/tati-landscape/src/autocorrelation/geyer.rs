//! Geyer's initial monotone positive sequence.

use super::{AutocorrelationTime, relative_error};

/// τ of a series with these autocorrelations.
pub(super) fn integrated_time(autocorrelation: &[f64]) -> AutocorrelationTime {
    let length = autocorrelation.len();
    let (time, window) = initial_monotone_sequence(length, |lag| autocorrelation[lag]);
    let time = time.max(0.0);
    AutocorrelationTime {
        time,
        error: time * relative_error(window, length),
        window,
    }
}

/// τ = −1 + 2 Σₖ Γₖ, Γₖ = ρ(2k) + ρ(2k + 1), and the last lag that it took, of series of `length` numbers whose autocorrelation
/// is `rho`, from lag 1 on.
///
/// The Γₖ of a reversible chain are positive and fall (Geyer 1992, section 3.3): the sum ends before the first that is not
/// positive, and none counts for more than the one before it. A last even ρ counts once where it is positive, which helps series
/// of negative autocorrelation (Vehtari et al. 2021, as in Stan).
pub(crate) fn initial_monotone_sequence(length: usize, rho: impl Fn(usize) -> f64) -> (f64, usize) {
    let mut sum = 0.0;
    let mut lowest = f64::INFINITY;
    let mut pair = [1.0, rho(1)];
    let mut lag = 0;
    while lag + 4 < length && pair[0] + pair[1] > 0.0 {
        lowest = lowest.min(pair[0] + pair[1]);
        sum += lowest;
        lag += 2;
        pair = [rho(lag), rho(lag + 1)];
    }
    let last = if pair[0] > 0.0 || pair[0] + pair[1] >= 0.0 {
        pair[0]
    } else {
        0.0
    };
    // A NaN ends the loop, and must come out.
    let poison = 0.0 * (pair[0] + pair[1]);
    (2.0 * sum - 1.0 + last + poison, lag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_summed_to_the_first_that_is_not_positive() {
        let rho = [1.0, 0.5, 0.25, 0.125, -0.1, -0.2, 0.9, 0.9, 0.9, 0.9];
        let (time, window) = initial_monotone_sequence(10, |lag| rho[lag]);
        assert_eq!((time, window), (2.0 * (1.5 + 0.375) - 1.0, 4));
        // A last even autocorrelation that is positive counts once.
        let rho = [1.0, 0.5, 0.25, 0.125, 0.0625, -0.2, 0.9, 0.9, 0.9, 0.9];
        let (time, _) = initial_monotone_sequence(10, |lag| rho[lag]);
        assert_eq!(time, 2.0 * (1.5 + 0.375) - 1.0 + 0.0625);
    }

    #[test]
    fn a_pair_counts_for_no_more_than_the_one_before_it() {
        let rho = [1.0, -0.5, 0.4, 0.5, -0.1, 0.0, 0.0, 0.0];
        let (time, _) = initial_monotone_sequence(8, |lag| rho[lag]);
        assert_eq!(time, 2.0 * (0.5 + 0.5) - 1.0);
    }

    #[test]
    fn what_is_no_number_comes_out() {
        let (time, _) = initial_monotone_sequence(9, |lag| if lag < 3 { 0.5 } else { f64::NAN });
        assert!(time.is_nan());
    }
}
