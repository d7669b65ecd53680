//! Correlated draws from wells by the Metropolis algorithm, which is exact, and the free energies of the wells by quadrature.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use tati_core::analytic::{DoubleWell, HostPotential, MuellerBrown};
use tati_landscape::FreeEnergyProfile;

/// Chains one after the other: positions row by row, and their potentials.
pub struct Sampled {
    pub theta: Vec<f64>,
    pub potentials: Vec<f64>,
    pub chain_lengths: Vec<usize>,
    dimension: usize,
}

/// How a chain moves.
#[derive(Clone, Copy)]
pub struct Moves {
    /// Standard deviation of a proposal.
    pub step: f64,
    /// Steps from draw to draw.
    pub thinning: usize,
    pub seed: u64,
}

impl Sampled {
    /// Draws of exp(−βU) from chains that begin at `starts`, after a hundredth of their length for burn-in.
    pub fn from(
        potential: &dyn HostPotential,
        inverse_temperature: f64,
        starts: &[&[f64]],
        num_draws: usize,
        moves: Moves,
    ) -> Self {
        let dimension = potential.dimension();
        let mut sampled = Self {
            theta: Vec::new(),
            potentials: Vec::new(),
            chain_lengths: vec![num_draws; starts.len()],
            dimension,
        };
        let mut random = ChaCha8Rng::seed_from_u64(moves.seed);
        let mut gradient = vec![0.0; dimension];
        for start in starts {
            let mut theta = start.to_vec();
            let mut energy = potential.value_and_gradient(&theta, &mut gradient);
            let burn_in = num_draws / 100;
            for draw in 0..burn_in + num_draws {
                for _ in 0..moves.thinning {
                    let proposal: Vec<f64> = theta
                        .iter()
                        .map(|x| {
                            let noise: f64 = StandardNormal.sample(&mut random);
                            x + moves.step * noise
                        })
                        .collect();
                    let proposed = potential.value_and_gradient(&proposal, &mut gradient);
                    let uniform: f64 = random.random();
                    if uniform.ln() < inverse_temperature * (energy - proposed) {
                        (theta, energy) = (proposal, proposed);
                    }
                }
                if draw >= burn_in {
                    sampled.theta.extend_from_slice(&theta);
                    sampled.potentials.push(energy);
                }
            }
        }
        sampled
    }

    /// A coordinate of every draw.
    pub fn coordinate(&self, axis: usize) -> Vec<f64> {
        let rows = self.theta.chunks_exact(self.dimension);
        rows.map(|theta| theta[axis]).collect()
    }
}

/// −(1/β) ln of the mean density of a double well in each bin.
pub fn double_well(barrier: f64, inverse_temperature: f64, edges: &[f64]) -> Vec<f64> {
    let well = DoubleWell::new(barrier).unwrap();
    let weight = |x: f64| (-inverse_temperature * energy(&well, &[x])).exp();
    let whole = integral(-4.0, 4.0, 8000, &weight);
    edges
        .windows(2)
        .map(|bin| {
            let mean = integral(bin[0], bin[1], 50, &weight) / (bin[1] - bin[0]);
            -(mean / whole).ln() / inverse_temperature
        })
        .collect()
}

/// What the Müller-Brown surface is confined to at the temperatures of these tests.
const BOX: [[f64; 2]; 2] = [[-2.6, 1.8], [-1.2, 3.2]];

/// −(1/β) ln of the mean density of the Müller-Brown surface in each rectangle, the first coordinate's bins one after the other.
pub fn mueller_brown(inverse_temperature: f64, edges: [&[f64]; 2]) -> Vec<f64> {
    let weight =
        |x: f64, y: f64| (-inverse_temperature * (energy(&MuellerBrown, &[x, y]) + 147.0)).exp();
    let over = |[left, right]: [f64; 2], [low, high]: [f64; 2], points: [usize; 2]| {
        integral(left, right, points[0], &|x| {
            integral(low, high, points[1], &|y| weight(x, y))
        })
    };
    let whole = over(BOX[0], BOX[1], [900, 900]);
    let mut free_energies = Vec::new();
    for x in edges[0].windows(2).map(|bin| [bin[0], bin[1]]) {
        for y in edges[1].windows(2).map(|bin| [bin[0], bin[1]]) {
            let points = [x, y].map(|[low, high]| (((high - low) / 0.005).ceil() as usize).max(8));
            let mean = over(x, y, points) / (x[1] - x[0]) / (y[1] - y[0]);
            free_energies.push(-(mean / whole).ln() / inverse_temperature);
        }
    }
    free_energies
}

/// The whole range of a coordinate of the Müller-Brown surface: the edges of the one bin that integrates it out.
pub fn whole_range(axis: usize) -> [f64; 2] {
    BOX[axis]
}

/// −(1/β) ln ρ of theory for a coordinate that was integrated out over `range`.
pub fn marginal(inverse_temperature: f64, free_energy: f64, range: [f64; 2]) -> f64 {
    free_energy - (range[1] - range[0]).ln() / inverse_temperature
}

/// Equal bins.
pub fn edges(low: f64, high: f64, count: usize) -> Vec<f64> {
    let at = |edge: usize| low + (high - low) * edge as f64 / count as f64;
    (0..=count).map(at).collect()
}

/// Deviations of a profile from −(1/β) ln ρ of theory, in its errors.
pub fn deviations(profile: &FreeEnergyProfile, theory: &[f64]) -> Vec<f64> {
    assert_eq!(profile.free_energy().len(), theory.len());
    let measured = profile.free_energy().iter().zip(profile.error());
    let pairs = measured.zip(theory);
    pairs
        .map(|((free_energy, error), theory)| (free_energy + profile.minimum() - theory) / error)
        .collect()
}

/// The largest magnitude; NaN counts as infinite.
pub fn largest(numbers: &[f64]) -> f64 {
    let magnitude = |x: &f64| if x.is_nan() { f64::INFINITY } else { x.abs() };
    numbers.iter().map(magnitude).fold(0.0, f64::max)
}

pub fn energy(potential: &dyn HostPotential, position: &[f64]) -> f64 {
    potential.value_and_gradient(position, &mut vec![0.0; position.len()])
}

/// By the midpoint rule.
fn integral(low: f64, high: f64, points: usize, of: &dyn Fn(f64) -> f64) -> f64 {
    let width = (high - low) / points as f64;
    let sum: f64 = (0..points)
        .map(|point| of(low + width * (point as f64 + 0.5)))
        .sum();
    sum * width
}
