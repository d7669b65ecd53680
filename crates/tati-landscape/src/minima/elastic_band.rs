//! The lowest path between two minima, by a nudged elastic band.

use burn::config::Config;
use tati_core::{Potential, Progress, Result, require_count, require_positive};

use super::band::Band;
use super::fire::Fire;
use super::index::{HessianIndexConfig, StationaryPoint};
use super::path::{PathPotential, require_ends};

/// The share of its first force below which a band's peaks begin to climb.
const CLIMB_BELOW: f64 = 0.1;
/// The share of the first distance between images that one may go in an iteration.
const LONGEST_STEP: f64 = 0.2;

/// A nudged elastic band: images on a path between two points, drawn downhill across it by the potential and held apart along it by
/// springs, until the path is one of minimum energy, on which the gradient has no part across. Once the band has come near, each of its
/// peaks climbs along it to the saddle, so that the barrier is exact however few the images.
///
/// The images are evaluated in one block, on all threads where the potential allows; nothing depends on their number. Memory: about six
/// vectors of N double precision numbers an image.
///
/// A straight line between symmetric minima may lie on a symmetric ridge, where no force leads off it: the index of the saddle tells, and a
/// bent path given to [`relax`](Self::relax) finds the way around.
///
/// Sources: G. Henkelman, H. Jónsson, J. Chem. Phys. 113 (2000) 9978 (the tangent); G. Henkelman, B. P. Uberuaga, H. Jónsson,
/// J. Chem. Phys. 113 (2000) 9901 (climbing).
///
/// # Example
/// ```
/// use tati_core::analytic::MuellerBrown;
/// use tati_landscape::ElasticBandConfig;
///
/// let [deepest, _, shallow] = MuellerBrown::MINIMA;
/// let path = ElasticBandConfig::new().connect(&MuellerBrown, &deepest, &shallow, &mut |_| {})?;
/// assert!(path.converged);
/// assert_eq!(path.saddles[0].hessian.index, 1);
/// let barrier = MuellerBrown::SADDLE_ENERGIES[0] - MuellerBrown::MINIMUM_ENERGIES[0];
/// assert!((path.profile.barrier_from_start() - barrier).abs() < 1e-6);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ElasticBandConfig {
    /// Images between the ends of a straight line.
    #[config(default = 15)]
    pub num_images: usize,
    /// k, the strength of the springs, in units of curvature; by default the largest curvature along the path at the start.
    #[config(default = "None")]
    pub spring_constant: Option<f64>,
    /// The force on an image at which it is at rest; at a saddle, the length of the gradient.
    #[config(default = 1e-4)]
    pub force_tolerance: f64,
    /// Iterations after which it ends without having converged.
    #[config(default = 3000)]
    pub max_iterations: usize,
    /// How curvatures are counted at the saddles.
    #[config(default = "HessianIndexConfig::new()")]
    pub index: HessianIndexConfig,
}

/// A path between two points along which the gradient has no part across.
#[derive(Clone, Debug, PartialEq)]
pub struct MinimumEnergyPath {
    /// The images, ends included.
    pub images: Vec<Vec<f64>>,
    /// U at each, over the length of the path.
    pub profile: PathPotential,
    /// The peaks between the ends, in the order of the path: saddles, of index 1; an index of 0 tells that a flat path has a
    /// peak by rounding alone. There is none if the path rises to one of its ends.
    pub saddles: Vec<StationaryPoint>,
    /// The largest force left on an image.
    pub largest_force: f64,
    /// Whether it is within the tolerance.
    pub converged: bool,
    /// Iterations made.
    pub num_iterations: usize,
    /// Gradients evaluated, without those for the saddles' curvatures.
    pub num_gradients: usize,
}

impl ElasticBandConfig {
    /// Relaxes the straight line from `start` to `end`, which stay as they are. For two minima of a network, take for `end` the copy of
    /// it that is nearest to `start` ([`nearest_copy`](super::UnitSymmetry::nearest_copy)). `progress` is told the share of
    /// `max_iterations` that is spent, and 1 in the end.
    ///
    /// # Errors
    /// As of [`relax`](Self::relax); [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there are no images, or the ends are the
    /// same point.
    pub fn connect(
        &self,
        potential: &dyn Potential,
        start: &[f64],
        end: &[f64],
        progress: &mut Progress<'_>,
    ) -> Result<MinimumEnergyPath> {
        require_count("num_images", self.num_images, 1..)?;
        require_ends(start, end, potential.num_parameters())?;
        let pieces = (self.num_images + 1) as f64;
        let line: Vec<Vec<f64>> = (0..=self.num_images + 1)
            .map(|image| {
                let share = image as f64 / pieces;
                let ends = start.iter().zip(end);
                ends.map(|(start, end)| (1.0 - share) * start + share * end)
                    .collect()
            })
            .collect();
        self.relax(potential, &line, progress)
    }

    /// Relaxes a path given by its points, of length N each, of which the first and the last stay as they are.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) for a setting outside its domain, fewer than 3 points, or two that follow
    /// each other and are the same; [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if one does not have length N;
    /// [`NotFinite`](tati_core::TatiError::NotFinite) if one, or the potential or its gradient at an image is not finite.
    pub fn relax(
        &self,
        potential: &dyn Potential,
        path: &[Vec<f64>],
        progress: &mut Progress<'_>,
    ) -> Result<MinimumEnergyPath> {
        self.require_valid()?;
        require_count("points of a path", path.len(), 3..)?;
        for pair in path.windows(2) {
            require_ends(&pair[0], &pair[1], potential.num_parameters())?;
        }
        let mut band = Band::new(potential, path)?;
        let spring_constant = self.spring_constant.unwrap_or(band.curvature());
        let stiffness =
            |band: &Band| (band.curvature() + 4.0 * spring_constant).max(f64::MIN_POSITIVE);
        let num_parameters = potential.num_parameters();
        let num_moving = (path.len() - 2) * num_parameters;
        let mut fire = Fire::new(num_moving, num_parameters, stiffness(&band));
        let longest = LONGEST_STEP * band.length() / (path.len() - 1) as f64;
        let mut peaks_climb = false;
        let mut forces = band.forces(spring_constant, peaks_climb);
        let first_force = band.largest(&forces);
        let mut num_iterations = 0;
        let (largest_force, converged) = loop {
            let mut largest = band.largest(&forces);
            if !peaks_climb && largest <= self.force_tolerance.max(CLIMB_BELOW * first_force) {
                peaks_climb = true;
                forces = band.forces(spring_constant, peaks_climb);
                largest = band.largest(&forces);
            }
            let converged = peaks_climb && largest <= self.force_tolerance;
            if converged || num_iterations == self.max_iterations {
                break (largest, converged);
            }
            band.move_by(&fire.step(&forces, stiffness(&band), longest))?;
            forces = band.forces(spring_constant, peaks_climb);
            num_iterations += 1;
            progress(num_iterations as f64 / self.max_iterations as f64);
        };
        progress(1.0);
        let saddles = (band.peaks().into_iter())
            .map(|peak| StationaryPoint::at(potential, &band.images()[peak], &self.index))
            .collect::<Result<_>>()?;
        let num_gradients = band.num_gradients();
        let (images, energies) = band.into_images_and_energies();
        Ok(MinimumEnergyPath {
            profile: PathPotential::of(&images, energies),
            images,
            saddles,
            largest_force,
            converged,
            num_iterations,
            num_gradients,
        })
    }

    fn require_valid(&self) -> Result<()> {
        if let Some(spring_constant) = self.spring_constant {
            require_positive("spring_constant", spring_constant)?;
        }
        require_positive("force_tolerance", self.force_tolerance)?;
        require_count("max_iterations", self.max_iterations, 1..)
    }
}
