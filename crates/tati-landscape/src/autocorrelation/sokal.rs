//! Sokal's automatic window.

use super::{AutocorrelationTime, relative_error};

/// How many times τ the window is wide.
const WINDOW_PER_TIME: f64 = 5.0;

/// `None` if no window is wide enough, which happens where the signs of the autocorrelations alternate to the end.
pub(super) fn automatic_window(autocorrelation: &[f64]) -> Option<AutocorrelationTime> {
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
            return Some(AutocorrelationTime {
                time,
                error: time * relative_error(window, length),
                window,
            });
        }
    }
    None
}
