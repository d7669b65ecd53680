//! Where the rungs of a ladder belong: at equal steps of the communication barrier.

/// What a pair that never rejected is taken to reject, so that the barrier grows everywhere.
const LEAST_REJECTION: f64 = 1e-3;

/// The ladder with the same ends and number of rungs between whose neighbours the rejections would be alike, from those along `ladder`.
///
/// With rejections rₖ between rungs k and k + 1 the communication barrier up to rung k is
///
/// ```text
/// Λ(βₖ) = r₀ + … + rₖ₋₁,   new βₖ:  Λ(βₖ) = k Λ(β_last)/last
/// ```
///
/// Λ being interpolated linearly in ln β between the rungs.
///
/// Source: S. Syed, A. Bouchard-Côté, G. Deligiannidis, A. Doucet, "Non-reversible parallel tempering: a scalable highly parallel MCMC
/// scheme", J. R. Stat. Soc. B 84 (2022) 321, section 5.2, algorithms 2 to 4, which interpolates by a monotone cubic.
pub(super) fn equalised(ladder: &[f64], rejections: &[f64]) -> Vec<f64> {
    let last = ladder.len() - 1;
    let mut barrier = vec![0.0];
    for rejection in rejections {
        barrier.push(barrier[barrier.len() - 1] + rejection.max(LEAST_REJECTION));
    }
    let rung = |index: usize| {
        if index == 0 || index == last {
            return ladder[index];
        }
        let target = barrier[last] * index as f64 / last as f64;
        let below = barrier.partition_point(|at| *at <= target).min(last) - 1;
        let share = (target - barrier[below]) / (barrier[below + 1] - barrier[below]);
        let (from, to) = (ladder[below].ln(), ladder[below + 1].ln());
        (from + share * (to - from)).exp()
    };
    (0..=last).map(rung).collect()
}

/// Round trips a sweep of all replicas together, with even and odd pairs in turn, if the potentials at a rung were independent from sweep to
/// sweep: 1/(2 + 2 Σ r/(1 − r)) (Syed et al. 2022, corollary 2).
pub(super) fn round_trip_rate(rejections: impl Iterator<Item = f64>) -> f64 {
    let hindrance: f64 = rejections.map(|r| r / (1.0 - r)).sum();
    1.0 / (2.0 + 2.0 * hindrance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_go_where_the_barrier_rises() {
        // Λ = 0, 0.1, 0.4, 0.8 at ln β = 3, 2, 1, 0: thirds of 0.8 lie 1/6·… of the way between the rungs around them.
        let ladder: Vec<f64> = [3.0f64, 2.0, 1.0, 0.0].map(f64::exp).to_vec();
        let moved = equalised(&ladder, &[0.1, 0.3, 0.4]);
        let expected = [
            3.0,
            2.0 - (0.8 / 3.0 - 0.1) / 0.3,
            1.0 - (1.6 / 3.0 - 0.4) / 0.4,
            0.0,
        ];
        for (moved, expected) in moved.iter().zip(expected) {
            assert!((moved.ln() - expected).abs() < 1e-12, "{moved}");
        }
        assert_eq!((moved[0], moved[3]), (ladder[0], ladder[3]));
    }

    #[test]
    fn equal_rejections_move_nothing() {
        let ladder = [8.0, 5.0, 1.5, 1.0];
        for rejections in [[0.0; 3], [0.25; 3], [1.0; 3]] {
            for (moved, rung) in equalised(&ladder, &rejections).iter().zip(ladder) {
                assert!((moved - rung).abs() < 1e-12 * rung);
            }
        }
        assert_eq!(equalised(&[2.0, 1.0], &[0.3]), [2.0, 1.0]);
    }

    #[test]
    fn replicas_that_are_always_exchanged_go_round_in_every_other_sweep() {
        assert_eq!(round_trip_rate([0.0; 3].into_iter()), 0.5);
        assert_eq!(round_trip_rate([0.5, 0.5].into_iter()), 1.0 / 6.0);
        assert_eq!(round_trip_rate([0.5, 1.0].into_iter()), 0.0);
    }
}
