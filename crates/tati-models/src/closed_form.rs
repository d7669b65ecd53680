//! Gradients of stacks of linear layers in closed form, of several networks over the same points at once.

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::Activation;

/// Units of a first layer below which networks share one product with the points: one of so few rows leaves most of a processor's
/// registers idle.
const UNITS_WORTH_SHARING: usize = 64;

/// A layer φ(a W + b).
pub(crate) struct Layer<'a> {
    pub(crate) weight: &'a Param<Tensor<2>>,
    /// Whether the weight lies as Wᵀ, with its units first.
    pub(crate) units_first: bool,
    pub(crate) bias: Option<&'a Param<Tensor<1>>>,
    pub(crate) activation: Activation,
}

/// What a layer made of its input.
struct Passed {
    input: Tensor<2>,
    /// a W + b.
    sum: Tensor<2>,
    /// φ of it.
    output: Tensor<2>,
}

impl Layer<'_> {
    /// W.
    fn matrix(&self) -> Tensor<2> {
        let weight = self.weight.val().inner();
        if self.units_first {
            weight.transpose()
        } else {
            weight
        }
    }

    fn units(&self) -> usize {
        self.weight.dims()[usize::from(!self.units_first)]
    }

    /// a W.
    fn product(&self, input: &Tensor<2>) -> Tensor<2> {
        if self.units_first {
            let weight = self.weight.val().inner();
            return weight.matmul(input.clone().transpose()).transpose();
        }
        input.clone().matmul(self.matrix())
    }

    /// φ(a W + b), given a W.
    fn pass(&self, input: Tensor<2>, product: Tensor<2>) -> Passed {
        let sum = match self.bias {
            Some(bias) => product + bias.val().inner().unsqueeze(),
            None => product,
        };
        Passed {
            input,
            output: self.activation.forward(sum.clone()),
            sum,
        }
    }

    /// δ = ∂L/∂(a W + b), given ∂L/∂output.
    fn through_activation(&self, passed: &Passed, slope: Tensor<2>) -> Tensor<2> {
        match self.activation.slope(&passed.sum, &passed.output) {
            Some(own) => slope * own,
            None => slope,
        }
    }

    /// ∂L/∂W = aᵀ δ, and ∂L/∂b = Σ δ over the points, where they are not frozen.
    fn register(&self, passed: &Passed, delta: &Tensor<2>, gradients: &mut GradientsParams) {
        if self.weight.val().is_require_grad() {
            let slope = if self.units_first {
                delta.clone().transpose().matmul(passed.input.clone())
            } else {
                passed.input.clone().transpose().matmul(delta.clone())
            };
            gradients.register(self.weight.id, slope);
        }
        self.register_bias(delta, gradients);
    }

    fn register_bias(&self, delta: &Tensor<2>, gradients: &mut GradientsParams) {
        if let Some(bias) = self.bias.filter(|bias| bias.val().is_require_grad()) {
            let slope: Tensor<1> = delta.clone().sum_dim(0).flatten(0, 1);
            gradients.register(bias.id, slope);
        }
    }
}

/// The loss of each of `networks`, which have the same shape, over `points` of shape \[points, inputs\], and its gradients. `loss`
/// returns the loss of outputs and its slope ∂L/∂outputs. By back-propagation, with one product for the first layers of all networks
/// where that is faster, and one for their gradients.
pub(crate) fn losses_and_gradients(
    networks: &[Vec<Layer<'_>>],
    points: Tensor<2>,
    loss: impl Fn(Tensor<2>) -> (f64, Tensor<2>),
) -> Vec<(f64, GradientsParams)> {
    let points = points.inner();
    let shares = networks.len() > 1
        && networks.iter().all(|layers| {
            let first = layers.first();
            first.is_some_and(|first| first.units() < UNITS_WORTH_SHARING)
        });
    let products = if shares {
        shared_products(networks, &points)
    } else {
        vec![None; networks.len()]
    };
    let mut deltas = Vec::with_capacity(networks.len());
    let mut evaluated = Vec::with_capacity(networks.len());
    for (layers, product) in networks.iter().zip(products) {
        let mut passed = Vec::with_capacity(layers.len());
        let mut values = points.clone();
        let mut product = product;
        for layer in layers {
            let product = product.take().unwrap_or_else(|| layer.product(&values));
            let step = layer.pass(values, product);
            values = step.output.clone();
            passed.push(step);
        }
        let (value, mut slope) = loss(values);
        let mut gradients = GradientsParams::new();
        for (index, (layer, passed)) in layers.iter().zip(&passed).enumerate().rev() {
            let delta = layer.through_activation(passed, slope.clone());
            if index > 0 {
                slope = delta.clone().matmul(layer.matrix().transpose());
            }
            if index == 0 && shares {
                layer.register_bias(&delta, &mut gradients);
                deltas.push(delta);
            } else {
                layer.register(passed, &delta, &mut gradients);
            }
        }
        evaluated.push((value, gradients));
    }
    if shares {
        share_gradients(networks, deltas, points, &mut evaluated);
    }
    evaluated
}

/// x W of the first layer of each network from one product: (W₁ᵀ; W₂ᵀ; …) xᵀ.
fn shared_products(networks: &[Vec<Layer<'_>>], points: &Tensor<2>) -> Vec<Option<Tensor<2>>> {
    let firsts: Vec<&Layer<'_>> = networks.iter().map(|layers| &layers[0]).collect();
    let matrices = firsts.iter().map(|first| first.matrix().transpose());
    let all = Tensor::cat(matrices.collect(), 0).matmul(points.clone().transpose());
    let mut start = 0;
    let part = |first: &&Layer<'_>| {
        let units = first.units();
        let part = all.clone().narrow(0, start, units).transpose();
        start += units;
        Some(part)
    };
    firsts.iter().map(part).collect()
}

/// ∂L/∂W of the first layers from one product: (δ₁ᵀ; δ₂ᵀ; …) x.
fn share_gradients(
    networks: &[Vec<Layer<'_>>],
    deltas: Vec<Tensor<2>>,
    points: Tensor<2>,
    evaluated: &mut [(f64, GradientsParams)],
) {
    let firsts = networks.iter().map(|layers| &layers[0]);
    let deltas = deltas.into_iter().map(Tensor::transpose);
    let all = Tensor::cat(deltas.collect(), 0).matmul(points);
    let mut start = 0;
    for (first, (_, gradients)) in firsts.zip(evaluated) {
        let units = first.units();
        if first.weight.val().is_require_grad() {
            let slope = all.clone().narrow(0, start, units);
            let slope = if first.units_first {
                slope
            } else {
                slope.transpose()
            };
            gradients.register(first.weight.id, slope);
        }
        start += units;
    }
}

#[cfg(test)]
#[path = "closed_form_tests.rs"]
mod tests;
