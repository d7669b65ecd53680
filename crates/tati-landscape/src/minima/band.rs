//! A chain of images between two points, and the forces that draw it down to the lowest path.

use tati_core::{Potential, Result, TatiError};

use super::path::distance;
use crate::hessian::vectors::{dot, norm};

/// The share of the largest curvature seen that is kept from one iteration to the next.
const CURVATURE_DECAY: f64 = 0.99;

/// Images θ₀ … θ_(M+1), of which the first and the last stay where they are.
pub(super) struct Band<'a> {
    potential: &'a dyn Potential,
    images: Vec<Vec<f64>>,
    energies: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    /// The largest |∇U(θ') − ∇U(θ)| / |θ' − θ| lately seen.
    curvature: f64,
    num_gradients: usize,
}

impl<'a> Band<'a> {
    /// The potential is evaluated at all `images`.
    pub(super) fn new(potential: &'a dyn Potential, images: &[Vec<f64>]) -> Result<Self> {
        let (energies, gradients) = evaluate(potential, images)?;
        let pairs = images.windows(2).zip(gradients.windows(2));
        let curvature = pairs.fold(0.0_f64, |most, (images, gradients)| {
            let change = distance(&gradients[0], &gradients[1]);
            most.max(change / distance(&images[0], &images[1]))
        });
        Ok(Self {
            potential,
            images: images.to_vec(),
            energies,
            gradients,
            curvature,
            num_gradients: images.len(),
        })
    }

    /// The length of the path.
    pub(super) fn length(&self) -> f64 {
        let pairs = self.images.windows(2);
        pairs.map(|pair| distance(&pair[0], &pair[1])).sum()
    }

    pub(super) fn curvature(&self) -> f64 {
        self.curvature
    }

    pub(super) fn num_gradients(&self) -> usize {
        self.num_gradients
    }

    pub(super) fn images(&self) -> &[Vec<f64>] {
        &self.images
    }

    pub(super) fn into_images_and_energies(self) -> (Vec<Vec<f64>>, Vec<f64>) {
        (self.images, self.energies)
    }

    /// The images between the ends that are higher than both neighbours.
    pub(super) fn peaks(&self) -> Vec<usize> {
        let inner = 1..self.images.len() - 1;
        inner.filter(|&image| self.is_peak(image)).collect()
    }

    /// The force on each image between the ends, one after the other,
    ///
    /// ```text
    /// F = −∇U + (∇U·τ) τ + k (|θ_(i+1) − θ_i| − |θ_i − θ_(i−1)|) τ
    /// F = −∇U + 2 (∇U·τ) τ                                           for an image that climbs
    /// ```
    ///
    /// with τ the tangent. Every peak climbs if `peaks_climb`, so that all saddles of the path are found.
    pub(super) fn forces(&self, spring_constant: f64, peaks_climb: bool) -> Vec<f64> {
        let mut forces = Vec::with_capacity((self.images.len() - 2) * self.images[0].len());
        for image in 1..self.images.len() - 1 {
            let tangent = self.tangent(image);
            let gradient = &self.gradients[image];
            let along = dot(gradient, &tangent);
            let pull = if peaks_climb && self.is_peak(image) {
                2.0 * along
            } else {
                let [before, at, after] = self.around(image);
                along + spring_constant * (distance(after, at) - distance(at, before))
            };
            let parts = gradient.iter().zip(&tangent);
            forces.extend(parts.map(|(gradient, tangent)| pull * tangent - gradient));
        }
        forces
    }

    /// The length of the largest of the forces.
    pub(super) fn largest(&self, forces: &[f64]) -> f64 {
        let of_images = forces.chunks_exact(self.images[0].len());
        of_images.fold(0.0, |most, force| most.max(norm(force)))
    }

    /// Moves the images between the ends.
    pub(super) fn move_by(&mut self, steps: &[f64]) -> Result<()> {
        let num_parameters = self.images[0].len();
        let inner = 1..self.images.len() - 1;
        for (image, step) in self.images[inner.clone()]
            .iter_mut()
            .zip(steps.chunks_exact(num_parameters))
        {
            image
                .iter_mut()
                .zip(step)
                .for_each(|(theta, step)| *theta += step);
        }
        let (energies, gradients) = evaluate(self.potential, &self.images[inner.clone()])?;
        self.num_gradients += inner.len();
        self.curvature *= CURVATURE_DECAY;
        let changes = gradients.iter().zip(&self.gradients[inner.clone()]);
        for ((after, before), step) in changes.zip(steps.chunks_exact(num_parameters)) {
            let length = norm(step);
            if length > 0.0 {
                self.curvature = self.curvature.max(distance(after, before) / length);
            }
        }
        self.energies.splice(inner.clone(), energies);
        self.gradients.splice(inner, gradients);
        Ok(())
    }

    /// The tangent that points to the neighbour that is higher, or, at a peak and in a valley, to both by their heights.
    fn tangent(&self, image: usize) -> Vec<f64> {
        let [before, at, after] = self.around(image);
        let [down, here, up] = [-1, 0, 1].map(|of| self.energies[image.wrapping_add_signed(of)]);
        let (forward, backward) = if up > here && here > down {
            (1.0, 0.0)
        } else if up < here && here < down {
            (0.0, 1.0)
        } else {
            let (one, other) = ((up - here).abs(), (down - here).abs());
            let (more, less) = (one.max(other), one.min(other));
            match (more > 0.0, up > down) {
                (false, _) => (1.0, 1.0),
                (true, true) => (more, less),
                (true, false) => (less, more),
            }
        };
        let neighbours = before.iter().zip(after).zip(at);
        let mut tangent: Vec<f64> = neighbours
            .map(|((before, after), at)| forward * (after - at) + backward * (at - before))
            .collect();
        let length = norm(&tangent);
        if length > 0.0 {
            tangent.iter_mut().for_each(|part| *part /= length);
        }
        tangent
    }

    fn is_peak(&self, image: usize) -> bool {
        let here = self.energies[image];
        here >= self.energies[image - 1] && here > self.energies[image + 1]
    }

    fn around(&self, image: usize) -> [&[f64]; 3] {
        [image - 1, image, image + 1].map(|image| self.images[image].as_slice())
    }
}

fn evaluate(potential: &dyn Potential, images: &[Vec<f64>]) -> Result<(Vec<f64>, Vec<Vec<f64>>)> {
    let positions = potential.positions(&images.concat())?;
    let (energies, gradients) = potential.energies_and_gradients(&positions)?;
    let gradients: Vec<f64> = gradients.into_data().iter::<f64>().collect();
    let mut values = energies.iter().chain(&gradients);
    if let Some(value) = values.find(|value| !value.is_finite()) {
        return Err(TatiError::NotFinite {
            what: "the potential or its gradient at an image of a path".to_string(),
            value: *value,
            remedy: "begin with a path along which the potential is finite",
        });
    }
    let rows = gradients.chunks_exact(potential.num_parameters());
    Ok((energies, rows.map(<[f64]>::to_vec).collect()))
}
