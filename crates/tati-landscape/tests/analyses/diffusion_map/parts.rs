//! Points in parts that no step leads between.

use super::{circle, draws, fit, fixed, largest_difference};

#[test]
fn parts_have_an_eigenvalue_of_zero_each() {
    let mut points = circle(300);
    points.extend(circle(200).iter().map(|x| x + 100.0));
    points.extend([1000.0, 0.0]);
    let config = fixed(8, 1e-2).with_neighbors(Some(20));
    for config in [config.clone(), config.with_neighbors(None)] {
        let map = fit(&config, &points, 2);
        let parts: Vec<usize> = (0..501)
            .map(|at| [0, 1, 2][usize::from(at >= 300) + usize::from(at >= 500)])
            .collect();
        assert_eq!(map.parts(), parts);
        let zeros = map.eigenvalues().iter().filter(|value| **value == 0.0);
        assert_eq!(zeros.count(), 3);
        // Each circle has its own.
        let [first, last] = [map.eigenvalues()[3], map.eigenvalues()[6]];
        assert!(first < -0.3 && (config.neighbors.is_some() || (last / first - 1.0).abs() < 1e-6));
        for (at, part) in parts.iter().enumerate() {
            let coordinates = [1, 2].map(|number| map.coordinates()[(at, number)]);
            let first = parts.iter().position(|other| other == part).unwrap();
            let expected = [1, 2].map(|number| map.coordinates()[(first, number)]);
            assert_eq!(coordinates, expected);
        }
        if config.neighbors.is_none() {
            let again = map.extend(&draws(&points, 2)).unwrap();
            let off = largest_difference(&again, map.coordinates());
            assert!(off < 1e-8, "{off}");
        }
    }
}
