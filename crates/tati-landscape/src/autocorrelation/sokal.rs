//! Sokal's automatic window.

use super::{AutocorrelationTime, relative_error, too_short};
use tati_core::Result;

/// How many times τ the window is wide.
const WINDOW_PER_TIME: f64 = 5.0;

pub(super) fn automatic_window(autocorrelation: &[f64]) -> Result<AutocorrelationTime> {
    let length = autocorrelation.len();
    let [mut time, mut alternating] = [1.0_f64, 1.0];
    for (window, rho) in autocorrelation.iter().enumerate().skip(1) {
        time += 2.0 * rho;
        alternating += if window % 2 == 0 {
            2.0 * rho
        } else {
            -2.0 * rho
        };
        if window as f64 >= WINDOW_PER_TIME * time.max(alternating) {
            let time = time.max(0.0);
            return Ok(AutocorrelationTime {
                time,
                error: time * relative_error(window, length),
                window,
            });
        }
    }
    Err(too_short(
        length,
        "longer: its autocorrelations alternate in sign and have not died out within it",
    ))
}
