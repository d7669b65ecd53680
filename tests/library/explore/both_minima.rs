//! Both minima are found, or one where they are taken as copies of each other.

use rayon::prelude::*;
use tati::landscape::UnitSymmetry;
use tati::models::Mlp;
use tati::samplers::{ChainConfig, ChainSampler, Draw};
use tati::workflow::Exploration;

use super::{INVERSE_TEMPERATURE, STEP_SIZE, TwoWeights, baoab, config, explorer, two_weights};

/// Potential without its prior at 0, where the network answers 0 to labels of ±1.
const SADDLE: f64 = 1.0;

/// The control: of single chains with as many steps as the longest exploration has in all its chains, a third or so stay in
/// the basin where they begin.
#[test]
fn both_minima_are_found_from_one_start_with_every_seed() {
    const SEEDS: u32 = 20;

    let folder = tempfile::tempdir().expect("a folder");
    let steps: Vec<u64> = (0..SEEDS)
        .into_par_iter()
        .map(|seed| {
            let config = config(u64::from(seed));
            let out = folder.path().join(seed.to_string());
            let found = explorer(&config, &two_weights()).run(out).expect("a run");
            assert_eq!(found.seed, u64::from(seed));
            assert_both_minima(&found, config.num_corners);
            (found.rounds.len() * config.num_chains) as u64 * config.chain.num_steps
        })
        .collect();
    let most_steps = steps.into_iter().max().expect("a seed");
    let stay = (0..SEEDS)
        .into_par_iter()
        .filter(|&seed| !leaves(two_weights(), u64::from(seed), most_steps))
        .count();
    println!("{stay} of {SEEDS} single chains of {most_steps} steps stay in their basin");
    assert!(stay >= 4, "{stay} of {SEEDS} chains stay");
}

fn assert_both_minima(found: &Exploration, num_corners: usize) {
    let minima = &found.minima.minima;
    assert_eq!(minima.len(), 2, "seed {}: {minima:?}", found.seed);
    let quenches: usize = minima.iter().map(|minimum| minimum.num_quenches).sum();
    assert_eq!(quenches, 2 * num_corners);
    let [first, second] = [&minima[0].point, &minima[1].point];
    for (a, b) in first.position.iter().zip(&second.position) {
        assert!((a + b).abs() < 1e-3 && a.abs() > 0.3, "{minima:?}");
    }
    for point in [first, second] {
        assert_eq!((point.hessian.index, point.hessian.num_flat), (0, 0));
        assert!(point.hessian.converged && point.gradient_norm <= 1e-5);
    }
    let [barrier] = &found.barriers[..] else {
        panic!("{} barriers", found.barriers.len());
    };
    assert!(barrier.path.converged);
    let [saddle] = &barrier.path.saddles[..] else {
        panic!("{:?}", barrier.path.saddles);
    };
    assert_eq!(saddle.hessian.index, 1);
    assert!(saddle.position.iter().all(|weight| weight.abs() < 1e-3));
    let height = SADDLE - first.potential;
    assert!((barrier.path.profile.barrier_from_start() - height).abs() < 1e-5);
    assert!((barrier.line.barrier_from_end() - height).abs() < 1e-5);
}

/// Whether one chain of so many steps comes into the other basin.
fn leaves((model, potential): TwoWeights, seed: u64, steps: u64) -> bool {
    let sampler =
        ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE).with_seed(Some(seed)), STEP_SIZE);
    let mut leaves = false;
    let mut look = |draw: &Draw<'_, Mlp>| {
        let mut weights = draw
            .position
            .to_data()
            .iter::<f32>()
            .collect::<Vec<_>>()
            .into_iter();
        leaves |= weights.all(|weight| weight < -0.2);
        Ok(())
    };
    ChainConfig::new(steps)
        .with_thinning(10)
        .init(model, potential, sampler)
        .expect("a chain")
        .with_observer(&mut look)
        .run()
        .expect("a run");
    leaves
}

#[test]
fn copies_under_a_symmetry_are_one_minimum() {
    let network = two_weights();
    let layout = network.1.layout();
    let symmetry = UnitSymmetry::of_linear_layers(layout, &["layers.0", "layers.1"], true)
        .expect("a symmetry");
    let folder = tempfile::tempdir().expect("a folder");
    let found = explorer(&config(3), &network)
        .with_symmetry(&symmetry)
        .run(folder.path().join("out"))
        .expect("a run");
    assert_eq!((found.minima.minima.len(), found.barriers.len()), (1, 0));
    assert_eq!(found.minima.minima[0].num_quenches, 16);
}
