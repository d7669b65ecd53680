//! What is exact: counts by hand, marginals of planes, threads and seeds.

use tati_landscape::{
    Bins, BlockBootstrapConfig, CollectiveVariable, FreeEnergyPlaneConfig, FreeEnergyProfile,
    FreeEnergyProfileConfig,
};

/// Numbers of no pattern between 0 and 1.
fn scattered(count: u32, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}

fn in_bins(values: &[f64], edges: &[f64], log_weights: Option<&[f64]>) -> FreeEnergyProfile {
    let variable = CollectiveVariable::new(values, &[values.len()]).unwrap();
    let variable = match log_weights {
        Some(log_weights) => variable.with_log_weights(log_weights).unwrap(),
        None => variable,
    };
    FreeEnergyProfileConfig::new(0.5)
        .with_bins(Bins::Edges(edges.to_vec()))
        .with_bootstrap(BlockBootstrapConfig::new().with_num_resamples(0))
        .compute(&variable)
        .unwrap()
}

#[test]
fn twelve_draws_by_hand() {
    let values = [0.1, 0.2, 0.3, 0.4, 1.5, 1.6, 2.5, -1.0, 9.0, 0.6, 0.7, 3.0];
    let edges = [0.0, 1.0, 3.0, 5.0];
    let found = in_bins(&values, &edges, None);
    assert_eq!(found.num_draws(), [6, 3, 1]);
    assert_eq!(found.coordinate, [0.5, 2.0, 4.0]);
    assert_eq!(found.intervals, [[0.0, 1.0], [1.0, 3.0], [3.0, 5.0]]);
    // Draws outside count for the density.
    assert!((found.minimum() - 2.0 * 2_f64.ln()).abs() < 1e-14);
    let relative_density = [1.0_f64, 0.25, 1.0 / 12.0];
    for (free_energy, relative) in found.free_energy().iter().zip(relative_density) {
        assert!((free_energy + 2.0 * relative.ln()).abs() < 1e-14);
    }
    assert!(found.error().iter().all(|error| error.is_nan()));

    // Weights of 2 for the draws of the second bin.
    let log_weights: Vec<f64> = values
        .iter()
        .map(|q| {
            if (1.0..3.0).contains(q) {
                2_f64.ln()
            } else {
                0.0
            }
        })
        .collect();
    let found = in_bins(&values, &edges, Some(&log_weights));
    for (share, expected) in found.shares().iter().zip([6.0, 6.0, 1.0]) {
        assert!((share - expected / 15.0).abs() < 1e-15);
    }
    assert!((found.bootstrap.draws_by_weight - 225.0 / 21.0).abs() < 1e-12);
}

#[test]
fn bins_without_draws_are_infinite_and_have_no_error() {
    let values = scattered(1000, 1);
    let variable = CollectiveVariable::new(&values, &[1000]).unwrap();
    let found = FreeEnergyProfileConfig::new(1.0)
        .with_bins(Bins::Edges(vec![-2.0, -1.0, 0.0, 0.5, 1.0, 2.0]))
        .compute(&variable)
        .unwrap();
    let empty = [true, true, false, false, true];
    assert_eq!(
        found
            .num_draws()
            .iter()
            .map(|n| *n == 0)
            .collect::<Vec<_>>(),
        empty
    );
    for (bin, empty) in empty.into_iter().enumerate() {
        assert_eq!(found.free_energy()[bin] == f64::INFINITY, empty);
        assert_eq!(found.error()[bin].is_nan(), empty);
    }
}

#[test]
fn a_plane_summed_over_one_variable_is_the_profile_of_the_other() {
    let (x, y) = (scattered(3000, 2), scattered(3000, 3));
    let variable = CollectiveVariable::new(&x, &[1000, 2000]).unwrap();
    let plane = FreeEnergyPlaneConfig::new(3.0)
        .with_bins([Bins::Count(7), Bins::Count(5)])
        .compute(&variable, &y)
        .unwrap();
    let free_energy = plane.free_energy();
    assert_eq!(free_energy.shape(), (7, 5));
    let profile = FreeEnergyProfileConfig::new(3.0)
        .with_bins(Bins::Edges(plane.edges[0].clone()))
        .compute(&variable)
        .unwrap();
    assert_eq!(profile.coordinate, plane.coordinates[0]);
    let side = |axis: usize, bin: usize| plane.edges[axis][bin + 1] - plane.edges[axis][bin];
    for row in 0..7 {
        let columns = (0..5).map(|column| {
            let density = (-3.0 * (free_energy[(row, column)] + plane.minimum())).exp();
            density * side(0, row) * side(1, column)
        });
        let share: f64 = columns.sum();
        assert!((share - profile.shares()[row]).abs() < 1e-12, "{row}");
    }
    assert!((profile.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn neither_threads_nor_a_constant_weight_change_anything_but_the_seed_does() {
    let values = scattered(5000, 4);
    let variable = CollectiveVariable::new(&values, &[2000, 3000]).unwrap();
    let with = |seed: u64| {
        FreeEnergyProfileConfig::new(1.0)
            .with_bootstrap(BlockBootstrapConfig::new().with_seed(seed))
            .compute(&variable)
            .unwrap()
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| with(7))
    };
    let one = on(1);
    assert_eq!(one, on(4));
    let other = with(8);
    assert_eq!(one.free_energy(), other.free_energy());
    assert_ne!(one.error(), other.error());

    let log_weights = vec![-3e5; 5000];
    let weighted = variable.clone().with_log_weights(&log_weights).unwrap();
    let weighted = FreeEnergyProfileConfig::new(1.0)
        .with_bootstrap(BlockBootstrapConfig::new().with_seed(7))
        .compute(&weighted)
        .unwrap();
    assert_eq!(one, weighted);
}

/// Errors of independent draws are those of the binomial distribution, sqrt((1 − p)/(np))/β, to the noise of 2,000 resamples: 1.6 % each, 7 % is
/// more than four of them.
#[test]
fn errors_of_independent_draws_are_binomial() {
    let values = scattered(20_000, 5);
    let variable = CollectiveVariable::new(&values, &[20_000]).unwrap();
    let bootstrap = BlockBootstrapConfig::new()
        .with_num_resamples(2000)
        .with_block_length(Some(1));
    let found = FreeEnergyProfileConfig::new(4.0)
        .with_bins(Bins::Edges(vec![0.0, 0.1, 0.4, 0.45, 1.0]))
        .with_bootstrap(bootstrap)
        .compute(&variable)
        .unwrap();
    for (share, error) in found.shares().iter().zip(found.error()) {
        let expected = ((1.0 - share) / (20_000.0 * share)).sqrt() / 4.0;
        assert!((error / expected - 1.0).abs() < 0.07, "{error} {expected}");
    }
    // Few of them are correlated by chance.
    assert!(found.bootstrap.autocorrelation_time < 1.2);
}
