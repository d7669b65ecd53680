//! How explorations end.

use tati::TatiError;
use tati::samplers::ChainSampler;
use tati::workflow::ExplorationEnd;

use super::{BANDWIDTH, INVERSE_TEMPERATURE, baoab, explorer, short, two_weights};

#[test]
fn an_exploration_ends_when_it_has_settled_or_its_rounds_are_spent() {
    let network = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, tolerance: f64| {
        let config = short().with_tolerance(tolerance);
        let out = folder.path().join(name);
        explorer(&config, &network).run(out).expect("a run")
    };
    // Any change counts as none: two changes are seen after three rounds.
    let settled = run("settled", 1e9);
    assert_eq!(
        (settled.end, settled.rounds.len()),
        (ExplorationEnd::Settled, 3)
    );
    let spent = run("spent", 1e-9);
    assert_eq!(
        (spent.end, spent.rounds.len()),
        (ExplorationEnd::RoundsSpent, 3)
    );
    assert_eq!(settled.rounds, spent.rounds);

    let changes: Vec<_> = spent.rounds.iter().map(|round| round.change).collect();
    assert!(changes[0].is_none() && changes[1..].iter().all(Option::is_some));
    for (number, round) in spent.rounds.iter().enumerate() {
        assert_eq!(round.num_points, 20 * (number + 1));
        assert_eq!((round.bandwidth, round.eigenvalues.len()), (BANDWIDTH, 2));
        assert_eq!((round.corners.len(), round.lowest.len()), (3, 3));
        for (corner, lowest) in round.corners.iter().zip(&round.lowest) {
            assert!(lowest.potential <= corner.potential);
            assert!(corner.chain < 2 * (number + 1) && corner.draw < 10);
        }
    }
    // The corner with the largest first coordinate is the first.
    let first = |round: usize, corner: usize| spent.rounds[round].corners[corner].coordinates[0];
    assert!((0..3).all(|round| (1..3).all(|corner| first(round, corner) <= first(round, 0))));
}

#[test]
fn a_chain_that_diverges_ends_the_exploration() {
    let (model, potential) = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let wild = ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE), 1e6);
    let explorer = short().init(&model, &potential, &wild);
    let found = explorer
        .expect("an exploration")
        .run(folder.path().join("out"));
    assert!(matches!(found, Err(TatiError::NotFinite { .. })));
}
