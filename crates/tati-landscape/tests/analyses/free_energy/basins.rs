//! Basins: noise makes none, and chains that never crossed are told apart.

use tati_core::analytic::Harmonic;
use tati_landscape::{Bins, BlockBootstrapConfig, CollectiveVariable, FreeEnergyProfileConfig};

use super::wells::{Moves, Sampled};

/// A well without barriers, in bins so narrow that its profile is ragged: none of 60 runs has a barrier of 5 errors, and most would have one of 1.
#[test]
fn noise_makes_no_barriers() {
    let well = Harmonic::new(vec![1.0]).unwrap();
    let mut ragged = 0;
    for seed in 0..60 {
        let moves = Moves {
            step: 2.0,
            thinning: 1,
            seed,
        };
        let sampled = Sampled::from(&well, 1.0, &[&[0.0], &[0.5]], 4000, moves);
        let variable = CollectiveVariable::new(&sampled.theta, &sampled.chain_lengths).unwrap();
        let found = FreeEnergyProfileConfig::new(1.0)
            .with_bins(Bins::Count(60))
            .compute(&variable)
            .unwrap();
        let basins = found.basins(5.0).unwrap();
        assert_eq!(basins.basins.len(), 1, "seed {seed}: {basins:?}");
        assert!((basins.basins[0].population - 1.0).abs() < 1e-12);
        assert_eq!(basins.basins[0].cells.len(), 60);
        assert!(basins.barriers.is_empty());
        ragged += usize::from(found.basins(1.0).unwrap().basins.len() > 1);
    }
    assert!(ragged > 30, "{ragged}");
}

/// Many short chains in two wells that none of them crossed between: the barrier is infinite, populations are those of the starts, and
/// their error is that of choosing chains.
#[test]
fn wells_that_no_chain_connects_are_two_basins() {
    let well = Harmonic::new(vec![1.0]).unwrap();
    let moves = Moves {
        step: 2.0,
        thinning: 2,
        seed: 3,
    };
    let sampled = Sampled::from(&well, 4.0, &[&[0.0][..]; 64], 200, moves);
    let apart = |(draw, x): (usize, &f64)| if draw / 200 < 48 { x - 4.0 } else { x + 4.0 };
    let values: Vec<f64> = sampled.theta.iter().enumerate().map(apart).collect();
    let variable = CollectiveVariable::new(&values, &sampled.chain_lengths).unwrap();
    let found = FreeEnergyProfileConfig::new(4.0)
        .with_bins(Bins::Count(40))
        .compute(&variable)
        .unwrap();
    let basins = found.basins(5.0).unwrap();
    assert_eq!(basins.basins.len(), 2, "{basins:?}");
    assert_eq!(basins.barriers[0].heights, [f64::INFINITY; 2]);
    assert!(basins.barriers[0].errors[0].is_nan());
    let left = &basins.basins[0];
    assert!((left.population - 0.75).abs() < 1e-12);
    // The binomial error of 64 chains, sqrt(0.75 · 0.25/64) = 0.054; of 200 resamples, within 25 %.
    assert!(
        (left.population_error / 0.054 - 1.0).abs() < 0.25,
        "{left:?}"
    );

    // Two chains that stay apart have no error to give.
    let two = CollectiveVariable::new(&values[47 * 200..49 * 200], &[200, 200]).unwrap();
    let refused = FreeEnergyProfileConfig::new(4.0).compute(&two).unwrap_err();
    assert!(
        refused.to_string().contains("autocorrelation time"),
        "{refused}"
    );
    let without = BlockBootstrapConfig::new().with_num_resamples(0);
    let found = FreeEnergyProfileConfig::new(4.0)
        .with_bootstrap(without)
        .compute(&two);
    assert!(found.unwrap().basins(5.0).is_err());
}
