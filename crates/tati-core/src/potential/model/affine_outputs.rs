//! Networks whose outputs are affine in their parameters: outputs on a line or plane are combinations of a few.

use std::fmt::{self, Debug, Formatter};
use std::ops::Range;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::many_points::numbers;
use super::{AffineSubspace, ModelPotential, Potential, Progress, Rows};
use crate::{Result, TatiError};

type Outputs<M, R> = dyn Fn(&M, R) -> Tensor<2> + Send + Sync;
type LossOfOutputs<R> = dyn Fn(Tensor<2>, R) -> Tensor<1> + Send + Sync;

/// A network and its loss apart.
pub(super) struct AffineOutputs<M, R> {
    outputs: Arc<Outputs<M, R>>,
    loss: Arc<LossOfOutputs<R>>,
}

impl<M, R> Clone for AffineOutputs<M, R> {
    fn clone(&self) -> Self {
        Self {
            outputs: Arc::clone(&self.outputs),
            loss: Arc::clone(&self.loss),
        }
    }
}

impl<M, R> Debug for AffineOutputs<M, R> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("AffineOutputs")
    }
}

impl<M, R, L> ModelPotential<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// The same potential, with the knowledge that the outputs f(θ) of the network are affine in its trainable parameters, as those
    /// of linear and softmax regression are, and of any network of which all but the last layer is frozen.
    ///
    /// On a line or plane θ₀ + Σ cₖ dₖ the outputs then are
    ///
    /// ```text
    /// f(θ₀) + Σₖ cₖ (f(dₖ) − f(0))
    /// ```
    ///
    /// so that [`energies_in_subspace`](Potential::energies_in_subspace) runs the network a few times however many points there
    /// are. `outputs` is the network, from a model and rows of the data to outputs of shape \[rows, outputs\], and `loss` the mean
    /// loss of outputs, of shape \[1\]. Nothing else changes.
    ///
    /// The claim is checked here on the first rows of the data, for random parameters, and again for each line or plane at its
    /// farthest point.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if the outputs are not affine in the parameters, or `loss` of `outputs` is not the loss that the
    /// potential was made with.
    ///
    /// # Example
    /// ```
    /// use burn::nn::{Linear, LinearConfig, loss::{MseLoss, Reduction}};
    /// use burn::tensor::Tensor;
    /// use tati_core::{AffineSubspace, ModelPotential, Potential, open_device};
    ///
    /// let device = open_device("flex")?.autodiff();
    /// let inputs = Tensor::<2>::from_data([[0.0], [1.0], [2.0]], &device);
    /// let targets = Tensor::<2>::from_data([[1.0], [3.0], [5.0]], &device);
    /// let loss = |output, (_, targets)| MseLoss::new().forward(output, targets, Reduction::Mean);
    /// let potential = ModelPotential::new(
    ///     LinearConfig::new(1, 1).init(&device),
    ///     (inputs, targets),
    ///     move |model: &Linear, rows: (Tensor<2>, Tensor<2>)| loss(model.forward(rows.0.clone()), rows),
    /// )?
    /// .with_affine_outputs(|model, (inputs, _)| model.forward(inputs), loss)?;
    ///
    /// // y = 2x + 1 fits; the slope off by c costs the mean of c²x².
    /// let line = AffineSubspace::new(&[2.0, 1.0], &[&[1.0, 0.0]])?;
    /// let energies = potential.energies_in_subspace(&line, &[0.0, 3.0], &mut |_| {})?;
    /// assert!((energies[1] - energies[0] - 15.0).abs() < 1e-5);
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn with_affine_outputs(
        mut self,
        outputs: impl Fn(&M, R) -> Tensor<2> + Send + Sync + 'static,
        loss: impl Fn(Tensor<2>, R) -> Tensor<1> + Send + Sync + 'static,
    ) -> Result<Self> {
        let affine = AffineOutputs {
            outputs: Arc::new(outputs),
            loss: Arc::new(loss),
        };
        self.check_loss(&affine)?;
        let n = self.layout.num_parameters();
        let mut random = ChaCha8Rng::seed_from_u64(0);
        for reach in [1.0, 10.0] {
            let mut vector = || -> Vec<f64> {
                let numbers = (0..n).map(|_| reach * random.random_range(-1.0..1.0));
                numbers.collect()
            };
            let plane = AffineSubspace::new(&vector(), &[&vector(), &vector()])?;
            let models = self.models_along(&plane)?;
            self.check_outputs(&affine, &models, &plane, &[0.7, -0.4])?;
        }
        self.affine = Some(affine);
        Ok(self)
    }

    /// U at every point of a subspace from the outputs along it.
    pub(super) fn losses_by_outputs(
        &self,
        affine: &AffineOutputs<M, R>,
        subspace: &AffineSubspace,
        coefficients: &[f64],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f64>> {
        subspace.require_parameters(self.layout.num_parameters())?;
        let num_points = subspace.num_points(coefficients)?;
        let directions = subspace.num_directions();
        let models = self.models_along(subspace)?;
        let distance = |c: &&[f64]| c.iter().map(|c| c * c).sum::<f64>();
        let rows = coefficients.chunks_exact(directions);
        let farthest = rows.max_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(farthest) = farthest {
            self.check_outputs(affine, &models, subspace, farthest)?;
        }
        let evaluate = |models: &mut Vec<M>, rows: &R, points: Range<usize>| {
            let along = OutputsAlong::of(affine, models, rows);
            let coefficients = &coefficients[points.start * directions..points.end * directions];
            let losses = coefficients
                .chunks_exact(directions)
                .map(|c| (affine.loss)(along.at(c), rows.clone()));
            numbers(losses.collect())
        };
        Ok(self.walk(num_points, models, evaluate, progress))
    }

    /// The network at θ₀, 0 and every dₖ.
    fn models_along(&self, subspace: &AffineSubspace) -> Result<Vec<M>> {
        let zero = vec![0.0; subspace.num_parameters()];
        let directions = subspace.directions().iter().map(Vec::as_slice);
        [subspace.origin(), &zero]
            .into_iter()
            .chain(directions)
            .map(|theta| self.model_at_host(theta))
            .collect()
    }

    fn model_at_host(&self, theta: &[f64]) -> Result<M> {
        let position = self.positions(theta)?.flatten(0, 1);
        Ok(self.model_at(&position)?.valid())
    }

    /// Checks that both losses agree at the model's own parameters.
    fn check_loss(&self, affine: &AffineOutputs<M, R>) -> Result<()> {
        let (model, rows) = (self.model.valid(), self.first_rows());
        let whole = (self.loss)(&model, rows.clone());
        let outputs = (affine.outputs)(&model, rows.clone());
        let values = numbers(vec![whole.inner(), (affine.loss)(outputs, rows).inner()]);
        let allowed = tolerance(self.layout.dtype()) * (1.0 + values[0].abs());
        if agree(values[0], values[1], allowed) {
            return Ok(());
        }
        Err(TatiError::InvalidSetting {
            name: "loss",
            value: format!("{} on the first rows of the data", values[1]),
            expected: format!("{}, as the loss of the potential is there", values[0]),
        })
    }

    /// Checks that the outputs at one point are the combination of those along the subspace.
    fn check_outputs(
        &self,
        affine: &AffineOutputs<M, R>,
        models: &[M],
        subspace: &AffineSubspace,
        coefficients: &[f64],
    ) -> Result<()> {
        let rows = self.first_rows();
        let along = OutputsAlong::of(affine, models, &rows);
        let scale = along.scale(coefficients);
        let combined = along.at(coefficients).inner().into_data();
        let model = self.model_at_host(&subspace.point(coefficients)?)?;
        let direct = (affine.outputs)(&model, rows).inner().into_data();
        let allowed = tolerance(self.layout.dtype()) * scale;
        let pairs = combined.iter::<f64>().zip(direct.iter::<f64>());
        let worst = pairs
            .filter(|(combined, direct)| !agree(*combined, *direct, allowed))
            .map(|(combined, direct)| (combined - direct).abs())
            .max_by(f64::total_cmp);
        match worst {
            None => Ok(()),
            Some(worst) => Err(TatiError::InvalidSetting {
                name: "outputs",
                value: format!("not affine in the parameters, by {worst:e} of {scale:e}"),
                expected: "affine for `with_affine_outputs`: leave that out, or freeze all but the last layer"
                    .to_string(),
            }),
        }
    }

    pub(super) fn first_rows(&self) -> R {
        let rows = self.data.num_rows().min(super::ROWS_PER_CHUNK);
        self.data.slice_rows(0..rows).without_autodiff()
    }
}

/// Outputs of some rows at the origin of a subspace, and how they change along its directions.
struct OutputsAlong {
    origin: Tensor<2>,
    slopes: Vec<Tensor<2>>,
}

impl OutputsAlong {
    /// From the models at θ₀, 0 and every dₖ.
    fn of<M, R: Rows>(affine: &AffineOutputs<M, R>, models: &[M], rows: &R) -> Self {
        let mut outputs = models
            .iter()
            .map(|model| (affine.outputs)(model, rows.clone()).inner());
        let origin = outputs.next();
        let constant = outputs.next();
        let (Some(origin), Some(constant)) = (origin, constant) else {
            unreachable!("there are always models at the origin and at 0");
        };
        Self {
            origin,
            slopes: outputs.map(|output| output - constant.clone()).collect(),
        }
    }

    /// The outputs at θ₀ + Σ cₖ dₖ.
    fn at(&self, coefficients: &[f64]) -> Tensor<2> {
        let terms = self.slopes.iter().zip(coefficients);
        terms.fold(self.origin.clone(), |sum, (slope, &c)| {
            sum + slope.clone().mul_scalar(c)
        })
    }

    /// A bound of the finite outputs there that cancellation does not lower.
    fn scale(&self, coefficients: &[f64]) -> f64 {
        let largest = |outputs: &Tensor<2>| {
            let data = outputs.to_data();
            let finite = data.iter::<f64>().map(f64::abs).filter(|x| x.is_finite());
            finite.fold(0.0, f64::max)
        };
        let terms = self.slopes.iter().zip(coefficients);
        let slopes: f64 = terms.map(|(slope, c)| c.abs() * largest(slope)).sum();
        largest(&self.origin) + slopes
    }
}

/// Rounding of sums of some thousand terms, relative to the largest.
pub(super) fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-10,
        DType::F32 => 1e-4,
        _ => 0.05,
    }
}

/// Whether two numbers agree, or neither is one.
pub(super) fn agree(a: f64, b: f64, allowed: f64) -> bool {
    (a - b).abs() <= allowed || (!a.is_finite() && !b.is_finite())
}
