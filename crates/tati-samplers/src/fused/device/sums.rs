//! Sums of observables on the device: over the elements of a thread, then over the threads of a cube, in a fixed order.
//!
//! What is left for the host is one number a cube and sum, which it adds in double precision.

use burn::tensor::TensorData;
use burn_cubecl::cubecl::{self, prelude::*, std::tensor::layout::linear::LinearViewMut};

use crate::fused::update::Update;
use crate::prior::PriorShape;
use crate::thermometer::Sums;

/// Threads of a cube: a power of two that every device has.
pub(crate) const THREADS: u32 = 256;
/// Sums of one cube.
pub(crate) const NUM_SUMS: usize = 6;
/// Which of them is p·p of the outgoing momentum.
pub(crate) const OUTGOING: usize = 5;

const LEVELS: u32 = THREADS.ilog2();

/// What one thread adds up. Noise and prior lack their strengths, which the host knows.
#[derive(CubeType)]
pub(crate) struct ElementSums<F: Float> {
    pub(crate) momentum_squared: F,
    pub(crate) position_dot_gradient: F,
    pub(crate) gradient_squared: F,
    pub(crate) noise: F,
    pub(crate) prior: F,
    pub(crate) outgoing_momentum_squared: F,
}

#[cube]
impl<F: Float> ElementSums<F> {
    pub(crate) fn new() -> ElementSums<F> {
        ElementSums::<F> {
            momentum_squared: F::new(0.0f32),
            position_dot_gradient: F::new(0.0f32),
            gradient_squared: F::new(0.0f32),
            noise: F::new(0.0f32),
            prior: F::new(0.0f32),
            outgoing_momentum_squared: F::new(0.0f32),
        }
    }
}

/// Writes the sums over the threads of this cube to row `CUBE_POS` of `rows`.
#[cube]
pub(crate) fn write_sums_of_cube<F: Float>(sums: &ElementSums<F>, rows: &mut LinearViewMut<'_, F>) {
    let threads = comptime!(THREADS as usize);
    let thread = UNIT_POS as usize;
    let mut shared = Shared::<[F]>::new_slice(comptime!(NUM_SUMS * THREADS as usize));
    shared[thread] = sums.momentum_squared;
    shared[threads + thread] = sums.position_dot_gradient;
    shared[2 * threads + thread] = sums.gradient_squared;
    shared[3 * threads + thread] = sums.noise;
    shared[4 * threads + thread] = sums.prior;
    shared[comptime!(OUTGOING) * threads + thread] = sums.outgoing_momentum_squared;
    #[unroll]
    for level in 1..comptime!(LEVELS + 1) {
        let half = comptime!((THREADS >> level) as usize);
        sync_cube();
        if thread < half {
            #[unroll]
            for sum in 0..comptime!(NUM_SUMS) {
                let other = shared[sum * threads + thread + half];
                shared[sum * threads + thread] += other;
            }
        }
    }
    if thread == 0 {
        #[unroll]
        for sum in 0..comptime!(NUM_SUMS) {
            rows.write(CUBE_POS * comptime!(NUM_SUMS) + sum, shared[sum * threads]);
        }
    }
}

/// The sums over all cubes, in double precision and in their order.
pub(crate) fn total(
    rows: TensorData,
    elements: usize,
    update: &Update,
    prior: Option<PriorShape>,
) -> Sums {
    let mut totals = [0.0; NUM_SUMS];
    for (index, sum) in rows.iter::<f64>().enumerate() {
        totals[index % NUM_SUMS] += sum;
    }
    let prior_factor = match prior {
        None => 0.0,
        Some(PriorShape::Absolute { strength }) => strength,
        Some(PriorShape::Quadratic { strength } | PriorShape::Walls { strength, .. }) => {
            0.5 * strength
        }
    };
    Sums {
        elements,
        has_momentum: !matches!(update, Update::Overdamped(_) | Update::Preconditioned(_)),
        momentum_squared: totals[0],
        position_dot_gradient: totals[1],
        gradient_squared: totals[2],
        noise_squared: update.noise().powi(2) * totals[3],
        prior_energy: prior_factor * totals[4],
        outgoing_momentum_squared: totals[OUTGOING],
        thermostat: None,
    }
}
