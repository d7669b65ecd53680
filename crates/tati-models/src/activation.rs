//! The functions that stand between the layers of a network, by name.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use tati_core::{Result, TatiError};

use crate::names::from_name;

/// An elementwise function after a layer; `relu` is what networks here use unless told otherwise.
///
/// It is written in lower case, on the command line and in saved configurations alike.
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_models::Activation;
///
/// let device = tati_core::open_device("flex")?;
/// let activation: Activation = "softsign".parse()?;
/// let output = activation.forward(Tensor::<1>::from_floats([-1.0, 3.0], &device));
/// assert_eq!(output.into_data().try_to_vec::<f32>().unwrap(), [-0.5, 0.75]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `tanh x`
    Tanh,
    /// `1 / (1 + exp(−x))`
    Sigmoid,
    /// `max(x, 0)`
    #[default]
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` above zero, `exp x − 1` below
    Elu,
    /// `ln(1 + exp x)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `x`
    Linear,
}

impl Activation {
    /// Every activation, in the order in which error messages list them.
    pub const ALL: [Self; 8] = [
        Self::Tanh,
        Self::Sigmoid,
        Self::Relu,
        Self::Relu6,
        Self::Elu,
        Self::Softplus,
        Self::Softsign,
        Self::Linear,
    ];

    /// The function on every element of `input`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => activation::tanh(input),
            Self::Sigmoid => activation::sigmoid(input),
            Self::Relu => activation::relu(input),
            Self::Relu6 => activation::relu6(input),
            Self::Elu => activation::elu(input, 1.0),
            Self::Softplus => activation::softplus(input, 1.0),
            Self::Softsign => activation::softsign(input),
            Self::Linear => input,
        }
    }

    /// φ′(x) on every element of `input`, given `output` = φ(`input`); `None` for the linear one, of which it is 1. At a kink it is
    /// the slope on the left.
    pub(crate) fn slope(self, input: &Tensor<2>, output: &Tensor<2>) -> Option<Tensor<2>> {
        let is_positive = || input.clone().greater_scalar(0).float().cast(input.dtype());
        Some(match self {
            Self::Tanh => output.clone().powi_scalar(2).neg().add_scalar(1),
            Self::Sigmoid => output.clone() * output.clone().neg().add_scalar(1),
            Self::Relu => is_positive(),
            Self::Relu6 => {
                let is_below = input.clone().lower_equal_scalar(6).float();
                is_positive() * is_below.cast(input.dtype())
            }
            // exp x below zero, where the output is exp x − 1.
            Self::Elu => output.clone().clamp_max(0).add_scalar(1),
            Self::Softplus => activation::sigmoid(input.clone()),
            Self::Softsign => output.clone().abs().neg().add_scalar(1).powi_scalar(2),
            Self::Linear => return None,
        })
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Elu => "elu",
            Self::Softplus => "softplus",
            Self::Softsign => "softsign",
            Self::Linear => "linear",
        })
    }
}

impl FromStr for Activation {
    type Err = TatiError;

    fn from_str(text: &str) -> Result<Self> {
        from_name("activation", &Self::ALL, text)
    }
}

#[cfg(test)]
mod tests {
    use burn::config::{Config, config_to_json};

    use super::*;

    fn closed_form(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Tanh => (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Activation::Relu => x.max(0.0),
            Activation::Relu6 => x.clamp(0.0, 6.0),
            Activation::Elu if x < 0.0 => x.exp() - 1.0,
            Activation::Elu => x,
            Activation::Softplus => (1.0 + x.exp()).ln(),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::Linear => x,
        }
    }

    #[test]
    fn each_equals_its_closed_form() {
        let device = tati_core::open_device("flex").unwrap();
        let points: [f32; 9] = [-8.0, -2.5, -1.0, -0.125, 0.0, 0.125, 1.0, 2.5, 8.0];
        for activation in Activation::ALL {
            let input = Tensor::<1>::from_floats(points, &device);
            let output = activation
                .forward(input)
                .into_data()
                .try_to_vec::<f32>()
                .unwrap();
            for (x, y) in points.into_iter().zip(output) {
                let expected = closed_form(activation, f64::from(x));
                assert!(
                    (f64::from(y) - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{activation}({x}) = {y}, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn far_from_zero_nothing_overflows() {
        let device = tati_core::open_device("flex").unwrap();
        for activation in Activation::ALL {
            let input = Tensor::<1>::from_floats([-1e4, 1e4], &device);
            let output = activation
                .forward(input)
                .into_data()
                .try_to_vec::<f32>()
                .unwrap();
            assert!(
                output.iter().all(|y| y.is_finite()),
                "{activation}: {output:?}"
            );
        }
    }

    #[test]
    fn names_are_the_same_everywhere() {
        for activation in Activation::ALL {
            assert_eq!(
                activation.to_string().parse::<Activation>().unwrap(),
                activation
            );
            let json = config_to_json(&Wrapper { activation });
            assert!(json.contains(&format!("\"{activation}\"")), "{json}");
            let read = Wrapper::load_binary(json.as_bytes()).unwrap();
            assert_eq!(read.activation, activation);
        }
        let message = "swish".parse::<Activation>().unwrap_err().to_string();
        assert_eq!(
            message,
            "`activation` is `swish`: it must be one of tanh, sigmoid, relu, relu6, elu, softplus, softsign, linear"
        );
    }

    #[derive(Config, Debug)]
    struct Wrapper {
        activation: Activation,
    }
}
