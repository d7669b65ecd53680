//! A box seen obliquely from above, without perspective.

use super::canvas::Point;
use super::rect::Rect;

/// Height of the box over half of its side.
pub(super) const HEIGHT: f64 = 1.15;
/// Turn of the box about its vertical axis, and the height of the eye, in degrees.
const AZIMUTH: f64 = 35.0;
const ELEVATION: f64 = 34.0;

/// Puts points of the box \[−1, 1\] × \[−1, 1\] × \[0, [`HEIGHT`]\] on the page. The corner (−1, −1) is nearest to the eye, so that cells of a grid
/// are hidden by those of lower row or column only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Projection {
    scale: f64,
    shift: Point,
}

impl Projection {
    /// Such that the box fills `area`.
    pub(super) fn into(area: Rect) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in 0..8 {
            let side = |bit: usize| if corner & bit == 0 { -1.0 } else { 1.0 };
            let z = if corner & 4 == 0 { 0.0 } else { HEIGHT };
            let flat = flat([side(1), side(2), z]);
            for axis in 0..2 {
                low[axis] = low[axis].min(flat[axis]);
                high[axis] = high[axis].max(flat[axis]);
            }
        }
        let fits = [
            area.width() / (high[0] - low[0]),
            area.height() / (high[1] - low[1]),
        ];
        let scale = fits[0].min(fits[1]);
        let middle = [
            (area.left + area.right) / 2.0,
            (area.top + area.bottom) / 2.0,
        ];
        let shift = [0, 1].map(|axis| middle[axis] - scale * (low[axis] + high[axis]) / 2.0);
        Self { scale, shift }
    }

    pub(super) fn place(&self, point: [f64; 3]) -> Point {
        let flat = flat(point);
        [0, 1].map(|axis| self.shift[axis] + self.scale * flat[axis])
    }
}

/// From a point of the box towards the eye.
pub(super) fn towards_eye() -> [f64; 3] {
    let (azimuth, elevation) = (AZIMUTH.to_radians(), ELEVATION.to_radians());
    [
        -azimuth.sin() * elevation.cos(),
        -azimuth.cos() * elevation.cos(),
        elevation.sin(),
    ]
}

/// To the right and down, in units of the box.
fn flat([x, y, z]: [f64; 3]) -> Point {
    let (azimuth, elevation) = (AZIMUTH.to_radians(), ELEVATION.to_radians());
    let right = x * azimuth.cos() - y * azimuth.sin();
    let away = x * azimuth.sin() + y * azimuth.cos();
    [right, -(away * elevation.sin() + z * elevation.cos())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_fits_and_the_line_of_sight_is_a_point() {
        let area = Rect {
            left: 10.0,
            top: 20.0,
            right: 410.0,
            bottom: 320.0,
        };
        let projection = Projection::into(area);
        for x in [-1.0, 1.0] {
            for (y, z) in [(-1.0, 0.0), (1.0, 0.0), (-1.0, HEIGHT), (1.0, HEIGHT)] {
                let [right, down] = projection.place([x, y, z]);
                assert!((area.left - 1e-9..=area.right + 1e-9).contains(&right));
                assert!((area.top - 1e-9..=area.bottom + 1e-9).contains(&down));
            }
        }
        let point = [0.2, -0.4, 0.3];
        let eye = towards_eye();
        let nearer = [0, 1, 2].map(|axis| point[axis] + 0.7 * eye[axis]);
        let (a, b) = (projection.place(point), projection.place(nearer));
        assert!((a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9);
    }
}
