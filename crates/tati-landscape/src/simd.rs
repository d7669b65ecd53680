//! Runs a piece of work compiled for wider vector instructions where the CPU has them.
//!
//! No sum is reordered and nothing fused, so the bits are the same either way.

/// Calls `work`, whose body must be inlined throughout to be compiled for them.
#[inline]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has been asked.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}
