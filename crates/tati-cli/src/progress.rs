//! Progress bars, on stderr.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on a terminal, nothing in a pipe or if `quiet`.
pub fn bar(what: &'static str, length: u64, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if quiet || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(
        "{prefix:>10} {wide_bar} {pos}/{len}  {per_sec}  {eta} left  {msg}",
    ) {
        bar.set_style(style);
    }
    bar.with_prefix(what)
}
