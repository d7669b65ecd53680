//! The two precisions in which parameters are recorded.

use burn::tensor::DType;
use zarrs::array::transmute_to_bytes;

/// The precision in which θ is recorded: that of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

impl Precision {
    /// The precision that holds every number of `dtype`: 64 bits for `F64`, 32 bits for all smaller floats; `None` for what is no
    /// float.
    pub fn of(dtype: DType) -> Option<Self> {
        match dtype {
            DType::F64 => Some(Self::F64),
            dtype if dtype.is_float() => Some(Self::F32),
            _ => None,
        }
    }

    /// `f32` or `f64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    pub(super) fn size(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F64 => size_of::<f64>(),
        }
    }
}

/// A number in which θ can be recorded: `f32` or `f64`.
pub trait ParameterFloat: sealed::Bytes {
    /// Its precision.
    const PRECISION: Precision;
}

impl ParameterFloat for f32 {
    const PRECISION: Precision = Precision::F32;
}

impl ParameterFloat for f64 {
    const PRECISION: Precision = Precision::F64;
}

/// Keeps [`ParameterFloat`] to the two types that a store can hold.
pub(super) mod sealed {
    /// Numbers as the bytes that memory holds.
    pub trait Bytes: Sized {
        /// The bytes of `values`.
        fn bytes(values: &[Self]) -> &[u8];
    }
}

impl sealed::Bytes for f32 {
    fn bytes(values: &[Self]) -> &[u8] {
        transmute_to_bytes(values)
    }
}

impl sealed::Bytes for f64 {
    fn bytes(values: &[Self]) -> &[u8] {
        transmute_to_bytes(values)
    }
}
