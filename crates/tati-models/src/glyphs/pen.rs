//! From strokes to pixels: where a digit lies on the page, how it is bent, and how thick and clean the ink is.

use std::f64::consts::TAU;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::strokes::{Hand, trace};
use crate::digits::{IMAGE_PIXELS, IMAGE_SIDE};

/// Draws `hand` with random place, form and ink into an image of bytes; `distortion` scales how far these stray.
pub(super) fn draw(hand: Hand, distortion: f64, random: &mut ChaCha8Rng) -> [u8; IMAGE_PIXELS] {
    let placement = Placement::draw(distortion, random);
    let half_width = HALF_WIDTH * (distortion * HALF_WIDTH_SPREAD * symmetric(random)).exp();
    let blur = BLUR * (distortion * BLUR_SPREAD * symmetric(random)).exp();
    let mut ink = [0.0_f32; IMAGE_PIXELS];
    for stroke in hand {
        let points: Vec<[f32; 2]> = trace(stroke)
            .into_iter()
            .map(|point| {
                let [x, y] = placement.apply(point);
                let wobble = [(); 2].map(|()| distortion * WOBBLE * symmetric(random));
                [(x + wobble[0]) as f32, (y + wobble[1]) as f32]
            })
            .collect();
        for ends in points.windows(2) {
            draw_line(&mut ink, ends[0], ends[1], half_width as f32, blur as f32);
        }
    }
    let noise = (distortion * NOISE) as f32;
    ink.map(|value| {
        let noisy = value + noise * (2.0 * random.random::<f32>() - 1.0);
        (noisy.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

/// Pixels from the middle of a digit to its upper end.
const HALF_HEIGHT: f64 = 9.0;
/// Half the width of a stroke, and the width of its soft edge, in pixels; and the range of their logarithms.
const HALF_WIDTH: f64 = 1.15;
const HALF_WIDTH_SPREAD: f64 = 0.4;
const BLUR: f64 = 1.3;
const BLUR_SPREAD: f64 = 0.3;
/// How far a point of a stroke strays, in pixels.
const WOBBLE: f64 = 0.5;
/// Noise of the brightness, either way.
const NOISE: f64 = 0.08;
/// Rotation in radians, shear, logarithm of the scale, and shift in pixels, either way.
const ROTATION: f64 = 0.45;
const SHEAR: f64 = 0.45;
const SCALE: f64 = 0.3;
const SHIFT: f64 = 2.4;
/// Amplitude of the bend of the whole page, in units of the digit's half height.
const BEND: f64 = 0.24;

/// Where a digit lies on the page, and how the page is bent.
struct Placement {
    matrix: [[f64; 2]; 2],
    shift: [f64; 2],
    waves: [Wave; 2],
}

/// A smooth displacement, `amplitude · sin(frequency · point + phase)`.
struct Wave {
    amplitude: f64,
    frequency: [f64; 2],
    phase: f64,
}

impl Placement {
    fn draw(distortion: f64, random: &mut ChaCha8Rng) -> Self {
        let (sine, cosine) = (distortion * ROTATION * symmetric(random)).sin_cos();
        let shear = distortion * SHEAR * symmetric(random);
        let scale = [(); 2].map(|()| HALF_HEIGHT * (distortion * SCALE * symmetric(random)).exp());
        let middle = 0.5 * (IMAGE_SIDE as f64 - 1.0);
        Self {
            // Rotation · shear · scale.
            matrix: [
                [scale[0] * cosine, scale[1] * (shear * cosine - sine)],
                [scale[0] * sine, scale[1] * (shear * sine + cosine)],
            ],
            shift: [(); 2].map(|()| middle + distortion * SHIFT * symmetric(random)),
            waves: [(); 2].map(|()| Wave {
                amplitude: distortion * BEND * symmetric(random),
                frequency: [(); 2].map(|()| 2.5 * symmetric(random)),
                phase: TAU * random.random::<f64>(),
            }),
        }
    }

    /// The place on the page, in pixels, of a point of the digit.
    fn apply(&self, point: [f64; 2]) -> [f64; 2] {
        let [x, y] = [0, 1].map(|axis| point[axis] + self.waves[axis].at(point));
        [0, 1].map(|row| self.matrix[row][0] * x + self.matrix[row][1] * y + self.shift[row])
    }
}

impl Wave {
    fn at(&self, [x, y]: [f64; 2]) -> f64 {
        let [along_x, along_y] = self.frequency;
        self.amplitude * (along_x * x + along_y * y + self.phase).sin()
    }
}

/// A number in −1..1 from a triangular density: mostly small.
fn symmetric(random: &mut ChaCha8Rng) -> f64 {
    random.random::<f64>() - random.random::<f64>()
}

/// Inks the pixels near the line from `start` to `end`; where lines overlap the brighter ink stays.
fn draw_line(
    ink: &mut [f32; IMAGE_PIXELS],
    start: [f32; 2],
    end: [f32; 2],
    half_width: f32,
    blur: f32,
) {
    let reach = half_width + 0.5 * blur;
    let range = |axis: usize| {
        let low = (start[axis].min(end[axis]) - reach).ceil().max(0.0) as usize;
        let high = (start[axis].max(end[axis]) + reach).floor() + 1.0;
        low..(high.max(0.0) as usize).min(IMAGE_SIDE)
    };
    let direction = [end[0] - start[0], end[1] - start[1]];
    let length_squared = (direction[0] * direction[0] + direction[1] * direction[1]).max(1e-12);
    for row in range(1) {
        for column in range(0) {
            let offset = [column as f32 - start[0], row as f32 - start[1]];
            let along = (offset[0] * direction[0] + offset[1] * direction[1]) / length_squared;
            let along = along.clamp(0.0, 1.0);
            let [x, y] = [0, 1].map(|axis| offset[axis] - along * direction[axis]);
            let distance = (x * x + y * y).sqrt();
            let value = ((half_width - distance) / blur + 0.5).clamp(0.0, 1.0);
            let pixel = &mut ink[row * IMAGE_SIDE + column];
            *pixel = pixel.max(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_bright_inside_and_dark_outside() {
        let mut ink = [0.0; IMAGE_PIXELS];
        draw_line(&mut ink, [4.0, 10.0], [20.0, 10.0], 1.0, 1.0);
        let at = |row: usize, column: usize| ink[row * IMAGE_SIDE + column];
        assert_eq!(
            [at(8, 12), at(9, 12), at(10, 12), at(11, 12), at(12, 12)],
            [0.0, 0.5, 1.0, 0.5, 0.0]
        );
        assert_eq!(
            [at(10, 2), at(10, 3), at(10, 4), at(10, 21), at(10, 22)],
            [0.0, 0.5, 1.0, 0.5, 0.0]
        );
    }

    #[test]
    fn lines_outside_the_page_are_harmless() {
        let mut ink = [0.0; IMAGE_PIXELS];
        for (start, end) in [
            ([-90.0, -5.0], [-60.0, 3.0]),
            ([30.0, 40.0], [300.0, 35.0]),
            ([9.0, 9.0], [9.0, 9.0]),
        ] {
            draw_line(&mut ink, start, end, 1.0, 0.5);
        }
        assert!(ink.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
