//! The number types that the kernel works in.

/// The number types that parameters come in.
pub(crate) trait Real:
    Copy
    + Send
    + Sync
    + 'static
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + PartialOrd
{
    const ZERO: Self;
    const ONE: Self;
    fn from_f64(value: f64) -> Self;
    fn from_f32(value: f32) -> Self;
    fn to_f64(self) -> f64;
    fn sqrt(self) -> Self;

    /// −1, 0 or 1.
    #[inline(always)]
    fn sign(self) -> Self {
        let positive = if self > Self::ZERO {
            Self::ONE
        } else {
            Self::ZERO
        };
        let negative = if self < Self::ZERO {
            Self::ONE
        } else {
            Self::ZERO
        };
        positive - negative
    }

    /// The number where it is above 0, and 0 elsewhere.
    #[inline(always)]
    fn positive_part(self) -> Self {
        if self > Self::ZERO { self } else { Self::ZERO }
    }

    /// The number where it is below 0, and 0 elsewhere.
    #[inline(always)]
    fn negative_part(self) -> Self {
        if self < Self::ZERO { self } else { Self::ZERO }
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}
