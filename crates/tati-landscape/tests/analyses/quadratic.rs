//! A quadratic potential with a known spectrum, in a basis that is none of the axes.

use tati_core::analytic::HostPotential;

/// U(θ) = θᵀAθ/2 with A = R D Rᵀ, R a product of reflections.
pub struct Quadratic {
    spectrum: Vec<f64>,
    reflections: Vec<Vec<f64>>,
}

impl Quadratic {
    pub fn new(spectrum: &[f64]) -> Self {
        let length = spectrum.len();
        let reflection = |which: usize| {
            let part = |at: usize| 1.0 + ((at * (7 + 4 * which) + 3 * which) % 11) as f64;
            let norm = (0..length).map(|at| part(at).powi(2)).sum::<f64>().sqrt();
            (0..length).map(|at| part(at) / norm).collect()
        };
        Self {
            spectrum: spectrum.to_vec(),
            reflections: (0..3).map(reflection).collect(),
        }
    }

    /// A·`vector`.
    pub fn apply(&self, vector: &[f64]) -> Vec<f64> {
        let mut result = vector.to_vec();
        self.reflections
            .iter()
            .rev()
            .for_each(|normal| reflect(&mut result, normal));
        for (part, eigenvalue) in result.iter_mut().zip(&self.spectrum) {
            *part *= eigenvalue;
        }
        self.reflections
            .iter()
            .for_each(|normal| reflect(&mut result, normal));
        result
    }
}

fn reflect(vector: &mut [f64], normal: &[f64]) {
    let along: f64 = vector.iter().zip(normal).map(|(a, b)| a * b).sum();
    for (part, normal) in vector.iter_mut().zip(normal) {
        *part -= 2.0 * along * normal;
    }
}

impl HostPotential for Quadratic {
    fn dimension(&self) -> usize {
        self.spectrum.len()
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.copy_from_slice(&self.apply(position));
        0.5 * position
            .iter()
            .zip(gradient)
            .map(|(a, b)| a * *b)
            .sum::<f64>()
    }

    fn laplacian_at(&self, _position: &[f64]) -> f64 {
        self.spectrum.iter().sum()
    }
}
