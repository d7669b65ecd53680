//! Gradients in closed form, of several models at once, in place of Burn's tape.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::affine_outputs::{agree, tolerance};
use super::evaluation::backward;
use super::{ModelPotential, Potential, Rows};
use crate::{Result, TatiError};

type Gradients<M, R> = dyn Fn(&[M], R) -> Vec<(f64, GradientsParams)> + Send + Sync;

/// What [`ModelPotential::with_closed_form_gradients`] was given.
pub(super) struct ClosedForm<M, R>(Arc<Gradients<M, R>>);

impl<M, R> ClosedForm<M, R> {
    pub(super) fn gradients(&self, models: &[M], rows: R) -> Vec<(f64, GradientsParams)> {
        (self.0)(models, rows)
    }
}

impl<M, R> Clone for ClosedForm<M, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M, R> Debug for ClosedForm<M, R> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClosedForm")
    }
}

impl<M, R, L> ModelPotential<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// The same potential, with gradients that `gradients` computes without Burn's tape.
    ///
    /// The tape takes a lock of the whole process for every operation, at which walkers on several threads wait, and for a small
    /// network costs as much as its matrix products. `gradients` gets some models and rows of the data, and returns for each model
    /// the mean loss over these rows and the gradients of its trainable parameters, off the tape; models may share products, as
    /// those of the networks of `tati-models` do. What uses the potential gets the same numbers as from the tape, to rounding.
    ///
    /// The claim is checked here on the first rows of the data, for the model's own parameters and for others.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if losses or gradients are not those of the tape.
    ///
    /// # Example
    /// ```
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::optim::GradientsParams;
    /// use burn::tensor::Tensor;
    /// use tati_core::{ModelPotential, open_device};
    ///
    /// let device = open_device("flex")?;
    /// let model = LinearConfig::new(2, 1).with_bias(false).init(&device.clone().autodiff());
    /// let inputs = Tensor::<2>::from_data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device);
    /// // U = mean (x·w)², ∇U = 2 mean (x·w) x.
    /// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
    ///     model.forward(inputs).powi_scalar(2).mean()
    /// })?
    /// .with_closed_form_gradients(|models: &[Linear], inputs: Tensor<2>| {
    ///     let one = |model: &Linear| {
    ///         let outputs = inputs.clone().matmul(model.weight.val().inner());
    ///         let loss = outputs.clone().powi_scalar(2).mean().into_scalar::<f64>();
    ///         let slope = inputs.clone().transpose().matmul(outputs);
    ///         let mut gradients = GradientsParams::new();
    ///         let share = 2.0 / inputs.dims()[0] as f64;
    ///         gradients.register(model.weight.id, slope.mul_scalar(share));
    ///         (loss, gradients)
    ///     };
    ///     models.iter().map(one).collect()
    /// })?;
    /// let (loss, gradients) = potential.gradients(&model);
    /// assert!(loss > 0.0 && gradients.len() == 1);
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn with_closed_form_gradients(
        mut self,
        gradients: impl Fn(&[M], R) -> Vec<(f64, GradientsParams)> + Send + Sync + 'static,
    ) -> Result<Self> {
        let closed_form = ClosedForm(Arc::new(gradients));
        let theta = self.layout.flatten(&self.model)?;
        let (n, device) = (theta.dims()[0], theta.device());
        let mut models = Vec::new();
        for reach in [0.0, 0.5, -0.25] {
            // Any other parameters: some above, some below those of the model.
            let shift = (0..n).map(|i| reach * ((i * 7919 % 17) as f64 - 8.0) / 8.0);
            let shift = self.positions(&shift.collect::<Vec<_>>())?.flatten(0, 1);
            models.push(self.model_at(&(theta.clone() + shift.to_device(&device)))?);
        }
        self.check_gradients(&closed_form, &models)?;
        self.check_gradients(&closed_form, &models[1..2])?;
        self.closed_form = Some(closed_form);
        Ok(self)
    }

    /// Whether gradients are computed [without Burn's tape](Self::with_closed_form_gradients).
    pub fn has_closed_form_gradients(&self) -> bool {
        self.closed_form.is_some()
    }

    /// Checks losses and gradients of `models` against Burn's tape.
    fn check_gradients(&self, closed_form: &ClosedForm<M, R>, models: &[M]) -> Result<()> {
        let rows = self.first_rows();
        let evaluated = closed_form.gradients(models, rows.clone());
        let invalid = |value: String, expected: String| {
            Err(TatiError::InvalidSetting {
                name: "gradients",
                value,
                expected,
            })
        };
        if evaluated.len() != models.len() {
            let value = format!("{} for {} models", evaluated.len(), models.len());
            return invalid(value, "a loss with its gradients for each".to_string());
        }
        let flat = |model: &M, gradients: &GradientsParams| -> Result<Vec<f64>> {
            let flat = self.layout.flatten_gradients(model, gradients)?;
            Ok(flat.into_data().iter::<f64>().collect())
        };
        let mut expected = Vec::new();
        let mut largest: f64 = 0.0;
        for model in models {
            let (loss, gradients) = backward(&self.loss, model, rows.clone());
            let loss = loss.into_scalar::<f64>();
            let slopes = flat(model, &gradients)?;
            let finite = slopes.iter().filter(|slope| slope.is_finite());
            // At one of the models it may be nothing but rounding.
            largest = finite.fold(largest, |largest, slope| largest.max(slope.abs()));
            expected.push((loss, slopes));
        }
        let rounding = tolerance(self.layout.dtype());
        for ((model, (loss, gradients)), (expected_loss, slopes)) in
            models.iter().zip(&evaluated).zip(expected)
        {
            if !agree(*loss, expected_loss, rounding * (1.0 + expected_loss.abs())) {
                let value = format!("with a loss of {loss} on the first rows of the data");
                return invalid(
                    value,
                    format!("with that of the potential, {expected_loss}"),
                );
            }
            let found = flat(model, gradients)?;
            let pairs = found.iter().zip(&slopes).enumerate();
            let mut wrong =
                pairs.filter(|(_, (found, slope))| !agree(**found, **slope, rounding * largest));
            if let Some((index, (found, slope))) = wrong.next() {
                let value = format!("{found} for parameter {index} on the first rows of the data");
                return invalid(value, format!("{slope}, the slope of the potential's loss"));
            }
        }
        Ok(())
    }
}
