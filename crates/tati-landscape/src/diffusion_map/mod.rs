//! Diffusion maps: the slow coordinates of a cloud of points, from the random walk between neighbours.

mod bandwidth;
mod bounds;
mod boxes;
mod candidates;
mod davidson;
mod device_products;
mod faint;
mod improvement;
mod kernel;
mod leading;
mod memory;
mod neighbors;
mod nystroem;
mod operator;
mod points;
mod preconditioner;
mod products;
mod projection;
mod reading;
mod rows;
mod spectrum;

pub use bandwidth::Bandwidth;
pub use reading::{
    CoordinateReading, CoordinateShows, DiffusionMapReading, DiffusionMapReadingConfig,
};

use burn::config::Config;
use burn::tensor::Device;
use nalgebra::DMatrix;
use tati_core::{Result, TatiError, guard_devices, require_count, require_positive};

use crate::Draws;
use crate::finite::require_finite;
use bandwidth::Scales;
use kernel::{Target, Walk};
use neighbors::Nearest;
use points::{Points, num_points};
use spectrum::Spectrum;

/// Logarithm below which a kernel value is no number above 0, and joins no points.
const LEAST_LOG_KERNEL: f64 = -700.0;

/// Configuration of a [`DiffusionMap`].
///
/// For points of density q, and as ε → 0 with points enough, the generator L tends to
///
/// ```text
/// fit             Δf + 2(1 − α) ∇ln q·∇f + (d + 2) ∇ln ρ·∇f
/// fit_to_target   Δf + ∇ln π·∇f
/// ```
///
/// on the manifold, of dimension d, that the points lie on. With ρ = 1, α = 1 is the Laplacian whatever the density, and α = ½ the
/// generator of overdamped Langevin dynamics that samples q: Δf − β∇U·∇f for q = exp(−βU), β times that at unit mobility.
///
/// Sources: R. Coifman, S. Lafon, "Diffusion maps", Appl. Comput. Harmon. Anal. 21 (2006) 5; T. Berry, J. Harlim, "Variable bandwidth
/// diffusion kernels", Appl. Comput. Harmon. Anal. 40 (2016) 68, for ρ; R. Banisch, Z. Trstanova, A. Bittracher, S. Klus, P. Koltai,
/// "Diffusion maps tailored to arbitrary non-degenerate Itô processes", Appl. Comput. Harmon. Anal. 48 (2020) 242, for the target.
///
/// # Example
/// ```
/// use std::f64::consts::TAU;
/// use tati_landscape::{Bandwidth, DiffusionMapConfig, Draws};
///
/// // A circle: the eigenvalues of its Laplacian are 0, −1, −1, −4, −4, …
/// let angles = (0..500).map(|i| TAU * f64::from(i) / 500.0);
/// let theta: Vec<f64> = angles.flat_map(|angle| [angle.cos(), angle.sin()]).collect();
/// let draws = Draws::from_f64(&theta, [1, 500, 2])?;
/// let map = DiffusionMapConfig::new(5).with_bandwidth(Bandwidth::Fixed(0.002)).fit(&draws)?;
/// let unit = map.eigenvalues()[1];
/// assert!((map.eigenvalues()[3] / unit - 4.0).abs() < 0.02);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct DiffusionMapConfig {
    /// Eigenpairs wanted, the constant counted.
    pub num_eigenpairs: usize,
    /// Nearest points, itself counted, that each is joined to: i and j are neighbours if either is among those of the other, and the
    /// kernel is 0 between all others. `None` for the kernel between all points.
    #[config(default = "None")]
    pub neighbors: Option<usize>,
    /// How far the kernel reaches.
    #[config(default = "Bandwidth::BerryGiannakisHarlim")]
    pub bandwidth: Bandwidth,
    /// What ε found by a criterion is multiplied by: below 1 for a smaller bias, above 1 for less noise.
    #[config(default = 1.0)]
    pub bandwidth_factor: f64,
    /// α, the power of the density that is divided out. [`fit_to_target`](Self::fit_to_target) divides it out whole, whatever is given
    /// here.
    #[config(default = 1.0)]
    pub density_exponent: f64,
    /// d, the dimension of what the points lie on, for [`DiffusionMap::density`] and for bandwidths that vary. `None` for twice the
    /// slope d ln T/d ln ε of the [`Bandwidth`], rounded, which is too small where few neighbours cut the kernel off.
    #[config(default = "None")]
    pub dimension: Option<f64>,
    /// Bytes that may be used, those of the draws not counted.
    #[config(default = 4_294_967_296)]
    pub memory: u64,
}

/// The leading eigenpairs of the generator of a random walk between points.
///
/// Points i and j at distance dᵢⱼ are joined by the kernel Kᵢⱼ = exp(−dᵢⱼ²/(4ερᵢρⱼ)), ρ = 1 unless the [`Bandwidth`] varies. With
/// qᵢ = Σⱼ Kᵢⱼ/ρᵢᵈ the walk goes from i to j with the probability
///
/// ```text
/// Pᵢⱼ = Kᵢⱼwⱼ / Σₗ Kᵢₗwₗ,   wⱼ = qⱼ^(−α)   or, to a target π,   wⱼ = πⱼ^½ ρⱼ^(−(d+2)/2) / qⱼ
/// ```
///
/// and the generator is L = (P − 1)/(ερ²). Eigenpairs are those of the symmetric matrix that L is similar to, by a block Davidson iteration
/// to a residual of 10⁻¹¹, in blocks of 8 or more: eigenvalues up to eightfold are found whole. Neighbours are exact. Nothing depends on the
/// number of
/// threads.
///
/// Where no step of the walk leads from one part of the points to another, each part has its own eigenvalue 0. These come first: coordinate
/// 0 is the constant, coordinate m is constant on each part and tells part m − 1 ([`parts`](Self::parts)) from those after it.
///
/// Repeated points are points like others, each a neighbour of its copies.
#[derive(Clone, Debug)]
pub struct DiffusionMap {
    points: Points,
    config: DiffusionMapConfig,
    scales: Scales,
    log_weights: Vec<f64>,
    /// The square of the distance of the farthest of its nearest points from each point, unless all are joined.
    radii: Option<Vec<f64>>,
    densities: Vec<f64>,
    parts: Vec<usize>,
    eigenvalues: Vec<f64>,
    coordinates: DMatrix<f64>,
}

impl DiffusionMapConfig {
    /// The map of all draws of all chains.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain, fewer points than neighbours or eigenpairs, less than 2 points, more
    /// memory than allowed, points that are all equal where ε is to be found, and more parts without a step between them than eigenpairs;
    /// [`TatiError::NotFinite`] for draws that are not finite; [`TatiError::NotConverged`] if the eigenpairs were not found.
    pub fn fit(&self, draws: &Draws<'_>) -> Result<DiffusionMap> {
        self.fit_walk(draws, Target::DensityExponent(self.density_exponent), None)
    }

    /// The map to a target density π with the given `log_weights` ln π = −βU, up to a constant, at each draw, chains one after the other:
    /// whatever density the points were sampled from.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`TatiError::ShapeMismatch`] for another number of weights than points, [`TatiError::NotFinite`] for a weight
    /// that is not finite.
    pub fn fit_to_target(&self, draws: &Draws<'_>, log_weights: &[f64]) -> Result<DiffusionMap> {
        check_log_weights(draws, log_weights)?;
        self.fit_walk(draws, Target::LogWeights(log_weights), None)
    }

    /// [`fit`](Self::fit) with the neighbours sought on `device`, which holds the points in single precision: products of matrices there say
    /// which points may be among the nearest, and the distances of those are computed exactly here. The map is the same to the last bit as without a
    /// device. It pays for many points in many dimensions, on a GPU.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`TatiError::InvalidSetting`] without [`neighbors`](Self::neighbors), since the distances of all pairs are wanted in
    /// double precision; [`TatiError::DeviceLost`].
    pub fn fit_on(&self, device: &Device, draws: &Draws<'_>) -> Result<DiffusionMap> {
        self.fit_walk(
            draws,
            Target::DensityExponent(self.density_exponent),
            Some(device),
        )
    }

    /// [`fit_to_target`](Self::fit_to_target) with the neighbours sought on `device`, as by [`fit_on`](Self::fit_on).
    ///
    /// # Errors
    /// Those of both.
    pub fn fit_to_target_on(
        &self,
        device: &Device,
        draws: &Draws<'_>,
        log_weights: &[f64],
    ) -> Result<DiffusionMap> {
        check_log_weights(draws, log_weights)?;
        self.fit_walk(draws, Target::LogWeights(log_weights), Some(device))
    }

    /// Bytes that a fit to these draws takes at most.
    pub fn memory_needed(&self, draws: &Draws<'_>) -> u64 {
        memory::needed(self, draws)
    }

    fn fit_walk(
        &self,
        draws: &Draws<'_>,
        target: Target<'_>,
        device: Option<&Device>,
    ) -> Result<DiffusionMap> {
        // Of the many short parts that threads share none has to be handed over to the pool, nor waited for from outside.
        rayon::scope(|_| self.fit_in_pool(draws, target, device))
    }

    fn fit_in_pool(
        &self,
        draws: &Draws<'_>,
        target: Target<'_>,
        device: Option<&Device>,
    ) -> Result<DiffusionMap> {
        self.check(num_points(draws))?;
        memory::check(self, draws)?;
        let points = Points::read(draws)?;
        let Nearest {
            distances: nearest,
            order,
        } = match (self.neighbors, device) {
            (None, None) => products::all_distances(&points),
            (None, Some(_)) => return Err(all_pairs_on_device()),
            (Some(count), None) => neighbors::nearest(&points, count)?,
            (Some(count), Some(device)) => guard_devices(std::slice::from_ref(device), || {
                neighbors::nearest_on(device, &points, count)
            })?,
        };
        let scales = self
            .bandwidth
            .scales(&nearest, self.dimension, self.bandwidth_factor)?;
        let (distances, radii) = match self.neighbors {
            None => (nearest, None),
            Some(count) => {
                let last = |at: usize| nearest.row(at).values[count - 1];
                let radii = (0..points.len()).map(last).collect();
                (nearest.symmetrised(count), Some(radii))
            }
        };
        let walk = Walk::new(distances, &scales, target);
        let parts = walk.log_kernel.parts(|log| log > LEAST_LOG_KERNEL);
        self.check_parts(&parts)?;
        let spectrum = Spectrum::new(&walk, &scales, &order, &parts, self.num_eigenpairs)?;
        let count = points.len() as f64;
        let four_pi = 4.0 * std::f64::consts::PI;
        let volume = count * (four_pi * scales.bandwidth).powf(0.5 * scales.dimension);
        Ok(DiffusionMap {
            points,
            config: self.clone(),
            scales,
            log_weights: walk.log_weights,
            radii,
            densities: walk.densities.iter().map(|sum| sum / volume).collect(),
            parts,
            eigenvalues: spectrum.eigenvalues,
            coordinates: spectrum.coordinates,
        })
    }

    fn check(&self, num_points: usize) -> Result<()> {
        require_count("number of points", num_points, 2..=u32::MAX as usize)?;
        require_count("num_eigenpairs", self.num_eigenpairs, 1..=num_points)?;
        if let Some(neighbors) = self.neighbors {
            require_count("neighbors", neighbors, 2..=num_points)?;
        }
        self.bandwidth.check(self.neighbors.unwrap_or(num_points))?;
        require_positive("bandwidth_factor", self.bandwidth_factor)?;
        if let Some(dimension) = self.dimension {
            require_positive("dimension", dimension)?;
        }
        if self.density_exponent.is_finite() {
            return Ok(());
        }
        Err(TatiError::InvalidSetting {
            name: "density_exponent",
            value: self.density_exponent.to_string(),
            expected: "a finite number, from 0 to 1 as a rule".to_string(),
        })
    }

    /// Refuses more parts than eigenpairs: no coordinate would say more than which part a point belongs to.
    fn check_parts(&self, parts: &[usize]) -> Result<()> {
        let count = parts.iter().max().map_or(0, |last| last + 1);
        if count <= self.num_eigenpairs {
            return Ok(());
        }
        let mut sizes = vec![0_usize; count];
        for &part in parts {
            sizes[part] += 1;
        }
        let smallest = (0..count).min_by_key(|&part| sizes[part]).unwrap_or(0);
        let first = parts.iter().position(|&part| part == smallest);
        Err(TatiError::InvalidSetting {
            name: "bandwidth",
            value: format!(
                "so small that the points are in {count} parts without a step between them, one of {} with point {}",
                sizes[smallest],
                first.unwrap_or(0)
            ),
            expected: format!(
                "such that there are at most as many parts as `num_eigenpairs`, {}: take more neighbours or a larger bandwidth, or leave out points that lie apart",
                self.num_eigenpairs
            ),
        })
    }
}

/// One weight a point, all of them numbers.
fn check_log_weights(draws: &Draws<'_>, log_weights: &[f64]) -> Result<()> {
    if log_weights.len() != num_points(draws) {
        return Err(TatiError::ShapeMismatch {
            what: "number of log weights".to_string(),
            expected: format!("{}, the number of points", num_points(draws)),
            found: log_weights.len().to_string(),
        });
    }
    require_finite(log_weights, |at| {
        format!("the log weight of point {at}, at which the target must be above 0,")
    })
}

fn all_pairs_on_device() -> TatiError {
    TatiError::InvalidSetting {
        name: "neighbors",
        value: "all points".to_string(),
        expected: "a number to seek them on a device: the distances of all pairs are wanted in double precision, and computed without one"
            .to_string(),
    }
}

impl DiffusionMap {
    /// ε, in units of the parameters squared (where the bandwidth varies, over those of ρ squared).
    pub fn bandwidth(&self) -> f64 {
        self.scales.bandwidth
    }

    /// ρ of each point, where the bandwidth varies.
    pub fn point_scales(&self) -> Option<&[f64]> {
        self.scales.point_scales.as_deref()
    }

    /// d, the dimension that the points lie on, as given or estimated.
    pub fn dimension(&self) -> f64 {
        self.scales.dimension
    }

    /// The eigenvalues of the generator L, descending; 0 first.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// The eigenvectors of L, of shape \[points, eigenpairs\]: the first is 1 everywhere. The others have mean 0 and mean square 1 under
    /// the stationary density of L; the component of largest magnitude is positive.
    pub fn coordinates(&self) -> &DMatrix<f64> {
        &self.coordinates
    }

    /// An estimate of the density of the points per volume in d dimensions: qᵢ/(n(4πε)^(d/2)).
    pub fn density(&self) -> &[f64] {
        &self.densities
    }

    /// The number of points.
    pub fn num_points(&self) -> usize {
        self.points.len()
    }

    /// The part that each point belongs to, numbered from 0 in the order of their first point: no step leads from one to another.
    pub fn parts(&self) -> &[usize] {
        &self.parts
    }

    /// The settings of the fit.
    pub fn config(&self) -> &DiffusionMapConfig {
        &self.config
    }
}
