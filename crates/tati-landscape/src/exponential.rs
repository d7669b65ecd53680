//! eˣ of many numbers, in steps that the compiler makes vector instructions of.

use tati_core::SimdLevel;

/// Below it eˣ is taken for 0, above it for ∞.
const LEAST: f64 = -708.0;
const LARGEST: f64 = 709.0;

/// ln 2 in two parts, the first of which times a whole number up to 2¹¹ is exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 1/n!, n from 13 down to 2: what comes after is below 5·10⁻¹⁸ for |x| ≤ ln 2/2.
const COEFFICIENTS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// Puts eˣ in place of each x, to 2 units in the last place, or 0 below e⁻⁷⁰⁸: the same bits on every CPU.
pub(crate) fn exponentials(numbers: &mut [f64]) {
    SimdLevel::widest().run(
        #[inline(always)]
        || {
            for x in numbers {
                *x = exponential(*x);
            }
        },
    );
}

/// eˣ = 2ᵏ eʳ with x = k ln 2 + r.
#[inline(always)]
fn exponential(x: f64) -> f64 {
    // Numbers added to it are rounded to whole ones, which its last bits then are.
    const SHIFT: f64 = 6_755_399_441_055_744.0;

    let inside = x.clamp(LEAST, LARGEST);
    let shifted = inside * std::f64::consts::LOG2_E + SHIFT;
    let whole = shifted - SHIFT;
    let rest = (inside - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let mut sum = COEFFICIENTS[0];
    for coefficient in &COEFFICIENTS[1..] {
        sum = sum * rest + coefficient;
    }
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    let value = power * (1.0 + (rest + rest * rest * sum));
    if x < LEAST {
        0.0
    } else if x > LARGEST {
        f64::INFINITY
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_the_standard_library() {
        let numbers = (0..2_000_000).map(|at| -708.0 + 1417.0 * f64::from(at) / 2e6);
        let small = (-1000..1000).map(|at| f64::from(at) * 1e-4);
        let numbers: Vec<f64> = numbers.chain(small).collect();
        let mut found = numbers.clone();
        exponentials(&mut found);
        for (x, found) in numbers.iter().zip(found) {
            let exact = x.exp();
            assert!(
                (found - exact).abs() <= 2.0 * f64::EPSILON * exact,
                "{x} {found} {exact}"
            );
        }
    }

    #[test]
    fn the_ends_are_as_stated() {
        let mut numbers = [
            0.0,
            -0.0,
            -708.1,
            -1e300,
            f64::NEG_INFINITY,
            710.0,
            f64::INFINITY,
            f64::NAN,
        ];
        exponentials(&mut numbers);
        assert_eq!(
            numbers[..7],
            [1.0, 1.0, 0.0, 0.0, 0.0, f64::INFINITY, f64::INFINITY]
        );
        assert!(numbers[7].is_nan());
    }

    #[test]
    fn every_level_of_instructions_gives_the_same_bits() {
        let numbers: Vec<f64> = (0..1003).map(|at| -f64::from(at) * 0.37).collect();
        for level in SimdLevel::available() {
            let mut found = numbers.clone();
            level.run(
                #[inline(always)]
                || found.iter_mut().for_each(|x| *x = exponential(*x)),
            );
            let alone: Vec<f64> = numbers.iter().map(|x| exponential(*x)).collect();
            assert_eq!(found, alone);
        }
    }
}
