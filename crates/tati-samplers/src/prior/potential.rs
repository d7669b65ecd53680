//! A potential and a prior as one potential.

use burn::tensor::{Tensor, TensorData};
use tati_core::{AffineSubspace, Potential, Progress, Result, TatiError};

use super::Prior;

/// U + U_prior, whose exp(−β(U + U_prior)) a sampler with this prior draws from: the potential to quench, or to look at, beside its draws.
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{Potential, analytic::Harmonic, open_device};
/// use tati_samplers::{PotentialWithPrior, Prior};
///
/// let well = Harmonic::new(vec![1.0, 4.0])?;
/// let potential = PotentialWithPrior::new(&well, Prior::Gaussian(0.5))?;
/// let theta = Tensor::<1>::from_data([2.0, 1.0], &open_device("flex")?);
/// assert_eq!(potential.energy(&theta)?, 4.0 + 0.25 * 5.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub struct PotentialWithPrior<'a> {
    potential: &'a dyn Potential,
    prior: Prior,
    /// θ₀ of a tether.
    centre: Option<Vec<f64>>,
}

impl<'a> PotentialWithPrior<'a> {
    /// `potential` with `prior`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a prior outside its domain, and for a tether, whose centre is the start of a chain.
    pub fn new(potential: &'a dyn Potential, prior: Prior) -> Result<Self> {
        prior.validate()?;
        if prior.is_tether() {
            return Err(TatiError::InvalidSetting {
                name: "prior",
                value: "a tether".to_string(),
                expected: "the same at every start: a tether's centre is where its chain began"
                    .to_string(),
            });
        }
        Ok(Self {
            potential,
            prior,
            centre: None,
        })
    }

    /// `potential` with `prior` as a chain has it that begins at `start`, of length N: a tether's centre is there.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a prior outside its domain, [`TatiError::ShapeMismatch`] if `start` does not have length N.
    pub fn of_chain(potential: &'a dyn Potential, prior: Prior, start: &[f64]) -> Result<Self> {
        if !prior.is_tether() {
            return Self::new(potential, prior);
        }
        prior.validate()?;
        if start.len() != potential.num_parameters() {
            return Err(TatiError::ShapeMismatch {
                what: "length of the start of a chain".to_string(),
                expected: potential.num_parameters().to_string(),
                found: start.len().to_string(),
            });
        }
        Ok(Self {
            potential,
            prior,
            centre: Some(start.to_vec()),
        })
    }

    /// U_prior at each of the positions.
    fn add_prior(&self, positions: &[f64], energies: &mut [f64]) {
        let length = self.num_parameters();
        let mut unused = vec![0.0; length];
        for (energy, position) in energies.iter_mut().zip(positions.chunks_exact(length)) {
            *energy += self.prior_at(position, &mut unused);
        }
    }

    /// U_prior at a position, and its gradient added to `gradient`.
    fn prior_at(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let centre = self.centre.as_deref();
        self.prior
            .energy_and_add_gradient(position, centre, gradient)
    }
}

impl Potential for PotentialWithPrior<'_> {
    fn num_parameters(&self) -> usize {
        self.potential.num_parameters()
    }

    fn energy_and_gradient(&self, position: &Tensor<1>) -> Result<(f64, Tensor<1>)> {
        let (energy, gradient) = self.potential.energy_and_gradient(position)?;
        let theta: Vec<f64> = position.to_data().iter::<f64>().collect();
        let mut slope = vec![0.0; theta.len()];
        let prior = self.prior_at(&theta, &mut slope);
        let dtype = gradient.dtype();
        let length = [slope.len()];
        let slope = TensorData::new(slope, length).convert_dtype(dtype);
        let slope = Tensor::from_data(slope, (&gradient.device(), dtype));
        Ok((energy + prior, gradient + slope))
    }

    fn energy(&self, position: &Tensor<1>) -> Result<f64> {
        let mut energy = [self.potential.energy(position)?];
        let theta: Vec<f64> = position.to_data().iter::<f64>().collect();
        self.add_prior(&theta, &mut energy);
        Ok(energy[0])
    }

    fn energies(&self, positions: &Tensor<2>) -> Result<Vec<f64>> {
        let mut energies = self.potential.energies(positions)?;
        let theta: Vec<f64> = positions.to_data().iter::<f64>().collect();
        self.add_prior(&theta, &mut energies);
        Ok(energies)
    }

    fn positions(&self, theta: &[f64]) -> Result<Tensor<2>> {
        self.potential.positions(theta)
    }

    fn energies_in_subspace(
        &self,
        subspace: &AffineSubspace,
        coefficients: &[f64],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f64>> {
        let mut energies = self
            .potential
            .energies_in_subspace(subspace, coefficients, progress)?;
        let rows = coefficients.chunks_exact(subspace.num_directions());
        for (energy, row) in energies.iter_mut().zip(rows) {
            self.add_prior(&subspace.point(row)?, std::slice::from_mut(energy));
        }
        Ok(energies)
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::Rosenbrock;
    use tati_core::open_device;

    use super::*;

    /// Every method against the sum written out.
    #[test]
    fn every_method_counts_the_prior() {
        let valley = Rosenbrock::new(100.0).unwrap();
        let prior = Prior::Gaussian(2.0);
        let both = PotentialWithPrior::new(&valley, prior).unwrap();
        let points = [[1.0, 1.0], [0.5, -0.25], [0.0, 3.0]];
        let positions = both.positions(points.as_flattened()).unwrap();
        let expected: Vec<f64> = points
            .iter()
            .map(|[x, y]| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2) + x * x + y * y)
            .collect();
        assert_eq!(both.energies(&positions).unwrap(), expected);
        let subspace = AffineSubspace::new(&[0.0, 0.0], &[&[1.0, 0.0], &[0.0, 1.0]]).unwrap();
        let found = both.energies_in_subspace(&subspace, points.as_flattened(), &mut |_| ());
        assert_eq!(found.unwrap(), expected);
        for ([x, y], expected) in points.into_iter().zip(expected) {
            let device = open_device("flex").unwrap();
            let theta = both.positions(&[x, y]).unwrap().flatten::<1>(0, 1);
            assert_eq!(theta.device(), device);
            assert_eq!(both.energy(&theta).unwrap(), expected);
            let (energy, gradient) = both.energy_and_gradient(&theta).unwrap();
            assert_eq!(energy, expected);
            let gradient: Vec<f64> = gradient.to_data().iter::<f64>().collect();
            let slope = [
                -2.0 * (1.0 - x) - 400.0 * x * (y - x * x) + 2.0 * x,
                200.0 * (y - x * x) + 2.0 * y,
            ];
            assert_eq!(gradient, slope);
        }
    }

    #[test]
    fn a_tether_is_around_the_start_of_its_chain() {
        let valley = Rosenbrock::new(100.0).unwrap();
        let tether = Prior::Tether(4.0);
        let both = PotentialWithPrior::of_chain(&valley, tether.clone(), &[1.0, 1.0]).unwrap();
        let theta = both.positions(&[1.0, 1.0, 2.0, 4.0]).unwrap();
        // The valley's floor is at y = x², where U = (1 − x)².
        assert_eq!(both.energies(&theta).unwrap(), [0.0, 1.0 + 2.0 * 10.0]);
        assert!(PotentialWithPrior::of_chain(&valley, tether, &[1.0]).is_err());
        // Other priors are where they are.
        let at_rest = PotentialWithPrior::of_chain(&valley, Prior::Gaussian(2.0), &[1.0, 1.0]);
        assert_eq!(at_rest.unwrap().energies(&theta).unwrap()[0], 2.0);
    }

    #[test]
    fn priors_that_are_no_function_of_the_position_are_refused() {
        let valley = Rosenbrock::new(100.0).unwrap();
        for prior in [Prior::Tether(1.0), Prior::Gaussian(-1.0)] {
            assert!(PotentialWithPrior::new(&valley, prior).is_err());
        }
    }
}
