//! R̂ and effective sample sizes: equal to ArviZ, invariant where they should be, the same from a store, from memory and by any
//! number of threads.

use crate::series::autoregressive;
use proptest::prelude::*;
use serde_json::Value;
use tati_core::{Precision, Trajectory, TrajectoryLayout, TrajectoryWriter};
use tati_landscape::{
    AutocorrelationEstimator, Convergence, Draws, EffectiveSampleSize, convergence,
    effective_sample_size, integrated_autocorrelation_time, r_hat, split_r_hat,
};

use EffectiveSampleSize::{Bulk, Mean, Tail};

fn references() -> Vec<Value> {
    serde_json::from_str(include_str!("../references/convergence.json")).unwrap()
}

fn chains_of(case: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(case["chains"].clone()).unwrap()
}

fn slices(chains: &[Vec<f64>]) -> Vec<&[f64]> {
    chains.iter().map(Vec::as_slice).collect()
}

/// A number of the references: `null` is NaN.
fn number(value: &Value) -> f64 {
    match value {
        Value::Null => f64::NAN,
        Value::String(infinite) => infinite.parse().unwrap(),
        number => number.as_f64().unwrap(),
    }
}

fn assert_same(found: f64, expected: f64, what: &str) {
    let same = found == expected || (found.is_nan() && expected.is_nan());
    assert!(
        same || (found / expected - 1.0).abs() < 1e-9,
        "{what}: {found}, ArviZ {expected}"
    );
}

/// A thousand times as close as asked for.
#[test]
fn all_equal_arviz() {
    let references = references();
    assert_eq!(references.len(), 31);
    for case in &references {
        let name = case["name"].as_str().unwrap();
        let chains = chains_of(case);
        let chains = slices(&chains);
        for (key, of) in [("bulk", Bulk), ("tail", Tail), ("mean", Mean)] {
            let found = effective_sample_size(&chains, of).unwrap();
            assert_same(found, number(&case[key]), &format!("{key} of {name}"));
        }
        let found = r_hat(&chains).unwrap();
        assert_same(found, number(&case["r_hat"]), &format!("R̂ of {name}"));
        let found = split_r_hat(&chains).unwrap();
        assert_same(
            found,
            number(&case["split_r_hat"]),
            &format!("split R̂ of {name}"),
        );
    }
}

#[test]
fn windows_of_sokal_equal_emcee() {
    let references = references();
    let cases: Vec<&Value> = references
        .iter()
        .filter(|case| case.get("sokal").is_some())
        .collect();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let times: Vec<f64> = serde_json::from_value(case["sokal"].clone()).unwrap();
        for (chain, expected) in chains_of(case).iter().zip(times) {
            let found = integrated_autocorrelation_time(chain, AutocorrelationEstimator::Sokal);
            assert_same(found.unwrap().time, expected, "Sokal");
        }
    }
}

/// Draws of which every parameter is another case, of one shape.
fn many_parameters() -> (Vec<f64>, [usize; 3]) {
    let shape = [3, 101, 37];
    let [num_chains, num_draws, num_parameters] = shape;
    let mut theta = vec![0.0; num_chains * num_draws * num_parameters];
    for parameter in 0..num_parameters {
        let phi = parameter as f64 / 38.0 - 0.3;
        for chain in 0..num_chains {
            let seed = (chain * num_parameters + parameter) as u64;
            let shift = if parameter == 11 { chain as f64 } else { 0.0 };
            let scale = if parameter == 23 { 0.0 } else { 1.0 };
            let series = autoregressive(phi, num_draws, seed);
            for (draw, x) in series.iter().enumerate() {
                // Rounded to f32, so that both precisions hold the same.
                let x = f64::from((scale * x + shift) as f32);
                theta[(chain * num_draws + draw) * num_parameters + parameter] = x;
            }
        }
    }
    (theta, shape)
}

fn bits(convergence: &Convergence) -> Vec<u64> {
    let all = [&convergence.r_hat, &convergence.bulk, &convergence.tail];
    all.iter()
        .flat_map(|values| values.iter().map(|x| x.to_bits()))
        .collect()
}

#[test]
fn all_parameters_at_once_are_each_by_itself() {
    let (theta, shape) = many_parameters();
    let draws = Draws::from_f64(&theta, shape).unwrap();
    let found = convergence(&draws).unwrap();
    draws
        .for_each_column_block(|block| {
            for (number, series) in block.theta.chunks_exact(3 * 101).enumerate() {
                let parameter = block.first_parameter + number;
                let chains: Vec<&[f64]> = series.chunks_exact(101).collect();
                let alone = [
                    r_hat(&chains)?,
                    effective_sample_size(&chains, Bulk)?,
                    effective_sample_size(&chains, Tail)?,
                ];
                let together = [&found.r_hat, &found.bulk, &found.tail].map(|all| all[parameter]);
                assert_eq!(
                    alone.map(f64::to_bits),
                    together.map(f64::to_bits),
                    "{parameter}"
                );
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(found.max_r_hat().unwrap().0, 11);
    assert_eq!(found.largest_r_hats(2)[0], found.max_r_hat().unwrap());
    assert!(found.largest_r_hats(2)[1].1 <= found.max_r_hat().unwrap().1);
    assert_eq!(found.constant_parameters().collect::<Vec<_>>(), [23]);
    assert_eq!(found.largest_r_hats(99).len(), 36);
    let (parameter, size) = found.min_bulk().unwrap();
    assert!(found.bulk.iter().all(|&other| other >= size) && found.bulk[parameter] == size);
    let (parameter, size) = found.min_tail().unwrap();
    assert!(found.tail.iter().all(|&other| other >= size) && found.tail[parameter] == size);
}

#[test]
fn results_depend_neither_on_threads_nor_on_memory_nor_on_precision() {
    let (theta, shape) = many_parameters();
    let single: Vec<f32> = theta.iter().map(|&x| x as f32).collect();
    let draws = Draws::from_f64(&theta, shape).unwrap();
    let expected = bits(&convergence(&draws).unwrap());
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert_eq!(
            bits(&pool.install(|| convergence(&draws)).unwrap()),
            expected
        );
    }
    for bytes in [1, 5 * 8 * 303, 1 << 20] {
        let few = draws.with_column_memory(bytes).unwrap();
        assert_eq!(bits(&convergence(&few).unwrap()), expected);
    }
    let single = Draws::from_f32(&single, shape).unwrap();
    assert_eq!(bits(&convergence(&single).unwrap()), expected);
}

#[test]
fn a_store_gives_what_memory_gives() {
    let (theta, [num_chains, num_draws, num_parameters]) = many_parameters();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    // Chunks of 20 draws, the last of them in part.
    let layout =
        TrajectoryLayout::flat(num_chains, num_parameters, Precision::F64).with_expected_draws(20);
    let mut writer = TrajectoryWriter::create(&path, &layout).unwrap();
    for (row, theta) in theta.chunks_exact(num_parameters).enumerate() {
        let draw = row % num_draws;
        writer
            .append(row / num_draws, draw as u64, theta, &[])
            .unwrap();
    }
    writer.flush().unwrap();
    let trajectory = Trajectory::open(&path).unwrap();
    let recorded = Draws::of(&trajectory).unwrap();
    let memory = Draws::from_f64(&theta, [num_chains, num_draws, num_parameters]).unwrap();
    for (burn_in, every) in [(0, 1), (13, 1), (7, 3)] {
        let [recorded, memory] = [recorded, memory].map(|draws| {
            let draws = draws.with_burn_in(burn_in).unwrap();
            draws.with_every(every).unwrap()
        });
        let expected = bits(&convergence(&memory).unwrap());
        for bytes in [1, 10 * 8 * 303, 1 << 30] {
            let recorded = recorded.with_column_memory(bytes).unwrap();
            assert_eq!(bits(&convergence(&recorded).unwrap()), expected);
        }
    }
}

#[test]
fn bad_input_is_named() {
    let message = |chains: &[&[f64]]| r_hat(chains).unwrap_err().to_string();
    assert_eq!(
        message(&[]),
        "`number of chains` is 0: it must be at least 1"
    );
    assert_eq!(
        message(&[&[1.0, 2.0, 3.0]]),
        "`number of draws` is 3: it must be at least 4"
    );
    assert_eq!(
        message(&[&[1.0; 5], &[1.0; 4]]),
        "length of chain 1: expected 5, as of chain 0, found 4"
    );
    let mut bad = [1.0, 2.0, 3.0, 4.0, 5.0];
    bad[3] = f64::INFINITY;
    assert!(message(&[&[1.0; 5], &bad]).starts_with("draw 3 of chain 1 is inf: "));
    let huge = [1e200, -1e200, 3e200, 2e200, 0.0, 1.0];
    assert!(effective_sample_size(&[&huge], Mean).is_err());
    assert!(effective_sample_size(&[&huge], Bulk).is_ok());

    let (mut theta, shape) = many_parameters();
    theta[(101 + 100) * 37 + 35] = f64::NAN;
    theta[(2 * 101 + 1) * 37 + 9] = f64::NAN;
    let error = convergence(&Draws::from_f64(&theta, shape).unwrap()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("parameter 9 in draw 1 of chain 2 is NaN: "),
        "{message}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ranks_do_not_see_monotone_maps(seed in 0_u64..1000, phi in -0.8..0.95_f64, draws in 4_usize..90) {
        // Where 5 % of the draws fall on one of them, rounding decides on which side of the quantile it is, as in ArviZ.
        prop_assume!((3 * draws - 1) % 20 != 0);
        let chains: Vec<Vec<f64>> = (0..3).map(|c| autoregressive(phi, draws, 3 * seed + c)).collect();
        let mapped: Vec<Vec<f64>> = chains.iter().map(|x| x.iter().map(|x| x.exp()).collect()).collect();
        for of in [Bulk, Tail] {
            let [plain, mapped] = [&chains, &mapped].map(|x| effective_sample_size(&slices(x), of).unwrap());
            prop_assert_eq!(plain.to_bits(), mapped.to_bits());
        }
        // Folding goes by distances from the median, which a map that is not affine changes; turning and stretching does not.
        let turned: Vec<Vec<f64>> = chains.iter().map(|x| x.iter().map(|x| -4.0 * x).collect()).collect();
        let [plain, turned] = [&chains, &turned].map(|x| r_hat(&slices(x)).unwrap());
        prop_assert!((plain / turned - 1.0).abs() < 1e-12);
    }

    #[test]
    fn affine_maps_change_nothing(
        seed in 0_u64..1000, phi in -0.8..0.95_f64, draws in 4_usize..90,
        scale in prop::sample::select(vec![-1e-9, 1e-12, 3.0, 1e12]), offset in -10.0..10.0_f64,
    ) {
        let chains: Vec<Vec<f64>> = (0..2).map(|c| autoregressive(phi, draws, 2 * seed + c)).collect();
        let map = |x: &f64| scale * (x + offset);
        let mapped: Vec<Vec<f64>> = chains.iter().map(|x| x.iter().map(map).collect()).collect();
        for of in [Bulk, Mean] {
            let [plain, mapped] = [&chains, &mapped].map(|x| effective_sample_size(&slices(x), of).unwrap());
            prop_assert!((plain / mapped - 1.0).abs() < 1e-9, "{:?}: {} {}", of, plain, mapped);
        }
        let [plain, mapped] = [&chains, &mapped].map(|x| split_r_hat(&slices(x)).unwrap());
        prop_assert!((plain / mapped - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_order_of_chains_does_not_matter(seed in 0_u64..1000, draws in 4_usize..90) {
        let mut chains: Vec<Vec<f64>> = (0..3).map(|c| autoregressive(0.5, draws, 3 * seed + c)).collect();
        let before = r_hat(&slices(&chains)).unwrap();
        chains.rotate_left(1);
        prop_assert!((r_hat(&slices(&chains)).unwrap() / before - 1.0).abs() < 1e-12);
    }
}
