//! Products of points in single precision, on a Burn device.

use std::ops::Range;

use burn::tensor::{DType, Device, Tensor, TensorData};

/// Points in rows, on a device.
pub(super) struct DeviceRows {
    rows: Tensor<2>,
}

impl DeviceRows {
    /// An approximate |c − c'|² of points of `width` numbers is off by less than this part of |c|² + |c'|² on whatever device: tensor cores cut
    /// each factor of a product to 11 bits (TF32, relative error 2⁻¹⁰), and sums of n terms are off by n times the precision.
    pub(super) fn rounding(width: usize) -> f32 {
        2.0 / 1024.0 + (width + 24) as f32 * f32::EPSILON
    }

    /// Sends points of `width` numbers to `device`.
    pub(super) fn new(rows: Vec<f32>, width: usize, device: &Device) -> Self {
        let shape = [rows.len() / width, width];
        let device = device.clone().inner();
        Self {
            rows: Tensor::from_data(TensorData::new(rows, shape), (&device, DType::F32)),
        }
    }

    /// The products of all points from a block on with those of the block, in rows.
    pub(super) fn products(&self, block: Range<usize>, products: &mut [f32]) {
        let [size, _] = self.rows.dims();
        let own = self.rows.clone().narrow(0, block.start, block.len());
        let others = self.rows.clone().narrow(0, block.start, size - block.start);
        let found = others.matmul(own.transpose()).into_data();
        let found = found
            .as_slice::<f32>()
            .unwrap_or_else(|error| unreachable!("the precision is known: {error:?}"));
        products.copy_from_slice(found);
    }
}
