//! Digits drawn by code: a data set of the form and difficulty of MNIST that needs neither files nor a network.

mod pen;
mod strokes;

use burn::config::Config;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tati_core::{Result, require_count, require_non_negative};

use crate::digits::{DIGITS, IMAGE_PIXELS};
use crate::{Digits, DigitsOrigin, LabelledSet};

/// How many digits to draw, and how wildly.
///
/// Each digit is written in one of several hands with a pen whose width varies; it is rotated, sheared, scaled,
/// shifted and bent at random, and the page is noisy. At the default `distortion` a perceptron tells about nine in
/// ten test digits, as it does for MNIST.
///
/// # Example
/// ```
/// use tati_models::GlyphsConfig;
///
/// let digits = GlyphsConfig::new().with_train(200).with_test(50).with_seed(1).generate()?;
/// assert_eq!((digits.train.len(), digits.test.len()), (200, 50));
/// assert_eq!((digits.train.dimension(), digits.train.classes()), (784, 10));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct GlyphsConfig {
    /// Number of digits for training.
    #[config(default = 10_000)]
    pub train: usize,
    /// Number of digits for testing.
    #[config(default = 2_000)]
    pub test: usize,
    /// The images depend on this number and `distortion` alone; more of them begin with the same ones.
    #[config(default = 0)]
    pub seed: u64,
    /// Scale of everything random about a digit: 0 draws each hand cleanly.
    #[config(default = 1.0)]
    pub distortion: f64,
}

impl GlyphsConfig {
    /// Draws the digits. Every ten in a row hold each digit once, in random order.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`](tati_core::TatiError::InvalidSetting) if `train` or `test` is zero, or
    /// `distortion` is negative or not finite.
    pub fn generate(&self) -> Result<Digits> {
        require_count("train", self.train, 1..)?;
        require_count("test", self.test, 1..)?;
        require_non_negative("distortion", self.distortion)?;
        Ok(Digits {
            train: self.draw(self.train, Split::Train)?,
            test: self.draw(self.test, Split::Test)?,
            origin: DigitsOrigin::Glyphs(self.seed),
        })
    }

    fn draw(&self, count: usize, split: Split) -> Result<LabelledSet> {
        let mut pixels = Vec::with_capacity(count * IMAGE_PIXELS);
        let mut labels = Vec::with_capacity(count);
        for block in 0..count.div_ceil(DIGITS) {
            let mut random = ChaCha8Rng::seed_from_u64(self.seed);
            // One stream a block, even for training and odd for testing.
            random.set_stream(2 * block as u64 + split as u64);
            let mut digits: [usize; DIGITS] = std::array::from_fn(|digit| digit);
            digits.shuffle(&mut random);
            for digit in digits.into_iter().take(count - block * DIGITS) {
                let hands = strokes::HANDS[digit];
                let hand = hands[random.random_range(0..hands.len())];
                let image = pen::draw(hand, self.distortion, &mut random);
                pixels.extend(image.map(|byte| f32::from(byte) / 255.0));
                labels.push(digit as u32);
            }
        }
        LabelledSet::new(pixels, labels, IMAGE_PIXELS, DIGITS)
    }
}

#[derive(Clone, Copy)]
enum Split {
    Train = 0,
    Test = 1,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> GlyphsConfig {
        GlyphsConfig::new().with_train(40).with_test(40)
    }

    #[test]
    fn the_seed_decides_and_the_count_does_not() {
        let digits = small().generate().unwrap();
        assert_eq!(digits, small().generate().unwrap());
        assert_eq!(
            small().with_train(33).generate().unwrap().train,
            digits.train.clone().take(33)
        );
        assert_ne!(digits.train, digits.test);
        assert_ne!(digits.train, small().with_seed(1).generate().unwrap().train);
    }

    #[test]
    fn the_first_images_never_change() {
        let digits = small().generate().unwrap();
        assert_eq!(digits.train.labels()[..10], [2, 8, 6, 1, 9, 5, 7, 4, 0, 3]);
        assert_eq!(
            (hash(&digits.train), hash(&digits.test)),
            (8_893_405_366_884_534_068, 2_025_080_185_732_544_342)
        );
    }

    /// FNV-1a of the pixels as bytes.
    fn hash(set: &LabelledSet) -> u64 {
        let bytes = set
            .features()
            .iter()
            .map(|pixel| (pixel * 255.0).round() as u8);
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    #[test]
    fn any_ten_in_a_row_hold_each_digit() {
        let digits = small().generate().unwrap();
        for block in digits.train.labels().chunks(10) {
            let mut block = block.to_vec();
            block.sort_unstable();
            assert_eq!(block, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn pixels_are_bytes_scaled_to_one_with_ink_in_every_image() {
        let digits = small().generate().unwrap();
        for (pixels, _) in digits.train.iter() {
            assert!(pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
            let ink: f32 = pixels.iter().sum();
            assert!((25.0..350.0).contains(&ink), "{ink}");
        }
    }

    #[test]
    fn bad_settings_are_named() {
        let message = |config: GlyphsConfig| config.generate().unwrap_err().to_string();
        assert_eq!(
            message(small().with_train(0)),
            "`train` is 0: it must be at least 1"
        );
        assert_eq!(
            message(small().with_test(0)),
            "`test` is 0: it must be at least 1"
        );
        for distortion in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(message(small().with_distortion(distortion)).starts_with("`distortion` is "));
        }
        small().with_distortion(50.0).generate().unwrap();
    }
}
