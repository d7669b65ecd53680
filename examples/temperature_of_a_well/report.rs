//! Theory beside measurement, as a table and as JSON.

use serde::Serialize;

use crate::well::{Moments, Sampler, Well};

#[derive(Serialize)]
pub struct Results<'a> {
    seed: u64,
    device: &'a str,
    curvature: f64,
    friction: f64,
    inverse_temperature: f64,
    members: usize,
    readings: usize,
    continuous_position_variance: f64,
    continuous_momentum_variance: f64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
pub struct Row {
    sampler: Sampler,
    step_size: f64,
    stable: bool,
    position_variance: Option<Comparison>,
    momentum_variance: Option<Comparison>,
}

/// A measured second moment beside the exact one. Biases are relative to continuous time; the deviation is that from the
/// exact value in standard errors.
#[derive(Serialize)]
struct Comparison {
    measured: f64,
    standard_error: f64,
    exact: f64,
    bias_measured: f64,
    bias_exact: f64,
    deviation: f64,
}

impl Row {
    pub fn new(well: &Well, sampler: Sampler, step_size: f64, measured: Moments) -> Self {
        let draws = well.members as f64 * well.readings as f64;
        let continuous = well.continuous();
        let exact = well.exact(sampler, step_size);
        let compare = |moment: fn(&Moments) -> Option<f64>| {
            let (measured, exact) = (moment(&measured)?, moment(exact.as_ref()?)?);
            let continuous = moment(&continuous)?;
            let standard_error = measured * (2.0 / draws).sqrt();
            Some(Comparison {
                measured,
                standard_error,
                exact,
                bias_measured: measured / continuous - 1.0,
                bias_exact: exact / continuous - 1.0,
                deviation: (measured - exact) / standard_error,
            })
        };
        Self {
            sampler,
            step_size,
            stable: true,
            position_variance: compare(|moments| Some(moments.position)),
            momentum_variance: compare(|moments| moments.momentum),
        }
    }

    pub fn unstable(sampler: Sampler, step_size: f64) -> Self {
        Self {
            sampler,
            step_size,
            stable: false,
            position_variance: None,
            momentum_variance: None,
        }
    }

    fn text(&self) -> String {
        let start = format!("{:<7} {:>7}", self.sampler.name(), self.step_size);
        if !self.stable {
            return format!("{start}   unstable\n");
        }
        let moments = [
            ("⟨θ²⟩", &self.position_variance),
            ("⟨p²⟩", &self.momentum_variance),
        ];
        moments
            .into_iter()
            .filter_map(|(name, comparison)| Some((name, comparison.as_ref()?)))
            .map(|(name, comparison)| format!("{start}   {name}  {}\n", comparison.text()))
            .collect()
    }
}

impl Comparison {
    fn text(&self) -> String {
        format!(
            "{:>10.5} ± {:.5}  {:>10.5}   {:>13}  {:>11}   {:>+9.1}",
            self.measured,
            self.standard_error,
            self.exact,
            percent(self.bias_measured),
            percent(self.bias_exact),
            self.deviation
        )
    }
}

/// With a sign, except for what rounds to zero.
fn percent(fraction: f64) -> String {
    let text = format!("{:+.2} %", 100.0 * fraction);
    match text.trim_start_matches(['+', '-']) {
        "0.00 %" => "0.00 %".to_string(),
        _ => text,
    }
}

impl<'a> Results<'a> {
    pub fn new(well: &Well, device: &'a str, rows: Vec<Row>) -> Self {
        Self {
            seed: well.seed,
            device,
            curvature: well.curvature,
            friction: well.friction,
            inverse_temperature: well.inverse_temperature,
            members: well.members,
            readings: well.readings,
            continuous_position_variance: 1.0 / (well.inverse_temperature * well.curvature),
            continuous_momentum_variance: 1.0 / well.inverse_temperature,
            rows,
        }
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "Harmonic well U = κθ²/2 with κ = {}, β = {}, γ = {}: {} oscillators, each read {} times\n\
             seed {}, device {}\n\n\
             in continuous time ⟨θ²⟩ = 1/(βκ) = {:.5} and ⟨p²⟩ = 1/β = {:.5}\n\n\
             {:<7} {:>7}   {:4}  {:>20}  {:>10}   {:>13}  {:>11}   {:>9}\n",
            self.curvature,
            self.inverse_temperature,
            self.friction,
            self.members,
            self.readings,
            self.seed,
            self.device,
            self.continuous_position_variance,
            self.continuous_momentum_variance,
            "sampler",
            "h",
            "",
            "measured",
            "exact",
            "bias measured",
            "bias exact",
            "deviation"
        );
        let mut previous = None;
        for row in &self.rows {
            if previous
                .replace(row.sampler)
                .is_some_and(|sampler| sampler != row.sampler)
            {
                text.push('\n');
            }
            text.push_str(&row.text());
        }
        text.push_str(
            "\n`exact` is the sampler's own stationary value at that step size and `deviation` the distance from it in standard\n\
             errors: a few at most, whatever the step size. The biases are the price of the step size against continuous time:\n\
             first order in h for SGLD and GLA1, second for GLA2. BAOAB pays nothing in θ, and all of it in p.\n",
        );
        text
    }
}
