//! The spectrum as tables and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::landscape::{Eigenpairs, HessianTrace, SpectralDensity};
use tati::{Potential, TatiError};

use crate::support::mlp::TrainedMlp;

/// Edges of the table of eigenvalues, relative to the largest.
const EDGES: [f64; 7] = [-0.1, -0.01, -0.001, 0.001, 0.01, 0.1, 1.1];

#[derive(Serialize)]
pub struct Results {
    dataset: &'static str,
    origin: String,
    num_items: usize,
    num_parameters: usize,
    num_classes: usize,
    seed: u64,
    device: String,
    train_loss: f64,
    train_accuracy: f64,
    test_accuracy: f64,
    /// Leading eigenvalues, descending.
    eigenvalues: Vec<f64>,
    residuals: Vec<f64>,
    difference_errors: Vec<f64>,
    converged: bool,
    smallest_eigenvalue: f64,
    smallest_eigenvalue_error: f64,
    /// Leading eigenvalues before the largest ratio of one to the next.
    num_outliers: usize,
    /// That ratio.
    outlier_ratio: f64,
    trace: f64,
    trace_standard_error: f64,
    trace_difference_error: f64,
    /// What the outliers contribute to the trace.
    outlier_share: f64,
    intervals: Vec<Interval>,
    density_integral: f64,
    density_difference_error: f64,
    /// The broadened density and its standard error on a grid of eigenvalues.
    density_width: f64,
    density_eigenvalues: Vec<f64>,
    density: Vec<f64>,
    density_standard_error: Vec<f64>,
    difference_step: f64,
    num_gradients: usize,
}

/// Eigenvalues between two edges.
#[derive(Serialize)]
struct Interval {
    from: f64,
    to: f64,
    number: f64,
    standard_error: f64,
}

impl Results {
    pub fn new(
        network: &TrainedMlp,
        (seed, device): (u64, &str),
        (largest, smallest): (&Eigenpairs, &Eigenpairs),
        trace: &HessianTrace,
        density: &SpectralDensity,
    ) -> Result<Self, TatiError> {
        let (num_outliers, outlier_ratio) = outliers(&largest.eigenvalues, 2 * network.classes);
        let top = largest.eigenvalues[0].abs();
        let (low, high) = density.range();
        let curve = density.broadened(0.01 * (high - low).max(f64::MIN_POSITIVE))?;
        let mut edges = vec![low.min(-top)];
        edges.extend(EDGES.iter().map(|edge| edge * top));
        let intervals = edges.windows(2).map(|edges| {
            let (number, standard_error) = density.number_in(edges[0]..edges[1]);
            Interval {
                from: edges[0],
                to: edges[1],
                number,
                standard_error,
            }
        });
        Ok(Self {
            dataset: network.dataset,
            origin: network.origin.clone(),
            num_items: network.potential.num_rows(),
            num_parameters: network.potential.num_parameters(),
            num_classes: network.classes,
            seed,
            device: device.to_string(),
            train_loss: network.train_loss,
            train_accuracy: network.train_accuracy,
            test_accuracy: network.test_accuracy,
            eigenvalues: largest.eigenvalues.clone(),
            residuals: largest.residuals.clone(),
            difference_errors: largest.difference_errors.clone(),
            converged: largest.converged && smallest.converged,
            smallest_eigenvalue: smallest.eigenvalues[0],
            smallest_eigenvalue_error: smallest.difference_errors[0].hypot(smallest.residuals[0]),
            num_outliers,
            outlier_ratio,
            trace: trace.trace,
            trace_standard_error: trace.standard_error,
            trace_difference_error: trace.difference_error,
            outlier_share: largest.eigenvalues[..num_outliers].iter().sum::<f64>() / trace.trace,
            intervals: intervals.collect(),
            density_integral: curve.integral(),
            density_difference_error: density.difference_error,
            density_width: curve.width,
            density_eigenvalues: curve.eigenvalues,
            density: curve.density,
            density_standard_error: curve.standard_error,
            difference_step: largest.difference_step,
            num_gradients: largest.num_gradients
                + smallest.num_gradients
                + trace.num_gradients
                + density.num_gradients,
        })
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{} ({}): {} training images, {} parameters; seed {}, device {}\n\
             trained to loss {:.4}, accuracy {:.2} % (test {:.2} %)\n",
            self.dataset,
            self.origin,
            self.num_items,
            self.num_parameters,
            self.seed,
            self.device,
            self.train_loss,
            100.0 * self.train_accuracy,
            100.0 * self.test_accuracy
        )?;
        writeln!(
            text,
            "Leading eigenvalues of the Hessian, by differences over ε = {:.2e}{}\n\
             \x20  #   eigenvalue   difference error   residual   next over this",
            self.difference_step,
            if self.converged {
                ""
            } else {
                " (not converged)"
            }
        )?;
        for (index, eigenvalue) in self.eigenvalues.iter().enumerate() {
            let next = self.eigenvalues.get(index + 1);
            writeln!(
                text,
                "{:>4} {eigenvalue:>12.5} {:>18.1e} {:>10.1e}   {}{}",
                index + 1,
                self.difference_errors[index],
                self.residuals[index],
                next.map_or(String::new(), |next| format!("{:.3}", next / eigenvalue)),
                if index + 1 == self.num_outliers {
                    "  <- largest gap"
                } else {
                    ""
                }
            )?;
        }
        writeln!(
            text,
            "smallest eigenvalue {:.5} ± {:.1e}\n\
             The largest gap, a ratio of {:.2}, is after {} eigenvalues; there are {} classes.\n",
            self.smallest_eigenvalue,
            self.smallest_eigenvalue_error,
            self.outlier_ratio,
            self.num_outliers,
            self.num_classes
        )?;
        writeln!(
            text,
            "Trace {:.3} ± {:.3} (differences ± {:.1e}); the {} outliers make {:.0} % of it.\n",
            self.trace,
            self.trace_standard_error,
            self.trace_difference_error,
            self.num_outliers,
            100.0 * self.outlier_share
        )?;
        writeln!(
            text,
            "Where the eigenvalues lie\n       from           to       number"
        )?;
        for interval in &self.intervals {
            writeln!(
                text,
                "{:>11.5}  {:>11.5}   {:>10.1} ± {:.1}",
                interval.from,
                interval.to,
                interval.number.max(0.0),
                interval.standard_error
            )?;
        }
        writeln!(
            text,
            "Differences displace them by ± {:.1e}. The density integrates to {:.3} of {} parameters. {} gradients.",
            self.density_difference_error,
            self.density_integral,
            self.num_parameters,
            self.num_gradients
        )
    }
}

/// The number of eigenvalues before the largest ratio of one to the next among the first `most`, and that ratio. Eigenvalues that are
/// not positive end the search.
fn outliers(eigenvalues: &[f64], most: usize) -> (usize, f64) {
    let pairs = eigenvalues.windows(2).take(most);
    let positive = pairs.take_while(|pair| pair[1] > 0.0);
    let ratios = positive.map(|pair| pair[0] / pair[1]).enumerate();
    ratios
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or((0, 1.0), |(index, ratio)| (index + 1, ratio))
}
