//! The Hessian of a potential, through its products with vectors.

mod density;
mod eigenpairs;
mod lanczos;
mod negative;
mod progress;
mod trace;
pub(crate) mod vectors;

use burn::tensor::{DType, Tensor};
use tati_core::{HostEvaluator, Potential, Result, TatiError, require_count, require_positive};

pub use density::{DensityCurve, SpectralDensity, SpectralDensityConfig, SpectralMeasure};
pub(crate) use negative::NegativeSearch;

pub use eigenpairs::{Eigenpairs, EigenpairsConfig, SpectrumEnd};
pub use progress::HessianProgress;
pub use trace::{HessianTrace, HessianTraceConfig};

/// The Hessian H = ∇²U of a potential at a point θ, by central differences of the gradient along unit directions v:
///
/// ```text
/// H v ≈ (∇U(θ + εv) − ∇U(θ − εv)) / 2ε,   ε = (u (1 + |θ|))^(1/3)
/// ```
///
/// u being the spacing of the numbers at 1 in the precision of θ. This ε balances the rounding of θ and of the gradient, u(1 + |θ|)/ε,
/// against the curvature's own change, ε², where the potential changes over lengths of the order of 1: it is about 0.01 in f32 and
/// 1e-5 in f64. Every result carries an estimate of its error from a second step 2ε.
///
/// A product costs two gradients and no second derivatives, so that any [`Potential`] will do, also one whose gradient is given in
/// closed form. Where the gradient has kinks, as in a network of ReLUs, what is found is the mean curvature over the distance ε, with
/// the kinks in it, which second derivatives by automatic differentiation leave out. Kinks also make the products noisy, the more so the
/// smaller ε: eigenvalues within the noise are not to be trusted, and their reported errors say so.
///
/// [`EigenpairsConfig`], [`HessianTraceConfig`] and [`SpectralDensityConfig`] say what can be asked of it.
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{analytic::Rosenbrock, open_device};
/// use tati_landscape::{EigenpairsConfig, Hessian, HessianTraceConfig};
///
/// let valley = Rosenbrock::new(100.0)?;
/// let minimum = Tensor::<1>::from_data([1.0, 1.0], &open_device("flex")?);
/// let mut hessian = Hessian::new(&valley, &minimum)?;
/// let pairs = EigenpairsConfig::new(2).run(&mut hessian)?;
/// assert!((pairs.eigenvalues[0] - 1001.6).abs() < 0.1 && pairs.converged);
/// let trace = HessianTraceConfig::new(10).run(&mut hessian)?;
/// assert!((trace.trace - 1002.0).abs() < 4.0 * trace.standard_error);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub struct Hessian<'a> {
    potential: &'a dyn Potential,
    evaluator: HostEvaluator,
    position: Vec<f64>,
    difference_step: f64,
    num_gradients: usize,
    progress: HessianProgress,
    report: Option<Report<'a>>,
    displaced: Vec<f64>,
    slope: Vec<f64>,
}

type Report<'a> = Box<dyn FnMut(&HessianProgress) + 'a>;

/// The product of a Hessian with a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct HessianProduct {
    /// H v, of length N.
    pub product: Vec<f64>,
    /// |Hv(2ε) − Hv(ε)|: three times the error that the curvature's change makes, and about the size of the rounding error.
    pub difference_error: f64,
}

impl<'a> Hessian<'a> {
    /// The Hessian of `potential` at `position`, of shape \[N\], on whose device and in whose precision gradients are evaluated.
    ///
    /// # Errors
    /// If `position` does not have the potential's length, or is not finite.
    pub fn new(potential: &'a dyn Potential, position: &Tensor<1>) -> Result<Self> {
        let evaluator = HostEvaluator::like(position);
        let position: Vec<f64> = position.to_data().iter::<f64>().collect();
        require_count("number of parameters", position.len(), 1..)?;
        if position.len() != potential.num_parameters() {
            return Err(TatiError::ShapeMismatch {
                what: "length of the point of a Hessian".to_string(),
                expected: potential.num_parameters().to_string(),
                found: position.len().to_string(),
            });
        }
        if let Some(index) = position.iter().position(|theta| !theta.is_finite()) {
            return Err(TatiError::NotFinite {
                what: format!("parameter {index} of the point of a Hessian"),
                value: position[index],
                remedy: "take a point that training or sampling has reached without diverging",
            });
        }
        let rounding = spacing_at_one(evaluator.dtype()) * (1.0 + vectors::norm(&position));
        Ok(Self {
            potential,
            evaluator,
            position,
            difference_step: rounding.cbrt(),
            num_gradients: 0,
            progress: HessianProgress::default(),
            report: None,
            displaced: Vec::new(),
            slope: Vec::new(),
        })
    }

    /// With this ε in place of the one that follows from precision and |θ|.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if it is not a finite number above 0.
    pub fn with_difference_step(mut self, difference_step: f64) -> Result<Self> {
        require_positive("difference_step", difference_step)?;
        self.difference_step = difference_step;
        Ok(self)
    }

    /// Calls `report` after every product.
    pub fn with_progress(mut self, report: impl FnMut(&HessianProgress) + 'a) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// N, the number of parameters.
    pub fn num_parameters(&self) -> usize {
        self.position.len()
    }

    /// ε, the step of the differences.
    pub fn difference_step(&self) -> f64 {
        self.difference_step
    }

    /// The gradients evaluated so far.
    pub fn num_gradients(&self) -> usize {
        self.num_gradients
    }

    /// H v for a vector v of length N, with its error: four gradients.
    ///
    /// # Errors
    /// If `direction` does not have length N, is zero or not finite; if a gradient is not finite.
    pub fn product(&mut self, direction: &[f64]) -> Result<HessianProduct> {
        if direction.len() != self.num_parameters() {
            return Err(TatiError::ShapeMismatch {
                what: "length of the direction".to_string(),
                expected: self.num_parameters().to_string(),
                found: direction.len().to_string(),
            });
        }
        let length = vectors::norm(direction);
        require_positive("length of the direction", length)?;
        let unit: Vec<f64> = direction.iter().map(|part| part / length).collect();
        self.plan(2);
        let mut product = self.product_at(&unit, self.difference_step)?;
        let coarse = self.product_at(&unit, 2.0 * self.difference_step)?;
        let squares = product.iter().zip(&coarse).map(|(a, b)| (a - b) * (a - b));
        let difference_error = length * squares.sum::<f64>().sqrt();
        vectors::scale(&mut product, length);
        Ok(HessianProduct {
            product,
            difference_error,
        })
    }

    /// What follows takes `max_products` products at most.
    fn plan(&mut self, max_products: usize) {
        self.progress = HessianProgress {
            num_products: 0,
            max_products,
        };
    }

    /// H v of the unit vector `unit` by differences over `step` to both sides.
    fn product_at(&mut self, unit: &[f64], step: f64) -> Result<Vec<f64>> {
        let mut product = self.gradient_at(unit, step)?;
        let behind = self.gradient_at(unit, -step)?;
        for (ahead, behind) in product.iter_mut().zip(&behind) {
            *ahead = (*ahead - behind) / (2.0 * step);
        }
        self.progress.num_products += 1;
        if let Some(report) = &mut self.report {
            report(&self.progress);
        }
        Ok(product)
    }

    fn gradient_at(&mut self, unit: &[f64], step: f64) -> Result<Vec<f64>> {
        self.displaced.clear();
        let moved = self.position.iter().zip(unit);
        self.displaced
            .extend(moved.map(|(theta, part)| theta + step * part));
        self.evaluator
            .energy_and_gradient(self.potential, &self.displaced, &mut self.slope)?;
        self.num_gradients += 1;
        match self.slope.iter().find(|slope| !slope.is_finite()) {
            Some(value) => Err(TatiError::NotFinite {
                what: format!(
                    "the gradient at the distance {step:.1e} from the point of a Hessian"
                ),
                value: *value,
                remedy: "check that the potential is finite at the point itself; near a wall take a smaller difference step",
            }),
            None => Ok(std::mem::take(&mut self.slope)),
        }
    }
}

/// u^(2/3), the share of the largest eigenvalue that differences of gradients resolve.
pub(crate) fn resolution(dtype: DType) -> f64 {
    spacing_at_one(dtype).powf(2.0 / 3.0)
}

/// The distance from 1 to the next larger number.
pub(crate) fn spacing_at_one(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::EPSILON,
        DType::F16 => 2.0_f64.powi(-10),
        DType::BF16 => 2.0_f64.powi(-7),
        _ => f64::from(f32::EPSILON),
    }
}
