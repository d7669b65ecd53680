//! The loss of a model, which may still be on its device.

use burn::tensor::Tensor;

/// The loss of a model: a number, or one that is still on a device with a memory of its own.
#[derive(Clone, Debug)]
pub enum Loss {
    /// Known to the host.
    Known(f64),
    /// Of shape \[1\], on its device.
    OnDevice(Box<Tensor<1>>),
}

impl Loss {
    /// Whether nothing has to be waited for to read it.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// The number; of one on a device when it has come from there.
    pub fn read(self) -> f64 {
        match self {
            Self::Known(loss) => loss,
            Self::OnDevice(loss) => loss.into_scalar::<f64>(),
        }
    }

    /// This and `share` of another.
    pub(super) fn plus(self, share: f64, other: Self) -> Self {
        let on_device = match (self, other) {
            (Self::Known(sum), Self::Known(loss)) => return Self::Known(sum + share * loss),
            (Self::Known(sum), Self::OnDevice(loss)) => loss.mul_scalar(share).add_scalar(sum),
            (Self::OnDevice(sum), Self::Known(loss)) => sum.add_scalar(share * loss),
            (Self::OnDevice(sum), Self::OnDevice(loss)) => *sum + loss.mul_scalar(share),
        };
        Self::OnDevice(Box::new(on_device))
    }
}
