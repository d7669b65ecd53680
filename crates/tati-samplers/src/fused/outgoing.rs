//! What a thermostat needs of a step: p·p of the momentum that it leaves.

use burn::tensor::Tensor;

/// p·p of one tensor, read from its device no sooner than it is needed: after the gradients of the next step are under way.
#[allow(clippy::large_enum_variant)] // One a parameter tensor.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Known(f64),
    /// The sum of a column of partial sums.
    OnDevice {
        rows: Tensor<2>,
        column: usize,
    },
}

impl Outgoing {
    /// p·p of a momentum on a device.
    pub(crate) fn of<const D: usize>(momentum: &Tensor<D>) -> Self {
        let sum = (momentum.clone() * momentum.clone()).sum();
        Self::OnDevice {
            rows: sum.reshape([1, 1]),
            column: 0,
        }
    }

    /// Waits for the device.
    pub(crate) fn read(self) -> f64 {
        match self {
            Self::Known(square) => square,
            Self::OnDevice { rows, column } => {
                let [_, columns] = rows.dims();
                let sums = rows.into_data();
                sums.iter::<f64>().skip(column).step_by(columns).sum()
            }
        }
    }
}
