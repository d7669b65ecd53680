//! LeNet-5: the small convolutional network for 28 × 28 images.

use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use tati_core::{Result, require_count};

use crate::Activation;
use crate::digits::IMAGE_SIDE;
use crate::linear::linear;

/// Number of classes and activation of a [`LeNet`].
///
/// # Example
/// ```
/// use burn::module::Module;
/// use tati_models::LeNetConfig;
///
/// let device = tati_core::open_device("flex")?;
/// assert_eq!(LeNetConfig::new().init(&device).num_params(), 61_706);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct LeNetConfig {
    /// Classes to tell apart.
    #[config(default = 10)]
    pub classes: usize,
    /// Activation after every layer but the last.
    #[config(default = "Activation::Relu")]
    pub activation: Activation,
}

/// The layout of LeCun, Bottou, Bengio, Haffner, *Gradient-based learning applied to document recognition*,
/// Proc. IEEE 86 (1998), doi:10.1109/5.726791, with today's ReLU and max-pooling:
///
/// | layer | output |
/// |---|---|
/// | 5 × 5 convolution, padding 2; activation; 2 × 2 maximum | 6 × 14 × 14 |
/// | 5 × 5 convolution; activation; 2 × 2 maximum | 16 × 5 × 5 |
/// | linear; activation | 120 |
/// | linear; activation | 84 |
/// | linear | classes |
///
/// The second convolution sees all six channels, where the paper left some connections out.
#[derive(Module, Debug)]
pub struct LeNet {
    /// From one channel to six.
    pub convolution1: Conv2d,
    /// From six channels to sixteen.
    pub convolution2: Conv2d,
    /// From 16 × 5 × 5 to 120.
    pub linear1: Linear,
    /// From 120 to 84.
    pub linear2: Linear,
    /// From 84 to the classes.
    pub output: Linear,
    pool: MaxPool2d,
    #[module(skip)]
    activation: Activation,
}

impl LeNetConfig {
    /// A network that starts as Burn's layers do, drawn from the device's generator.
    ///
    /// It accepts any number of classes; [`validate`](Self::validate) tells whether it makes sense.
    pub fn init(&self, device: &Device) -> LeNet {
        LeNet {
            convolution1: Conv2dConfig::new([1, 6], [5, 5])
                .with_padding(PaddingConfig2d::Explicit(2, 2, 2, 2))
                .init(device),
            convolution2: Conv2dConfig::new([6, 16], [5, 5]).init(device),
            linear1: linear(16 * 5 * 5, 120, device),
            linear2: linear(120, 84, device),
            output: linear(84, self.classes, device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            activation: self.activation,
        }
    }

    /// Checks that there are classes.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`](tati_core::TatiError::InvalidSetting) if there are none.
    pub fn validate(&self) -> Result<()> {
        require_count("classes", self.classes, 1..)
    }
}

impl LeNet {
    /// Logits of shape `[batch, classes]` of images of shape `[batch, 784]`, row by row.
    pub fn forward(&self, images: Tensor<2>) -> Tensor<2> {
        let [batch, _] = images.dims();
        let values = images.reshape([batch, 1, IMAGE_SIDE, IMAGE_SIDE]);
        let values = self.activation.forward(self.convolution1.forward(values));
        let values = self.pool.forward(values);
        let values = self.activation.forward(self.convolution2.forward(values));
        let values = self.pool.forward(values);
        let values = values.reshape([batch, 16 * 5 * 5]);
        let values = self.activation.forward(self.linear1.forward(values));
        let values = self.activation.forward(self.linear2.forward(values));
        self.output.forward(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_s_layout_has_its_number_of_parameters() {
        let device = tati_core::open_device("flex").unwrap();
        let model = LeNetConfig::new().init(&device);
        let expected = (25 * 6 + 6)
            + (25 * 6 * 16 + 16)
            + (400 * 120 + 120)
            + (120 * 84 + 84)
            + (84 * 10 + 10);
        assert_eq!(expected, 61_706);
        assert_eq!(model.num_params(), expected);
    }

    #[test]
    fn images_of_a_batch_do_not_see_each_other() {
        let device = tati_core::open_device("flex").unwrap();
        let model = LeNetConfig::new().with_classes(4).init(&device);
        let pixels: Vec<f32> = (0..3 * 784)
            .map(|i| (i as f32 * 0.37).sin().abs())
            .collect();
        let images = Tensor::<1>::from_floats(pixels.as_slice(), &device).reshape([3, 784]);
        let together = model.forward(images.clone());
        assert_eq!(together.dims(), [3, 4]);
        let alone = model.forward(images.narrow(0, 1, 1));
        let difference = (together.narrow(0, 1, 1) - alone)
            .abs()
            .max()
            .into_scalar::<f32>();
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn no_classes_are_an_error_and_no_panic() {
        let device = tati_core::open_device("flex").unwrap();
        let config = LeNetConfig::new().with_classes(0);
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "`classes` is 0: it must be at least 1"
        );
        config.init(&device);
    }
}
