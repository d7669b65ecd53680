//! Four two-dimensional data sets after TensorFlow's Neural Network Playground: what a network learns can be seen.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use burn::config::Config;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError, require_count, require_non_negative};

use crate::LabelledSet;
use crate::names::from_name;

/// How the two classes lie in the plane; all shapes have the radius 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaygroundShape {
    /// A disc of radius 2.5 (class 1) in a ring from 3.5 to 5 (class 0).
    Circles,
    /// Four squares: class 1 where `x₁ x₂ ≥ 0`, as in exclusive or.
    Squares,
    /// Two Gaussian clouds about (2, 2) (class 1) and (−2, −2) (class 0).
    Clusters,
    /// Two arms of 1¾ turns each.
    Spiral,
}

/// A playground data set: two features, two classes of equal size (class 1 has one point less if `samples` is odd).
///
/// `noise` widens the clouds to a standard deviation of `0.5 + 7 noise`; in the spiral it moves each coordinate by
/// up to `± noise`. In circles and squares it moves points by up to `± 5 noise` while their class is decided and
/// then puts them back, which blurs the border and may unbalance the classes.
///
/// # Example
/// ```
/// use tati_models::{PlaygroundConfig, PlaygroundShape};
///
/// let set = PlaygroundConfig::new(PlaygroundShape::Spiral).with_noise(0.1).generate()?;
/// assert_eq!((set.len(), set.dimension(), set.classes()), (500, 2, 2));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct PlaygroundConfig {
    /// How the classes lie.
    pub shape: PlaygroundShape,
    /// Number of points.
    #[config(default = 500)]
    pub samples: usize,
    /// Strength of the noise; the playground has 0 to 0.5.
    #[config(default = 0.0)]
    pub noise: f64,
    /// The points depend on the settings above and this number alone.
    #[config(default = 0)]
    pub seed: u64,
}

impl PlaygroundConfig {
    /// Draws the points, classes in turn.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if `samples` is zero or `noise` is negative or not finite.
    pub fn generate(&self) -> Result<LabelledSet> {
        require_count("samples", self.samples, 1..)?;
        require_non_negative("noise", self.noise)?;
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut features = Vec::with_capacity(2 * self.samples);
        let mut labels = Vec::with_capacity(self.samples);
        for index in 0..self.samples {
            let (point, label) = match self.shape {
                PlaygroundShape::Circles => self.circles(index, &mut random),
                PlaygroundShape::Squares => self.squares(index, &mut random),
                PlaygroundShape::Clusters => self.clusters(index, &mut random),
                PlaygroundShape::Spiral => self.spiral(index, &mut random),
            };
            features.extend(point.map(|coordinate| coordinate as f32));
            labels.push(u32::from(label));
        }
        LabelledSet::new(features, labels, 2, 2)
    }

    fn circles(&self, index: usize, random: &mut ChaCha8Rng) -> ([f64; 2], bool) {
        let radius = if is_first_class(index) {
            random.random_range(0.7 * RADIUS..RADIUS)
        } else {
            random.random_range(0.0..0.5 * RADIUS)
        };
        let angle = random.random_range(0.0..TAU);
        let point = [radius * angle.sin(), radius * angle.cos()];
        let [x1, x2] = shifted(point, RADIUS * self.noise, random);
        (point, x1.hypot(x2) < 0.5 * RADIUS)
    }

    fn squares(&self, index: usize, random: &mut ChaCha8Rng) -> ([f64; 2], bool) {
        let sizes: [f64; 2] = [(); 2].map(|()| PADDING + random.random_range(0.0..RADIUS));
        let sign = if random.random::<bool>() { 1.0 } else { -1.0 };
        let other = if is_first_class(index) { -sign } else { sign };
        let point = [sign * sizes[0], other * sizes[1]];
        let [x1, x2] = shifted(point, RADIUS * self.noise, random);
        (point, x1 * x2 >= 0.0)
    }

    fn clusters(&self, index: usize, random: &mut ChaCha8Rng) -> ([f64; 2], bool) {
        let centre = if is_first_class(index) { -2.0 } else { 2.0 };
        let deviation = 0.5 + 7.0 * self.noise;
        let point = [(); 2].map(|()| centre + deviation * random.sample::<f64, _>(StandardNormal));
        (point, !is_first_class(index))
    }

    fn spiral(&self, index: usize, random: &mut ChaCha8Rng) -> ([f64; 2], bool) {
        let first = is_first_class(index);
        let arm = if first {
            self.samples.div_ceil(2)
        } else {
            self.samples / 2
        };
        let along = (index / 2) as f64 / arm as f64;
        let angle = TURNS * TAU * along + if first { 0.5 * TAU } else { 0.0 };
        let point = [RADIUS * along * angle.sin(), RADIUS * along * angle.cos()];
        (shifted(point, self.noise, random), !first)
    }
}

impl PlaygroundShape {
    /// Every shape, in the order in which error messages list them.
    pub const ALL: [Self; 4] = [Self::Circles, Self::Squares, Self::Clusters, Self::Spiral];
}

impl fmt::Display for PlaygroundShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Circles => "circles",
            Self::Squares => "squares",
            Self::Clusters => "clusters",
            Self::Spiral => "spiral",
        })
    }
}

impl FromStr for PlaygroundShape {
    type Err = TatiError;

    fn from_str(text: &str) -> Result<Self> {
        from_name("shape", &Self::ALL, text)
    }
}

const RADIUS: f64 = 5.0;
/// The strip along the axes that the squares leave free.
const PADDING: f64 = 0.3;
/// Turns of an arm of the spiral.
const TURNS: f64 = 1.75;

/// Whether the point is meant for class 0.
fn is_first_class(index: usize) -> bool {
    index.is_multiple_of(2)
}

/// The point moved by up to ± `reach` in each coordinate.
fn shifted(point: [f64; 2], reach: f64, random: &mut ChaCha8Rng) -> [f64; 2] {
    point.map(|coordinate| coordinate + reach * random.random_range(-1.0..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(shape: PlaygroundShape, samples: usize, noise: f64) -> Vec<([f64; 2], u32)> {
        let config = PlaygroundConfig::new(shape)
            .with_samples(samples)
            .with_noise(noise)
            .with_seed(5);
        let set = config.generate().unwrap();
        assert_eq!(set, config.generate().unwrap());
        assert_ne!(
            set,
            config
                .with_seed(6)
                .with_noise(noise.max(1e-3))
                .generate()
                .unwrap()
        );
        set.iter()
            .map(|(point, label)| ([f64::from(point[0]), f64::from(point[1])], label))
            .collect()
    }

    #[test]
    fn classes_are_balanced_without_noise() {
        for shape in PlaygroundShape::ALL {
            for samples in [1, 2, 501, 1000] {
                let ones = points(shape, samples, 0.0)
                    .iter()
                    .filter(|(_, label)| *label == 1)
                    .count();
                assert_eq!(ones, samples / 2, "{shape}");
            }
        }
    }

    #[test]
    fn circles_are_a_disc_and_a_ring() {
        for ([x1, x2], label) in points(PlaygroundShape::Circles, 2000, 0.0) {
            let radius = x1.hypot(x2);
            assert!(if label == 1 {
                radius < 2.5
            } else {
                (3.4999..5.0001).contains(&radius)
            });
        }
    }

    #[test]
    fn squares_leave_the_axes_free() {
        let mut quadrants = [0; 4];
        for ([x1, x2], label) in points(PlaygroundShape::Squares, 2000, 0.0) {
            assert!([x1, x2].iter().all(|x| (0.2999..5.3001).contains(&x.abs())));
            assert_eq!(label == 1, x1 * x2 > 0.0);
            quadrants[usize::from(x1 > 0.0) + 2 * usize::from(x2 > 0.0)] += 1;
        }
        assert!(quadrants.iter().all(|&count| count > 400), "{quadrants:?}");
    }

    #[test]
    fn clusters_have_their_centres_and_widths() {
        for (noise, deviation) in [(0.0, 0.5), (0.1, 1.2)] {
            let points = points(PlaygroundShape::Clusters, 20_000, noise);
            for (class, centre) in [(0, -2.0), (1, 2.0)] {
                let values: Vec<f64> = points
                    .iter()
                    .filter(|(_, label)| *label == class)
                    .flat_map(|(point, _)| *point)
                    .collect();
                let count = values.len() as f64;
                let mean = values.iter().sum::<f64>() / count;
                let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
                // Four standard errors of 20,000 values.
                assert!(
                    (mean - centre).abs() < 4.0 * deviation / count.sqrt(),
                    "{mean}"
                );
                assert!(
                    (variance.sqrt() - deviation).abs() < 4.0 * deviation / (2.0 * count).sqrt()
                );
            }
        }
    }

    #[test]
    fn spiral_arms_are_each_other_s_mirror_image() {
        let points = points(PlaygroundShape::Spiral, 400, 0.0);
        for (i, pair) in points.chunks(2).enumerate() {
            let along = i as f64 / 200.0;
            let (radius, angle) = (5.0 * along, 3.5 * std::f64::consts::PI * along);
            let [x1, x2] = pair[1].0;
            assert!(
                (x1 - radius * angle.sin()).abs() < 1e-5
                    && (x2 - radius * angle.cos()).abs() < 1e-5
            );
            assert!((pair[0].0[0] + x1).abs() < 1e-5 && (pair[0].0[1] + x2).abs() < 1e-5);
        }
    }

    #[test]
    fn noise_blurs_the_border_of_circles_and_squares_only_in_the_labels() {
        for shape in [PlaygroundShape::Circles, PlaygroundShape::Squares] {
            let (clear, noisy) = (points(shape, 2000, 0.0), points(shape, 2000, 0.3));
            let places = |points: &[([f64; 2], u32)]| {
                points.iter().map(|(place, _)| *place).collect::<Vec<_>>()
            };
            assert_eq!(places(&clear), places(&noisy));
            let changed = clear.iter().zip(&noisy).filter(|(a, b)| a.1 != b.1).count();
            assert!((20..1000).contains(&changed), "{shape}: {changed}");
        }
    }

    #[test]
    fn bad_settings_are_named() {
        let config = PlaygroundConfig::new(PlaygroundShape::Circles);
        let message = |config: PlaygroundConfig| config.generate().unwrap_err().to_string();
        assert_eq!(
            message(config.clone().with_samples(0)),
            "`samples` is 0: it must be at least 1"
        );
        for noise in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(message(config.clone().with_noise(noise)).starts_with("`noise` is "));
        }
        assert_eq!(
            "moons".parse::<PlaygroundShape>().unwrap_err().to_string(),
            "`shape` is `moons`: it must be one of circles, squares, clusters, spiral"
        );
        for shape in PlaygroundShape::ALL {
            assert_eq!(shape.to_string().parse::<PlaygroundShape>().unwrap(), shape);
        }
    }
}
