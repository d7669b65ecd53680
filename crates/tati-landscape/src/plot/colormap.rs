//! Colours of values, from the published anchors of two maps.

use plotters::style::RGBColor;

use super::style::{Color, mix};

/// viridis (S. van der Walt, N. Smith, 2015; public domain), every sixteenth of its 256 colours: perceptually uniform, its lightness
/// grows with the value.
const VIRIDIS: [Color; 17] = [
    RGBColor(68, 1, 84),
    RGBColor(72, 24, 106),
    RGBColor(71, 45, 123),
    RGBColor(66, 64, 134),
    RGBColor(59, 82, 139),
    RGBColor(51, 99, 141),
    RGBColor(44, 114, 142),
    RGBColor(38, 130, 142),
    RGBColor(33, 145, 140),
    RGBColor(31, 159, 136),
    RGBColor(39, 173, 129),
    RGBColor(61, 188, 116),
    RGBColor(92, 200, 99),
    RGBColor(129, 211, 77),
    RGBColor(170, 220, 50),
    RGBColor(213, 226, 26),
    RGBColor(253, 231, 37),
];

/// RdBu in 11 classes (C. Brewer, ColorBrewer 2.0), from blue over white to red.
const BLUE_RED: [Color; 11] = [
    RGBColor(5, 48, 97),
    RGBColor(33, 102, 172),
    RGBColor(67, 147, 195),
    RGBColor(146, 197, 222),
    RGBColor(209, 229, 240),
    RGBColor(247, 247, 247),
    RGBColor(253, 219, 199),
    RGBColor(244, 165, 130),
    RGBColor(214, 96, 77),
    RGBColor(178, 24, 43),
    RGBColor(103, 0, 31),
];

/// The sequential colour of a share between 0 and 1.
pub(super) fn sequential(share: f64) -> Color {
    between(&VIRIDIS, share)
}

/// The diverging colour of a share between 0 and 1; white at 1/2.
pub(super) fn diverging(share: f64) -> Color {
    between(&BLUE_RED, share)
}

fn between(anchors: &[Color], share: f64) -> Color {
    let place = share.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
    let below = (place.floor() as usize).min(anchors.len() - 2);
    mix(anchors[below], anchors[below + 1], place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_meet_their_anchors_and_clamp() {
        assert_eq!(sequential(0.0), VIRIDIS[0]);
        assert_eq!(sequential(0.5), VIRIDIS[8]);
        assert_eq!(sequential(7.0), VIRIDIS[16]);
        assert_eq!(diverging(0.5), RGBColor(247, 247, 247));
        assert_eq!(diverging(-1.0), BLUE_RED[0]);
    }

    #[test]
    fn the_lightness_of_the_sequential_map_grows() {
        let lightness = |color: Color| {
            0.2126 * f64::from(color.0) + 0.7152 * f64::from(color.1) + 0.0722 * f64::from(color.2)
        };
        let steps: Vec<f64> = (0..=100)
            .map(|share| lightness(sequential(f64::from(share) / 100.0)))
            .collect();
        assert!(steps.windows(2).all(|pair| pair[1] > pair[0] - 0.5));
    }
}
