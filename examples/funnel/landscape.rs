//! What the draws say of the directions, and what the loss looks like along two of them.

use burn::tensor::FloatDType;
use tati::landscape::Draws;
use tati::landscape::{
    AutocorrelationEstimator, Axis, Convergence, PrincipalComponents, PrincipalComponentsConfig,
    RandomWalkCheck, RandomWalkCheckConfig, Surface, TrajectoryProjection, ZoomConfig, convergence,
    integrated_autocorrelation_time,
};
use tati::models::{Perceptron, softmax_cross_entropy};
use tati::{AffineSubspace, ModelPotential, ParameterLayout, Potential, TatiError};

use crate::Options;
use crate::chains::Sampled;
use crate::perceptron::{Rows, Task};
use crate::support::{self, Failure};

/// Eigenvectors looked at.
const COMPONENTS: usize = 64;

/// The spectrum of the draws, and what it is worth.
pub struct Spectra {
    /// Of all chains together: its eigenvectors span the plane.
    pub pooled: PrincipalComponents,
    /// Of each chain alone, beside a random walk.
    pub walk: RandomWalkCheck,
    pub convergence: Convergence,
    /// Of the potential, of each chain.
    pub autocorrelation_times: Vec<f64>,
}

impl Spectra {
    pub fn of(sampled: &Sampled, options: &Options) -> Result<Self, Failure> {
        let draws = sampled.draws()?;
        let widest = options.eigenvectors.iter().copied().max().unwrap_or(1);
        let components = PrincipalComponentsConfig::new(COMPONENTS.max(widest));
        let potentials = sampled.statistic("potential")?;
        let times = potentials.iter().map(|series| {
            let time = integrated_autocorrelation_time(series, AutocorrelationEstimator::Sokal)?;
            Ok(time.time)
        });
        Ok(Self {
            pooled: components.compute(&draws)?,
            walk: RandomWalkCheckConfig::new()
                .with_components(components)
                .compute(&draws)?,
            convergence: convergence(&draws)?,
            autocorrelation_times: times.collect::<Result<_, TatiError>>()?,
        })
    }
}

/// The loss around the end of the training.
pub struct Funnel {
    /// L(θ₀).
    pub minimum: f64,
    /// The same over the test images.
    pub test_loss: f64,
    /// L over ±10, ±1, …, ±10⁻⁵.
    pub surfaces: Vec<Surface>,
    /// The training in the plane, from its start on.
    pub path: Vec<[f64; 2]>,
    /// How far the path's first point lies from the plane.
    pub path_residual: f64,
    /// The largest difference that single precision makes to L within ±10⁻².
    pub single_precision_error: f64,
    /// The largest |L − L₀| within ±10⁻².
    pub floor: f64,
}

impl Funnel {
    pub fn around(
        task: &Task,
        optimum: &Perceptron,
        spectra: &Spectra,
        path: &[Vec<f64>],
        options: &Options,
    ) -> Result<Self, Failure> {
        let layout = ParameterLayout::of(optimum)?;
        let origin = layout.flatten(optimum)?.cast(FloatDType::F64);
        let double = layout.unflatten(optimum.clone(), origin.clone())?;
        let (images, labels) = task.train.clone();
        let potential = potential(&double, (images.cast(FloatDType::F64), labels))?;
        let minimum = potential.energy(&origin)?;
        let plane = plane(&double, spectra, options)?;

        let bar = support::progress("surfaces", 1000);
        let surfaces = ZoomConfig::new().with_points(options.points).evaluate(
            &potential,
            &plane,
            &mut |share| {
                bar.set_position((1000.0 * share) as u64);
            },
        )?;
        bar.finish_and_clear();

        let reach = 0.01;
        let axes = ["c0", "c1"].map(|name| Axis::equidistant(name, -reach..=reach, options.points));
        let axes = axes.into_iter().collect::<Result<Vec<_>, _>>()?;
        let exact = Surface::over(&potential, &plane, &axes, &mut |_| {})?;
        // As a program in single precision evaluates it: each point by itself.
        let single = task.potential(optimum)?;
        let rounded = Surface::over(&single, &plane, &axes, &mut |_| {})?;
        let differences = exact.potential.iter().zip(&rounded.potential);
        let projected = TrajectoryProjection::of(
            &Draws::from_f64(&path.concat(), [1, path.len(), layout.num_parameters()])?,
            &plane,
        )?;
        Ok(Self {
            minimum,
            test_loss: self::potential(optimum, task.test.clone())?
                .energy(&layout.flatten(optimum)?)?,
            surfaces,
            path: projected.coefficients[0].as_chunks().0.to_vec(),
            path_residual: projected.residual_norms[0][0],
            single_precision_error: differences
                .map(|(exact, rounded)| (exact - rounded).abs())
                .fold(0.0, f64::max),
            floor: exact
                .potential
                .iter()
                .map(|value| (value - minimum).abs())
                .fold(0.0, f64::max),
        })
    }
}

/// The mean cross-entropy of the training images. The logits of a perceptron are affine in its parameters.
fn potential(model: &Perceptron, rows: Rows) -> Result<impl Potential, TatiError> {
    let loss = |model: &Perceptron, (images, labels): Rows| {
        softmax_cross_entropy(model.forward(images), labels)
    };
    ModelPotential::new(model.clone(), rows, loss)?.with_affine_outputs(
        |model: &Perceptron, (images, _): Rows| model.forward(images),
        |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels),
    )
}

/// The plane through the end of the training along two eigenvectors.
fn plane(
    optimum: &Perceptron,
    spectra: &Spectra,
    options: &Options,
) -> Result<AffineSubspace, TatiError> {
    let mut origin = Vec::new();
    ParameterLayout::of(optimum)?.copy_to_host::<_, f64>(optimum, &mut origin)?;
    let directions: Vec<Vec<f64>> = options
        .eigenvectors
        .iter()
        .map(|k| {
            spectra
                .pooled
                .eigenvectors
                .column(k - 1)
                .iter()
                .copied()
                .collect()
        })
        .collect();
    let directions: Vec<&[f64]> = directions.iter().map(Vec::as_slice).collect();
    AffineSubspace::new(&origin, &directions)
}
