//! Level sets and the landmarks that go with them.

use tati_core::analytic::DoubleWell;
use tati_landscape::{
    Bins, BlockBootstrapConfig, CollectiveVariable, Draws, FreeEnergyProfileConfig, LevelSets,
    LevelSetsConfig,
};

use super::wells::{self, Moves, Sampled, deviations, largest};

/// A double well along x, with the spring y²/2 about x² across it.
fn bent_well(num_draws: usize) -> (Vec<f64>, Vec<f64>) {
    let well = DoubleWell::new(1.0).unwrap();
    let moves = Moves {
        step: 1.2,
        thinning: 2,
        seed: 6,
    };
    let along = Sampled::from(&well, 2.0, &[&[-1.0], &[1.0]], num_draws / 2, moves);
    let mut theta = Vec::new();
    for (draw, x) in along.theta.iter().enumerate() {
        let across = ((draw * draw) as f64 * 0.37).sin();
        theta.extend([*x, x * x + 0.3 * across]);
    }
    (along.theta, theta)
}

fn level_sets(values: &[f64], theta: &[f64], half_width: Option<f64>) -> LevelSets {
    let num_draws = values.len();
    let draws = Draws::from_f64(theta, [2, num_draws / 2, 2]).unwrap();
    let variable = CollectiveVariable::new(values, &[num_draws / 2; 2]).unwrap();
    LevelSetsConfig::new(2.0)
        .with_num_levels(15)
        .with_half_width(half_width)
        .compute(&variable, &draws)
        .unwrap()
}

#[test]
fn level_sets_that_touch_are_a_histogram() {
    let (values, theta) = bent_well(4000);
    let found = level_sets(&values, &theta, None);
    let variable = CollectiveVariable::new(&values, &[2000; 2]).unwrap();
    let histogram = FreeEnergyProfileConfig::new(2.0)
        .with_bins(Bins::Count(15))
        .compute(&variable)
        .unwrap();
    assert_eq!(found.profile.num_draws(), histogram.num_draws());
    assert_eq!(found.profile.coordinate, histogram.coordinate);
    let pairs = found
        .profile
        .free_energy()
        .iter()
        .zip(histogram.free_energy());
    for (a, b) in pairs {
        assert!(a == b || (a - b).abs() < 1e-12, "{a} {b}");
    }
    let total: f64 = found.profile.shares().iter().sum();
    assert!((total - 1.0).abs() < 1e-12);
}

/// 13 levels within 3.5 errors each: a false alarm in 160. Their density is normalised whatever the width.
#[test]
fn narrow_level_sets_have_the_density_at_their_level() {
    let (values, theta) = bent_well(100_000);
    let found = level_sets(&values, &theta, Some(0.02));
    // The outermost levels hold next to nothing.
    let levels = found.profile.intervals.iter();
    let theory: Vec<f64> = levels
        .map(|interval| wells::double_well(1.0, 2.0, interval)[0])
        .collect();
    let scores = deviations(&found.profile, &theory);
    assert!(largest(&scores[1..14]) < 3.5, "{scores:?}");
    assert!(found.profile.shares().iter().sum::<f64>() < 0.5);
    assert!(
        found
            .profile
            .intervals
            .iter()
            .all(|[low, high]| (high - low - 0.04).abs() < 1e-12)
    );
}

#[test]
fn each_landmark_is_in_its_level_set_and_nearest_to_the_one_before() {
    let (values, theta) = bent_well(4000);
    let found = level_sets(&values, &theta, Some(0.05));
    let at = |draw: usize| [theta[2 * draw], theta[2 * draw + 1]];
    let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let sets: Vec<Vec<usize>> = found
        .profile
        .coordinate
        .iter()
        .map(|level| {
            (0..4000)
                .filter(|draw| (values[*draw] - level).abs() < 0.05)
                .collect()
        })
        .collect();
    let lowest = found
        .profile
        .free_energy()
        .iter()
        .position(|f| *f == 0.0)
        .unwrap();
    let of_lowest = sets[lowest].iter();
    let sum = of_lowest.fold([0.0; 2], |sum, draw| {
        [sum[0] + at(*draw)[0], sum[1] + at(*draw)[1]]
    });
    let mean = sum.map(|sum| sum / sets[lowest].len() as f64);
    let nearest = |set: &[usize], place: [f64; 2]| {
        let by =
            |a: &&usize, b: &&usize| distance(at(**a), place).total_cmp(&distance(at(**b), place));
        set.iter().min_by(by).copied()
    };
    let first = found.landmarks[lowest].unwrap();
    assert_eq!(Some(first), nearest(&sets[lowest], mean));
    let upwards: Vec<usize> = (lowest + 1..15).collect();
    let downwards: Vec<usize> = (0..lowest).rev().collect();
    for levels in [upwards, downwards] {
        let mut before = first;
        for level in levels {
            let expected = nearest(&sets[level], at(before));
            assert_eq!(found.landmarks[level], expected, "{level}");
            before = expected.unwrap_or(before);
        }
    }
    // Ascending along the variable, pair by pair with the levels.
    let along: Vec<f64> = found
        .landmarks
        .iter()
        .flatten()
        .map(|draw| values[*draw])
        .collect();
    assert!(along.is_sorted(), "{along:?}");
}

#[test]
fn a_level_without_draws_is_infinite_and_has_no_landmark() {
    let values: Vec<f64> = (0..100)
        .map(|i| f64::from(i % 2) + 0.01 * f64::from(i * i % 7))
        .collect();
    let draws = Draws::from_f64(&values, [1, 100, 1]).unwrap();
    let variable = CollectiveVariable::new(&values, &[100]).unwrap();
    let found = LevelSetsConfig::new(1.0)
        .with_num_levels(5)
        .with_bootstrap(BlockBootstrapConfig::new().with_num_resamples(0))
        .compute(&variable, &draws)
        .unwrap();
    assert_eq!(
        found
            .landmarks
            .iter()
            .map(Option::is_some)
            .collect::<Vec<_>>(),
        [true, false, false, false, true]
    );
    let infinite = found.profile.free_energy().iter().map(|f| f.is_infinite());
    assert_eq!(
        infinite.collect::<Vec<_>>(),
        [false, true, true, true, false]
    );
}
