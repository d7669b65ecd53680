//! Counter-based standard normal noise: Philox4x32-10 and the Box-Muller transform.
//!
//! A normal depends on nothing but `(seed; walker, parameter tensor; step; element)`. So it is the same for any
//! thread count and vector width, on every device up to the rounding of the transform, and it can be replayed from any
//! step: a checkpoint needs no generator state.
//!
//! Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
//! SC'11 (2011), section 4.3 and table 2; G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29 (1958) 610.

use tati_core::SimdLevel;

/// Elements made together: 16 Philox blocks of four words.
pub(crate) const GROUP: usize = 64;

const BLOCKS: usize = GROUP / 4;
pub(crate) const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(crate) const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
pub(crate) const ROUNDS: usize = 10;
const LOW: u64 = 0xFFFF_FFFF;

pub(crate) const SQRT_HALF_BITS: u32 = 0x3F35_04F3;
/// ln m = s Σ cₖ s²ᵏ with s = (m − 1)/(m + 1).
pub(crate) const LOG_SERIES: [f32; 4] = [2.0, 0.666_667_76, 0.399_775_63, 0.298_712_58];
/// sin t = t + t³ Σ cₖ t²ᵏ.
pub(crate) const SINE_SERIES: [f32; 3] = [-0.166_666_55, 0.008_332_16, -0.000_195_15];
/// cos t = 1 + t² Σ cₖ t²ᵏ.
pub(crate) const COSINE_SERIES: [f32; 4] =
    [-0.5, 0.041_666_646, -0.001_388_731_6, 0.000_024_433_147];

/// The noise of one parameter tensor of one walker.
///
/// The Philox key is the seed; the counter holds the block of four elements, the step (40 bits), the tensor (24 bits)
/// and the walker (32 bits), so no two of them share a block.
///
/// # Example
/// ```
/// use tati_samplers::NoiseStream;
///
/// let stream = NoiseStream { seed: 42, walker: 0, tensor: 3 };
/// let mut noise = vec![0.0; 1000];
/// stream.fill_normal(17, &mut noise);
///
/// let mut again = vec![0.0; 1000];
/// stream.fill_normal(17, &mut again);
/// assert_eq!(noise, again);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoiseStream {
    /// The seed of the run.
    pub seed: u64,
    /// The walker: independent chains of one run differ in it.
    pub walker: u32,
    /// The parameter tensor, numbered in the order in which a sampler first meets them. Below 2²⁴.
    pub tensor: u32,
}

impl NoiseStream {
    /// Fills `noise` with the independent N(0, 1) numbers of `step` (below 2⁴⁰): `noise[i]` belongs to element i.
    ///
    /// The radius uses all 32 bits of a word, so values reach ±6.76.
    pub fn fill_normal(&self, step: u64, noise: &mut [f32]) {
        self.fill_normal_at(SimdLevel::widest(), step, noise);
    }

    pub(crate) fn fill_normal_at(&self, level: SimdLevel, step: u64, noise: &mut [f32]) {
        let source = self.at_step(step);
        level.run(
            #[inline(always)]
            || {
                let (groups, tail) = noise.as_chunks_mut::<GROUP>();
                let complete = groups.len();
                for (index, group) in groups.iter_mut().enumerate() {
                    *group = source.group(index);
                }
                if !tail.is_empty() {
                    tail.copy_from_slice(&source.group(complete)[..tail.len()]);
                }
            },
        );
    }

    /// Fills `uniforms` with the independent numbers of `step` (below 2⁴⁰), uniform on the open interval (0, 1): odd multiples
    /// of 2⁻⁵³.
    ///
    /// They are made of the words that [`fill_normal`](Self::fill_normal) uses at the same step: a stream gives either normals
    /// or uniforms.
    ///
    /// # Example
    /// ```
    /// use tati_samplers::NoiseStream;
    ///
    /// let stream = NoiseStream { seed: 42, walker: 0, tensor: 0xFF_FFFE };
    /// let mut uniforms = [0.0; 3];
    /// stream.fill_uniform(17, &mut uniforms);
    /// assert!(uniforms.iter().all(|u| 0.0 < *u && *u < 1.0));
    /// ```
    pub fn fill_uniform(&self, step: u64, uniforms: &mut [f64]) {
        const TWO_POW_MINUS_52: f64 = 1.0 / 4_503_599_627_370_496.0;

        let source = self.at_step(step);
        // Two words a number: the pairs of words of a group follow each other as its normals do.
        for (index, chunk) in uniforms.chunks_mut(GROUP / 2).enumerate() {
            let words = source.words(index);
            for (position, uniform) in chunk.iter_mut().enumerate() {
                let (pair, lane) = (position / BLOCKS, position % BLOCKS);
                let high = u64::from(words[2 * pair][lane]) << 32;
                let bits = (high | u64::from(words[2 * pair + 1][lane])) >> 12;
                *uniform = (bits as f64 + 0.5) * TWO_POW_MINUS_52;
            }
        }
    }

    /// The noise of this stream at one step.
    pub(crate) fn at_step(&self, step: u64) -> StepNoise {
        debug_assert!(self.tensor < 1 << 24 && step < 1 << 40);
        StepNoise {
            key: [self.seed as u32, (self.seed >> 32) as u32],
            counter: [
                step as u32,
                (step >> 32) as u32 | (self.tensor << 8),
                self.walker,
            ],
        }
    }
}

/// The noise of one stream at one step: a function from groups of elements to normals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepNoise {
    pub(crate) key: [u32; 2],
    /// Words 1 to 3 of the counter; word 0 is the block.
    pub(crate) counter: [u32; 3],
}

impl StepNoise {
    /// The normals of elements `64 index` to `64 index + 63`.
    ///
    /// Element j of the group takes word `j / 16` of block `16 index + j % 16`: whole vectors, no shuffles.
    #[inline(always)]
    pub(crate) fn group(&self, index: usize) -> [f32; GROUP] {
        let words = self.words(index);
        let mut normals = [0.0; GROUP];
        let (first, second) = normals.split_at_mut(GROUP / 2);
        box_muller(&words[0], &words[1], first);
        box_muller(&words[2], &words[3], second);
        normals
    }

    /// Philox4x32-10 of 16 consecutive blocks, one block a lane, each word in 64 bits of which the low half counts:
    /// a 32×32-bit product then leaves both its halves where the next round wants them.
    #[inline(always)]
    fn words(&self, index: usize) -> [[u32; BLOCKS]; 4] {
        let first_block = (index * BLOCKS) as u32;
        let mut x = [
            [0; BLOCKS],
            [u64::from(self.counter[0]); BLOCKS],
            [u64::from(self.counter[1]); BLOCKS],
            [u64::from(self.counter[2]); BLOCKS],
        ];
        for (lane, block) in x[0].iter_mut().enumerate() {
            *block = u64::from(first_block.wrapping_add(lane as u32));
        }
        let mut key = self.key;
        for round in 0..ROUNDS {
            if round > 0 {
                key[0] = key[0].wrapping_add(WEYL[0]);
                key[1] = key[1].wrapping_add(WEYL[1]);
            }
            let (key0, key1) = (u64::from(key[0]), u64::from(key[1]));
            #[allow(clippy::needless_range_loop)] // A lane runs through all four words.
            for lane in 0..BLOCKS {
                let product0 = MULTIPLIERS[0] * (x[0][lane] & LOW);
                let product1 = MULTIPLIERS[1] * (x[2][lane] & LOW);
                x[0][lane] = (product1 >> 32) ^ x[1][lane] ^ key0;
                x[2][lane] = (product0 >> 32) ^ x[3][lane] ^ key1;
                x[1][lane] = product1;
                x[3][lane] = product0;
            }
        }
        // Loops, because `array::map` is a call that leaves the vector registers.
        let mut words = [[0; BLOCKS]; 4];
        for (word, x) in words.iter_mut().zip(&x) {
            for (word, x) in word.iter_mut().zip(x) {
                *word = *x as u32;
            }
        }
        words
    }
}

/// Box-Muller: `(sqrt(-2 ln u) cos φ, sqrt(-2 ln u) sin φ)` with u from `radius_words` and φ from `angle_words`;
/// the cosines fill the first half of `normals`, the sines the second.
#[inline(always)]
fn box_muller(radius_words: &[u32; BLOCKS], angle_words: &[u32; BLOCKS], normals: &mut [f32]) {
    let (cosines, sines) = normals.split_at_mut(BLOCKS);
    for lane in 0..BLOCKS {
        let radius = radius(radius_words[lane]);
        let (cosine, sine) = cosine_sine(angle_words[lane]);
        cosines[lane] = radius * cosine;
        sines[lane] = radius * sine;
    }
}

/// `sqrt(-2 ln u)` with u = (word + 1/2) / 2³².
///
/// u = 2^e m with m in [√½, √2), and ln m = 2 atanh(s) with s = (m − 1)/(m + 1). The odd series of atanh is cut after
/// s⁷ with coefficients refitted for the smallest largest relative error, 8e-10.
#[inline(always)]
fn radius(word: u32) -> f32 {
    const MANTISSA: u32 = 0x007F_FFFF;
    const TWO_POW_MINUS_32: f32 = 1.0 / 4_294_967_296.0;

    let u = word as f32 * TWO_POW_MINUS_32 + 0.5 * TWO_POW_MINUS_32;
    let offset = u.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (offset as i32) >> 23;
    let mantissa = f32::from_bits((offset & MANTISSA) + SQRT_HALF_BITS);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let [c0, c1, c2, c3] = LOG_SERIES;
    let series = ((c3 * s2 + c2) * s2 + c1) * s2 + c0;
    let ln = exponent as f32 * std::f32::consts::LN_2 + s * series;
    // u rounds to 1 at the top end, where ln may come out a rounding error above 0.
    (-2.0 * ln).max(0.0).sqrt()
}

/// `(cos φ, sin φ)` of a uniform angle: the two high bits of the word choose the quadrant, the other thirty an angle t in
/// [-π/4, π/4) around its middle, where short polynomials reach 4e-9.
#[inline(always)]
fn cosine_sine(word: u32) -> (f32, f32) {
    const TWO_POW_MINUS_31: f32 = 1.0 / 2_147_483_648.0;

    let t = ((word << 2) as i32) as f32 * (std::f32::consts::FRAC_PI_4 * TWO_POW_MINUS_31);
    let t2 = t * t;
    let [s0, s1, s2] = SINE_SERIES;
    let sine = t + t * t2 * ((s2 * t2 + s1) * t2 + s0);
    let [c0, c1, c2, c3] = COSINE_SERIES;
    let cosine = 1.0 + t2 * (((c3 * t2 + c2) * t2 + c1) * t2 + c0);
    // Quadrants 0 to 3: (c, s), (-s, c), (-c, -s), (s, -c).
    let swap = (word >> 30) & 1 != 0;
    let (first, second) = if swap { (sine, cosine) } else { (cosine, sine) };
    let first_sign = ((word >> 30) ^ (word >> 31)) << 31;
    let second_sign = (word >> 31) << 31;
    (
        f32::from_bits(first.to_bits() ^ first_sign),
        f32::from_bits(second.to_bits() ^ second_sign),
    )
}

/// Counters, keys and words of the Random123 distribution.
#[cfg(test)]
pub(crate) const KNOWN_ANSWERS: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
    (
        [0; 4],
        [0; 2],
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
    ),
    (
        [u32::MAX; 4],
        [u32::MAX; 2],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
    ),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// One lane of the vector code, for a counter and key as the Random123 distribution lists them.
    fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
        let noise = StepNoise {
            key,
            counter: [counter[1], counter[2], counter[3]],
        };
        let lane = counter[0] as usize % BLOCKS;
        noise
            .words(counter[0] as usize / BLOCKS)
            .map(|word| word[lane])
    }

    #[test]
    fn known_answers_of_random123() {
        for (counter, key, words) in KNOWN_ANSWERS {
            assert_eq!(philox(counter, key), words);
        }
    }

    #[test]
    fn the_transform_agrees_with_f64_arithmetic() {
        let words = [
            0,
            1,
            2,
            77,
            0x3FFF_FFFF,
            0x4000_0000,
            0x7FFF_FFFF,
            0x8000_0000,
            0xB504_F333,
            0xC000_0000,
            0xFFFF_FF00,
            u32::MAX,
            0x1234_5678,
            0x9ABC_DEF0,
        ];
        for word in words {
            let u = (f64::from(word) + 0.5) / 4_294_967_296.0;
            // What f32 can know of u near 1 bounds the radius there.
            let tolerance = 2e-7 + 1.3e-7 / (-2.0 * u.ln()).max(1e-14).sqrt();
            let expected = (-2.0 * u.ln()).sqrt();
            assert!(
                (f64::from(radius(word)) - expected).abs() < tolerance * expected.max(1.0),
                "radius of {word:#x}: {} for {expected}",
                radius(word)
            );
            let quadrant = f64::from(word >> 30);
            let inside = f64::from((word << 2) as i32) / 2_147_483_648.0;
            let angle = std::f64::consts::FRAC_PI_2 * (quadrant + 0.5 * inside);
            let (cosine, sine) = cosine_sine(word);
            assert!(
                (f64::from(cosine) - angle.cos()).abs() < 1.2e-7,
                "{word:#x}"
            );
            assert!((f64::from(sine) - angle.sin()).abs() < 1.2e-7, "{word:#x}");
        }
        assert!(f64::from(radius(0)) > 6.7);
    }

    #[test]
    fn every_vector_width_gives_the_same_bits() {
        let stream = NoiseStream {
            seed: 0xDEAD_BEEF_0123_4567,
            walker: 3,
            tensor: 5,
        };
        let mut reference = vec![0.0; 1000];
        stream.fill_normal_at(SimdLevel::PORTABLE, 9, &mut reference);
        for level in SimdLevel::available() {
            let mut noise = vec![0.0; 1000];
            stream.fill_normal_at(level, 9, &mut noise);
            assert!(
                reference
                    .iter()
                    .zip(&noise)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "{level:?} differs"
            );
        }
    }

    /// Mean, variance and lag-1 correlation of 10⁵ numbers lie within 4.5 standard errors (false alarms: 2e-5), and the
    /// extreme words stay inside (0, 1).
    #[test]
    fn uniforms_are_uniform_and_start_alike() {
        const COUNT: usize = 100_000;

        let stream = NoiseStream {
            seed: 11,
            walker: 2,
            tensor: 0xFF_FFFE,
        };
        let mut uniforms = vec![0.0; COUNT];
        stream.fill_uniform(5, &mut uniforms);
        let deviates: Vec<f64> = uniforms.iter().map(|u| (u - 0.5) * 12f64.sqrt()).collect();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / COUNT as f64;
        let scale = (COUNT as f64).sqrt();
        assert!((mean(&mut deviates.iter().copied()) * scale).abs() < 4.5);
        // The square of a standardised uniform has variance 4/5.
        let squares = mean(&mut deviates.iter().map(|x| x * x)) - 1.0;
        assert!((squares * scale / 0.8f64.sqrt()).abs() < 4.5);
        let lagged = mean(&mut deviates.windows(2).map(|pair| pair[0] * pair[1]));
        assert!((lagged * scale).abs() < 4.5);

        for length in [1, 31, 32, 33, 65] {
            let mut short = vec![0.0; length];
            stream.fill_uniform(5, &mut short);
            assert_eq!(short, uniforms[..length]);
        }
        let largest = ((1u64 << 52) - 1) as f64 + 0.5;
        assert!(largest / 4_503_599_627_370_496.0 < 1.0);
    }

    #[test]
    fn a_shorter_tensor_gets_the_start_of_a_longer_ones_noise() {
        let stream = NoiseStream {
            seed: 1,
            walker: 0,
            tensor: 0,
        };
        let mut long = vec![0.0; 300];
        stream.fill_normal(4, &mut long);
        for length in [1, 63, 64, 65, 299] {
            let mut short = vec![0.0; length];
            stream.fill_normal(4, &mut short);
            assert_eq!(short, long[..length]);
        }
    }
}
