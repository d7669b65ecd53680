//! How warm is a harmonic well at a finite step size? Four samplers against their exact discrete answers.
//!
//! On U(θ) = κθ²/2 the density exp(−βU) gives ⟨θ²⟩ = 1/(βκ), and the momentum of kinetic samplers ⟨p²⟩ = 1/β. A sampler
//! with step size h samples a slightly different density. Every update is linear here, so its stationary covariance S solves
//! the discrete Lyapunov equation S = M S Mᵀ + n nᵀ (M the matrix of the update, n its noise) and is known exactly:
//!
//! | sampler | ⟨θ²⟩ | ⟨p²⟩ | stable for |
//! |---|---|---|---|
//! | SGLD (Welling, Teh, ICML 2011) | 1/(βκ(1 − hκ/2)) | | hκ < 2 |
//! | GLA1 = BAO (Bou-Rabee, Owhadi, SIAM J. Numer. Anal. 48 (2010) 278) | from the Lyapunov equation | same | h²κ < 2(1 + e^(−γh)) |
//! | GLA2 = OBABO (Bou-Rabee, Owhadi 2010) | 1/(βκ(1 − h²κ/4)) | 1/β | h²κ < 4 |
//! | BAOAB (Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34) | 1/(βκ) | (1 − h²κ/4)/β | h²κ < 4 |
//!
//! The step size of SGLD has the dimension time², that of the others time.
//!
//! Thousands of independent oscillators are one parameter tensor, so one step moves them all. They are read after pauses in
//! which correlations decay to e⁻¹², hence n readings are n independent numbers. Both θ and p are Gaussian, so the mean of
//! n squares has the standard error ⟨θ²⟩ sqrt(2/n).
//!
//! ```text
//! cargo run --release --example temperature_of_a_well -- --step-sizes 0.5,1.0,1.5 --friction 0.2
//! ```

mod support;

use std::fmt::Write;
use std::process::ExitCode;

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use serde::Serialize;
use support::{CommonOptions, Failure};
use tati::prelude::*;
use tati::require_positive;
use tati::samplers::{Integrator, langevin_on_harmonic_well, sgld_on_harmonic_well};

/// Correlations decay to the e⁻¹²-th part between two readings.
const DECAY: f64 = 12.0;
/// The longest such pause that is taken on.
const LONGEST_PAUSE: f64 = 1e6;
const MOST_MEMBERS: usize = 100_000_000;

/// Measure ⟨θ²⟩ and ⟨p²⟩ of Langevin samplers on a harmonic well, beside their exact discrete values.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// κ of the well U = κθ²/2
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    curvature: f64,
    /// Friction γ of the kinetic samplers
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    friction: f64,
    /// β of the sampled density exp(−βU)
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    inverse_temperature: f64,
    /// Step sizes h, with commas between them
    #[arg(
        long,
        default_value = "0.1,0.5,1,1.5,2",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    step_sizes: Vec<f64>,
    /// Independent oscillators
    #[arg(long, default_value_t = 16_384)]
    members: usize,
    /// Independent readings of all oscillators, for each sampler and step size
    #[arg(long, default_value_t = 30)]
    readings: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("curvature", options.curvature)?;
    require_positive("friction", options.friction)?;
    require_positive("inverse_temperature", options.inverse_temperature)?;
    for step_size in &options.step_sizes {
        require_positive("step_sizes", *step_size)?;
    }
    require_count("members", options.members)?;
    require_count("readings", options.readings)?;
    let well = Well {
        options,
        device: options.common.open_device()?,
        seed: options.common.seed(),
    };

    let mut plans = Vec::new();
    for sampler in Sampler::ALL {
        for step_size in &options.step_sizes {
            plans.push((sampler, *step_size, well.pause(sampler, *step_size)?));
        }
    }
    let steps = plans.iter().map(|plan| plan.2.unwrap_or(0) * options.readings).sum();
    let progress = support::progress("sampling", steps);
    let mut rows = Vec::new();
    for (number, (sampler, step_size, pause)) in plans.into_iter().enumerate() {
        let measured = match pause {
            Some(pause) => {
                let measured = well.measure(sampler, step_size, number as u32, pause)?;
                progress.inc((pause * options.readings) as u64);
                Some(measured)
            }
            None => None,
        };
        rows.push(well.row(sampler, step_size, measured));
    }
    progress.finish_and_clear();

    let results = Results {
        seed: well.seed,
        device: &options.common.device,
        curvature: options.curvature,
        friction: options.friction,
        inverse_temperature: options.inverse_temperature,
        members: options.members,
        readings: options.readings,
        continuous_position_variance: well.continuous_position_variance(),
        continuous_momentum_variance: 1.0 / options.inverse_temperature,
        rows,
    };
    options.common.print(&results, || results.text())
}

fn require_count(name: &'static str, value: usize) -> Result<(), TatiError> {
    if (1..=MOST_MEMBERS).contains(&value) {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name,
        value: value.to_string(),
        expected: format!("from 1 to {MOST_MEMBERS}"),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sampler {
    Sgld,
    Gla1,
    Gla2,
    Baoab,
}

impl Sampler {
    const ALL: [Self; 4] = [Self::Sgld, Self::Gla1, Self::Gla2, Self::Baoab];

    fn name(self) -> &'static str {
        match self {
            Self::Sgld => "SGLD",
            Self::Gla1 => "GLA1",
            Self::Gla2 => "GLA2",
            Self::Baoab => "BAOAB",
        }
    }

    fn integrator(self) -> Option<Integrator> {
        match self {
            Self::Sgld => None,
            Self::Gla1 => Some(Integrator::Gla1),
            Self::Gla2 => Some(Integrator::Gla2),
            Self::Baoab => Some(Integrator::Baoab),
        }
    }
}

/// All oscillators as one parameter.
#[derive(Module, Debug)]
struct Oscillators {
    position: Param<Tensor<1>>,
}

impl Oscillators {
    fn at_rest(members: usize, device: &Device) -> Self {
        Self {
            position: Param::from_tensor(Tensor::zeros([members], device)),
        }
    }

    /// One step, with the gradient κθ in closed form.
    fn step(self, sampler: &mut ModuleOptimizer, step_size: f64, curvature: f64) -> Self {
        let mut gradients = GradientsParams::new();
        let gradient = self.position.val().inner().mul_scalar(curvature);
        gradients.register(self.position.id, gradient);
        sampler.step(step_size, self, gradients)
    }
}

struct Well<'a> {
    options: &'a Options,
    device: Device,
    seed: u64,
}

/// Exact or measured ⟨θ²⟩ and, of kinetic samplers, ⟨p²⟩.
#[derive(Clone, Copy)]
struct Moments {
    position: f64,
    momentum: Option<f64>,
}

impl Well<'_> {
    fn continuous_position_variance(&self) -> f64 {
        1.0 / (self.options.inverse_temperature * self.options.curvature)
    }

    /// The exact stationary moments at this step size, or `None` where it is unstable.
    fn exact(&self, sampler: Sampler, step_size: f64) -> Option<Moments> {
        let Options {
            curvature,
            friction,
            inverse_temperature,
            ..
        } = *self.options;
        let Some(integrator) = sampler.integrator() else {
            let position = sgld_on_harmonic_well(curvature, step_size, inverse_temperature)?;
            return Some(Moments {
                position,
                momentum: None,
            });
        };
        let moments = langevin_on_harmonic_well(
            integrator,
            curvature,
            step_size,
            friction,
            inverse_temperature,
        )?;
        Some(Moments {
            position: moments.position_variance,
            momentum: Some(moments.momentum_variance),
        })
    }

    /// Steps after which a reading has forgotten the one before, from the largest eigenvalue of the update; `None` where the
    /// step size is unstable.
    fn pause(&self, sampler: Sampler, step_size: f64) -> Result<Option<usize>, TatiError> {
        if self.exact(sampler, step_size).is_none() {
            return Ok(None);
        }
        let curvature = self.options.curvature;
        let radius = match sampler.integrator() {
            None => (1.0 - step_size * curvature).abs(),
            Some(integrator) => {
                let update = integrator.update(step_size, step_size, self.options.friction, 1.0);
                let act = |mut position: f64, mut momentum: f64| {
                    let gradient = curvature * position;
                    momentum -= update.first_kick * gradient;
                    position += update.first_drift * momentum;
                    momentum = update.decay * momentum - update.second_kick * gradient;
                    position += update.second_drift * momentum;
                    (position, momentum)
                };
                let half_trace = 0.5 * (act(1.0, 0.0).0 + act(0.0, 1.0).1);
                // Kicks and drifts keep areas: the determinant is the decay of the momentum.
                let discriminant = half_trace * half_trace - update.decay;
                if discriminant < 0.0 {
                    update.decay.sqrt()
                } else {
                    half_trace.abs() + discriminant.sqrt()
                }
            }
        };
        let pause = (-DECAY / radius.ln()).ceil().max(1.0);
        if pause > LONGEST_PAUSE {
            return Err(TatiError::InvalidSetting {
                name: "step_sizes",
                value: step_size.to_string(),
                expected: format!(
                    "such that {} relaxes within {LONGEST_PAUSE} steps; here it takes {pause:.1e}",
                    sampler.name()
                ),
            });
        }
        Ok(Some(pause as usize))
    }

    /// The sampler, with a walker number of its own so that rows are independent.
    fn build(
        &self,
        sampler: Sampler,
        walker: u32,
        thermometer: &Thermometer,
    ) -> Result<ModuleOptimizer, TatiError> {
        let options = self.options;
        macro_rules! kinetic {
            ($config:ident) => {
                $config::new(options.inverse_temperature)
                    .with_friction(options.friction)
                    .with_seed(Some(self.seed))
                    .with_walker(walker)
                    .build()?
                    .with_thermometer(thermometer)
                    .into_optimizer()
            };
        }
        Ok(match sampler {
            Sampler::Sgld => SgldConfig::new(options.inverse_temperature)
                .with_seed(Some(self.seed))
                .with_walker(walker)
                .build()?
                .with_thermometer(thermometer)
                .into_optimizer(),
            Sampler::Gla1 => kinetic!(Gla1Config),
            Sampler::Gla2 => kinetic!(Gla2Config),
            Sampler::Baoab => kinetic!(BaoabConfig),
        })
    }

    fn measure(
        &self,
        sampler: Sampler,
        step_size: f64,
        walker: u32,
        pause: usize,
    ) -> Result<Moments, Failure> {
        let (members, curvature) = (self.options.members, self.options.curvature);
        let thermometer = Thermometer::new();
        let mut optimizer = self.build(sampler, walker, &thermometer)?;
        let mut oscillators = Oscillators::at_rest(members, &self.device);
        let (mut position, mut momentum) = (0.0, None);
        for _ in 0..self.options.readings {
            // The last step of a pause is the one that is read, at the position it starts from.
            for step in 0..=pause {
                if step == pause {
                    thermometer.arm();
                }
                oscillators = oscillators.step(&mut optimizer, step_size, curvature);
            }
            let observables = thermometer.read();
            // The virial is θ·∇U/2 = κ Σθ²/2.
            position += 2.0 * observables.virial / (curvature * members as f64);
            if let Some(temperature) = observables.kinetic_temperature() {
                *momentum.get_or_insert(0.0) += temperature;
            }
        }
        let mean = |sum: f64| sum / self.options.readings as f64;
        if !position.is_finite() {
            return Err(Failure::Tati(TatiError::NotFinite {
                what: format!("⟨θ²⟩ of {} at step size {step_size}", sampler.name()),
                value: position,
                remedy: "take a curvature and an inverse temperature nearer to 1",
            }));
        }
        Ok(Moments {
            position: mean(position),
            momentum: momentum.map(mean),
        })
    }

    fn row(&self, sampler: Sampler, step_size: f64, measured: Option<Moments>) -> Row {
        let readings = self.options.members as f64 * self.options.readings as f64;
        let compare = |measured: f64, exact: f64, continuous: f64| {
            let standard_error = measured * (2.0 / readings).sqrt();
            Comparison {
                measured,
                standard_error,
                exact,
                bias_measured: measured / continuous - 1.0,
                bias_exact: exact / continuous - 1.0,
                deviation: (measured - exact) / standard_error,
            }
        };
        let both = measured.zip(self.exact(sampler, step_size));
        Row {
            sampler,
            step_size,
            stable: both.is_some(),
            position_variance: both.map(|(measured, exact)| {
                compare(measured.position, exact.position, self.continuous_position_variance())
            }),
            momentum_variance: both.and_then(|(measured, exact)| {
                let continuous = 1.0 / self.options.inverse_temperature;
                Some(compare(measured.momentum?, exact.momentum?, continuous))
            }),
        }
    }
}

#[derive(Serialize)]
struct Results<'a> {
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
struct Row {
    sampler: Sampler,
    step_size: f64,
    stable: bool,
    position_variance: Option<Comparison>,
    momentum_variance: Option<Comparison>,
}

/// A measured second moment beside the exact one. Biases are relative to continuous time; the deviation is from the exact
/// value, in standard errors.
#[derive(Serialize)]
struct Comparison {
    measured: f64,
    standard_error: f64,
    exact: f64,
    bias_measured: f64,
    bias_exact: f64,
    deviation: f64,
}
