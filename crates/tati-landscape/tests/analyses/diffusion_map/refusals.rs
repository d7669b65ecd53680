//! What makes no diffusion map is refused, and the message says why.

use tati_landscape::{Bandwidth, DiffusionMapConfig, Draws};

use super::{draws, fit, fixed, normals};

#[test]
fn what_makes_no_map_is_refused() {
    let points = normals(60, 8);
    let config = DiffusionMapConfig::new(2);
    let near = |count| DiffusionMapConfig::new(2).with_neighbors(Some(count));
    let message = |config: &DiffusionMapConfig, points: &[f64], width| {
        config.fit(&draws(points, width)).unwrap_err().to_string()
    };
    let refused = |config: &DiffusionMapConfig, part: &str| {
        let message = message(config, &points, 2);
        assert!(message.contains(part), "{message}");
    };
    refused(&near(31), "`neighbors` is 31: it must be from 2 to 30");
    refused(&near(1), "`neighbors` is 1: it must be from 2 to 30");
    refused(&DiffusionMapConfig::new(31), "`num_eigenpairs` is 31");
    refused(&DiffusionMapConfig::new(0), "`num_eigenpairs` is 0");
    refused(&fixed(2, 0.0), "`bandwidth` is 0");
    refused(
        &fixed(2, 1e-9),
        "30 parts without a step between them, one of 1 with point 0",
    );
    refused(
        &config.clone().with_density_exponent(f64::NAN),
        "`density_exponent` is NaN",
    );
    refused(
        &config.clone().with_bandwidth_factor(0.0),
        "`bandwidth_factor` is 0",
    );
    let variable = |bandwidth| DiffusionMapConfig::new(2).with_bandwidth(bandwidth);
    refused(
        &variable(Bandwidth::NeighborDistance(31)),
        "is 31: it must be from 2 to 30",
    );
    refused(&variable(Bandwidth::DensityPower(f64::NAN)), "is NaN");
    let few = near(7).with_bandwidth(Bandwidth::DensityPower(-0.5));
    refused(&few, "`neighbors` is 7: it must be at least 8");
    for config in [config.clone(), near(20)] {
        let needed = config.memory_needed(&draws(&points, 2));
        refused(
            &config.clone().with_memory(needed - 1),
            &format!("at least {needed} bytes for 30 points of 2 parameters"),
        );
        fit(&config.with_memory(needed), &points, 2);
    }
    let one = message(&config, &points, 60);
    assert!(one.contains("`number of points` is 1"), "{one}");
    for config in [config.clone(), near(5)] {
        let equal = message(&config, &[1.5; 60], 2);
        assert!(
            equal.contains("all points are equal to their neighbours"),
            "{equal}"
        );
    }
    // Far apart all of them, or one from the others.
    let far = points.iter().map(|x| 1e160 * x).collect();
    let mut one_far = normals(200, 9);
    one_far[199] = 3e154;
    for far in [far, one_far] {
        for config in [config.clone(), near(5)] {
            let found = message(&config, &far, 2);
            assert!(found.contains("scale the parameters down"), "{found}");
        }
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let mut points = points.clone();
        points[17] = bad;
        let found = message(&config, &points, 2);
        assert!(
            found.contains(&format!("parameter 1 of draw 8 of chain 0 is {bad}")),
            "{found}"
        );
    }
    let mut copies = points.clone();
    copies.extend([points[0], points[1]].repeat(10));
    let found = message(&variable(Bandwidth::DensityPower(-0.5)), &copies, 2);
    assert!(
        found.contains("0 at point 0, which is the same as its 7 nearest"),
        "{found}"
    );
    let draws = draws(&points, 2);
    let found = config.fit_to_target(&draws, &[0.0; 29]).unwrap_err();
    assert!(
        found
            .to_string()
            .contains("expected 30, the number of points, found 29")
    );
    for bad in [f64::NEG_INFINITY, f64::NAN] {
        let mut weights = vec![0.0; 30];
        weights[3] = bad;
        let found = config
            .fit_to_target(&draws, &weights)
            .unwrap_err()
            .to_string();
        assert!(found.contains("the log weight of point 3"), "{found}");
    }
    let map = config.fit(&draws).unwrap();
    let other = Draws::from_f64(&points, [1, 20, 3]).unwrap();
    let found = map.extend(&other).unwrap_err().to_string();
    assert!(found.contains("expected 2, found 3"), "{found}");
}
