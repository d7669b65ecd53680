//! How the ten digits are written: each as strokes of a pen, several hands for most.
//!
//! Coordinates have their origin in the middle of the digit, `x` to the right and `y` down; a digit is about 2
//! high.

/// A piece of a stroke; the pen goes straight from the end of one piece to the start of the next.
#[derive(Debug)]
pub(super) enum Piece {
    /// Straight through these points.
    Through(&'static [[f64; 2]]),
    /// Along an ellipse, clockwise on the page if `to` is above `from`; 0° is right, 90° is down.
    Arc {
        centre: [f64; 2],
        radii: [f64; 2],
        from: f64,
        to: f64,
    },
}

/// One way to write a digit: strokes, made of pieces.
pub(super) type Hand = &'static [&'static [Piece]];

/// The hands of each digit.
pub(super) const HANDS: [&[Hand]; 10] = [
    &[
        &[&[arc([0.0, 0.0], [0.55, 0.95], -90.0, 270.0)]],
        &[&[arc([0.0, 0.0], [0.62, 0.8], -60.0, 310.0)]],
    ],
    &[
        &[&[through(&[[0.0, -0.95], [0.0, 0.95]])]],
        &[&[through(&[[-0.35, -0.55], [0.05, -0.95], [0.05, 0.95]])]],
        &[
            &[through(&[[-0.3, -0.6], [0.0, -0.95], [0.0, 0.95]])],
            &[through(&[[-0.4, 0.95], [0.4, 0.95]])],
        ],
    ],
    &[
        &[&[
            arc([0.0, -0.45], [0.5, 0.5], -170.0, 40.0),
            through(&[[-0.5, 0.9], [0.55, 0.9]]),
        ]],
        &[&[
            arc([-0.05, -0.45], [0.45, 0.48], -150.0, 50.0),
            through(&[[-0.3, 0.7]]),
            arc([-0.4, 0.72], [0.16, 0.18], 60.0, 270.0),
            through(&[[0.1, 0.88], [0.6, 0.8]]),
        ]],
    ],
    &[
        &[&[
            arc([0.0, -0.47], [0.45, 0.45], -150.0, 85.0),
            arc([0.0, 0.45], [0.52, 0.48], -90.0, 150.0),
        ]],
        &[&[
            through(&[[-0.45, -0.9], [0.45, -0.9], [-0.05, -0.15]]),
            arc([-0.05, 0.4], [0.52, 0.53], -85.0, 150.0),
        ]],
    ],
    &[
        &[
            &[through(&[[-0.35, -0.9], [-0.5, 0.15], [0.55, 0.15]])],
            &[through(&[[0.3, -0.7], [0.25, 0.95]])],
        ],
        &[&[through(&[
            [0.25, 0.95],
            [0.25, -0.95],
            [-0.55, 0.3],
            [0.6, 0.3],
        ])]],
    ],
    &[
        &[&[
            through(&[[0.5, -0.9], [-0.35, -0.9], [-0.4, -0.1]]),
            arc([-0.05, 0.38], [0.55, 0.55], -125.0, 140.0),
        ]],
        &[
            &[
                through(&[[-0.3, -0.85], [-0.3, -0.2]]),
                arc([-0.1, 0.35], [0.5, 0.55], -110.0, 150.0),
            ],
            &[through(&[[-0.3, -0.85], [0.55, -0.95]])],
        ],
    ],
    &[
        &[&[
            arc([0.45, 0.4], [0.95, 1.3], -105.0, -180.0),
            arc([0.0, 0.42], [0.5, 0.5], 180.0, -180.0),
        ]],
        &[&[
            through(&[[0.15, -0.95], [-0.4, 0.3]]),
            arc([-0.02, 0.45], [0.42, 0.45], 200.0, -160.0),
        ]],
    ],
    &[
        &[&[through(&[[-0.5, -0.9], [0.5, -0.9], [-0.1, 0.95]])]],
        &[
            &[through(&[[-0.5, -0.85], [0.5, -0.9], [-0.05, 0.95]])],
            &[through(&[[-0.25, 0.05], [0.45, 0.0]])],
        ],
        &[&[through(&[
            [-0.5, -0.6],
            [-0.45, -0.85],
            [0.45, -0.9],
            [0.15, -0.1],
            [0.05, 0.95],
        ])]],
    ],
    &[
        &[
            &[arc([0.0, -0.47], [0.4, 0.44], 90.0, -270.0)],
            &[arc([0.0, 0.46], [0.5, 0.49], -90.0, 270.0)],
        ],
        &[&[
            arc([0.05, -0.5], [0.38, 0.42], -30.0, -215.0),
            through(&[[0.3, 0.2]]),
            arc([-0.02, 0.5], [0.42, 0.44], -35.0, 210.0),
            through(&[[0.38, -0.7]]),
        ]],
    ],
    &[
        &[&[
            arc([0.0, -0.42], [0.45, 0.48], 0.0, -360.0),
            through(&[[0.35, 0.95]]),
        ]],
        &[&[
            arc([0.0, -0.42], [0.47, 0.48], 0.0, -360.0),
            arc([-0.35, -0.35], [0.82, 1.25], 0.0, 85.0),
        ]],
    ],
];

const fn arc(centre: [f64; 2], radii: [f64; 2], from: f64, to: f64) -> Piece {
    Piece::Arc {
        centre,
        radii,
        from,
        to,
    }
}

const fn through(points: &'static [[f64; 2]]) -> Piece {
    Piece::Through(points)
}

/// The points of a stroke, close enough together to be joined by straight lines and bent as a whole.
pub(super) fn trace(stroke: &[Piece]) -> Vec<[f64; 2]> {
    let mut points: Vec<[f64; 2]> = Vec::new();
    for piece in stroke {
        match piece {
            Piece::Through(corners) => {
                for &corner in *corners {
                    line_to(&mut points, corner);
                }
            }
            Piece::Arc {
                centre,
                radii,
                from,
                to,
            } => {
                let steps = ((to - from).abs() / 15.0).ceil().max(1.0);
                for step in 0..=steps as usize {
                    let angle = (from + (to - from) * step as f64 / steps).to_radians();
                    let point = [
                        centre[0] + radii[0] * angle.cos(),
                        centre[1] + radii[1] * angle.sin(),
                    ];
                    if step == 0 {
                        line_to(&mut points, point);
                    } else {
                        points.push(point);
                    }
                }
            }
        }
    }
    points
}

/// A straight line to `end`, in steps that a bend of the digit can curve.
fn line_to(points: &mut Vec<[f64; 2]>, end: [f64; 2]) {
    const LONGEST: f64 = 0.3;
    if let Some(&start) = points.last() {
        let length = (end[0] - start[0]).hypot(end[1] - start[1]);
        let steps = (length / LONGEST).ceil();
        for step in 1..steps as usize {
            let along = step as f64 / steps;
            points.push([
                start[0] + along * (end[0] - start[0]),
                start[1] + along * (end[1] - start[1]),
            ]);
        }
    }
    points.push(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_fits_its_box() {
        for (digit, hands) in HANDS.iter().enumerate() {
            for stroke in hands.iter().copied().flatten() {
                let points = trace(stroke);
                assert!(points.len() >= 2);
                for [x, y] in points {
                    assert!(x.abs() <= 0.7 && y.abs() <= 1.0, "{digit}: ({x}, {y})");
                }
            }
        }
    }

    #[test]
    fn points_are_close_together() {
        for stroke in HANDS.iter().copied().flatten().copied().flatten() {
            for pair in trace(stroke).windows(2) {
                let gap = (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
                assert!(gap < 0.35, "{pair:?}");
            }
        }
    }
}
