//! Marching squares: lines of equal height through a grid, and the parts of its cells above a height.
//!
//! Within a cell heights are interpolated along its edges; where both diagonals cross a level, the mean of the corners decides which
//! two are connected.

use std::collections::BTreeMap;

use super::canvas::Point;

/// An edge of the grid: whether it goes along y, its row and its column.
type Edge = (bool, usize, usize);

/// The corners of a cell around it, in units of the cell.
const CORNERS: [Point; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

/// Heights at the corners of the cell in this row and column, in the order of [`CORNERS`], unless one is a hole.
pub(super) fn cell(heights: &[f64], columns: usize, row: usize, column: usize) -> Option<[f64; 4]> {
    let at = |row: usize, column: usize| heights[row * columns + column];
    let corners = [
        at(row, column),
        at(row, column + 1),
        at(row + 1, column + 1),
        at(row + 1, column),
    ];
    corners
        .iter()
        .all(|height| height.is_finite())
        .then_some(corners)
}

/// The parts of a cell that are at least `level` high, in units of the cell.
pub(super) fn above(corners: [f64; 4], level: f64) -> Vec<Vec<Point>> {
    let inside = corners.map(|height| height >= level);
    let is_saddle = inside[0] == inside[2] && inside[1] == inside[3] && inside[0] != inside[1];
    if is_saddle && mean(corners) < level {
        let peaks = (0..4).filter(|corner| inside[*corner]);
        return peaks
            .map(|corner| {
                let (before, after) = ((corner + 3) % 4, (corner + 1) % 4);
                vec![
                    crossing(corners, before, corner, level),
                    CORNERS[corner],
                    crossing(corners, corner, after, level),
                ]
            })
            .collect();
    }
    let mut polygon = Vec::with_capacity(6);
    for corner in 0..4 {
        let after = (corner + 1) % 4;
        if inside[corner] {
            polygon.push(CORNERS[corner]);
        }
        if inside[corner] != inside[after] {
            polygon.push(crossing(corners, corner, after, level));
        }
    }
    if polygon.is_empty() {
        Vec::new()
    } else {
        vec![polygon]
    }
}

/// Lines at `level` through a grid of rows along `y` and columns along `x`; a closed one ends where it begins.
pub(super) fn isolines(x: &[f64], y: &[f64], heights: &[f64], level: f64) -> Vec<Vec<Point>> {
    let mut segments: Vec<[Edge; 2]> = Vec::new();
    let mut places: BTreeMap<Edge, Point> = BTreeMap::new();
    for (row, column) in (0..y.len() - 1).flat_map(|row| (0..x.len() - 1).map(move |c| (row, c))) {
        let Some(corners) = cell(heights, x.len(), row, column) else {
            continue;
        };
        let inside = corners.map(|height| height >= level);
        let edges = [
            (false, row, column),
            (true, row, column + 1),
            (false, row + 1, column),
            (true, row, column),
        ];
        let crossed: Vec<usize> = (0..4)
            .filter(|side| inside[*side] != inside[(side + 1) % 4])
            .collect();
        for &side in &crossed {
            let [u, v] = crossing(corners, side, (side + 1) % 4, level);
            let place = [
                x[column] + u * (x[column + 1] - x[column]),
                y[row] + v * (y[row + 1] - y[row]),
            ];
            places.insert(edges[side], place);
        }
        // Around the corners that are alone: those above where the middle is below, and the other way round.
        let middle = mean(corners) >= level;
        match crossed[..] {
            [a, b] => segments.push([edges[a], edges[b]]),
            [..] if crossed.len() == 4 => {
                for corner in (0..4).filter(|corner| inside[*corner] != middle) {
                    segments.push([edges[(corner + 3) % 4], edges[corner]]);
                }
            }
            _ => {}
        }
    }
    joined(&segments)
        .into_iter()
        .map(|line| {
            line.iter()
                .filter_map(|edge| places.get(edge).copied())
                .collect()
        })
        .collect()
}

/// Segments that share an edge, put together.
fn joined(segments: &[[Edge; 2]]) -> Vec<Vec<Edge>> {
    let mut at: BTreeMap<Edge, Vec<usize>> = BTreeMap::new();
    for (number, segment) in segments.iter().enumerate() {
        for edge in segment {
            at.entry(*edge).or_default().push(number);
        }
    }
    let mut used = vec![false; segments.len()];
    let ends = at
        .iter()
        .filter(|(_, numbers)| numbers.len() == 1)
        .map(|(edge, _)| *edge);
    // Open lines from their ends, then closed ones from anywhere.
    let starts = ends.chain(segments.iter().map(|segment| segment[0]));
    let mut lines = Vec::new();
    for start in starts {
        let mut line = vec![start];
        let mut edge = start;
        while let Some(&number) = at[&edge].iter().find(|number| !used[**number]) {
            used[number] = true;
            let [a, b] = segments[number];
            edge = if a == edge { b } else { a };
            line.push(edge);
        }
        if line.len() > 1 {
            lines.push(line);
        }
    }
    lines
}

fn mean(corners: [f64; 4]) -> f64 {
    corners.iter().sum::<f64>() / 4.0
}

/// Where the edge between two corners has the height `level`.
fn crossing(corners: [f64; 4], from: usize, to: usize, level: f64) -> Point {
    let share = (level - corners[from]) / (corners[to] - corners[from]);
    [0, 1].map(|axis| CORNERS[from][axis] + share * (CORNERS[to][axis] - CORNERS[from][axis]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(polygon: &[Point]) -> f64 {
        let next = polygon.iter().cycle().skip(1);
        let twice: f64 = polygon
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - a[1] * b[0])
            .sum();
        twice / 2.0
    }

    #[test]
    fn the_part_above_a_tilted_plane_is_exact() {
        // Height = u, of which the part above 0.3 is 0.7 of the cell.
        let parts = above([0.0, 1.0, 1.0, 0.0], 0.3);
        assert_eq!(parts.len(), 1);
        assert!((area(&parts[0]) - 0.7).abs() < 1e-12);
        assert!(above([0.0; 4], 0.3).is_empty());
        assert!((area(&above([1.0; 4], 0.3)[0]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn saddles_connect_by_their_middle() {
        assert_eq!(above([1.0, 0.0, 1.0, 0.0], 0.4).len(), 1);
        assert_eq!(above([1.0, 0.0, 1.0, 0.0], 0.6).len(), 2);
        for level in [0.4, 0.6] {
            let lines = isolines(&[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], level);
            assert_eq!(lines.len(), 2);
            // Both lines are short: they cut off the corners that are alone.
            for line in lines {
                let [dx, dy] = [0, 1].map(|axis| line[1][axis] - line[0][axis]);
                assert!(dx.hypot(dy) < 0.9, "{level}");
            }
        }
    }

    #[test]
    fn a_bowl_has_one_closed_circle() {
        let places: Vec<f64> = (0..41).map(|place| f64::from(place) / 20.0 - 1.0).collect();
        let heights: Vec<f64> = places
            .iter()
            .flat_map(|y| places.iter().map(move |x| x * x + y * y))
            .collect();
        let lines = isolines(&places, &places, &heights, 0.5);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for [x, y] in &lines[0] {
            assert!((x.hypot(*y) - 0.5_f64.sqrt()).abs() < 1e-3);
        }
        // At 1.5 it leaves the grid at the corners.
        assert_eq!(isolines(&places, &places, &heights, 1.5).len(), 4);
    }

    #[test]
    fn holes_interrupt_lines() {
        let places = [0.0, 1.0, 2.0, 3.0];
        let mut heights: Vec<f64> = (0..16).map(|place| f64::from(place % 4)).collect();
        assert_eq!(isolines(&places, &places, &heights, 1.5).len(), 1);
        heights[5] = f64::NAN;
        let lines = isolines(&places, &places, &heights, 1.5);
        assert_eq!(lines, [vec![[1.5, 2.0], [1.5, 3.0]]]);
    }
}
