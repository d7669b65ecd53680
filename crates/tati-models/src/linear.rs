//! What the networks here share: fully connected layers of any size.

use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::Device;

/// A layer `x W + b` with Burn's usual start.
pub(crate) fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs)
        .with_initializer(uniform_start(inputs))
        .init(device)
}

/// Burn's usual start of a layer, uniform in ±1/√inputs; zeros where there are no inputs.
pub(crate) fn uniform_start(inputs: usize) -> Initializer {
    if inputs == 0 {
        // ±1/√0 is no interval to draw from.
        return Initializer::Zeros;
    }
    let reach = (inputs as f64).sqrt().recip();
    Initializer::Uniform {
        min: -reach,
        max: reach,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_without_units_do_not_panic() {
        let device = tati_core::open_device("flex").unwrap();
        assert_eq!(linear(0, 3, &device).weight.dims(), [0, 3]);
        assert_eq!(linear(3, 0, &device).weight.dims(), [3, 0]);
    }
}
