//! Numbers that are not finite are refused, and named.

use tati_core::{Result, TatiError};

/// Checks that all `numbers` are finite; `what` names the one at a place.
pub(crate) fn require_finite(numbers: &[f64], what: impl Fn(usize) -> String) -> Result<()> {
    let Some(place) = numbers.iter().position(|x| !x.is_finite()) else {
        return Ok(());
    };
    Err(TatiError::NotFinite {
        what: what(place),
        value: numbers[place],
        remedy: "leave such draws out, or sample again with a smaller step size",
    })
}
