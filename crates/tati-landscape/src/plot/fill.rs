//! Polygons and lines as pixels. `plotters` rounds corners to whole pixels, and its polygons leave gaps and spurs where edges meet.

use std::io;

use plotters::backend::DrawingBackend;
use plotters::style::RGBAColor;

use super::canvas::Point;

/// Fills every pixel whose centre lies inside a polygon, by the even-odd rule: of neighbours that share an edge, exactly one takes a pixel.
pub(super) fn polygon<B: DrawingBackend>(
    backend: &mut B,
    corners: &[Point],
    color: RGBAColor,
) -> io::Result<()> {
    let (width, height) = backend.get_size();
    let (low, high) = corners
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), corner| {
            (low.min(corner[1]), high.max(corner[1]))
        });
    let first = (low - 0.5).ceil().max(0.0) as i32;
    let last = (high - 0.5).ceil().min(f64::from(height)) as i32;
    let mut crossings = Vec::new();
    for row in first..last {
        let y = f64::from(row) + 0.5;
        crossings.clear();
        for (index, from) in corners.iter().enumerate() {
            let to = corners[(index + 1) % corners.len()];
            if (from[1] <= y) != (to[1] <= y) {
                crossings.push(from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]));
            }
        }
        crossings.sort_by(f64::total_cmp);
        for span in crossings.chunks_exact(2) {
            let [start, end] =
                [span[0], span[1]].map(|x| (x - 0.5).ceil().clamp(0.0, f64::from(width)) as i32);
            if start < end {
                let drawn = backend.draw_line((start, row), (end - 1, row), &color);
                drawn.map_err(|error| io::Error::other(error.to_string()))?;
            }
        }
    }
    Ok(())
}

/// Draws a line with round joints.
pub(super) fn line<B: DrawingBackend>(
    backend: &mut B,
    points: &[Point],
    width: f64,
    color: RGBAColor,
) -> io::Result<()> {
    const JOINT: f64 = 3.0;

    let half = width / 2.0;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        if length > 0.0 {
            let aside = [
                -(to[1] - from[1]) / length * half,
                (to[0] - from[0]) / length * half,
            ];
            let corners = [
                [from[0] + aside[0], from[1] + aside[1]],
                [to[0] + aside[0], to[1] + aside[1]],
                [to[0] - aside[0], to[1] - aside[1]],
                [from[0] - aside[0], from[1] - aside[1]],
            ];
            polygon(backend, &corners, color)?;
        }
    }
    if width >= JOINT && points.len() > 2 {
        for place in &points[1..points.len() - 1] {
            disc(backend, *place, half, color)?;
        }
    }
    Ok(())
}

pub(super) fn disc<B: DrawingBackend>(
    backend: &mut B,
    center: Point,
    radius: f64,
    color: RGBAColor,
) -> io::Result<()> {
    let sides = (4.0 * radius).clamp(8.0, 64.0) as usize;
    let corners: Vec<Point> = (0..sides)
        .map(|side| {
            let angle = std::f64::consts::TAU * side as f64 / sides as f64;
            [
                center[0] + radius * angle.cos(),
                center[1] + radius * angle.sin(),
            ]
        })
        .collect();
    polygon(backend, &corners, color)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::backend::BitMapBackend;
    use plotters::style::{BLACK, Color as _};

    /// How often each pixel of a 10 × 10 image was filled, up to once.
    fn filled(corners: &[Point]) -> Vec<bool> {
        let mut pixels = vec![255; 300];
        {
            let mut backend = BitMapBackend::with_buffer(&mut pixels, (10, 10));
            polygon(&mut backend, corners, BLACK.mix(1.0)).unwrap();
        }
        pixels.chunks(3).map(|pixel| pixel[0] == 0).collect()
    }

    #[test]
    fn neighbours_share_no_pixel_and_leave_none() {
        let corner = [3.7, 6.1];
        let parts = [
            filled(&[[0.0, 0.0], [10.0, 0.0], corner]),
            filled(&[[10.0, 0.0], [10.0, 10.0], corner]),
            filled(&[[10.0, 10.0], [0.0, 10.0], corner]),
            filled(&[[0.0, 10.0], [0.0, 0.0], corner]),
        ];
        for pixel in 0..100 {
            assert_eq!(
                parts.iter().filter(|part| part[pixel]).count(),
                1,
                "{pixel}"
            );
        }
    }

    #[test]
    fn what_lies_outside_the_image_is_left_out() {
        assert!(
            filled(&[[-50.0, -50.0], [60.0, -50.0], [60.0, 60.0], [-50.0, 60.0]])
                .iter()
                .all(|is| *is)
        );
        assert!(
            !filled(&[[20.0, 0.0], [30.0, 0.0], [30.0, 10.0]])
                .iter()
                .any(|is| *is)
        );
    }
}
