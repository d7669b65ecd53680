//! Random directions whose filters are as long as those of the network.

use burn::config::Config;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use tati_core::{ParameterLayout, ParameterTensor, Result, TatiError};

/// A random direction with filter normalisation: each filter of a normal random direction is scaled to the norm of the same filter
/// of the network,
///
/// ```text
/// d_f ← d_f · ‖θ_f‖ / ‖d_f‖.
/// ```
///
/// So a step of 1 changes every filter by as much as it is long, and surfaces of networks whose layers have different scales can be
/// compared.
///
/// A filter is what makes one output: the weights of a neuron, the kernel of a channel. It is an index of one axis of a weight tensor
/// with all that lies below it. Which axis, the tensor's shape does not tell: it is the one as long as the bias beside it
/// (`layer.bias` of `layer.weight`), and where none or several are, that of Burn's layers, the last of a matrix (`Linear`) and the
/// first of a larger tensor (`Conv1d` to `Conv3d`). Name it in `filter_axes` where neither is right.
///
/// Tensors of rank 1, biases and the parameters of normalisation, are left unchanged, as in the figures of the paper.
///
/// Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, *Visualizing the loss landscape of neural nets*, NeurIPS 2018, section 4.
///
/// # Example
/// ```
/// use burn::nn::LinearConfig;
/// use tati_core::{ParameterLayout, open_device};
/// use tati_landscape::RandomDirectionConfig;
///
/// let linear = LinearConfig::new(3, 2).init(&open_device("flex")?.autodiff());
/// let layout = ParameterLayout::of(&linear)?;
/// let mut theta = Vec::new();
/// layout.copy_to_host::<_, f64>(&linear, &mut theta)?;
/// let direction = RandomDirectionConfig::new(1).draw(&layout, &theta)?;
/// // The weights of the first neuron are a column.
/// let norm = |v: &[f64]| (v[0] * v[0] + v[2] * v[2] + v[4] * v[4]).sqrt();
/// assert!((norm(&direction) - norm(&theta)).abs() < 1e-12);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct RandomDirectionConfig {
    /// The direction depends on this number, the layout and the network's norms alone.
    pub seed: u64,
    /// The axis of filters of tensors where it is not the usual, by their names.
    #[config(default = "Vec::new()")]
    pub filter_axes: Vec<(String, usize)>,
}

impl RandomDirectionConfig {
    /// The direction for a network with parameters `theta`, of length N.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if `theta` does not have length N; [`TatiError::InvalidSetting`] if `filter_axes` names no
    /// tensor or an axis that it does not have, or the direction would be 0 because all filters of the network are.
    pub fn draw(&self, layout: &ParameterLayout, theta: &[f64]) -> Result<Vec<f64>> {
        if theta.len() != layout.num_parameters() {
            return Err(TatiError::ShapeMismatch {
                what: "length of the parameter vector".to_string(),
                expected: layout.num_parameters().to_string(),
                found: theta.len().to_string(),
            });
        }
        for (name, axis) in &self.filter_axes {
            let rank = layout.tensor(name)?.shape.len();
            if *axis >= rank {
                return Err(TatiError::InvalidSetting {
                    name: "filter_axes",
                    value: format!("{axis} for `{name}`"),
                    expected: format!("below {rank}, the rank of the tensor"),
                });
            }
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut direction = vec![0.0; theta.len()];
        for tensor in layout.tensors() {
            let Some(offset) = tensor.offset else {
                continue;
            };
            let place = offset..offset + tensor.len();
            let drawn = &mut direction[place.clone()];
            drawn.fill_with(|| random.sample(StandardNormal));
            match self.filter_axis(layout, tensor) {
                Some(axis) => normalise(drawn, &theta[place], &tensor.shape, axis),
                None => drawn.fill(0.0),
            }
        }
        if direction.iter().all(|&x| x == 0.0) {
            return Err(TatiError::InvalidSetting {
                name: "filters of the network",
                value: "0 everywhere".to_string(),
                expected: "of some length: there is nothing to scale a direction to".to_string(),
            });
        }
        Ok(direction)
    }

    /// The axis that counts the filters of a tensor; `None` for a tensor that has none.
    fn filter_axis(&self, layout: &ParameterLayout, tensor: &ParameterTensor) -> Option<usize> {
        let named = self
            .filter_axes
            .iter()
            .find(|(name, _)| *name == tensor.name);
        if let Some((_, axis)) = named {
            return Some(*axis);
        }
        let rank = tensor.shape.len();
        if rank < 2 {
            return None;
        }
        let parent = tensor
            .name
            .rfind('.')
            .map_or("", |dot| &tensor.name[..=dot]);
        let bias = layout.tensors().iter().find(|other| {
            other.shape.len() == 1 && other.name.strip_prefix(parent) == Some("bias")
        });
        let as_long = |axis: &usize| bias.is_some_and(|bias| bias.len() == tensor.shape[*axis]);
        let mut candidates = (0..rank).filter(as_long);
        match (candidates.next(), candidates.next()) {
            (Some(axis), None) => Some(axis),
            _ if rank == 2 => Some(1),
            _ => Some(0),
        }
    }
}

/// Scales every filter of `direction` to the norm of that of `theta`, both of `shape`.
fn normalise(direction: &mut [f64], theta: &[f64], shape: &[usize], axis: usize) {
    let below: usize = shape[axis + 1..].iter().product();
    let filters = shape[axis];
    let filter = |element: usize| element / below % filters;
    let squares = |values: &[f64]| {
        let mut sums = vec![0.0; filters];
        for (element, x) in values.iter().enumerate() {
            sums[filter(element)] += x * x;
        }
        sums
    };
    let (drawn, wanted) = (squares(direction), squares(theta));
    for (element, x) in direction.iter_mut().enumerate() {
        let f = filter(element);
        *x *= (wanted[f] / drawn[f]).sqrt();
    }
}
