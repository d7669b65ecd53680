//! Runs a piece of work compiled for the widest vector instructions of the CPU it meets.
//!
//! Nothing in the kernels uses a fused multiply-add or reorders a sum, so every level gives the same bits.

/// A level of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SimdLevel {
    /// 16 lanes of 32 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 lanes of 32 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the build target guarantees.
    Portable,
}

impl SimdLevel {
    /// Every level that this CPU has, widest first.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        let avx2 = is_x86_feature_detected!("avx2");
        [
            avx512.then_some(Self::Avx512),
            avx2.then_some(Self::Avx2),
            Some(Self::Portable),
        ]
        .into_iter()
        .flatten()
    }

    /// Every level that this CPU has, widest first.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Portable)
    }

    /// The widest level of this CPU.
    pub(crate) fn widest() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Calls `work`, whose body must be `#[inline(always)]` throughout to be compiled for this level.
    #[inline]
    pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            // SAFETY: both levels are only handed out where `available` has detected their features.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { run_avx512(work) },
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { run_avx2(work) },
            Self::Portable => work(),
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
