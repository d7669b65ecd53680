//! Temperatures, gradient norm and acceptance for the dashboard of Burn's `SupervisedTraining`.
//!
//! Burn updates metrics on a thread of its own, an iteration or two behind the sampler. So they do not ask for a
//! measurement: they keep the [`Thermometer`] armed, and each takes in every step that was completed since its last update. The
//! mean that Burn shows for an epoch is that over all its steps, each counted once.

mod running_mean;

use burn::tensor::TensorReadError;
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

use crate::thermometer::{Observables, Thermometer};
use running_mean::RunningMean;

macro_rules! thermometer_metric {
    ($(#[$doc:meta])* $Metric:ident, $name:literal, $description:literal, $observable:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $Metric {
            thermometer: Thermometer,
            /// Complete steps at the last update.
            seen: u64,
            mean: RunningMean,
        }

        impl $Metric {
            /// The metric of the sampler that was given `thermometer`, which it keeps armed from now on.
            pub fn new(thermometer: &Thermometer) -> Self {
                thermometer.keep_armed();
                Self {
                    thermometer: thermometer.clone(),
                    seen: thermometer.num_complete_steps(),
                    mean: RunningMean::new($name),
                }
            }
        }

        impl Metric for $Metric {
            type Input = ();

            fn update(
                &mut self,
                _: &(),
                _: &MetricMetadata,
            ) -> Result<SerializedEntry, TensorReadError> {
                let (seen, mean) = self.thermometer.mean_since(self.seen, $observable);
                self.seen = seen;
                Ok(self.mean.update(mean))
            }

            fn description(&self) -> Option<String> {
                Some($description.to_string())
            }

            metric_of_running_mean!(higher_is_better: false);
        }

        numeric_of_running_mean!($Metric);
    };
}

macro_rules! metric_of_running_mean {
    (higher_is_better: $higher_is_better:literal) => {
        fn name(&self) -> MetricName {
            self.mean.name.clone()
        }

        fn attributes(&self) -> MetricAttributes {
            let attributes = NumericAttributes {
                unit: None,
                higher_is_better: $higher_is_better,
            };
            attributes.into()
        }

        fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
            Ok(self.mean.compute())
        }

        fn clear(&mut self) {
            self.mean.clear();
        }
    };
}

macro_rules! numeric_of_running_mean {
    ($Metric:ident) => {
        impl Numeric for $Metric {
            fn value(&self) -> Option<NumericEntry> {
                self.mean
                    .has_current
                    .then(|| self.mean.state.current_value())
            }

            fn running_value(&self) -> Option<NumericEntry> {
                self.mean.has_any.then(|| self.mean.state.running_value())
            }

            fn final_value(&self) -> NumericEntry {
                self.mean.state.final_value()
            }
        }
    };
}

thermometer_metric!(
    /// The kinetic temperature 2K/N of a kinetic sampler, with mean 1/β up to the error of the step size and the heat of
    /// gradient noise.
    ///
    /// Register it for the training split: no steps are taken in validation. Overdamped samplers have no momentum, and none of
    /// it is logged. Needs feature `train`.
    ///
    /// # Example
    /// ```
    /// use tati_samplers::metrics::{KineticTemperatureMetric, VirialTemperatureMetric};
    /// use tati_samplers::{BaoabConfig, Thermometer};
    ///
    /// let thermometer = Thermometer::new();
    /// let sampler = BaoabConfig::new(1.0e4).build()?.with_thermometer(&thermometer).into_optimizer();
    /// let kinetic = KineticTemperatureMetric::new(&thermometer);
    /// let virial = VirialTemperatureMetric::new(&thermometer);
    /// // SupervisedTraining::new(folder, train, valid)
    /// //     .metric_train_numeric(kinetic)
    /// //     .metric_train_numeric(virial)
    /// //     .launch(Learner::new(model, sampler, 1e-2))
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    KineticTemperatureMetric,
    "Kinetic Temperature",
    "2K/N, with mean 1/β",
    Observables::kinetic_temperature
);

thermometer_metric!(
    /// The virial temperature θ·∇U/N, with mean 1/β where exp(−βU) is a density: softmax cross-entropy needs a prior for
    /// that. Where it differs from 1/β the positions have not yet come to equilibrium.
    ///
    /// Register it for the training split: no steps are taken in validation. Needs feature `train`.
    VirialTemperatureMetric,
    "Virial Temperature",
    "θ·∇U/N, with mean 1/β where exp(−βU) is a density",
    |observables: &Observables| Some(observables.virial_temperature())
);

thermometer_metric!(
    /// |∇U|, that of the prior included.
    ///
    /// Register it for the training split: no steps are taken in validation. Needs feature `train`.
    GradientNormMetric,
    "Gradient Norm",
    "|∇U|, that of the prior included",
    |observables: &Observables| Some(observables.gradient_norm)
);

/// The acceptance of proposals, as a running mean over transitions.
///
/// Kernels that accept and reject are no Burn optimizers, so this metric reads what the user's own step puts into its output:
/// implement `Adaptor<AcceptanceInput>` for the `Output` of `TrainStep`. Needs feature `train`.
///
/// # Example
/// ```
/// use burn::train::metric::Adaptor;
/// use tati_samplers::metrics::AcceptanceInput;
///
/// struct Output {
///     acceptance: Option<f64>,
/// }
///
/// impl Adaptor<AcceptanceInput> for Output {
///     fn adapt(&self) -> AcceptanceInput {
///         AcceptanceInput::new(self.acceptance)
///     }
/// }
/// ```
#[derive(Clone)]
pub struct AcceptanceMetric {
    mean: RunningMean,
}

/// What [`AcceptanceMetric`] takes in at an iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AcceptanceInput {
    acceptance: Option<f64>,
    num_transitions: usize,
}

impl AcceptanceInput {
    /// The acceptance of one transition, from 0 to 1; `None` where there was no transition, or none that could reject.
    pub fn new(acceptance: impl Into<Option<f64>>) -> Self {
        Self {
            acceptance: acceptance.into(),
            num_transitions: 1,
        }
    }

    /// Makes it the mean over several transitions.
    pub fn with_num_transitions(mut self, num_transitions: usize) -> Self {
        self.num_transitions = num_transitions;
        self
    }
}

impl AcceptanceMetric {
    /// The metric.
    pub fn new() -> Self {
        Self {
            mean: RunningMean::new("Acceptance"),
        }
    }
}

impl Default for AcceptanceMetric {
    fn default() -> Self {
        Self::new()
    }
}

impl Metric for AcceptanceMetric {
    type Input = AcceptanceInput;

    fn update(
        &mut self,
        input: &AcceptanceInput,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let counted = input.acceptance.filter(|_| input.num_transitions > 0);
        let mean = counted.map(|acceptance| (acceptance, input.num_transitions));
        Ok(self.mean.update(mean))
    }

    fn description(&self) -> Option<String> {
        Some("the probability of accepting a proposal".to_string())
    }

    metric_of_running_mean!(higher_is_better: true);
}

numeric_of_running_mean!(AcceptanceMetric);

#[cfg(test)]
mod tests {
    use burn::data::dataloader::Progress;

    use super::*;
    use crate::thermometer::Sums;

    fn metadata() -> MetricMetadata {
        MetricMetadata {
            progress: Progress::new(1, 1, None),
            iteration: Some(0),
            lr: None,
        }
    }

    fn update<M: Metric<Input = ()>>(metric: &mut M) -> String {
        metric
            .update(&(), &metadata())
            .expect("no tensors")
            .serialized
    }

    /// One step of a sampler with two tensors, of 3 and 1 parameters.
    fn step(thermometer: &Thermometer, number: u32) {
        for elements in [3, 1] {
            let scale = f64::from(number) * elements as f64;
            let sums = Sums {
                elements,
                has_momentum: true,
                momentum_squared: scale,
                position_dot_gradient: 2.0 * scale,
                gradient_squared: 4.0 * scale,
                ..Sums::default()
            };
            thermometer.record(u64::from(number), sums);
        }
    }

    #[test]
    fn every_step_is_counted_once_by_every_metric() {
        let thermometer = Thermometer::new();
        let mut kinetic = KineticTemperatureMetric::new(&thermometer);
        let mut virial = VirialTemperatureMetric::new(&thermometer);
        let mut gradient = GradientNormMetric::new(&thermometer);
        assert!(thermometer.is_armed());
        step(&thermometer, 1);
        // The first step is not known to be complete.
        assert_eq!(update(&mut kinetic), SerializedEntry::NOT_AVAILABLE);
        assert!(kinetic.value().is_none() && kinetic.running_value().is_none());
        step(&thermometer, 2);
        assert_eq!(update(&mut kinetic), "1.5,2");
        assert_eq!(update(&mut kinetic), SerializedEntry::NOT_AVAILABLE);
        step(&thermometer, 3);
        step(&thermometer, 4);
        assert_eq!(update(&mut kinetic), "3.5,2");
        assert_eq!(
            kinetic.running_value().map(|entry| entry.serialize()),
            Some("2.5,4".into())
        );
        assert_eq!(
            kinetic.compute().expect("no tensors").serialized,
            "2.5,final"
        );
        assert_eq!(update(&mut virial), "5,4");
        // |∇U| = sqrt(4·number·4).
        let expected = (4.0 + 32f64.sqrt() + 48f64.sqrt() + 8.0) / 4.0;
        assert_eq!(update(&mut gradient), format!("{expected},4"));

        kinetic.clear();
        assert_eq!(kinetic.compute().expect("no tensors").serialized, "N/A");
        step(&thermometer, 5);
        assert_eq!(update(&mut kinetic), "5,1");
        assert_eq!(kinetic.final_value().current(), 5.0);
    }

    #[test]
    fn arming_and_reading_goes_on_beside_the_metrics() {
        let thermometer = Thermometer::new();
        let mut kinetic = KineticTemperatureMetric::new(&thermometer);
        step(&thermometer, 1);
        thermometer.arm();
        step(&thermometer, 2);
        let observables = thermometer.read();
        assert_eq!(observables.kinetic_temperature(), Some(2.0));
        assert_eq!(thermometer.last_step(), Some(observables));
        step(&thermometer, 3);
        assert_eq!(thermometer.read(), Observables::default());
        assert_eq!(update(&mut kinetic), "2,3");
    }

    #[test]
    fn samplers_without_momentum_have_no_kinetic_temperature() {
        let thermometer = Thermometer::new();
        let mut kinetic = KineticTemperatureMetric::new(&thermometer);
        for number in 1..4 {
            thermometer.record(
                number,
                Sums {
                    elements: 2,
                    ..Sums::default()
                },
            );
        }
        assert_eq!(update(&mut kinetic), "N/A");
        assert!(kinetic.final_value().current().is_nan());
    }

    #[test]
    fn acceptance_is_a_mean_over_transitions() {
        let mut metric = AcceptanceMetric::new();
        let mut update = |input| {
            metric
                .update(&input, &metadata())
                .expect("no tensors")
                .serialized
        };
        assert_eq!(update(AcceptanceInput::new(0.5)), "0.5,1");
        assert_eq!(update(AcceptanceInput::new(None)), "N/A");
        assert_eq!(
            update(AcceptanceInput::new(0.9).with_num_transitions(3)),
            "0.9,3"
        );
        assert_eq!(
            update(AcceptanceInput::new(0.1).with_num_transitions(0)),
            "N/A"
        );
        assert_eq!(
            metric.compute().expect("no tensors").serialized,
            "0.8,final"
        );
        let NumericEntry::Aggregated { count, .. } = metric.running_value().expect("a mean") else {
            panic!("an aggregate");
        };
        assert_eq!(count, 4);
    }
}
