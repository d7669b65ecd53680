//! The steps of a Burn optimizer in the coordinates B⁻¹θ.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Element, Tensor, TensorData};
use tati_core::{ParameterLayout, Result, TatiError};

use super::QuasiNewton;
use crate::fused::real::Real;
use crate::prior::Prior;
use crate::thermometer::{Observables, Thermometer};

/// Preconditioned steps of any sampler whose step is a displacement that depends on the position through the gradient alone:
///
/// ```text
/// g̃ = B ∇U(θ),   Δ = the sampler's displacement under g̃,   θ ← θ + B Δ
/// ```
///
/// That is the sampler at work on U(B q) with θ = B q: of SGLD it makes θ ← θ − h B Bᵀ ∇U + sqrt(2h/β) B ξ, of the kinetic samplers
/// q̇ = B p, ṗ = −Bᵀ∇U − γp + noise. A prior is part of U, so it is added here, before B.
///
/// Where B has changed since the last step, the half kick which that owes is by the B of its own: with the share w of it in the kick,
/// g̃ = (1 − w) B ∇U + w B' ∇U. (The momentum that is measured in such a step is short of the exact one by h/2 times the difference of
/// these.)
#[derive(Clone, Debug)]
pub(crate) struct Preconditioning {
    prior: Option<Prior>,
    /// θ₀ of a tether.
    center: Option<Vec<f64>>,
    /// B; the identity until the walkers are first looked at.
    root: Option<QuasiNewton>,
    /// B of the step before, where it was another.
    previous_root: Option<QuasiNewton>,
    has_changed: bool,
}

impl Preconditioning {
    /// With B = I, for a walker that begins at `model`.
    pub(crate) fn new<M: Module>(
        prior: Option<&Prior>,
        layout: &ParameterLayout,
        model: &M,
    ) -> Result<Self> {
        let mut center = None;
        if prior.is_some_and(Prior::is_tether) {
            let mut position = Vec::new();
            layout.copy_to_host(model, &mut position)?;
            center = Some(position);
        }
        Ok(Self {
            prior: prior.cloned(),
            center,
            root: None,
            previous_root: None,
            has_changed: false,
        })
    }

    pub(crate) fn set_root(&mut self, root: QuasiNewton) {
        self.previous_root = self.root.replace(root);
        self.has_changed = true;
    }

    /// Says that a step with the present B has been taken.
    pub(crate) fn settle(&mut self) {
        self.previous_root = None;
        self.has_changed = false;
    }

    /// One step, `owed` being the share of the step before in its kick. `optimize` is the sampler, on a model at zero, with gradients;
    /// what `thermometer` measures of it is completed by what belongs to θ and ∇U.
    pub(crate) fn step<M: Module>(
        &mut self,
        layout: &ParameterLayout,
        model: M,
        gradients: GradientsParams,
        owed: f64,
        thermometer: Option<&Thermometer>,
        optimize: impl FnOnce(M, GradientsParams) -> M,
    ) -> Result<(M, Option<Observables>)> {
        let step = match layout.dtype() {
            DType::F64 => Self::step_in::<f64, M>,
            _ => Self::step_in::<f32, M>,
        };
        let moved = step(self, layout, model, gradients, owed, thermometer, optimize)?;
        self.settle();
        Ok(moved)
    }

    fn step_in<T: Real + Element, M: Module>(
        &self,
        layout: &ParameterLayout,
        model: M,
        mut gradients: GradientsParams,
        owed: f64,
        thermometer: Option<&Thermometer>,
        optimize: impl FnOnce(M, GradientsParams) -> M,
    ) -> Result<(M, Option<Observables>)> {
        let flat = layout.flatten_gradients(&model, &gradients)?;
        let device = flat.device();
        let (length, dtype) = (flat.shape(), flat.dtype());
        let mut gradient = numbers::<T>(flat)?;
        let mut theta: Vec<T> = Vec::with_capacity(gradient.len());
        layout.copy_to_host(&model, &mut theta)?;
        let prior_energy = self.add_prior(&theta, &mut gradient);
        let own = thermometer.map(|thermometer| {
            thermometer.arm();
            Observables {
                num_parameters: theta.len(),
                virial: 0.5 * dot(&theta, &gradient),
                gradient_norm: dot(&gradient, &gradient).sqrt(),
                prior_energy,
                ..Observables::default()
            }
        });
        self.precondition(&mut gradient, owed);
        let upload = |values: Vec<T>| {
            let data = TensorData::new(values, length.clone());
            Tensor::<1>::from_data(data.convert_dtype(dtype), (&device, dtype))
        };
        layout.replace_gradients(&model, &mut gradients, upload(gradient))?;
        let at_zero = layout.unflatten(model, upload(vec![T::ZERO; theta.len()]))?;
        let moved = optimize(at_zero, gradients);
        let mut displacement: Vec<T> = Vec::with_capacity(theta.len());
        layout.copy_to_host(&moved, &mut displacement)?;
        if let Some(root) = &self.root {
            root.multiply(&mut displacement);
        }
        for (theta, displacement) in theta.iter_mut().zip(displacement) {
            *theta = *theta + displacement;
        }
        let model = layout.unflatten(moved, upload(theta))?;
        let observables = own.zip(thermometer).map(|(own, thermometer)| {
            let measured = thermometer.read();
            Observables {
                kinetic_energy: measured.kinetic_energy,
                noise_norm: measured.noise_norm,
                thermostat: measured.thermostat,
                ..own
            }
        });
        Ok((model, observables))
    }

    /// g̃ of ∇U.
    fn precondition<T: Real>(&self, gradient: &mut [T], owed: f64) {
        let owed = if self.has_changed { owed } else { 0.0 };
        let mut by_previous = Vec::new();
        if owed > 0.0 {
            by_previous.extend_from_slice(gradient);
            if let Some(root) = &self.previous_root {
                root.multiply(&mut by_previous);
            }
        }
        if let Some(root) = &self.root {
            root.multiply(gradient);
        }
        for (slope, previous) in gradient.iter_mut().zip(by_previous) {
            let (slope_now, previous) = (slope.to_f64(), previous.to_f64());
            *slope = T::from_f64(slope_now + owed * (previous - slope_now));
        }
    }

    /// U_prior, its gradient added to `gradient`.
    fn add_prior<T: Real>(&self, theta: &[T], gradient: &mut [T]) -> f64 {
        let Some(prior) = &self.prior else {
            return 0.0;
        };
        prior.energy_and_add_gradient(theta, self.center.as_deref(), gradient)
    }
}

fn numbers<T: Element>(flat: Tensor<1>) -> Result<Vec<T>> {
    let data = flat.into_data().convert::<T>();
    data.try_into_vec()
        .map_err(|error| TatiError::ShapeMismatch {
            what: "precision of the gradients".to_string(),
            expected: "that of the parameters".to_string(),
            found: format!("{error:?}"),
        })
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}
