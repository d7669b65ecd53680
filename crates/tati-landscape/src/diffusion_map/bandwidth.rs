//! How far the kernel of a diffusion map reaches: one bandwidth for all points, or one for each.

use burn::config::Config;
use rayon::prelude::*;
use tati_core::{Result, TatiError, require_count, require_positive};

use super::points::squares_overflow;
use super::rows::Rows;
use crate::exponential::exponentials;

/// Neighbours, the point itself counted, by whose distances the density of [`Bandwidth::DensityPower`] is estimated first.
pub(super) const DENSITY_NEIGHBORS: usize = 8;

/// Halvings of ε between which a kernel is squared and not computed anew.
const SQUARINGS: i32 = 6;

/// ε and ρ of the kernel exp(−|x − y|²/(4ε ρ(x)ρ(y))).
///
/// Where ε is not given, it is chosen by the criterion of Berry, Giannakis and Harlim: with T(ε) the sum of the kernel over all
/// points and their neighbours, it is the power of two at which the slope of ln T against ln ε, taken to the next power of two, is
/// largest.
///
/// Sources: T. Berry, D. Giannakis, J. Harlim, "Nonparametric forecasting of low-dimensional dynamical systems", Phys. Rev. E 91
/// (2015) 032915; T. Berry, J. Harlim, "Variable bandwidth diffusion kernels", Appl. Comput. Harmon. Anal. 40 (2016) 68.
#[derive(Config, Copy, Debug, PartialEq)]
pub enum Bandwidth {
    /// ε as given, in units of the parameters squared; ρ = 1.
    Fixed(f64),
    /// ε by the criterion above; ρ = 1.
    BerryGiannakisHarlim,
    /// ρᵢ² the mean square distance of point i from its nearest k points, itself counted among the k but not in the mean: about q^(−1/d)
    /// at density q in d dimensions. ε by the criterion above.
    NeighborDistance(usize),
    /// ρ = q^β with q an estimate of the density by a kernel whose ρ is that of `NeighborDistance(8)`. −1/2 is usual. ε by the
    /// criterion above.
    DensityPower(f64),
}

/// What a kernel is made with.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    /// ε.
    pub(super) bandwidth: f64,
    /// ρ of each point, where it is not 1.
    pub(super) point_scales: Option<Vec<f64>>,
    /// d, the dimension of what the points lie on.
    pub(super) dimension: f64,
    /// What a density power is made from.
    pub(super) density: Option<PilotDensity>,
}

/// The density estimate that [`Bandwidth::DensityPower`] takes its ρ from.
#[derive(Clone, Debug)]
pub(super) struct PilotDensity {
    bandwidth: f64,
    dimension: f64,
    scales: Vec<f64>,
    power: f64,
}

impl Bandwidth {
    /// Checks what can be checked without points, and that there are neighbours enough.
    pub(super) fn check(&self, neighbors: usize) -> Result<()> {
        match *self {
            Self::Fixed(bandwidth) => require_positive("bandwidth", bandwidth),
            Self::BerryGiannakisHarlim => Ok(()),
            Self::NeighborDistance(count) => {
                require_count("neighbors of the bandwidth", count, 2..=neighbors)
            }
            Self::DensityPower(power) => {
                if !power.is_finite() {
                    return Err(TatiError::InvalidSetting {
                        name: "power of the density",
                        value: power.to_string(),
                        expected: "a finite number, −0.5 for instance".to_string(),
                    });
                }
                require_count("neighbors", neighbors, DENSITY_NEIGHBORS..)
            }
        }
    }

    /// The scales for points with the given squared distances from themselves and their neighbours, and `dimension` where it is known.
    /// ε of a criterion is multiplied by `factor`.
    pub(super) fn scales(
        &self,
        distances: &Rows,
        dimension: Option<f64>,
        factor: f64,
    ) -> Result<Scales> {
        let rounded = |slope: f64| dimension.unwrap_or((2.0 * slope).round().max(1.0));
        match *self {
            Self::Fixed(bandwidth) => Ok(Scales {
                bandwidth,
                point_scales: None,
                dimension: rounded(slope_at(distances, bandwidth)),
                density: None,
            }),
            Self::BerryGiannakisHarlim => {
                let (bandwidth, slope) = steepest(distances, None)?;
                Ok(Scales {
                    bandwidth: factor * bandwidth,
                    point_scales: None,
                    dimension: rounded(slope),
                    density: None,
                })
            }
            Self::NeighborDistance(count) => {
                let point_scales = neighbor_distances(distances, count)?;
                let (bandwidth, slope) = steepest(distances, Some(&point_scales))?;
                Ok(Scales {
                    bandwidth: factor * bandwidth,
                    point_scales: Some(point_scales),
                    dimension: rounded(slope),
                    density: None,
                })
            }
            Self::DensityPower(power) => {
                let scales = neighbor_distances(distances, DENSITY_NEIGHBORS)?;
                let (bandwidth, slope) = steepest(distances, Some(&scales))?;
                let pilot = PilotDensity {
                    bandwidth,
                    dimension: rounded(slope),
                    scales,
                    power,
                };
                let point_scales = distances.map(|at, row| {
                    let near = row.entries();
                    pilot.point_scale(pilot.scales[at], near)
                });
                if let Some(at) = (point_scales.iter()).position(|x| !(x.is_finite() && *x > 0.0)) {
                    return Err(TatiError::NotFinite {
                        what: format!("the density to the power {power} at point {at}"),
                        value: point_scales[at],
                        remedy: "take a power nearer to 0, or scale the parameters to order 1",
                    });
                }
                let (bandwidth, slope) = steepest(distances, Some(&point_scales))?;
                Ok(Scales {
                    bandwidth: factor * bandwidth,
                    point_scales: Some(point_scales),
                    dimension: rounded(slope),
                    density: Some(pilot),
                })
            }
        }
    }

    /// ρ at a further point, from its squared distances from its nearest points, which are sorted.
    pub(super) fn point_scale_at(&self, scales: &Scales, sorted: &[(usize, f64)]) -> Result<f64> {
        let neighbor_distance = |count| {
            let nearest = sorted.iter().map(|&(_, squared)| squared);
            let scale = mean_of_nearest(nearest, count).sqrt();
            if scale > 0.0 {
                return Ok(scale);
            }
            Err(duplicates("a further point", count))
        };
        match *self {
            Self::Fixed(_) | Self::BerryGiannakisHarlim => Ok(1.0),
            Self::NeighborDistance(count) => neighbor_distance(count),
            Self::DensityPower(_) => {
                let own = neighbor_distance(DENSITY_NEIGHBORS)?;
                Ok(scales
                    .density
                    .as_ref()
                    .map_or(1.0, |pilot| pilot.point_scale(own, sorted.iter().copied())))
            }
        }
    }
}

impl Scales {
    /// ρ of point `at`.
    pub(super) fn of(&self, at: usize) -> f64 {
        self.point_scales.as_ref().map_or(1.0, |scales| scales[at])
    }
}

impl PilotDensity {
    /// q^β where the own scale is ρ and `near` are points with their squared distances.
    fn point_scale(&self, own: f64, near: impl Iterator<Item = (usize, f64)>) -> f64 {
        let sum: f64 = near
            .map(|(at, squared)| (-squared / (4.0 * self.bandwidth * own * self.scales[at])).exp())
            .sum();
        let volume = own.powf(self.dimension)
            * (4.0 * std::f64::consts::PI * self.bandwidth).powf(0.5 * self.dimension);
        (sum / (self.scales.len() as f64 * volume)).powf(self.power)
    }
}

/// The root mean square distance of each point from its `count` nearest, itself counted among them but not in the mean.
fn neighbor_distances(distances: &Rows, count: usize) -> Result<Vec<f64>> {
    let scales = distances.map(|_, row| {
        if !distances.is_full() {
            return mean_of_nearest(row.values.iter().copied(), count).sqrt();
        }
        let mut nearest = row.values.to_vec();
        nearest.select_nth_unstable_by(count - 1, f64::total_cmp);
        nearest[..count].sort_unstable_by(f64::total_cmp);
        mean_of_nearest(nearest.into_iter(), count).sqrt()
    });
    match scales.iter().position(|&scale| scale == 0.0) {
        None => Ok(scales),
        Some(at) => Err(duplicates(&format!("point {at}"), count)),
    }
}

fn mean_of_nearest(sorted: impl Iterator<Item = f64>, count: usize) -> f64 {
    sorted.take(count).sum::<f64>() / (count - 1) as f64
}

fn duplicates(what: &str, count: usize) -> TatiError {
    TatiError::InvalidSetting {
        name: "bandwidth",
        value: format!(
            "0 at {what}, which is the same as its {} nearest points",
            count - 1
        ),
        expected: "above 0: leave out repeated draws (`with_every`), or use more neighbours"
            .to_string(),
    }
}

/// d ln T/d ln ε at ε.
fn slope_at(distances: &Rows, bandwidth: f64) -> f64 {
    let sums = distances.map_with_room(|_, row, kernel| {
        let exponents = row.values.iter().map(|squared| squared / (4.0 * bandwidth));
        kernel.clear();
        kernel.extend(exponents.clone().map(|exponent| -exponent));
        exponentials(kernel);
        let terms = kernel.iter().zip(exponents);
        terms.fold([0.0, 0.0], |[sum, moment], (kernel, exponent)| {
            [sum + kernel, moment + exponent * kernel]
        })
    });
    let [sum, moment] = sums.iter().fold([0.0, 0.0], |total, part| {
        [0, 1].map(|at| total[at] + part[at])
    });
    moment / sum
}

/// The power of two, ε, of the largest slope (ln T(2ε) − ln T(ε))/ln 2, and that slope.
fn steepest(distances: &Rows, scales: Option<&[f64]>) -> Result<(f64, f64)> {
    let scaled = |row: usize, column: usize, squared: f64| match scales {
        Some(scales) => squared / (scales[row] * scales[column]),
        None => squared,
    };
    let bounds = distances.map(|at, row| {
        row.entries()
            .fold([f64::INFINITY, 0.0], |[least, most], (column, squared)| {
                let squared = scaled(at, column, squared);
                let least = if squared > 0.0 {
                    f64::min(least, squared)
                } else {
                    least
                };
                [least, f64::max(most, squared)]
            })
    });
    let [least, most] = bounds
        .iter()
        .fold([f64::INFINITY, 0.0], |[least, most], bound| {
            [f64::min(least, bound[0]), f64::max(most, bound[1])]
        });
    if most == 0.0 {
        return Err(TatiError::InvalidSetting {
            name: "bandwidth",
            value: "not to be found, as all points are equal to their neighbours".to_string(),
            expected: "given by `Bandwidth::Fixed`, or leave out repeated draws (`with_every`)"
                .to_string(),
        });
    }
    if !most.is_finite() {
        return Err(squares_overflow(most));
    }
    // Below and above these the kernel is all zeros or all ones, and T is constant.
    let lowest = (0.25 * least).log2().floor() as i32 - 6;
    let highest = (0.25 * most).log2().ceil() as i32 + 6;
    let steps = (highest - lowest + 1) as usize;
    let chunks: Vec<Vec<f64>> = (0..distances.len())
        .into_par_iter()
        .chunks(super::rows::ROWS_PER_TASK)
        .map(|rows| {
            let mut sums = vec![0.0; steps];
            for at in rows {
                for (column, squared) in distances.row(at).entries() {
                    let quarter = 0.25 * scaled(at, column, squared);
                    let mut kernel = 0.0_f64;
                    // From wide to narrow: halving ε squares the kernel.
                    for (step, sum) in sums.iter_mut().enumerate() {
                        kernel = if (step as i32) % SQUARINGS == 0 {
                            (-quarter * (-f64::from(highest - step as i32)).exp2()).exp()
                        } else {
                            kernel * kernel
                        };
                        if kernel == 0.0 {
                            break;
                        }
                        *sum += kernel;
                    }
                }
            }
            sums
        })
        .collect();
    let mut sums = vec![0.0; steps];
    for chunk in chunks {
        sums.iter_mut()
            .zip(&chunk)
            .for_each(|(sum, part)| *sum += part);
    }
    let mut best = (f64::NEG_INFINITY, lowest);
    for (step, pair) in sums.windows(2).enumerate().rev() {
        let slope = (pair[0] / pair[1]).log2();
        if slope > best.0 {
            best = (slope, highest - step as i32 - 1);
        }
    }
    Ok((f64::from(best.1).exp2(), best.0))
}
