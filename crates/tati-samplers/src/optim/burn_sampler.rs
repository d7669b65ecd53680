//! What makes a Burn optimizer of the dynamics of a sampler.

/// A sampler as a Burn optimizer, and its config: the settings that all have and those of its own; `dynamics` says what is
/// special about it.
macro_rules! burn_sampler {
    (
        $(#[$doc:meta])*
        $Sampler:ident,
        $Config:ident($name:literal) {
            $($(#[$attribute:meta])* $field:ident: $type:ty,)*
        },
        |$config:ident| $dynamics:expr
    ) => {
        #[doc = concat!("Configuration of [`", stringify!($Sampler), "`].")]
        #[derive(burn::config::Config, Debug)]
        pub struct $Config {
            /// β of the sampled density exp(−βU).
            pub inverse_temperature: f64,
            $($(#[$attribute])* pub $field: $type,)*
            /// A prior added to U.
            pub prior: Option<$crate::Prior>,
            /// How β comes to its value; constant if `None`.
            pub annealing: Option<$crate::InverseTemperatureSchedule>,
            /// The seed of the noise; from entropy if `None`.
            pub seed: Option<u64>,
            /// Number of the walker, for independent chains with one seed.
            #[config(default = 0)]
            pub walker: u32,
        }

        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $Sampler($crate::optim::sampler::Sampler);

        impl $Config {
            fn dynamics(&self) -> $crate::optim::dynamics::Dynamics {
                let $config = self;
                $dynamics
            }

            /// The bare sampler, which `ModuleOptimizer::with_group` takes for one parameter group.
            ///
            /// Draws a seed from entropy if none is set; [`noise`](
            #[doc = concat!(stringify!($Sampler), "::noise")]
            /// ) tells which.
            ///
            /// # Errors
            /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
            pub fn build(&self) -> tati_core::Result<$Sampler> {
                self.build_with(&$crate::optim::sampler::noise_source(
                    self.seed,
                    self.walker,
                ))
            }

            /// Like [`build`](Self::build), with the seed, walker and tensor numbering of `noise` instead of the config's: for
            /// several parameter groups of one chain.
            ///
            /// # Errors
            /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
            pub fn build_with(
                &self,
                noise: &$crate::optim::NoiseSource,
            ) -> tati_core::Result<$Sampler> {
                let common = $crate::optim::sampler::Common {
                    inverse_temperature: self.inverse_temperature,
                    annealing: &self.annealing,
                    prior: &self.prior,
                };
                $crate::optim::sampler::Sampler::new(self.dynamics(), common, noise).map($Sampler)
            }

            /// The sampler for a whole module, ready for `Learner` or `optim.step(step_size, model, gradients)`.
            ///
            /// # Panics
            /// If a setting is outside its domain, as Burn's own `init` may; [`build`](Self::build) returns an error instead.
            pub fn init(&self) -> burn::optim::ModuleOptimizer {
                match self.build() {
                    Ok(sampler) => sampler.into_optimizer(),
                    Err(error) => panic!("{error}"),
                }
            }
        }

        impl $crate::SamplerConfig for $Config {
            const NAME: &'static str = $name;

            fn start(
                &self,
                noise: &$crate::optim::NoiseSource,
                thermometer: &$crate::Thermometer,
            ) -> tati_core::Result<burn::optim::ModuleOptimizer> {
                let sampler = self.build_with(noise)?.with_thermometer(thermometer);
                Ok(sampler.into_optimizer())
            }

            fn start_in(
                &self,
                noise: &$crate::optim::NoiseSource,
                thermometer: &$crate::Thermometer,
                bath: &$crate::HeatBath,
            ) -> tati_core::Result<burn::optim::ModuleOptimizer> {
                let sampler = self.build_with(noise)?.with_thermometer(thermometer);
                Ok(sampler.with_heat_bath(bath).into_optimizer())
            }

            fn owed_share(&self, step_size: f64) -> f64 {
                self.dynamics().owed_share(step_size)
            }

            fn seed_and_walker(&self) -> (Option<u64>, u32) {
                (self.seed, self.walker)
            }

            fn prior(&self) -> Option<&$crate::Prior> {
                self.prior.as_ref()
            }

            fn take_prior(&mut self) -> Option<$crate::Prior> {
                self.prior.take()
            }
        }

        impl $Sampler {
            /// Measures with `thermometer` at the steps that it is armed for.
            pub fn with_thermometer(mut self, thermometer: &$crate::Thermometer) -> Self {
                self.0.thermometer = Some(thermometer.clone());
                self
            }

            /// Takes β from `bath` at every step, instead of the config and its annealing.
            pub fn with_heat_bath(mut self, bath: &$crate::HeatBath) -> Self {
                self.0.bath = Some(bath.clone());
                self
            }

            /// The seed, walker and tensor numbering in use.
            pub fn noise(&self) -> &$crate::optim::NoiseSource {
                self.0.noise()
            }

            /// The sampler for a whole module.
            pub fn into_optimizer(self) -> burn::optim::ModuleOptimizer {
                burn::optim::ModuleOptimizer::from(self)
            }
        }

        impl burn::optim::Optimizer for $Sampler {
            type State<const D: usize> = $crate::optim::SamplerState<D>;

            fn step<const D: usize>(
                &self,
                step_size: burn::optim::LearningRate,
                position: burn::tensor::Tensor<D>,
                gradient: burn::tensor::Tensor<D>,
                state: Option<Self::State<D>>,
            ) -> (burn::tensor::Tensor<D>, Option<Self::State<D>>) {
                self.0.step(step_size, position, gradient, state)
            }

            fn to_device<const D: usize>(
                state: Self::State<D>,
                device: &burn::tensor::Device,
            ) -> Self::State<D> {
                state.move_to(device)
            }
        }
    };
}
pub(crate) use burn_sampler;
