//! Permutations of hidden units, which leave a network as it is.

use std::ops::Range;

use tati_core::{ParameterLayout, Result, TatiError, require_count};

use super::assignment::least_cost_assignment;
use super::require_point;
use crate::hessian::vectors::dot;

/// Rounds over the layers of a network in search of the nearest copy.
const MAX_ROUNDS: usize = 100;
/// The share of the length of a parameter vector below which a gain is rounding.
const ROUNDING: f64 = 1e-13;

/// The units of one hidden layer: the tensors that have an axis along which each entry belongs to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenUnits {
    tensors: Vec<(String, usize)>,
    has_odd_activation: bool,
}

/// What permuting the units of hidden layers does to a parameter vector.
///
/// A network computes the same after the units of a hidden layer are permuted together with all weights into and out of them. If the
/// activation is odd, as tanh, also after the sign of all weights and biases of a unit is turned. So every minimum comes in many copies, n! 2ⁿ
/// for a layer of n units with an odd activation.
///
/// # Example
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use tati_core::{ParameterLayout, open_device};
/// use tati_landscape::UnitSymmetry;
///
/// #[derive(Module, Debug)]
/// struct Network {
///     hidden: Linear,
///     output: Linear,
/// }
/// let device = open_device("flex")?.autodiff();
/// let network = Network {
///     hidden: LinearConfig::new(1, 2).init(&device),
///     output: LinearConfig::new(2, 1).init(&device),
/// };
/// let layout = ParameterLayout::of(&network)?;
/// let symmetry = UnitSymmetry::of_linear_layers(&layout, &["hidden", "output"], false)?;
/// // Weights in, biases, weights out, bias.
/// let theta = [1.0, 2.0, 0.1, 0.2, 3.0, 4.0, 0.3];
/// let copy = symmetry.permuted(&theta, 0, &[1, 0])?;
/// assert_eq!(copy, [2.0, 1.0, 0.2, 0.1, 4.0, 3.0, 0.3]);
/// assert_eq!(symmetry.nearest_copy(&theta, &copy)?, theta);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UnitSymmetry {
    layers: Vec<Layer>,
    num_parameters: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    num_units: usize,
    has_odd_activation: bool,
    tensors: Vec<UnitTensor>,
    /// Those of the tensors whose other axis is of no layer that comes later.
    settled: Vec<UnitTensor>,
}

/// A tensor with an axis of units, of shape \[outer, units, inner\].
#[derive(Clone, Debug, PartialEq)]
struct UnitTensor {
    offset: usize,
    outer: usize,
    inner: usize,
}

/// Where the units of a layer come from, and with which sign.
type Sources = Vec<(usize, f64)>;

impl HiddenUnits {
    /// Units along these axes of tensors, each by its name in the layout: of the weight of Burn's `Linear`, of shape \[in, out\], axis 1
    /// of the layer that ends in the units and axis 0 of the one that starts from them, and axis 0 of the bias. A frozen bias that is the
    /// same for all units is left out.
    pub fn new(tensors: &[(&str, usize)]) -> Self {
        Self {
            tensors: (tensors.iter())
                .map(|(name, axis)| (name.to_string(), *axis))
                .collect(),
            has_odd_activation: false,
        }
    }

    /// The units' activation is odd, f(−x) = −f(x).
    pub fn with_odd_activation(mut self) -> Self {
        self.has_odd_activation = true;
        self
    }
}

impl UnitSymmetry {
    /// The symmetry under permutation of each of `layers`, from the network's input to its output.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no layer or one has no tensor, a tensor is not in the layout or frozen, has no such axis, or
    /// has the same axis named twice; [`TatiError::ShapeMismatch`] if the tensors of a layer differ in their number of units.
    pub fn new(layout: &ParameterLayout, layers: &[HiddenUnits]) -> Result<Self> {
        require_count("number of hidden layers", layers.len(), 1..)?;
        let mut found: Vec<Layer> = Vec::with_capacity(layers.len());
        let mut seen: Vec<&(String, usize)> = Vec::new();
        for (number, units) in layers.iter().enumerate() {
            require_count("tensors of a hidden layer", units.tensors.len(), 1..)?;
            let mut layer: Option<Layer> = None;
            for named in &units.tensors {
                if seen.contains(&named) {
                    return Err(invalid_tensor(named, "named once".to_string()));
                }
                seen.push(named);
                let (num_units, tensor) = unit_tensor(layout, named)?;
                let layer = layer.get_or_insert_with(|| Layer {
                    num_units,
                    has_odd_activation: units.has_odd_activation,
                    tensors: Vec::new(),
                    settled: Vec::new(),
                });
                if layer.num_units != num_units {
                    return Err(TatiError::ShapeMismatch {
                        what: format!("axis {} of `{}`, hidden units", named.1, named.0),
                        expected: format!("{}, as of `{}`", layer.num_units, units.tensors[0].0),
                        found: num_units.to_string(),
                    });
                }
                let later = layers[number + 1..].iter();
                let mut later = later.flat_map(|units| &units.tensors);
                if !later.any(|(name, _)| *name == named.0) {
                    layer.settled.push(tensor.clone());
                }
                layer.tensors.push(tensor);
            }
            found.extend(layer);
        }
        Ok(Self {
            layers: found,
            num_parameters: layout.num_parameters(),
        })
    }

    /// The symmetry of a network of Burn's `Linear` layers, by their names from input to output: the units between each and the next,
    /// with their biases as far as they are trained.
    ///
    /// # Errors
    /// As of [`new`](Self::new); [`TatiError::InvalidSetting`] for fewer than two layers.
    pub fn of_linear_layers(
        layout: &ParameterLayout,
        layers: &[&str],
        have_odd_activation: bool,
    ) -> Result<Self> {
        require_count("number of linear layers", layers.len(), 2..)?;
        let hidden: Vec<HiddenUnits> = (layers.windows(2))
            .map(|pair| {
                let [weight, bias] = ["weight", "bias"].map(|part| format!("{}.{part}", pair[0]));
                let next = format!("{}.weight", pair[1]);
                let mut tensors = vec![(weight.as_str(), 1), (next.as_str(), 0)];
                let mut trained = layout.tensors().iter().filter(|tensor| !tensor.is_frozen());
                if trained.any(|tensor| tensor.name == bias) {
                    tensors.push((bias.as_str(), 0));
                }
                let units = HiddenUnits::new(&tensors);
                if have_odd_activation {
                    units.with_odd_activation()
                } else {
                    units
                }
            })
            .collect();
        Self::new(layout, &hidden)
    }

    /// N, the number of parameters.
    pub fn num_parameters(&self) -> usize {
        self.num_parameters
    }

    /// `position` with the units of hidden layer `layer` permuted: unit i is what unit `permutation[i]` was.
    ///
    /// # Errors
    /// If `position` does not have length N or is not finite; [`TatiError::InvalidSetting`] if there is no such layer, or `permutation` is
    /// none of its units.
    pub fn permuted(
        &self,
        position: &[f64],
        layer: usize,
        permutation: &[usize],
    ) -> Result<Vec<f64>> {
        require_point("the point to permute", position, self.num_parameters)?;
        require_count("layer", layer, 0..self.layers.len())?;
        let layer = &self.layers[layer];
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..layer.num_units) {
            return Err(TatiError::InvalidSetting {
                name: "permutation",
                value: format!("{permutation:?}"),
                expected: format!("the numbers from 0 to {}", layer.num_units - 1),
            });
        }
        let sources: Sources = permutation.iter().map(|&unit| (unit, 1.0)).collect();
        Ok(layer.rearranged(position, &sources))
    }

    /// The copy of `position` that is nearest to `reference` under permutations (and changes of sign where the activation is odd).
    ///
    /// For one hidden layer it is the nearest of all n! (2ⁿ n!) copies, by the Hungarian method. For several, units are assigned layer by
    /// layer from the input by what leads into them, then each layer again by all of its weights until nothing comes nearer
    /// (weight matching): copies of `reference` itself are found unless units of a layer share their weights from below; of other points
    /// the copy is near, not always the nearest.
    ///
    /// Source: S. K. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin", ICLR 2023, section 3.2.
    ///
    /// # Errors
    /// If a point does not have length N or is not finite.
    pub fn nearest_copy(&self, reference: &[f64], position: &[f64]) -> Result<Vec<f64>> {
        require_point("the reference of a copy", reference, self.num_parameters)?;
        require_point("the point to copy", position, self.num_parameters)?;
        let mut copy = position.to_vec();
        for layer in &self.layers {
            let (sources, _) = layer.assign(reference, &copy, &layer.settled);
            copy = layer.rearranged(&copy, &sources);
        }
        let least = ROUNDING * dot(reference, reference).max(dot(position, position));
        for _ in 0..MAX_ROUNDS {
            let mut has_changed = false;
            for layer in &self.layers {
                let (sources, gain) = layer.assign(reference, &copy, &layer.tensors);
                if gain > least {
                    copy = layer.rearranged(&copy, &sources);
                    has_changed = true;
                }
            }
            if !has_changed {
                break;
            }
        }
        Ok(copy)
    }
}

impl Layer {
    /// Which unit of `position` takes the place of each unit of `reference`, and by how much that raises the product of both over
    /// `tensors`: |a − b|² falls by twice of it.
    fn assign(
        &self,
        reference: &[f64],
        position: &[f64],
        tensors: &[UnitTensor],
    ) -> (Sources, f64) {
        let size = self.num_units;
        let mut products = vec![0.0; size * size];
        for tensor in tensors {
            for outer in 0..tensor.outer {
                for at in 0..size {
                    let wanted = &reference[tensor.range(size, outer, at)];
                    for from in 0..size {
                        let part = &position[tensor.range(size, outer, from)];
                        products[at * size + from] += dot(wanted, part);
                    }
                }
            }
        }
        let value = |product: f64| {
            if self.has_odd_activation {
                product.abs()
            } else {
                product
            }
        };
        let costs: Vec<f64> = products.iter().map(|&product| -value(product)).collect();
        let assigned = least_cost_assignment(&costs, size).into_iter().enumerate();
        let sources: Sources = assigned
            .map(|(at, from)| {
                let turned = self.has_odd_activation && products[at * size + from] < 0.0;
                (from, if turned { -1.0 } else { 1.0 })
            })
            .collect();
        let places = sources.iter().enumerate();
        let gain = places
            .map(|(at, (from, _))| value(products[at * size + from]) - products[at * size + at]);
        let gain = gain.sum();
        (sources, gain)
    }

    fn rearranged(&self, position: &[f64], sources: &Sources) -> Vec<f64> {
        let mut rearranged = position.to_vec();
        for tensor in &self.tensors {
            for outer in 0..tensor.outer {
                for (at, (from, sign)) in sources.iter().enumerate() {
                    let from = &position[tensor.range(self.num_units, outer, *from)];
                    let to = &mut rearranged[tensor.range(self.num_units, outer, at)];
                    for (to, from) in to.iter_mut().zip(from) {
                        *to = sign * from;
                    }
                }
            }
        }
        rearranged
    }
}

impl UnitTensor {
    /// Where the parameters of `unit` at an outer index lie.
    fn range(&self, num_units: usize, outer: usize, unit: usize) -> Range<usize> {
        let start = self.offset + (outer * num_units + unit) * self.inner;
        start..start + self.inner
    }
}

/// The number of units along an axis of a tensor, and where they lie.
fn unit_tensor(layout: &ParameterLayout, named: &(String, usize)) -> Result<(usize, UnitTensor)> {
    let (name, axis) = named;
    let Some(tensor) = layout.tensors().iter().find(|tensor| tensor.name == *name) else {
        let names: Vec<&str> = (layout.tensors().iter())
            .map(|tensor| tensor.name.as_str())
            .collect();
        return Err(invalid_tensor(
            named,
            format!("one of {}", names.join(", ")),
        ));
    };
    let Some(offset) = tensor.offset else {
        return Err(invalid_tensor(
            named,
            "a tensor that is not frozen".to_string(),
        ));
    };
    let Some(&num_units) = tensor.shape.get(*axis) else {
        let expected = format!("an axis below {}", tensor.shape.len());
        return Err(invalid_tensor(named, expected));
    };
    let unit_tensor = UnitTensor {
        offset,
        outer: tensor.shape[..*axis].iter().product(),
        inner: tensor.shape[axis + 1..].iter().product(),
    };
    Ok((num_units, unit_tensor))
}

fn invalid_tensor((name, axis): &(String, usize), expected: String) -> TatiError {
    TatiError::InvalidSetting {
        name: "tensor of hidden units",
        value: format!("axis {axis} of `{name}`"),
        expected,
    }
}
