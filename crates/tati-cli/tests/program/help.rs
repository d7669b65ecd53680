//! Help of every analysis: it fits a screen and has an example.

use crate::command::tati;

#[test]
fn help_fits_a_screen_and_has_an_example() {
    for command in [
        "analyse",
        "analyse averages",
        "analyse covariance",
        "analyse autocorrelation",
        "analyse diffusion-map",
        "analyse free-energy",
        "analyse learning-coefficient",
        "analyse hessian",
        "surface",
        "surface plane",
        "surface line",
        "surface grid",
        "surface trajectory",
        "inputs",
    ] {
        for (flag, most) in [("-h", 50), ("--help", 60)] {
            let output = tati(command.split(' ')).arg(flag).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success() && output.stderr.is_empty());
            let lines = text.lines().count();
            assert!(lines <= most, "{command} {flag}: {lines} lines\n{text}");
            assert!(text.contains("Example"), "{command} {flag}\n{text}");
        }
    }
}
