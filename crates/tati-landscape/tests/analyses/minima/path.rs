//! Barriers on lines and on relaxed paths, against known saddles.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Tensor, activation::tanh};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tati_core::analytic::{DoubleWell, Harmonic, MuellerBrown};
use tati_core::{ModelPotential, ParameterLayout, Potential, Result, TatiError, open_device};
use tati_landscape::{
    ElasticBandConfig, MinimumEnergyPath, StationaryPoint, UnitSymmetry, potential_on_line,
};

use super::given::Given;

fn assert_is_saddle(found: &StationaryPoint, number: usize) {
    let position = MuellerBrown::SADDLES[number];
    for (found, expected) in found.position.iter().zip(position) {
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }
    assert!((found.potential - MuellerBrown::SADDLE_ENERGIES[number]).abs() < 1e-6);
    assert_eq!([found.hessian.index, found.hessian.num_flat], [1, 0]);
    assert!(found.gradient_norm < 1e-5);
}

fn between(from: usize, to: usize, num_images: usize) -> Result<MinimumEnergyPath> {
    let [from, to] = [from, to].map(|minimum| MuellerBrown::MINIMA[minimum]);
    let config = ElasticBandConfig::new()
        .with_num_images(num_images)
        .with_force_tolerance(1e-6);
    config.connect(&MuellerBrown, &from, &to, &mut |_| {})
}

#[test]
fn a_relaxed_path_crosses_the_saddles_of_mueller_brown() -> Result<()> {
    // Between neighbouring minima there is one saddle, between the outer ones both.
    for (from, to, saddles) in [(0, 2, vec![0]), (2, 1, vec![1]), (0, 1, vec![0, 1])] {
        let path = between(from, to, 15)?;
        assert!(path.converged && path.largest_force <= 1e-6);
        assert_eq!(path.saddles.len(), saddles.len());
        for (found, number) in path.saddles.iter().zip(&saddles) {
            assert_is_saddle(found, *number);
        }
        let highest = MuellerBrown::SADDLE_ENERGIES[saddles[0]];
        let barrier = highest - MuellerBrown::MINIMUM_ENERGIES[from];
        assert!((path.profile.barrier_from_start() - barrier).abs() < 1e-6);
        let barrier = highest - MuellerBrown::MINIMUM_ENERGIES[to];
        assert!((path.profile.barrier_from_end() - barrier).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn a_barrier_is_the_same_from_both_sides_and_for_any_number_of_images() -> Result<()> {
    for num_images in [3, 8, 25] {
        assert_is_saddle(&between(0, 2, num_images)?.saddles[0], 0);
        assert_is_saddle(&between(2, 0, num_images)?.saddles[0], 0);
    }
    // Control: the straight line crosses higher up.
    let [from, _, to] = MuellerBrown::MINIMA;
    let line = potential_on_line(&MuellerBrown, &from, &to, 1001, &mut |_| {})?;
    assert!(line.highest() > MuellerBrown::SADDLE_ENERGIES[0] + 1.0);
    Ok(())
}

#[test]
fn springs_space_the_images_evenly() -> Result<()> {
    let path = between(0, 2, 15)?;
    let lengths = &path.profile.lengths;
    let climber = (1..lengths.len() - 1)
        .max_by(|&a, &b| path.profile.potential[a].total_cmp(&path.profile.potential[b]))
        .expect("there are images");
    // On either side of the image that climbs.
    for part in [&lengths[..=climber], &lengths[climber..]] {
        let spacings: Vec<f64> = part.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = spacings.iter().sum::<f64>() / spacings.len() as f64;
        assert!(
            spacings
                .iter()
                .all(|spacing| (spacing - mean).abs() < 0.1 * mean),
            "{spacings:?}"
        );
    }
    Ok(())
}

#[test]
fn in_one_dimension_the_line_is_the_path() -> Result<()> {
    let well = DoubleWell::new(3.0)?;
    let path =
        ElasticBandConfig::new()
            .with_num_images(7)
            .connect(&well, &[-1.0], &[1.0], &mut |_| {})?;
    assert!(path.converged);
    assert_eq!(path.saddles.len(), 1);
    let saddle = &path.saddles[0];
    assert!(saddle.position[0].abs() < 1e-4 && (saddle.potential - 3.0).abs() < 1e-8);
    assert_eq!(saddle.hessian.index, 1);
    let line = potential_on_line(&well, &[-1.0], &[1.0], 41, &mut |_| {})?;
    assert_eq!(
        [
            line.barrier_from_start(),
            line.barrier_from_end(),
            line.loss_barrier()
        ],
        [3.0; 3]
    );
    Ok(())
}

#[test]
fn a_loss_barrier_is_above_what_lies_between_the_ends() -> Result<()> {
    // U = θ² from 0 to 1: below its chord everywhere, and highest at its end.
    let well = Harmonic::new(vec![2.0])?;
    let line = potential_on_line(&well, &[0.0], &[1.0], 11, &mut |_| {})?;
    assert_eq!(
        [
            line.loss_barrier(),
            line.barrier_from_start(),
            line.barrier_from_end()
        ],
        [0.0, 1.0, 0.0]
    );
    let path =
        ElasticBandConfig::new()
            .with_num_images(5)
            .connect(&well, &[0.0], &[1.0], &mut |_| {})?;
    assert!(path.saddles.is_empty(), "it rises to its end");
    Ok(())
}

#[test]
fn a_bent_path_finds_the_way_around_a_hill() -> Result<()> {
    // U = (|θ|² − 1)²/4: a ring of minima around a hill of height 1/4.
    let hat = Given(2, |theta: &[f64], gradient: &mut [f64]| {
        let excess = theta[0] * theta[0] + theta[1] * theta[1] - 1.0;
        gradient.copy_from_slice(&[excess * theta[0], excess * theta[1]]);
        0.25 * excess * excess
    });
    let (start, end) = ([-1.0, 0.0], [1.0, 0.0]);
    let config = ElasticBandConfig::new().with_force_tolerance(1e-8);
    let straight = config.connect(&hat, &start, &end, &mut |_| {})?;
    assert!(straight.converged);
    assert!((straight.profile.highest() - 0.25).abs() < 1e-9);
    assert_eq!(straight.saddles[0].hessian.index, 2, "the top of the hill");
    let bent = |number: u32| {
        let angle = std::f64::consts::PI * f64::from(number) / 12.0;
        vec![-angle.cos(), 1.4 * angle.sin() * angle.sin()]
    };
    let mut bent: Vec<Vec<f64>> = (0..=12).map(bent).collect();
    bent[0] = start.to_vec();
    bent[12] = end.to_vec();
    let around = config.relax(&hat, &bent, &mut |_| {})?;
    assert!(
        around.converged && around.profile.highest() < 1e-8,
        "{around:?}"
    );
    // Twelve chords of a half circle.
    let length = around.profile.lengths[12];
    let chords = 24.0 * (std::f64::consts::PI / 24.0).sin();
    assert!((length - chords).abs() < 1e-3, "{length}");
    Ok(())
}

#[test]
fn paths_that_cannot_be_are_refused() -> Result<()> {
    let well = Harmonic::new(vec![1.0, 1.0])?;
    let config = ElasticBandConfig::new();
    let connect = |config: &ElasticBandConfig, start: &[f64], end: &[f64]| {
        let path = config.connect(&well, start, end, &mut |_| {});
        path.map_err(|error| error.to_string())
    };
    let (a, b) = ([0.0, 0.0], [1.0, 0.0]);
    assert!(
        connect(&config, &a, &a)
            .unwrap_err()
            .contains("must be another point")
    );
    assert!(
        connect(&config, &a, &[f64::NAN, 0.0])
            .unwrap_err()
            .contains("the end of a path")
    );
    assert!(
        connect(&config, &a[1..], &b)
            .unwrap_err()
            .contains("the start of a path")
    );
    for config in [
        ElasticBandConfig::new().with_num_images(0),
        ElasticBandConfig::new().with_spring_constant(Some(0.0)),
        ElasticBandConfig::new().with_force_tolerance(0.0),
        ElasticBandConfig::new().with_force_tolerance(f64::NAN),
        ElasticBandConfig::new().with_max_iterations(0),
    ] {
        assert!(connect(&config, &a, &b).is_err(), "{config:?}");
    }
    let short = config.relax(&well, &[a.to_vec(), b.to_vec()], &mut |_| {});
    assert!(matches!(short, Err(TatiError::InvalidSetting { .. })));
    assert!(potential_on_line(&well, &a, &b, 1, &mut |_| {}).is_err());
    assert!(potential_on_line(&well, &a, &a, 5, &mut |_| {}).is_err());
    let wall = Given(1, |theta: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1.0 / theta[0];
        theta[0].ln()
    });
    let through = config.connect(&wall, &[-1.0], &[1.0], &mut |_| {});
    assert!(matches!(through, Err(TatiError::NotFinite { .. })));
    // One that has not converged says so.
    let [from, to, _] = MuellerBrown::MINIMA;
    let path = ElasticBandConfig::new().with_max_iterations(5);
    let path = path.connect(&MuellerBrown, &from, &to, &mut |_| {})?;
    assert!(!path.converged && path.num_iterations == 5 && path.largest_force > 1.0);
    Ok(())
}

/// One hidden layer of tanh units.
#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

impl Network {
    fn new() -> Result<Self> {
        let device = open_device("flex")?.autodiff();
        Ok(Self {
            hidden: LinearConfig::new(1, 4).init(&device),
            output: LinearConfig::new(4, 1).init(&device),
        })
    }
}

/// A mean squared loss on points of a sine.
fn network(num_points: usize) -> Result<impl Potential> {
    let points: Vec<f32> = (0..num_points)
        .map(|at| 6.0 * at as f32 / num_points as f32 - 3.0)
        .collect();
    let targets: Vec<f32> = points.iter().map(|at| at.sin()).collect();
    let device = open_device("flex")?.autodiff();
    let column =
        |values: Vec<f32>| Tensor::<1>::from_data(values.as_slice(), &device).unsqueeze_dim::<2>(1);
    let data = (column(points), column(targets));
    ModelPotential::new(
        Network::new()?,
        data,
        |network: &Network, (points, targets)| {
            let misfit = network.output.forward(tanh(network.hidden.forward(points))) - targets;
            misfit.powi_scalar(2).mean()
        },
    )
}

#[test]
fn many_points_have_the_values_and_gradients_of_each() -> Result<()> {
    // One piece of data, and several.
    for num_points in [50, 2500] {
        let potential = network(num_points)?;
        let mut random = StdRng::seed_from_u64(1);
        let theta: Vec<f64> = (0..5 * 13).map(|_| random.random::<f64>() - 0.5).collect();
        let positions = potential.positions(&theta)?;
        let (energies, gradients) = potential.energies_and_gradients(&positions)?;
        assert_eq!(gradients.dims(), [5, 13]);
        for (point, energy) in energies.iter().enumerate() {
            let row = |of: &Tensor<2>| of.clone().narrow(0, point, 1).flatten::<1>(0, 1);
            let (expected, gradient) = potential.energy_and_gradient(&row(&positions))?;
            assert_eq!(*energy, expected);
            assert_eq!(row(&gradients).into_data(), gradient.into_data());
        }
        let none = potential.energies_and_gradients(&potential.positions(&[])?);
        assert!(matches!(none, Err(TatiError::InvalidSetting { .. })));
    }
    Ok(())
}

#[test]
fn the_nearest_copy_of_an_end_spares_a_barrier() -> Result<()> {
    let potential = network(50)?;
    let layout = ParameterLayout::of(&Network::new()?)?;
    let symmetry = UnitSymmetry::of_linear_layers(&layout, &["hidden", "output"], true)?;
    let mut random = StdRng::seed_from_u64(2);
    let start: Vec<f64> = (0..13)
        .map(|_| 4.0 * random.random::<f64>() - 2.0)
        .collect();
    let near: Vec<f64> = start
        .iter()
        .map(|theta| theta + 0.01 * random.random::<f64>())
        .collect();
    let far = symmetry.permuted(&near, 0, &[2, 0, 3, 1])?;
    let barrier = |end: &[f64]| -> Result<f64> {
        Ok(potential_on_line(&potential, &start, end, 51, &mut |_| {})?.loss_barrier())
    };
    let aligned = symmetry.nearest_copy(&start, &far)?;
    assert!(barrier(&aligned)? < 1e-3);
    assert!(barrier(&far)? > 0.1, "{}", barrier(&far)?);
    Ok(())
}
