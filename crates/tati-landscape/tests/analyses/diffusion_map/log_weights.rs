//! Log weights of a target: their constant, and points of next to none.

use super::{double_well, double_well_draws, draws, fixed, largest_difference};

#[test]
fn a_constant_in_the_log_weights_changes_nothing() {
    let points = double_well_draws(1.0, 600, 5);
    // Binary fractions, of which even 1e6 takes no digit.
    let log_weight = |point: &[f64]| -(double_well(2.0, point) * 1024.0).round() / 1024.0;
    let weights: Vec<f64> = points.chunks(2).map(log_weight).collect();
    for neighbors in [None, Some(60)] {
        let config = fixed(4, 0.1).with_neighbors(neighbors);
        let maps = [0.0, 1e6, -1e6].map(|shift| {
            let shifted: Vec<f64> = weights.iter().map(|log| log + shift).collect();
            config.fit_to_target(&draws(&points, 2), &shifted).unwrap()
        });
        for map in &maps[1..] {
            assert_eq!(map.eigenvalues(), maps[0].eigenvalues());
            assert_eq!(map.coordinates(), maps[0].coordinates());
        }
    }
}

/// Weights that no double precision number holds: such points follow those of more weight.
#[test]
fn points_of_next_to_no_weight_get_coordinates() {
    let points = double_well_draws(0.3, 800, 6);
    let weights: Vec<f64> = points
        .chunks(2)
        .map(|point| -double_well(300.0, point))
        .collect();
    let least = weights.iter().copied().fold(0.0, f64::min);
    assert!(least < -2000.0, "{least}");
    for neighbors in [None, Some(80)] {
        let config = fixed(3, 0.1).with_neighbors(neighbors);
        let map = config.fit_to_target(&draws(&points, 2), &weights).unwrap();
        assert!(map.coordinates().iter().all(|x| x.is_finite()));
        let again = map.extend(&draws(&points, 2)).unwrap();
        let off = largest_difference(&again, map.coordinates());
        assert!(off < 1e-8, "{off}");
        // The first coordinate tells the wells apart.
        let side = |at: usize| points[2 * at].signum() * map.coordinates()[(at, 1)].signum();
        let sure: Vec<usize> = (0..800).filter(|&at| points[2 * at].abs() > 0.5).collect();
        assert!(sure.iter().all(|&at| side(at) == side(sure[0])));
    }
}
