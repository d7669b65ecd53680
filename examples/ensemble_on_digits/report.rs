//! Autocorrelation times and variances of the runs, and the table of them.

use std::fmt::Write;

use serde::Serialize;

use crate::sampling::{STRIDE, Sampled};
use crate::support::statistics::mean_and_error;

#[derive(Serialize)]
pub struct Results {
    pub seed: u64,
    pub device: String,
    pub dataset: String,
    pub origin: String,
    pub items: usize,
    pub num_parameters: usize,
    pub walkers: usize,
    pub steps: usize,
    pub refresh_every: usize,
    /// τ = 2γ/(λh) of a walker alone.
    pub time_alone: f64,
    /// 1/(βλ).
    pub variance_exact: f64,
    pub rows: Vec<Row>,
    pub overhead: Option<f64>,
}

/// One η.
#[derive(Serialize)]
pub struct Row {
    pub covariance_blending: f64,
    pub diverged: bool,
    /// τ along the sums, in steps.
    pub slowest_time: Option<f64>,
    pub slowest_time_error: Option<f64>,
    /// Times that τ of the first row is longer.
    pub speed_up: Option<f64>,
    pub variance: Option<f64>,
    pub variance_error: Option<f64>,
    pub mean_potential: Option<f64>,
    pub walker_steps_per_second: Option<f64>,
}

impl Row {
    pub fn new(covariance_blending: f64, sampled: Option<&Sampled>, first: Option<&Row>) -> Self {
        let Some(sampled) = sampled else {
            return Self {
                covariance_blending,
                diverged: true,
                slowest_time: None,
                slowest_time_error: None,
                speed_up: None,
                variance: None,
                variance_error: None,
                mean_potential: None,
                walker_steps_per_second: None,
            };
        };
        let correlations: Vec<Vec<f64>> = sampled.sums.iter().map(|sums| moments(sums)).collect();
        let variances: Vec<f64> = correlations.iter().map(|walker| walker[0]).collect();
        let (variance, variance_error) = mean_and_error(&variances);
        let (time, error) = time_with_error(&correlations);
        let base = first.map_or(Some(time), |first| first.slowest_time);
        Self {
            covariance_blending,
            diverged: false,
            slowest_time: Some(time),
            slowest_time_error: Some(error),
            speed_up: base.map(|base| base / time),
            variance: Some(variance),
            variance_error: Some(variance_error),
            mean_potential: Some(sampled.mean_potential),
            walker_steps_per_second: Some(sampled.walker_steps_per_second),
        }
    }
}

/// ⟨x(s) x(s + t)⟩ for each lag t up to half the series, over all series of a walker, whose means are 0.
fn moments(series: &[Vec<f64>]) -> Vec<f64> {
    let length = series.first().map_or(0, Vec::len);
    let at = |lag: usize| {
        let products = series.iter().flat_map(|x| x.iter().zip(&x[lag..]));
        let sum: f64 = products.map(|(a, b)| a * b).sum();
        sum / (series.len() * (length - lag)) as f64
    };
    (0..length.div_ceil(2)).map(at).collect()
}

/// τ = 1 + 2 Σ ρ(t) of all walkers together up to the first lag of 5 τ (Sokal 1997), with the error by leaving out a walker at a time.
fn time_with_error(walkers: &[Vec<f64>]) -> (f64, f64) {
    let without = |left_out: Option<usize>| -> Vec<f64> {
        let kept = walkers.iter().enumerate();
        let kept = kept.filter(|(walker, _)| Some(*walker) != left_out);
        let kept: Vec<&Vec<f64>> = kept.map(|(_, moments)| moments).collect();
        let at = |lag: usize| kept.iter().map(|moments| moments[lag]).sum::<f64>();
        (0..walkers[0].len()).map(|lag| at(lag) / at(0)).collect()
    };
    let time = time_of(&without(None));
    let others = (0..walkers.len()).map(|walker| time_of(&without(Some(walker))));
    let squares: f64 = others.map(|other| (other - time).powi(2)).sum();
    let count = walkers.len() as f64;
    (time, ((count - 1.0) / count * squares).sqrt())
}

/// τ in steps. Where the correlations end before 5 τ, their tail is taken to be the exponential that passes through the last and the
/// one half way there, as it is along a free direction.
fn time_of(correlations: &[f64]) -> f64 {
    let stride = STRIDE as f64;
    let mut time = stride;
    for (lag, correlation) in correlations.iter().enumerate().skip(1) {
        time += 2.0 * stride * correlation;
        if lag as f64 * stride >= 5.0 * time {
            return time;
        }
    }
    let last = correlations.len() - 1;
    let (middle, end) = (correlations[last / 2], correlations[last]);
    if end > 0.0 && middle > end {
        let rate = (middle / end).ln() / (stride * (last - last / 2) as f64);
        time += 2.0 * end / rate;
    }
    time
}

impl Results {
    pub fn text(&self) -> String {
        let mut text = format!(
            "sevens and nines of {} ({}): {} items, {} weights\n\
             {} walkers, {} steps, refreshed in order every {} steps, seed {}\n\
             exact: τ of a walker alone {:.0} steps, variance {:.3}\n\n\
             {:>10} {:>18} {:>9} {:>18} {:>10} {:>10}\n",
            self.dataset,
            self.origin,
            self.items,
            self.num_parameters,
            self.walkers,
            self.steps,
            self.refresh_every,
            self.seed,
            self.time_alone,
            self.variance_exact,
            "η",
            "slowest τ",
            "speed-up",
            "variance",
            "mean U",
            "steps/s",
        );
        for row in &self.rows {
            let _ = match (row.slowest_time, row.variance) {
                (Some(time), Some(variance)) => writeln!(
                    text,
                    "{:>10} {:>18} {:>9.2} {:>18} {:>10.3} {:>10.0}",
                    row.covariance_blending,
                    format!(
                        "{time:.0} ± {:.0}",
                        row.slowest_time_error.unwrap_or(f64::NAN)
                    ),
                    row.speed_up.unwrap_or(f64::NAN),
                    format!(
                        "{variance:.3} ± {:.3}",
                        row.variance_error.unwrap_or(f64::NAN)
                    ),
                    row.mean_potential.unwrap_or(f64::NAN),
                    row.walker_steps_per_second.unwrap_or(f64::NAN),
                ),
                _ => writeln!(text, "{:>10} {:>18}", row.covariance_blending, "diverged"),
            };
        }
        if let Some(overhead) = self.overhead {
            let _ = writeln!(
                text,
                "\na step costs {:.1} % more than that of walkers apart",
                100.0 * overhead
            );
        }
        text
    }
}
