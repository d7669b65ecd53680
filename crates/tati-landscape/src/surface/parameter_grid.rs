//! The potential on a grid of named parameters, the others held.

use std::ops::RangeInclusive;

use tati_core::{AffineSubspace, ParameterLayout, Potential, Progress, Result, TatiError};

use super::{Axis, Surface};

/// A parameter of a model and the values that it takes on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterAxis {
    position: usize,
    axis: Axis,
}

impl ParameterAxis {
    /// The element `index` of the tensor called `tensor`, over `points` equidistant values of `range`. Its axis is called as
    /// `layer.weight[3][100]`.
    ///
    /// # Errors
    /// As of [`ParameterLayout::position`] and [`Axis::equidistant`].
    pub fn new(
        layout: &ParameterLayout,
        tensor: &str,
        index: &[usize],
        range: RangeInclusive<f64>,
        points: usize,
    ) -> Result<Self> {
        let indices: String = index.iter().map(|index| format!("[{index}]")).collect();
        Ok(Self {
            position: layout.position(tensor, index)?,
            axis: Axis::equidistant(format!("{tensor}{indices}"), range, points)?,
        })
    }
}

impl Surface {
    /// U for every combination of the values of `parameters`, all others held as in `centre`, of length N.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if a parameter is named twice; [`TatiError::ShapeMismatch`] if `centre` does not have
    /// length N; otherwise as of [`over`](Self::over).
    ///
    /// # Example
    /// ```
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::tensor::Tensor;
    /// use tati_core::{ModelPotential, open_device};
    /// use tati_landscape::{ParameterAxis, Surface};
    ///
    /// let device = open_device("flex")?.autodiff();
    /// let model = LinearConfig::new(2, 1).init(&device);
    /// let inputs = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &device);
    /// let potential = ModelPotential::new(model, inputs, |model: &Linear, inputs| {
    ///     model.forward(inputs).powi_scalar(2).mean()
    /// })?;
    /// let weight = ParameterAxis::new(potential.layout(), "weight", &[1, 0], -2.0..=2.0, 5)?;
    /// let surface = Surface::over_parameters(&potential, &[0.0, 0.0, 0.0], &[weight], &mut |_| {})?;
    /// assert_eq!(surface.axes[0].name, "weight[1][0]");
    /// assert_eq!(surface.potential, [2.0, 0.5, 0.0, 0.5, 2.0]);
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn over_parameters(
        potential: &(impl Potential + ?Sized),
        centre: &[f64],
        parameters: &[ParameterAxis],
        progress: &mut Progress<'_>,
    ) -> Result<Self> {
        let mut origin = centre.to_vec();
        let mut directions = Vec::with_capacity(parameters.len());
        for (index, ParameterAxis { position, axis }) in parameters.iter().enumerate() {
            if parameters[..index].iter().any(|p| p.position == *position) {
                return Err(TatiError::InvalidSetting {
                    name: "parameter of a grid",
                    value: format!("{} twice", axis.name),
                    expected: "named once".to_string(),
                });
            }
            let mut direction = vec![0.0; centre.len()];
            let places = origin.get_mut(*position).zip(direction.get_mut(*position));
            let Some((held, step)) = places else {
                return Err(TatiError::ShapeMismatch {
                    what: "length of the centre".to_string(),
                    expected: format!(
                        "{}, the parameters of the potential",
                        potential.num_parameters()
                    ),
                    found: centre.len().to_string(),
                });
            };
            // The coefficient is the parameter itself.
            (*held, *step) = (0.0, 1.0);
            directions.push(direction);
        }
        let directions: Vec<&[f64]> = directions.iter().map(Vec::as_slice).collect();
        let subspace = AffineSubspace::new(&origin, &directions)?;
        let axes: Vec<Axis> = parameters.iter().map(|p| p.axis.clone()).collect();
        Self::over(potential, &subspace, &axes, progress)
    }
}
