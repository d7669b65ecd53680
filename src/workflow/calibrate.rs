//! Calibration: short chains at many settings, which tell the settings for a long one.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use serde::Serialize;
use tati_core::{
    HostEvaluator, ModelPotential, Potential, Result, Rows, TatiError, require_count,
    require_positive,
};
use tati_landscape::{
    AutocorrelationEstimator, PotentialLevel, PotentialVerdict, integrated_autocorrelation_time,
};
use tati_samplers::{
    BaoabConfig, ChainConfig, ChainSampler, Draw, PotentialWithPrior, Prior, entropy_seed,
};

/// A sweep of BAOAB over step sizes, frictions and inverse temperatures.
///
/// Each setting is run from the same parameters for `num_steps` steps, of which the second half is looked at:
///
/// ```text
/// temperature   2β⟨K⟩/N of the momenta, of mean 1 where the step size is small and gradients are without noise
/// virial        β⟨(θ − θ₀)·∇U⟩/N of the draws, θ₀ being the start: 1 in equilibrium, below it where slow directions are not there yet
/// potential     ⟨U⟩ beside what the temperature allows, by PotentialLevel
/// mixing        draws of U over its integrated autocorrelation time
/// ```
///
/// A step size that is too large cools the momentum (by h²κ/4 on a harmonic well of stiffness κ) before it makes the chain unstable;
/// the noise of mini-batches heats momentum and draws. Where both are at work the temperature of the momenta may be right and that of the draws
/// is not: the virial tells. U and ∇U of virial, potential and mixing are over all data, prior included, whatever the batches of the steps: at
/// every draw the noise of a mini-batch would be all that U shows. With mini-batches they are looked at [`LOOKS`](Self::LOOKS) times.
///
/// # Example
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati::workflow::{CalibrateConfig, CalibrationVerdict};
/// use tati::samplers::Prior;
/// use tati::{ModelPotential, open_device};
///
/// let device = open_device("flex")?.autodiff();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
///     (model.forward(inputs) - 1.0).powi_scalar(2).mean()
/// })?;
///
/// let sweep = CalibrateConfig::new(vec![0.1, 100.0], vec![1.0], vec![10.0])
///     .with_prior(Some(Prior::Gaussian(0.1)))
///     .with_seed(Some(1));
/// let (settings, recommended) = sweep.run(&model, &potential, |_| true)?;
/// assert_eq!(settings[1].verdict, CalibrationVerdict::Unstable);
/// assert_eq!(recommended, Some(0));
/// # Ok::<(), tati::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct CalibrateConfig {
    /// h of each setting.
    pub step_sizes: Vec<f64>,
    /// γ of each setting.
    pub frictions: Vec<f64>,
    /// β of each setting.
    pub inverse_temperatures: Vec<f64>,
    /// Steps at each setting.
    #[config(default = 1000)]
    pub num_steps: u64,
    /// Items in a mini-batch; all of them if `None`.
    pub batch_size: Option<usize>,
    /// A prior added to the loss.
    pub prior: Option<Prior>,
    /// By how much the temperature may be off 1; three of its errors if they are more.
    #[config(default = 0.05)]
    pub temperature_tolerance: f64,
    /// Seed of the noise and of the mini-batches; from entropy if `None`.
    pub seed: Option<u64>,
}

/// A setting, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalibratedSetting {
    /// h.
    pub step_size: f64,
    /// γ.
    pub friction: f64,
    /// β.
    pub inverse_temperature: f64,
    /// What is to be thought of it.
    pub verdict: CalibrationVerdict,
    /// ⟨U⟩ over all data; `None` if the chain was unstable.
    pub potential: Option<f64>,
    /// 2β⟨K⟩/N.
    pub temperature: Option<f64>,
    /// Its standard error.
    pub temperature_error: Option<f64>,
    /// β⟨(θ − θ₀)·∇U⟩/N.
    pub virial: Option<f64>,
    /// Its standard error.
    pub virial_error: Option<f64>,
    /// The integrated autocorrelation time of U over all data, in steps.
    pub autocorrelation_time: Option<f64>,
}

/// What is to be thought of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationVerdict {
    /// The potential was no longer finite, or has [diverged](PotentialVerdict::Diverged).
    Unstable,
    /// The momenta are colder than 1/β: the step size is too large.
    Cold,
    /// Momenta or draws are hotter than 1/β, or the potential is [too high](PotentialVerdict::TooHigh): gradient noise, or a start that is
    /// not at equilibrium.
    Hot,
    /// At its temperature, but fewer than [`CalibrateConfig::FEWEST_DRAWS`] of its draws of U are independent.
    Slow,
    /// At its temperature, and mixing.
    Good,
}

impl CalibrateConfig {
    /// Independent draws of U that make a setting one that mixes.
    pub const FEWEST_DRAWS: f64 = 20.0;
    /// How often the potential over all data is looked at in a run of mini-batches, evenly over its second half.
    pub const LOOKS: u64 = 100;

    /// How many settings there are.
    pub fn num_settings(&self) -> usize {
        self.step_sizes.len() * self.frictions.len() * self.inverse_temperatures.len()
    }

    /// Runs the sweep from the parameters of `model`; `potential` is the loss over all data. `each` is told how many settings are done, and
    /// ends the sweep by `false`. Returns the settings that were run and the number of the one to take: the one that is good and whose
    /// potential decorrelates in the fewest steps.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain, and if `potential` is over mini-batches.
    pub fn run<M, R, L>(
        &self,
        model: &M,
        potential: &ModelPotential<M, R, L>,
        mut each: impl FnMut(usize) -> bool,
    ) -> Result<(Vec<CalibratedSetting>, Option<usize>)>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Sync,
    {
        self.validate()?;
        if potential.batch_order().is_some() {
            return Err(TatiError::InvalidSetting {
                name: "potential",
                value: "over mini-batches".to_string(),
                expected: "over all data: mini-batches are a setting of the sweep".to_string(),
            });
        }
        let seed = self.seed.unwrap_or_else(entropy_seed);
        let mut settings = Vec::with_capacity(self.num_settings());
        for &inverse_temperature in &self.inverse_temperatures {
            for &friction in &self.frictions {
                for &step_size in &self.step_sizes {
                    if !each(settings.len()) {
                        return Ok((settings, None));
                    }
                    let sampler = BaoabConfig::new(inverse_temperature)
                        .with_friction(friction)
                        .with_prior(self.prior.clone())
                        .with_seed(Some(seed))
                        .with_walker(settings.len() as u32);
                    let sampler = (sampler, step_size);
                    settings.push(self.setting(model, potential, sampler, seed)?);
                }
            }
        }
        each(settings.len());
        let good = settings.iter().enumerate().filter_map(|(index, setting)| {
            let time = setting.autocorrelation_time?;
            (setting.verdict == CalibrationVerdict::Good).then_some((index, time))
        });
        let best = good.min_by(|one, other| one.1.total_cmp(&other.1));
        Ok((settings, best.map(|(index, _)| index)))
    }

    fn setting<M, R, L>(
        &self,
        model: &M,
        potential: &ModelPotential<M, R, L>,
        (sampler, step_size): (BaoabConfig, f64),
        seed: u64,
    ) -> Result<CalibratedSetting>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Sync,
    {
        let (layout, beta) = (potential.layout(), sampler.inverse_temperature);
        let origin = layout.flatten(model)?;
        let evaluator = HostEvaluator::like(&origin);
        let origin: Vec<f64> = origin.to_data().iter::<f64>().collect();
        let with_prior;
        let whole: &dyn Potential = match &self.prior {
            None => potential,
            Some(prior) => {
                with_prior = PotentialWithPrior::of_chain(potential, prior.clone(), &origin)?;
                &with_prior
            }
        };
        let mut setting = CalibratedSetting {
            step_size,
            friction: sampler.friction,
            inverse_temperature: sampler.inverse_temperature,
            verdict: CalibrationVerdict::Unstable,
            potential: None,
            temperature: None,
            temperature_error: None,
            virial: None,
            virial_error: None,
            autocorrelation_time: None,
        };
        let of_steps = match self.batch_size {
            Some(size) => potential.clone().with_batch_size(size, seed)?,
            None => potential.clone(),
        };
        let per_degree = beta / layout.num_parameters() as f64;
        let mut slope = Vec::new();
        let start = evaluator.energy_and_gradient(whole, &origin, &mut slope)?;
        let mut seen = Seen {
            spacing: (self.num_steps / 2 / Self::LOOKS).max(1),
            ..Seen::default()
        };
        let mut keep = |draw: &Draw<'_, M>| {
            let kinetic_energy = draw.statistics.kinetic_energy.unwrap_or(f64::NAN);
            seen.temperatures.push(2.0 * per_degree * kinetic_energy);
            if draw.index.is_multiple_of(seen.spacing) {
                let theta: Vec<f64> = draw.position.to_data().iter::<f64>().collect();
                let potential = evaluator.energy_and_gradient(whole, &theta, &mut slope)?;
                let moved = theta.iter().zip(&origin).map(|(theta, from)| theta - from);
                let work: f64 = moved.zip(&slope).map(|(by, slope)| by * slope).sum();
                seen.virials.push(per_degree * work);
                seen.looks.push(potential);
            }
            if self.batch_size.is_none() {
                seen.potentials.push(draw.statistics.potential);
            }
            Ok(())
        };
        let finished = ChainConfig::new(self.num_steps)
            .with_burn_in(self.num_steps / 2)
            .init(
                model.clone(),
                of_steps,
                ChainSampler::optimizer(&sampler, step_size),
            )?
            .with_observer(&mut keep)
            .run();
        match finished {
            Ok(_) => self.judge(&mut setting, &seen, start, layout.num_parameters())?,
            Err(TatiError::NotFinite { .. }) => {}
            Err(other) => return Err(other),
        }
        Ok(setting)
    }

    fn judge(
        &self,
        setting: &mut CalibratedSetting,
        seen: &Seen,
        start: f64,
        num_parameters: usize,
    ) -> Result<()> {
        // The potential of every draw where it is over all data, otherwise where it was looked at.
        let (potentials, spacing) = match self.batch_size {
            None => (&seen.potentials, 1),
            Some(_) => (&seen.looks, seen.spacing),
        };
        let [potential, temperature, virial] =
            [potentials, &seen.temperatures, &seen.virials].map(|series| Mean::of(series));
        if ![potential.mean, temperature.mean, virial.mean]
            .iter()
            .all(|mean| mean.is_finite())
        {
            return Ok(());
        }
        let level = PotentialLevel::of(
            potential.mean,
            potential.error,
            start,
            num_parameters,
            setting.inverse_temperature,
        )?;
        // A time below the distance of two looks is not seen.
        let tau = match spacing {
            1 => potential.time,
            spacing => potential.time.max(1.0) * spacing as f64,
        };
        let num_independent = (potentials.len() as u64 * spacing) as f64 / tau;
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        setting.potential = Some(potential.mean);
        setting.temperature = Some(temperature.mean);
        setting.temperature_error = finite(temperature.error);
        setting.virial = Some(virial.mean);
        setting.virial_error = finite(virial.error);
        setting.autocorrelation_time = finite(tau);
        let allowed = |of: &Mean| self.temperature_tolerance.max(3.0 * of.error);
        setting.verdict = if level.verdict == PotentialVerdict::Diverged {
            CalibrationVerdict::Unstable
        } else if temperature.mean < 1.0 - allowed(&temperature) {
            CalibrationVerdict::Cold
        } else if temperature.mean > 1.0 + allowed(&temperature)
            || level.verdict == PotentialVerdict::TooHigh
        {
            CalibrationVerdict::Hot
        } else if num_independent < Self::FEWEST_DRAWS {
            // Too few as well to know the error of the virial.
            CalibrationVerdict::Slow
        } else if virial.mean > 1.0 + allowed(&virial) {
            CalibrationVerdict::Hot
        } else {
            CalibrationVerdict::Good
        };
        Ok(())
    }

    fn validate(&self) -> Result<()> {
        for (name, values) in [
            ("step_sizes", &self.step_sizes),
            ("frictions", &self.frictions),
            ("inverse_temperatures", &self.inverse_temperatures),
        ] {
            require_count(name, values.len(), 1..)?;
            for value in values {
                require_positive(name, *value)?;
            }
        }
        require_positive("temperature_tolerance", self.temperature_tolerance)?;
        let steps = usize::try_from(self.num_steps).unwrap_or(usize::MAX);
        require_count("num_steps", steps, 100..)
    }
}

/// What was seen of the second half of a run.
#[derive(Default)]
struct Seen {
    /// 2βK/N at every draw.
    temperatures: Vec<f64>,
    /// U at every draw, of steps over all data.
    potentials: Vec<f64>,
    /// Draws from one look over all data to the next.
    spacing: u64,
    /// U and the virial at these.
    looks: Vec<f64>,
    virials: Vec<f64>,
}

/// A mean with its standard error and the autocorrelation time of its series.
struct Mean {
    mean: f64,
    error: f64,
    time: f64,
}

impl Mean {
    fn of(series: &[f64]) -> Self {
        let count = series.len() as f64;
        let mean = series.iter().sum::<f64>() / count;
        // A series that never changes has no time.
        let time = integrated_autocorrelation_time(series, AutocorrelationEstimator::Geyer)
            .map_or(f64::INFINITY, |tau| tau.time);
        let squares: f64 = series.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            mean,
            error: (squares / (count - 1.0) * time / count).sqrt(),
            time,
        }
    }
}

#[cfg(test)]
mod tests;
