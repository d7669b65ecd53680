//! Runs a piece of work compiled for the widest vector instructions of the CPU it meets.

/// A level of vector instructions that this CPU has.
///
/// Code without fused multiply-adds whose sums are in a fixed order gives the same bits at every level.
///
/// # Example
/// ```
/// use tati_core::SimdLevel;
///
/// let numbers = [1.0_f32; 100];
/// let sum = SimdLevel::widest().run(
///     #[inline(always)]
///     || numbers.iter().map(|x| 2.0 * x).sum::<f32>(),
/// );
/// assert_eq!(sum, 200.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimdLevel(Instructions);

/// Private, so that nobody makes a level that the CPU does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    /// 16 lanes of 32 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 lanes of 32 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl SimdLevel {
    /// What the build target guarantees.
    pub const PORTABLE: Self = Self(Instructions::Portable);

    /// Every level that this CPU has, widest first.
    #[cfg(target_arch = "x86_64")]
    pub fn available() -> impl Iterator<Item = Self> {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        let avx2 = is_x86_feature_detected!("avx2");
        [
            avx512.then_some(Self(Instructions::Avx512)),
            avx2.then_some(Self(Instructions::Avx2)),
            Some(Self::PORTABLE),
        ]
        .into_iter()
        .flatten()
    }

    /// Every level that this CPU has, widest first.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn available() -> impl Iterator<Item = Self> {
        std::iter::once(Self::PORTABLE)
    }

    /// The widest level of this CPU.
    pub fn widest() -> Self {
        Self::available().next().unwrap_or(Self::PORTABLE)
    }

    /// Calls `work`, whose body must be `#[inline(always)]` throughout to be compiled for this level.
    #[inline]
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        match self.0 {
            // SAFETY: both are only made where `available` has detected their features.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { run_avx512(work) },
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { run_avx2(work) },
            Instructions::Portable => work(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2")]
fn run_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}
