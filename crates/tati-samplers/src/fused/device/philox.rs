//! Philox4x32-10 and the Box-Muller transform on the device: the same normals as [`philox`](crate::fused::philox).

use burn_cubecl::cubecl::{self, prelude::*};

use crate::fused::philox::{
    COSINE_SERIES, LOG_SERIES, MULTIPLIERS, ROUNDS, SINE_SERIES, SQRT_HALF_BITS, StepNoise, WEYL,
};

/// The Philox key and words 1 to 3 of the counter.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Counter {
    key_low: u32,
    key_high: u32,
    step: u32,
    step_and_tensor: u32,
    walker: u32,
}

impl StepNoise {
    /// The same as an argument of a kernel.
    pub(super) fn launch(&self) -> CounterLaunch {
        let [key_low, key_high] = self.key;
        let [step, step_and_tensor, walker] = self.counter;
        CounterLaunch::new(key_low, key_high, step, step_and_tensor, walker)
    }
}

/// The words of one block.
#[cube]
pub(crate) fn words(block: u32, counter: &Counter) -> (u32, u32, u32, u32) {
    let multiplier_0 = comptime!(MULTIPLIERS[0] as u32);
    let multiplier_1 = comptime!(MULTIPLIERS[1] as u32);
    let weyl_0 = comptime!(WEYL[0]);
    let weyl_1 = comptime!(WEYL[1]);
    let mut x0 = block;
    let mut x1 = counter.step;
    let mut x2 = counter.step_and_tensor;
    let mut x3 = counter.walker;
    let mut key_0 = counter.key_low;
    let mut key_1 = counter.key_high;
    #[unroll]
    for _round in 0..comptime!(ROUNDS) {
        let high_0 = x0.mul_hi(multiplier_0);
        let low_0 = x0 * multiplier_0;
        let high_1 = x2.mul_hi(multiplier_1);
        let low_1 = x2 * multiplier_1;
        x0 = high_1 ^ x1 ^ key_0;
        x2 = high_0 ^ x3 ^ key_1;
        x1 = low_1;
        x3 = low_0;
        key_0 += weyl_0;
        key_1 += weyl_1;
    }
    (x0, x1, x2, x3)
}

/// The normals of one block, of elements j, j + 16, j + 32 and j + 48 of its group, in the precision of the tensor; 0 if not `noisy`.
#[derive(CubeType)]
pub(crate) struct Normals<F: Float> {
    pub(crate) first: F,
    pub(crate) second: F,
    pub(crate) third: F,
    pub(crate) fourth: F,
}

#[cube]
pub(crate) fn normals<F: Float>(
    block: u32,
    counter: &Counter,
    #[comptime] noisy: bool,
) -> Normals<F> {
    if noisy {
        let words = words(block, counter);
        let radius_0 = radius(words.0);
        let angle_0 = cosine_sine(words.1);
        let radius_1 = radius(words.2);
        let angle_1 = cosine_sine(words.3);
        Normals::<F> {
            first: F::cast_from(radius_0 * angle_0.0),
            second: F::cast_from(radius_0 * angle_0.1),
            third: F::cast_from(radius_1 * angle_1.0),
            fourth: F::cast_from(radius_1 * angle_1.1),
        }
    } else {
        Normals::<F> {
            first: F::new(0.0f32),
            second: F::new(0.0f32),
            third: F::new(0.0f32),
            fourth: F::new(0.0f32),
        }
    }
}

#[cube]
fn radius(word: u32) -> f32 {
    let two_pow_minus_32 = comptime!(1.0f32 / 4_294_967_296.0);
    let u = f32::cast_from(word) * two_pow_minus_32 + comptime!(0.5f32 / 4_294_967_296.0);
    let offset = u32::reinterpret(u) - comptime!(SQRT_HALF_BITS);
    let exponent = i32::reinterpret(offset) >> 23i32;
    let mantissa = f32::reinterpret((offset & 0x007F_FFFFu32) + comptime!(SQRT_HALF_BITS));
    let s = (mantissa - 1.0f32) / (mantissa + 1.0f32);
    let s2 = s * s;
    let series = ((comptime!(LOG_SERIES[3]) * s2 + comptime!(LOG_SERIES[2])) * s2
        + comptime!(LOG_SERIES[1]))
        * s2
        + comptime!(LOG_SERIES[0]);
    let ln = f32::cast_from(exponent) * comptime!(std::f32::consts::LN_2) + s * series;
    max(-2.0f32 * ln, 0.0f32).sqrt()
}

#[cube]
fn cosine_sine(word: u32) -> (f32, f32) {
    let t = f32::cast_from(i32::reinterpret(word << 2u32))
        * comptime!(std::f32::consts::FRAC_PI_4 / 2_147_483_648.0);
    let t2 = t * t;
    let sine = t + t
        * t2
        * ((comptime!(SINE_SERIES[2]) * t2 + comptime!(SINE_SERIES[1])) * t2
            + comptime!(SINE_SERIES[0]));
    let cosine = 1.0f32
        + t2 * (((comptime!(COSINE_SERIES[3]) * t2 + comptime!(COSINE_SERIES[2])) * t2
            + comptime!(COSINE_SERIES[1]))
            * t2
            + comptime!(COSINE_SERIES[0]));
    let swap = ((word >> 30u32) & 1u32) != 0u32;
    let first = select(swap, sine, cosine);
    let second = select(swap, cosine, sine);
    let first_sign = ((word >> 30u32) ^ (word >> 31u32)) << 31u32;
    let second_sign = (word >> 31u32) << 31u32;
    (
        f32::reinterpret(u32::reinterpret(first) ^ first_sign),
        f32::reinterpret(u32::reinterpret(second) ^ second_sign),
    )
}

#[cfg(test)]
mod tests {
    use burn::backend::DispatchDevice;

    use super::*;
    use crate::NoiseStream;
    use crate::fused::philox::{GROUP, KNOWN_ANSWERS};
    use crate::fused::tests::on_device::gpu;

    const THREADS: usize = 64;

    #[cube(launch)]
    fn words_kernel(first: u32, counter: Counter, output: &mut [u32]) {
        let thread = ABSOLUTE_POS;
        let words = words(first + thread as u32, &counter);
        output[4 * thread] = words.0;
        output[4 * thread + 1] = words.1;
        output[4 * thread + 2] = words.2;
        output[4 * thread + 3] = words.3;
    }

    #[cube(launch)]
    fn normals_kernel(first: u32, counter: Counter, output: &mut [f32]) {
        let thread = ABSOLUTE_POS;
        let normals = normals::<f32>(first + thread as u32, &counter, true);
        output[4 * thread] = normals.first;
        output[4 * thread + 1] = normals.second;
        output[4 * thread + 2] = normals.third;
        output[4 * thread + 3] = normals.fourth;
    }

    fn client(device: &burn::tensor::Device) -> Client {
        match device.as_dispatch() {
            DispatchDevice::Cube(device) => device.client(),
            other => panic!("{other:?} runs no kernels"),
        }
    }

    /// Words or normals of `THREADS` blocks from `first` on.
    macro_rules! blocks {
        ($kernel:ident, $client:expr, $noise:expr, $first:expr) => {{
            let output = $client.empty(16 * THREADS);
            let argument = unsafe { BufferArg::from_raw_parts(output.clone(), 4 * THREADS) };
            let dim = CubeDim::new_1d(THREADS as u32);
            let counter = $noise.launch();
            $kernel::launch(
                $client,
                CubeCount::Static(1, 1, 1),
                dim,
                $first,
                counter,
                argument,
            );
            $client.read_one(output).expect("an answer")
        }};
    }

    #[test]
    fn known_answers_of_random123() {
        let Some((gpu, _guard)) = gpu("known_answers_of_random123") else {
            return;
        };
        for (counter, key, words) in KNOWN_ANSWERS {
            let noise = StepNoise {
                key,
                counter: [counter[1], counter[2], counter[3]],
            };
            let bytes = blocks!(words_kernel, &client(&gpu), noise, counter[0]);
            assert_eq!(u32::from_bytes(&bytes)[..4], words);
        }
    }

    /// The largest difference seen here is a rounding error of a number that itself may reach 6.8.
    #[test]
    fn normals_are_those_of_the_host() {
        let Some((gpu, _guard)) = gpu("normals_are_those_of_the_host") else {
            return;
        };
        let noise = NoiseStream {
            seed: 0xDEAD_BEEF_0123_4567,
            walker: 3,
            tensor: 5,
        }
        .at_step(1 << 33);
        for first_group in [0, 1 << 20] {
            let first = (first_group * GROUP / 4) as u32;
            let bytes = blocks!(normals_kernel, &client(&gpu), noise, first);
            let normals = f32::from_bytes(&bytes);
            for group in 0..THREADS * 4 / GROUP {
                let expected = noise.group(first_group + group);
                for (j, expected) in expected.iter().enumerate() {
                    let (word, lane) = (j / 16, j % 16);
                    let normal = normals[4 * (group * 16 + lane) + word];
                    assert!(
                        (normal - expected).abs() < 1e-6 * expected.abs().max(1.0),
                        "{normal} for {expected}"
                    );
                }
            }
        }
    }
}
