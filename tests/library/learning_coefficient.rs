//! Learning coefficients of models whose coefficient is known.
//!
//! Means over chains have Student's distribution with 15 degrees of freedom: three standard errors are exceeded by chance in 9 of 1000
//! seeds.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use tati::landscape::LearningCoefficient;
use tati::workflow::{LearningCoefficientConfig, LearningCoefficientSweepConfig, SweepOutcome};
use tati::{ModelPotential, Potential, TatiError, open_device};

const CHAINS: usize = 16;

#[derive(Module, Debug)]
struct Weights {
    weights: Param<Tensor<1>>,
}

impl Weights {
    fn new(values: &[f64]) -> Self {
        let device = open_device("flex").expect("flex is compiled in").autodiff();
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let tensor = Tensor::<1>::from_data(values.as_slice(), &device);
        Self {
            weights: Param::initialized(ParamId::new(), tensor.require_grad()),
        }
    }
}

type Loss = fn(&Weights, Tensor<2>) -> Tensor<1>;
type WeightsPotential = ModelPotential<Weights, Tensor<2>, Loss>;

fn potential(model: &Weights, rows: Vec<f32>, columns: usize, loss: Loss) -> WeightsPotential {
    let device = open_device("flex").expect("flex is compiled in");
    let num_rows = rows.len() / columns;
    let rows = Tensor::<2>::from_data(TensorData::new(rows, [num_rows, columns]), &device);
    ModelPotential::new(model.clone(), rows, loss).expect("a potential")
}

const CURVATURES: [f64; 6] = [0.5, 0.8, 1.0, 1.5, 2.0, 3.0];
const MINIMUM: [f64; 6] = [1.0, -2.0, 0.5, 0.0, 3.0, -1.0];
const ITEMS: usize = 500;

/// Linear regression on orthogonal waves, with a further wave as the noise: L(w) = L(w*) + ½ Σ cⱼ (wⱼ − w*ⱼ)².
fn regression() -> (Weights, WeightsPotential) {
    let model = Weights::new(&MINIMUM);
    let wave = |item: usize, frequency: usize| {
        let turns = (item * frequency) as f64 / ITEMS as f64;
        2.0_f64.sqrt() * (std::f64::consts::TAU * turns).cos()
    };
    let mut rows = Vec::new();
    for item in 0..ITEMS {
        let mut target = 0.7 * wave(item, 17);
        for (index, (curvature, weight)) in CURVATURES.iter().zip(MINIMUM).enumerate() {
            let feature = curvature.sqrt() * wave(item, index + 1);
            target += weight * feature;
            rows.push(feature as f32);
        }
        rows.push(target as f32);
    }
    let loss: Loss = |model, rows| {
        let [items, columns] = rows.dims();
        let features = rows.clone().narrow(1, 0, columns - 1);
        let target = rows.narrow(1, columns - 1, 1);
        let weights = model.weights.val().reshape([columns - 1, 1]);
        let squares = (features.matmul(weights) - target).powi_scalar(2);
        squares.sum().div_scalar(2.0 * items as f64)
    };
    let potential = potential(&model, rows, CURVATURES.len() + 1, loss);
    (model, potential)
}

/// What SGLD of step size h gives for [`regression`]: ½ Σ c/((c + s)(1 − h(c + s)/2)) with the tether's s = γ/β.
fn expected(config: &LearningCoefficientConfig) -> f64 {
    let beta = ITEMS as f64 / (ITEMS as f64).ln();
    let terms = CURVATURES.iter().map(|curvature| {
        let stiffness = curvature + config.tether_strength / beta;
        0.5 * curvature / (stiffness * (1.0 - 0.5 * config.step_size * stiffness))
    });
    terms.sum()
}

fn config(step_size: f64, tether_strength: f64) -> LearningCoefficientConfig {
    LearningCoefficientConfig::new(step_size, tether_strength)
        .with_num_chains(CHAINS)
        .with_num_steps(3000)
        .with_burn_in(600)
        .with_seed(Some(3))
}

fn run(
    config: &LearningCoefficientConfig,
    (model, potential): &(Weights, WeightsPotential),
) -> LearningCoefficient {
    let (found, seed) = config.run(model, potential, |_| ()).expect("a run");
    assert_eq!(Some(seed), config.seed);
    assert_eq!(found.of_chains.len(), CHAINS);
    found
}

fn assert_near(found: &LearningCoefficient, expected: f64) {
    let deviation = (found.estimate - expected) / found.standard_error;
    assert!(
        deviation.abs() < 3.0,
        "{} ± {} for {expected}",
        found.estimate,
        found.standard_error
    );
}

#[test]
fn a_regular_model_has_half_its_parameters() {
    let regression = regression();
    let weak = config(0.02, 1.0);
    let found = run(&weak, &regression);
    // Step and tether change N/2 = 3 by less than the error.
    assert!((expected(&weak) - 3.0).abs() < found.standard_error);
    assert!(found.standard_error < 0.15, "{}", found.standard_error);
    assert_near(&found, 3.0);

    // Both effects where they are large, exactly; and a control: with the energy of the tether it would be 3 still.
    let strong = config(0.3, 80.0);
    let found = run(&strong, &regression);
    assert_near(&found, expected(&strong));
    assert!(
        found.estimate + 5.0 * found.standard_error < 3.0,
        "{found:?}"
    );
}

#[test]
fn mini_batches_are_measured_against_the_loss_over_all_data() {
    let regression = regression();
    let batches = config(0.01, 1.0).with_batch_size(Some(50));
    let found = run(&batches, &regression);
    let (model, exact) = &regression;
    let theta = exact.layout().flatten(model).expect("a layout");
    assert_eq!(found.baseline, exact.energy(&theta).expect("an energy"));
    assert_near(&found, expected(&batches));

    // The control: the loss of one mini-batch as the baseline.
    let batch = exact.clone().with_batch_size(50, 1).expect("batches");
    let baseline = batch.energy(&theta).expect("an energy");
    let estimate = found.inverse_temperature * (found.mean_loss - baseline);
    assert!(
        (estimate - 3.0).abs() > 5.0 * found.standard_error,
        "{estimate}"
    );
}

/// Rows of ±1, whose squares drop out of the loss.
fn signs(items: usize) -> Vec<f32> {
    (0..items)
        .map(|item| if item % 2 == 0 { 1.0 } else { -1.0 })
        .collect()
}

/// ∫f over ±`reach` by the trapezoidal rule.
fn integral(reach: f64, f: impl Fn(f64) -> f64) -> f64 {
    const POINTS: i32 = 200_000;
    let at = |index: i32| reach * f64::from(index) / f64::from(POINTS);
    (-POINTS..=POINTS).map(|index| f(at(index))).sum::<f64>() * reach / f64::from(POINTS)
}

/// β⟨(w₁w₂)²⟩ under exp(−β(w₁w₂)² − (γ/2)|w|²), the integral over w₂ in closed form.
fn crossing_at(beta: f64, tether: f64) -> f64 {
    // Substituted w₁ = sinh u: the integrand varies over all scales from 1/√β on.
    let stiffness = |w: f64| 2.0 * beta * w * w + tether;
    let weight = |u: f64| {
        (-0.5 * tether * u.sinh().powi(2)).exp() * stiffness(u.sinh()).sqrt().recip() * u.cosh()
    };
    let mean = |u: f64| beta * u.sinh().powi(2) / stiffness(u.sinh());
    integral(3.0, |u| weight(u) * mean(u)) / integral(3.0, weight)
}

#[test]
fn two_crossing_lines_have_one_half_and_multiplicity_two() {
    // λ̂ = λ − (m − 1)/(ln β + c): with λ = 1/2 the reciprocal of the rest grows as ln β, with slope 1/(m − 1).
    let reciprocal = |beta: f64| 1.0 / (0.5 - crossing_at(beta, 4.0));
    let slope = (reciprocal(1e7) - reciprocal(1e5)) / (1e2_f64).ln();
    assert!((slope - 1.0).abs() < 1e-3, "{slope}");

    let model = Weights::new(&[0.0, 0.0]);
    let loss: Loss = |model, rows| {
        let [first, second] = [0, 1].map(|at| model.weights.val().narrow(0, at, 1));
        let product = rows * (first * second).reshape([1, 1]);
        product.powi_scalar(2).mean()
    };
    let crossing = (model.clone(), potential(&model, signs(1000), 1, loss));
    let config = config(0.05, 4.0).with_num_steps(12_000).with_burn_in(3000);
    let found = run(&config, &crossing);
    let exact = crossing_at(found.inverse_temperature, 4.0);
    assert!(found.standard_error < 0.1 * exact, "{found:?}");
    assert_near(&found, exact);
    // What finite data and the tether take away given back, it is 1/2; the control, a regular model's 1, is not.
    assert!((found.estimate + 0.5 - exact - 1.0).abs() > 5.0 * found.standard_error);
}

#[test]
fn a_quartic_direction_counts_a_quarter() {
    let model = Weights::new(&[0.0, 0.0]);
    let loss: Loss = |model, rows| {
        let [first, second] = [0, 1].map(|at| model.weights.val().narrow(0, at, 1).reshape([1, 1]));
        (rows.clone() * first).powi_scalar(2).mean() + (rows * second).powi_scalar(4).mean()
    };
    let valley = (model.clone(), potential(&model, signs(1000), 1, loss));
    let config = config(0.01, 0.1).with_num_steps(8_000).with_burn_in(2000);
    let found = run(&config, &valley);
    assert!(found.standard_error < 0.06, "{found:?}");
    // Equipartition gives 1/2 + 1/4 at any β; a step of 0.01 adds 1 % to the half.
    assert_near(&found, 0.75);
    assert!(
        (found.estimate - 1.0).abs() > 5.0 * found.standard_error,
        "the control"
    );
}

#[test]
fn a_sweep_finds_the_plateau_and_flags_the_rest() {
    let (model, potential) = regression();
    let one = config(1.0, 1.0).with_num_steps(2000).with_burn_in(400);
    let sweep =
        LearningCoefficientSweepConfig::new(one, vec![1e-5, 0.02, 0.05, 10.0], vec![0.1, 1.0]);
    let most = AtomicU64::new(0);
    let found = sweep
        .run(&model, &potential, |progress| {
            most.fetch_max(progress.num_steps, Ordering::Relaxed);
            assert_eq!(progress.max_steps, 8 * 16 * 2000);
        })
        .expect("a sweep");
    assert_eq!(found.seed, 3);
    assert!(most.into_inner() > 5 * 16 * 2000);
    let steps: Vec<f64> = found
        .settings
        .iter()
        .map(|setting| setting.step_size)
        .collect();
    assert_eq!(steps, [1e-5, 1e-5, 0.02, 0.02, 0.05, 0.05, 10.0, 10.0]);
    // Steps of 1e-5 have gone nowhere yet, and those of 10 have left.
    for setting in &found.settings[..2] {
        assert!(
            setting
                .outcome
                .sound()
                .is_some_and(|found| found.estimate < 0.5)
        );
        assert!(
            !setting.on_plateau
                && setting
                    .step_size_disagreement
                    .is_some_and(|errors| errors > 10.0)
        );
    }
    for setting in &found.settings[2..4] {
        assert!(!setting.on_plateau, "beside one that disagrees");
    }
    for setting in &found.settings[4..6] {
        assert!(setting.on_plateau, "{setting:?}");
    }
    for setting in &found.settings[6..] {
        let SweepOutcome::Diverged(reason) = &setting.outcome else {
            panic!("{setting:?}");
        };
        assert!(reason.contains("smaller step size"), "{reason}");
        assert!(!setting.on_plateau && setting.step_size_disagreement.is_none());
    }
    let best = found.best().and_then(|setting| setting.outcome.sound());
    assert_near(best.expect("a plateau"), 3.0);

    // From where there is no minimum the chains fall below the baseline.
    let slope = Weights::new(&[3.0; 6]);
    let one = config(1.0, 1.0).with_num_steps(2000).with_burn_in(500);
    let sweep = LearningCoefficientSweepConfig::new(one, vec![0.02], vec![0.0, 1.0]);
    let found = sweep.run(&slope, &potential, |_| ()).expect("a sweep");
    for setting in &found.settings {
        assert!(
            matches!(&setting.outcome, SweepOutcome::BelowBaseline(found) if found.estimate < 0.0)
        );
    }
    assert!(found.best().is_none());
}

#[test]
fn threads_and_repetition_change_nothing() {
    let regression = regression();
    let config = config(0.02, 1.0)
        .with_num_steps(300)
        .with_burn_in(100)
        .with_batch_size(Some(20));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| run(&config, &regression))
    };
    let found = on(1);
    assert_eq!(found, on(3));
    assert_ne!(found, run_with_seed(&config, &regression, 4));
    let mut chains = found.of_chains.clone();
    chains.dedup();
    assert_eq!(chains.len(), CHAINS, "each chain has noise of its own");
}

fn run_with_seed(
    config: &LearningCoefficientConfig,
    regression: &(Weights, WeightsPotential),
    seed: u64,
) -> LearningCoefficient {
    run(&config.clone().with_seed(Some(seed)), regression)
}

#[test]
fn settings_outside_their_domain_are_named() {
    let (model, potential) = regression();
    let refused = |config: LearningCoefficientConfig, part: &str| {
        let error = config.run(&model, &potential, |_| ()).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(config(0.0, 1.0), "`step_size`");
    refused(config(0.1, -1.0), "`tether_strength`");
    refused(config(0.1, f64::NAN), "`tether_strength`");
    refused(config(0.1, 1.0).with_num_chains(1), "`num_chains` is 1");
    refused(config(0.1, 1.0).with_burn_in(3000), "burn_in");
    refused(config(0.1, 1.0).with_batch_size(Some(501)), "`batch_size`");
    refused(
        config(0.1, 1.0).with_inverse_temperature(Some(-1.0)),
        "`inverse_temperature`",
    );
    let batches = potential.clone().with_batch_size(50, 1).expect("batches");
    let error = config(0.1, 1.0)
        .run(&model, &batches, |_| ())
        .expect_err("mini-batches");
    assert!(error.to_string().contains("over mini-batches"), "{error}");

    let error = config(10.0, 1.0)
        .run(&model, &potential, |_| ())
        .expect_err("divergence");
    assert!(matches!(error, TatiError::NotFinite { .. }), "{error}");

    let one = config(0.1, 1.0);
    for (step_sizes, tethers, part) in [
        (vec![], vec![1.0], "`step_sizes`"),
        (vec![0.1], vec![], "`tether_strengths`"),
        (vec![0.2, 0.1], vec![1.0], "0.1 after 0.2"),
    ] {
        let sweep = LearningCoefficientSweepConfig::new(one.clone(), step_sizes, tethers);
        let error = sweep.run(&model, &potential, |_| ()).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    }
}
