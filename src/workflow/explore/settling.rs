//! When an exploration is at its end: the leading eigenvalues no longer change from round to round.

use super::farthest_points::rates;

/// Rounds running in which the eigenvalues must have changed little.
const ROUNDS: usize = 2;

/// The largest relative change of an eigenvalue,
///
/// ```text
/// maxᵢ |λᵢ − λᵢ'| / |λᵢ'|
/// ```
pub(super) fn relative_change(now: &[f64], before: &[f64]) -> f64 {
    let pairs = rates(now).into_iter().zip(rates(before));
    pairs.fold(0.0, |largest: f64, (now, before)| {
        largest.max((now - before).abs() / before)
    })
}

/// Whether the last changes are all below the tolerance; the first round has none.
pub(super) fn has_settled(
    changes: impl DoubleEndedIterator<Item = Option<f64>>,
    tolerance: f64,
) -> bool {
    let mut last = changes.rev().take(ROUNDS);
    let settled = last
        .by_ref()
        .take_while(|change| change.is_some_and(|change| change <= tolerance));
    settled.count() == ROUNDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_change_counts() {
        let change = relative_change(&[-1.1, -4.0], &[-1.0, -5.0]);
        assert!((change - 0.2).abs() < 1e-15, "{change}");
        assert_eq!(relative_change(&[-1.0], &[-1.0]), 0.0);
        // Rounding errors of eigenvalues that are zero do not count.
        assert_eq!(relative_change(&[3e-17, -2.0], &[-1e-17, -2.0]), 0.0);
    }

    #[test]
    fn two_rounds_running_must_change_little() {
        for (changes, expected) in [
            (&[][..], false),
            (&[None], false),
            (&[None, Some(0.1)], false),
            (&[None, Some(0.1), Some(0.1)], true),
            (&[None, Some(0.05), Some(0.2), Some(0.1)], false),
            (&[None, Some(0.9), Some(0.2), Some(0.1)], false),
            (&[None, Some(0.9), Some(0.1), Some(0.0)], true),
            (&[None, Some(0.1), Some(f64::NAN)], false),
        ] {
            let settled = has_settled(changes.iter().copied(), 0.1);
            assert_eq!(settled, expected, "{changes:?}");
        }
    }
}
