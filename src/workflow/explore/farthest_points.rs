//! Corner points: points of a diffusion map that are far from each other.

use nalgebra::DMatrix;

/// Eigenvalues below this share of the largest are within its rounding error, and count as this share.
const NEGLIGIBLE: f64 = 1e-9;

/// The magnitudes of generator eigenvalues, those that are zero but for rounding replaced by the smallest that is not.
pub(super) fn rates(eigenvalues: &[f64]) -> Vec<f64> {
    let largest = eigenvalues.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let least = (NEGLIGIBLE * largest).max(f64::MIN_POSITIVE);
    eigenvalues
        .iter()
        .map(|eigenvalue| eigenvalue.abs().max(least))
        .collect()
}

/// Coordinates in which distances are commute-time distances, of shape \[points, coordinates\], row-major: the diffusion distances of all
/// times t together,
///
/// ```text
/// |x − y|² = Σᵢ (ψᵢ(x) − ψᵢ(y))²/|λᵢ| = 2 ∫₀^∞ Σᵢ e^(2λᵢt) (ψᵢ(x) − ψᵢ(y))² dt
/// ```
///
/// so that slow coordinates count most and no time has to be chosen. `coordinates` has the constant one first, `eigenvalues` has not.
///
/// Source: F. Noé, R. Banisch, C. Clementi, J. Chem. Theory Comput. 12 (2016) 5620.
pub(super) fn commute_map(coordinates: &DMatrix<f64>, eigenvalues: &[f64]) -> Vec<f64> {
    let scales: Vec<f64> = rates(eigenvalues)
        .iter()
        .map(|rate| rate.sqrt().recip())
        .collect();
    let mut scaled = Vec::with_capacity(coordinates.nrows() * scales.len());
    for point in 0..coordinates.nrows() {
        let row = scales.iter().enumerate();
        scaled.extend(row.map(|(index, scale)| scale * coordinates[(point, index + 1)]));
    }
    scaled
}

/// `count` points, each as far as possible from those before it, and for every point which of them is nearest.
///
/// The first is the one with the largest first coordinate. Each further one has the largest distance to the nearest of those chosen; of
/// equals the one that comes first. If all others coincide with chosen ones, they follow in order.
///
/// Source: T. Gonzalez, Theor. Comput. Sci. 38 (1985) 293.
pub(super) fn farthest_points(
    points: &[f64],
    width: usize,
    count: usize,
) -> (Vec<usize>, Vec<usize>) {
    let num_points = points.len() / width;
    let mut nearest = vec![0; num_points];
    let mut distances = vec![f64::INFINITY; num_points];
    let mut chosen: Vec<usize> = Vec::with_capacity(count);
    let row = |point: usize| &points[point * width..][..width];
    while chosen.len() < count.min(num_points) {
        let next = if chosen.is_empty() {
            largest(0..num_points, |point| row(point)[0])
        } else {
            let others = (0..num_points).filter(|point| !chosen.contains(point));
            largest(others, |point| distances[point])
        };
        for point in 0..num_points {
            let pairs = row(point).iter().zip(row(next));
            let distance = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
            if distance < distances[point] {
                distances[point] = distance;
                nearest[point] = chosen.len();
            }
        }
        chosen.push(next);
    }
    (chosen, nearest)
}

/// The first of `candidates` with the largest value.
fn largest(candidates: impl Iterator<Item = usize>, value: impl Fn(usize) -> f64) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for candidate in candidates {
        let value = value(candidate);
        if value > best.1 {
            best = (candidate, value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_of_a_square_come_before_its_inside() {
        // (1, 0) has the largest first coordinate and comes before (1, 1).
        let points = [
            [0.5, 0.5],
            [0.0, 0.0],
            [1.0, 0.0],
            [0.0, 1.0],
            [1.0, 1.0],
            [0.5, 0.4],
        ];
        let (corners, nearest) = farthest_points(points.as_flattened(), 2, 5);
        assert_eq!(corners, [2, 3, 1, 4, 0]);
        assert_eq!(nearest, [4, 2, 0, 1, 3, 4]);
        let (fewer, nearest) = farthest_points(points.as_flattened(), 2, 2);
        assert_eq!(fewer, corners[..2]);
        // Points as far from one corner as from the other belong to the first.
        assert_eq!(nearest, [0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn points_that_coincide_are_taken_last_and_each_once() {
        let points = [2.0, 2.0, 2.0, 1.0];
        assert_eq!(farthest_points(&points, 1, 4).0, [0, 3, 1, 2]);
        assert_eq!(farthest_points(&points, 1, 9).0, [0, 3, 1, 2]);
    }

    #[test]
    fn slow_coordinates_are_longer() {
        let coordinates = DMatrix::from_row_slice(2, 3, &[1.0, 3.0, 1.0, 1.0, -3.0, 5.0]);
        assert_eq!(
            commute_map(&coordinates, &[-0.25, -4.0]),
            [6.0, 0.5, -6.0, 2.5]
        );
        // A rate that is zero but for rounding, of either sign, is no infinite time.
        assert_eq!(rates(&[1e-17, -2e-17, -1.0]), [1e-9, 1e-9, 1.0]);
        assert!(rates(&[0.0, 0.0])[0] > 0.0);
    }
}
