//! Numbers that are not finite are refused, and named.

use tati_core::{Result, TatiError};

/// Checks that all `numbers` are finite; `what` names the one at a place.
pub(crate) fn require_finite<T: Copy + Into<f64>>(
    numbers: &[T],
    what: impl Fn(usize) -> String,
) -> Result<()> {
    // Without a way out in between, in vector instructions.
    let are_finite = numbers
        .iter()
        .fold(true, |all, &x| all & x.into().is_finite());
    if are_finite {
        return Ok(());
    }
    let place = numbers.iter().position(|&x| !x.into().is_finite());
    let place = place.unwrap_or(0);
    Err(TatiError::NotFinite {
        what: what(place),
        value: numbers[place].into(),
        remedy: "leave such draws out, or sample again with a smaller step size",
    })
}
