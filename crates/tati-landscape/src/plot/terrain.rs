//! The heights of a surface in a box, drawn from the farthest cell to the nearest.

use tati_core::Result;

use super::canvas::{Canvas, Point};
use super::grid::{Grid, Shades};
use super::isolines::cell;
use super::page::ring;
use super::projection::{HEIGHT, Projection, towards_eye};
use super::rect::Rect;
use super::scene::{BoxLabels, Scene};
use super::style::{
    CURVE_WIDTH, Color, DISC_RADIUS, Dash, INK, THIN_CURVE_WIDTH, VERMILLION, WHITE, faded, mix,
};

/// Most places along a direction.
const MOST_PLACES: usize = 81;
/// How far paths lie above the surface, of the box.
const LIFT: f64 = 0.012;
/// What lies behind the surface.
const HIDDEN: Dash = &[2.0, 3.0];
/// Steps along a path and along a line of sight, of the box.
const STEP: f64 = 0.01;

/// A surface in the box \[−1, 1\]² × \[0, 1\].
pub(super) struct Terrain {
    x: Vec<f64>,
    y: Vec<f64>,
    heights: Vec<f64>,
    /// Ends of the grid.
    ends: [[f64; 2]; 2],
}

impl Terrain {
    pub(super) fn new(grid: &Grid, shades: &Shades) -> Self {
        let (columns, rows) = (kept(grid.x.len()), kept(grid.y.len()));
        let shares = shades.shares(grid.values);
        let heights = rows.iter().flat_map(|row| {
            columns
                .iter()
                .map(|column| shares[row * grid.x.len() + column])
                .collect::<Vec<_>>()
        });
        let ends = [grid.x, grid.y].map(|places| [places[0], places[places.len() - 1]]);
        let inside = |places: &[f64], kept: &[usize], ends| {
            kept.iter()
                .map(|index| unit(places[*index], ends))
                .collect::<Vec<f64>>()
        };
        Self {
            x: inside(grid.x, &columns, ends[0]),
            y: inside(grid.y, &rows, ends[1]),
            heights: heights.collect(),
            ends,
        }
    }

    /// Draws the box, the surface, a path on it and a mark at the minimum.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        frame: Rect,
        shades: &Shades,
        labels: BoxLabels,
        path: &[Point],
        minimum: Option<Point>,
    ) -> Result<()> {
        let scene = Scene::new(frame, labels, self.ends, shades)?;
        scene.walls(canvas);
        self.cells(canvas, &scene.projection, shades);
        scene.numbers(canvas);
        for piece in self.pieces(path) {
            let places = piece
                .points
                .iter()
                .map(|point| scene.projection.place(*point));
            let places: Vec<Point> = places.collect();
            if piece.visible {
                canvas.line(places.clone(), WHITE, 2.2 * CURVE_WIDTH);
                canvas.line(places, INK, CURVE_WIDTH);
            } else {
                canvas.dashed(places, HIDDEN, faded(INK, 0.6), THIN_CURVE_WIDTH);
            }
        }
        let mut mark = |point: Option<&Point>, is_disc: bool, color: Color| {
            let Some(point) = point.and_then(|point| self.on_surface(*point)) else {
                return;
            };
            let place = scene.projection.place(point);
            if !self.is_visible(point) {
                canvas.disc(place, DISC_RADIUS, faded(color, 0.6));
            } else if is_disc {
                canvas.disc(place, DISC_RADIUS + 1.5, WHITE);
                canvas.disc(place, DISC_RADIUS + 0.5, color);
            } else {
                ring(canvas, place, color);
            }
        };
        mark(minimum.as_ref(), false, VERMILLION);
        mark(path.last(), true, INK);
        mark(path.first(), false, INK);
        Ok(())
    }

    fn cells(&self, canvas: &mut Canvas, projection: &Projection, shades: &Shades) {
        for row in (0..self.y.len() - 1).rev() {
            for column in (0..self.x.len() - 1).rev() {
                let Some(heights) = cell(&self.heights, self.x.len(), row, column) else {
                    continue;
                };
                let (x, y) = (
                    [self.x[column], self.x[column + 1]],
                    [self.y[row], self.y[row + 1]],
                );
                let corners = [
                    [x[0], y[0], heights[0] * HEIGHT],
                    [x[1], y[0], heights[1] * HEIGHT],
                    [x[1], y[1], heights[2] * HEIGHT],
                    [x[0], y[1], heights[3] * HEIGHT],
                ];
                let color = shades.color(heights.iter().sum::<f64>() / 4.0);
                let color = shaded(color, corners);
                let mut outline: Vec<Point> = corners
                    .iter()
                    .map(|corner| projection.place(*corner))
                    .collect();
                canvas.polygon(outline.clone(), color);
                outline.push(outline[0]);
                canvas.line(outline, mix(color, INK, 0.3), 0.4);
            }
        }
    }

    /// The height at a place of the box, between the corners of its cell.
    fn height(&self, x: f64, y: f64) -> Option<f64> {
        let (column, u) = between(&self.x, x)?;
        let (row, v) = between(&self.y, y)?;
        let [a, b, c, d] = cell(&self.heights, self.x.len(), row, column)?;
        Some((1.0 - v) * ((1.0 - u) * a + u * b) + v * ((1.0 - u) * d + u * c))
    }

    /// A point of the plane a little above the surface.
    fn on_surface(&self, point: Point) -> Option<[f64; 3]> {
        let [x, y] = [0, 1].map(|axis| unit(point[axis], self.ends[axis]));
        self.lifted(x, y)
    }

    fn lifted(&self, x: f64, y: f64) -> Option<[f64; 3]> {
        Some([x, y, self.height(x, y)? * HEIGHT + LIFT])
    }

    /// Whether nothing of the surface lies between a point and the eye.
    fn is_visible(&self, point: [f64; 3]) -> bool {
        let eye = towards_eye();
        let sight = (1..).map(|step| {
            let way = STEP * f64::from(step);
            [0, 1, 2].map(|axis| point[axis] + way * eye[axis])
        });
        sight
            .take_while(|[x, y, z]| x.abs() <= 1.0 && y.abs() <= 1.0 && *z <= HEIGHT)
            .all(|[x, y, z]| self.height(x, y).is_none_or(|height| height * HEIGHT <= z))
    }

    /// A path on the surface, cut where it becomes hidden or visible and where it leaves the surface.
    fn pieces(&self, path: &[Point]) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut goes_on = false;
        let mut last: Option<Point> = None;
        for point in path {
            let to = [0, 1].map(|axis| unit(point[axis], self.ends[axis]));
            if !to.iter().all(|share| share.is_finite()) {
                (goes_on, last) = (false, None);
                continue;
            }
            let from = last.unwrap_or(to);
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            if last.is_some() && length < STEP / 2.0 {
                continue;
            }
            // What leads far outside needs no steps there.
            let steps = (length / STEP).ceil().clamp(1.0, 10_000.0);
            for step in 1..=steps as usize {
                let share = step as f64 / steps;
                let [x, y] = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
                let Some(point) = self.lifted(x, y) else {
                    goes_on = false;
                    continue;
                };
                let visible = self.is_visible(point);
                match pieces.last_mut().filter(|_| goes_on) {
                    Some(piece) => {
                        piece.points.push(point);
                        if piece.visible != visible {
                            pieces.push(Piece {
                                visible,
                                points: vec![point],
                            });
                        }
                    }
                    None => pieces.push(Piece {
                        visible,
                        points: vec![point],
                    }),
                }
                goes_on = true;
            }
            last = Some(to);
        }
        pieces
    }
}

/// A piece of a path all of which can be seen, or nothing.
struct Piece {
    visible: bool,
    points: Vec<[f64; 3]>,
}

/// `color` in the light that falls on a cell from the upper left.
fn shaded(color: Color, corners: [[f64; 3]; 4]) -> Color {
    const LIGHT: [f64; 3] = [-0.55, 0.15, 0.82];

    let edge =
        |from: usize, to: usize| [0, 1, 2].map(|axis| corners[to][axis] - corners[from][axis]);
    let (a, b) = (edge(0, 2), edge(1, 3));
    let normal = [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ];
    let length = normal.iter().map(|part| part * part).sum::<f64>().sqrt();
    let facing: f64 = normal.iter().zip(LIGHT).map(|(n, l)| n * l / length).sum();
    if facing > 0.8 {
        return mix(color, WHITE, 0.6 * (facing - 0.8));
    }
    mix(INK, color, 0.62 + 0.38 * (facing.max(0.0) / 0.8))
}

/// Indices of the places that are drawn: both ends and evenly between.
fn kept(places: usize) -> Vec<usize> {
    let intervals = (places - 1).min(MOST_PLACES - 1);
    (0..=intervals)
        .map(|number| number * (places - 1) / intervals)
        .collect()
}

/// From −1 at the low end to 1 at the high one.
fn unit(value: f64, [low, high]: [f64; 2]) -> f64 {
    2.0 * (value - low) / (high - low) - 1.0
}

/// The interval of ascending places that holds `value`, and the share of it below.
fn between(places: &[f64], value: f64) -> Option<(usize, f64)> {
    let last = places.len() - 1;
    if !(places[0]..=places[last]).contains(&value) {
        return None;
    }
    let interval = places
        .partition_point(|place| *place <= value)
        .clamp(1, last)
        - 1;
    let (low, high) = (places[interval], places[interval + 1]);
    Some((interval, (value - low) / (high - low)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::ColorScale;

    fn terrain(value: impl Fn(f64, f64) -> f64) -> Terrain {
        let places: Vec<f64> = (0..=40)
            .map(|place| f64::from(place) / 20.0 - 1.0)
            .collect();
        let values: Vec<f64> = places
            .iter()
            .flat_map(|y| places.iter().map(|x| value(*x, *y)).collect::<Vec<_>>())
            .collect();
        let grid = Grid {
            x: &places,
            y: &places,
            values: &values,
        };
        Terrain::new(
            &grid,
            &Shades::over("", ColorScale::Linear, &values).unwrap(),
        )
    }

    #[test]
    fn a_ridge_hides_what_lies_behind_it() {
        // The eye is on the side of low x and y.
        let ridge = terrain(|x, y| match (x, y) {
            (x, y) if (x + y).abs() < 0.11 => 0.3,
            (1.0, -0.5) => 1.0,
            _ => 0.0,
        });
        let at = |x, y| ridge.is_visible(ridge.on_surface([x, y]).unwrap());
        assert!(at(-0.6, -0.6) && at(0.0, 0.0) && at(0.95, 0.95));
        assert!(!at(0.2, 0.2));
        let pieces = ridge.pieces(&[[-0.9, -0.9], [0.95, 0.95]]);
        let seen: Vec<bool> = pieces.iter().map(|piece| piece.visible).collect();
        assert_eq!(seen, [true, false, true]);
        assert!(pieces[0].points.iter().all(|point| point[0] < 0.15));
        assert!(pieces[2].points.iter().all(|point| point[0] > 0.3));
    }

    #[test]
    fn heights_between_places_are_bilinear_and_holes_have_none() {
        let plane = terrain(|x, y| x + 2.0 * y);
        let height = plane.height(0.312, -0.777).unwrap();
        assert!((height - (0.312 - 2.0 * 0.777 + 3.0) / 6.0).abs() < 1e-12);
        assert_eq!(plane.height(1.1, 0.0), None);
        let hole = terrain(|x, y| if x > 0.5 { f64::NAN } else { y });
        assert_eq!(hole.height(0.7, 0.0), None);
        let pieces = hole.pieces(&[[0.0, 0.0], [0.9, 0.0]]);
        assert!(pieces.len() == 1 && pieces[0].points.iter().all(|point| point[0] <= 0.5));
    }

    #[test]
    fn large_grids_are_thinned_and_keep_their_ends() {
        assert_eq!(kept(3), [0, 1, 2]);
        let thinned = kept(400);
        assert_eq!((thinned.len(), thinned[0], thinned[80]), (81, 0, 399));
    }
}
