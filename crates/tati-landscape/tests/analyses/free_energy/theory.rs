//! Profiles and planes of the double well and of Müller-Brown beside quadrature. Seeds are fixed; the chance of a false alarm is said at each test.

use tati_core::analytic::{DoubleWell, MuellerBrown};
use tati_landscape::{
    Barrier, Bins, CollectiveVariable, FreeEnergyPlaneConfig, FreeEnergyProfile,
    FreeEnergyProfileConfig, reweighting_log_weights,
};

use super::wells::{self, Moves, Sampled, deviations, edges, energy, largest};

const BARRIER: f64 = 2.0;

fn double_well(inverse_temperature: f64, num_draws: usize, seed: u64) -> Sampled {
    let moves = Moves {
        step: 1.0,
        thinning: 1,
        seed,
    };
    let well = DoubleWell::new(BARRIER).unwrap();
    let starts: [&[f64]; 4] = [&[-1.0], &[1.0], &[-1.0], &[1.0]];
    Sampled::from(&well, inverse_temperature, &starts, num_draws, moves)
}

fn profile(
    values: &[f64],
    sampled: &Sampled,
    inverse_temperature: f64,
    edges: &[f64],
) -> FreeEnergyProfile {
    let variable = CollectiveVariable::new(values, &sampled.chain_lengths).unwrap();
    FreeEnergyProfileConfig::new(inverse_temperature)
        .with_bins(Bins::Edges(edges.to_vec()))
        .compute(&variable)
        .unwrap()
}

/// 32 bins within 3 errors each: a false alarm in 12. The control is theory at a β that is wrong by 10 %, and the analysis with such a β.
#[test]
fn the_double_well_is_that_of_quadrature_in_every_bin() {
    let beta = 2.0;
    let sampled = double_well(beta, 150_000, 11);
    let edges = edges(-1.6, 1.6, 32);
    let found = profile(&sampled.theta, &sampled, beta, &edges);
    let scores = deviations(&found, &wells::double_well(BARRIER, beta, &edges));
    assert!(largest(&scores) < 3.0, "{scores:?}");

    let wrong = deviations(&found, &wells::double_well(BARRIER, 1.1 * beta, &edges));
    assert!(largest(&wrong) > 4.0, "{wrong:?}");
    let wrong = profile(&sampled.theta, &sampled, 1.1 * beta, &edges);
    let wrong = deviations(&wrong, &wells::double_well(BARRIER, beta, &edges));
    assert!(largest(&wrong) > 4.0, "{wrong:?}");

    // Two basins of one half each, and the barrier from both sides.
    let basins = found.basins(5.0).unwrap();
    assert_eq!(basins.basins.len(), 2, "{basins:?}");
    for (basin, minimum) in basins.basins.iter().zip(DoubleWell::MINIMA) {
        assert!((basin.position[0] - minimum).abs() < 0.1, "{basin:?}");
        let score = (basin.population - 0.5) / basin.population_error;
        assert!(
            score.abs() < 3.0 && basin.population_error < 0.02,
            "{basin:?}"
        );
    }
    let barrier = &basins.barriers[0];
    assert!(barrier.position[0].abs() < 0.15, "{barrier:?}");
    for (height, error) in barrier.heights.into_iter().zip(barrier.errors) {
        assert!((height / BARRIER - 1.0).abs() < 0.05, "{barrier:?}");
        assert!((height - BARRIER).abs() < 4.0 * error, "{barrier:?}");
    }
}

/// Draws at β₀ = 1 stand for β = 2. 24 bins within 3 errors each: a false alarm in 15. Without the weights they do not.
#[test]
fn draws_of_another_temperature_are_reweighted() {
    let (sampled_at, beta) = (1.0, 2.0);
    let sampled = double_well(sampled_at, 150_000, 2);
    let edges = edges(-1.5, 1.5, 24);
    let theory = wells::double_well(BARRIER, beta, &edges);
    let reweighted = |shift: f64| {
        let potentials: Vec<f64> = sampled.potentials.iter().map(|u| u + shift).collect();
        let log_weights = reweighting_log_weights(&potentials, sampled_at, beta).unwrap();
        let variable = CollectiveVariable::new(&sampled.theta, &sampled.chain_lengths)
            .and_then(|variable| variable.with_log_weights(&log_weights));
        FreeEnergyProfileConfig::new(beta)
            .with_bins(Bins::Edges(edges.clone()))
            .compute(&variable.unwrap())
            .unwrap()
    };
    let found = reweighted(0.0);
    let scores = deviations(&found, &theory);
    assert!(largest(&scores) < 3.0, "{scores:?}");
    assert!(found.bootstrap.draws_by_weight < 0.9 * 600_000.0);
    let basins = found.basins(5.0).unwrap();
    assert_eq!(basins.barriers.len(), 1);
    for height in basins.barriers[0].heights {
        assert!((height / BARRIER - 1.0).abs() < 0.05, "{basins:?}");
    }

    let shifted = reweighted(1e6);
    for (a, b) in found.free_energy().iter().zip(shifted.free_energy()) {
        assert!((a - b).abs() < 1e-8, "{a} {b}");
    }
    let unweighted = profile(&sampled.theta, &sampled, beta, &edges);
    assert!(largest(&deviations(&unweighted, &theory)) > 10.0);

    // It agrees with the free energy of draws at β itself.
    let direct = double_well(beta, 150_000, 3);
    let direct = profile(&direct.theta, &direct, beta, &edges);
    for bin in 0..24 {
        let of = |profile: &FreeEnergyProfile| profile.free_energy()[bin] + profile.minimum();
        let error = found.error()[bin].hypot(direct.error()[bin]);
        assert!((of(&found) - of(&direct)).abs() < 3.5 * error, "bin {bin}");
    }
}

const MUELLER_BROWN_BETA: f64 = 0.04;

fn mueller_brown(num_draws: usize, seed: u64) -> Sampled {
    let moves = Moves {
        step: 0.25,
        thinning: 4,
        seed,
    };
    let starts: Vec<&[f64]> = MuellerBrown::MINIMA.iter().map(|at| &at[..]).collect();
    Sampled::from(&MuellerBrown, MUELLER_BROWN_BETA, &starts, num_draws, moves)
}

/// 24 bins along x and 24 along y within 3 errors each: a false alarm in 8. The control is a β that is wrong by 10 %.
#[test]
fn both_coordinates_of_mueller_brown_are_those_of_quadrature_in_every_bin() {
    let beta = MUELLER_BROWN_BETA;
    let sampled = mueller_brown(150_000, 4);
    for (axis, low, high) in [(0, -1.3, 1.1), (1, -0.3, 1.9)] {
        let edges = edges(low, high, 24);
        let range = wells::whole_range(1 - axis);
        let theory = |beta: f64| -> Vec<f64> {
            let planes = if axis == 0 {
                wells::mueller_brown(beta, [&edges, &range])
            } else {
                wells::mueller_brown(beta, [&range, &edges])
            };
            let along = planes.iter();
            along.map(|f| wells::marginal(beta, *f, range)).collect()
        };
        let found = profile(&sampled.coordinate(axis), &sampled, beta, &edges);
        let exact = theory(beta);
        let scores = deviations(&found, &exact);
        assert!(largest(&scores) < 3.0, "{axis}: {scores:?}");
        let wrong = deviations(&found, &theory(1.1 * beta));
        assert!(largest(&wrong) > 5.0, "{axis}: {wrong:?}");

        // The middle basin is hidden along x, and shows along y.
        let basins = found.basins(5.0).unwrap();
        assert_eq!(basins.basins.len(), 2 + axis, "{axis}: {basins:?}");
        for barrier in &basins.barriers {
            let sides = barrier.between.map(|basin| &basins.basins[basin]);
            let between = &exact[sides[0].minimum..sides[1].minimum];
            let top = between.iter().copied().fold(f64::MIN, f64::max);
            assert_heights(
                barrier,
                sides.map(|basin| {
                    let inside = basin.cells.iter().map(|cell| exact[*cell]);
                    top - inside.fold(f64::MAX, f64::min)
                }),
            );
        }
        for (number, basin) in basins.basins.iter().enumerate() {
            let share = |cell: usize| (-beta * exact[cell]).exp() * (edges[1] - edges[0]);
            let own: f64 = basin.cells.iter().map(|cell| share(*cell)).sum();
            let whole: f64 = (0..24).map(share).sum();
            // A barrier's cell is shared by both sides.
            let borders = basins.barriers.iter();
            let borders = borders.filter(|barrier| barrier.between.contains(&number));
            let shared: f64 = borders
                .map(|barrier| {
                    let is_own = basin.cells.contains(&barrier.cell);
                    share(barrier.cell) * if is_own { -0.5 } else { 0.5 }
                })
                .sum();
            let score = (basin.population - (own + shared) / whole) / basin.population_error;
            assert!(score.abs() < 4.0, "{basin:?} {score}");
        }
    }
}

/// Heights of above kT are within 5 % of theory, and lower ones within 4 errors.
fn assert_heights(barrier: &Barrier, expected: [f64; 2]) {
    let sides = barrier.heights.into_iter().zip(barrier.errors);
    for ((height, error), expected) in sides.zip(expected) {
        let allowed = if MUELLER_BROWN_BETA * expected > 1.0 {
            0.05 * expected
        } else {
            4.0 * error
        };
        assert!(
            (height - expected).abs() < allowed,
            "{barrier:?} {expected}"
        );
    }
}

/// In the plane F is U and a constant. Rectangles of at least 300 draws within 4.5 errors: a false alarm in 300 for 500 of them; 60 % to 76 %
/// of them are within one.
#[test]
fn the_plane_of_mueller_brown_is_that_of_quadrature() {
    let beta = MUELLER_BROWN_BETA;
    let sampled = mueller_brown(300_000, 5);
    let edges = [edges(-1.6, 1.2, 40), edges(-0.5, 2.1, 40)];
    let theory = wells::mueller_brown(beta, [&edges[0], &edges[1]]);
    let (x, y) = (sampled.coordinate(0), sampled.coordinate(1));
    let plane = FreeEnergyPlaneConfig::new(beta)
        .with_bins(edges.map(Bins::Edges))
        .compute(
            &CollectiveVariable::new(&x, &sampled.chain_lengths).unwrap(),
            &y,
        )
        .unwrap();
    let (free_energy, error) = (plane.free_energy(), plane.error());
    let mut scores = Vec::new();
    for row in 0..40 {
        for column in 0..40 {
            let at = (row, column);
            let draws = (-beta * (free_energy[at] + plane.minimum())).exp() * 0.07 * 0.065 * 9e5;
            if draws > 300.0 {
                let deviation = free_energy[at] + plane.minimum() - theory[40 * row + column];
                scores.push(deviation / error[at]);
            } else {
                assert_eq!(free_energy[at].is_infinite(), error[at].is_nan());
            }
        }
    }
    assert!(scores.len() > 250, "{}", scores.len());
    assert!(largest(&scores) < 4.5, "{}", largest(&scores));
    let within = scores.iter().filter(|score| score.abs() < 1.0).count() as f64;
    let share = within / scores.len() as f64;
    assert!((0.6..0.76).contains(&share), "{share}");

    // All three minima, and both saddles.
    let basins = plane.basins(5.0).unwrap();
    let numbers = [0, 2, 1];
    assert_eq!(basins.basins.len(), 3, "{basins:?}");
    for (basin, minimum) in basins.basins.iter().zip(numbers) {
        for axis in 0..2 {
            let distance = basin.position[axis] - MuellerBrown::MINIMA[minimum][axis];
            assert!(distance.abs() < 0.15, "{:?}", basin.position);
        }
    }
    for (number, barrier) in basins.barriers.iter().enumerate() {
        assert_eq!(barrier.between, [number, number + 1]);
        let saddle = MuellerBrown::SADDLE_ENERGIES[number];
        let bottom = |basin: usize| MuellerBrown::MINIMUM_ENERGIES[numbers[basin]];
        assert_heights(barrier, barrier.between.map(|basin| saddle - bottom(basin)));
        let at = [barrier.position[0], barrier.position[1]];
        assert!(
            (energy(&MuellerBrown, &at) - saddle).abs() < 10.0,
            "{barrier:?}"
        );
    }
}
