//! Copies of a network under permutation of its hidden units, and minima that are one up to them.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Tensor, TensorData, activation::tanh};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tati_core::{ModelPotential, ParameterLayout, Potential, Result, open_device};
use tati_landscape::{
    Draws, HessianIndexConfig, HiddenUnits, MinimaConfig, Minimum, QuenchConfig, StationaryPoint,
    UnitSymmetry, merge_minima,
};

use super::given::distance;

/// Two hidden layers of tanh units.
#[derive(Module, Debug)]
struct Network {
    first: Linear,
    second: Linear,
    output: Linear,
}

const INPUTS: usize = 2;
const FIRST: usize = 5;
const SECOND: usize = 3;

/// The network with a mean squared loss on a few points, and a Gaussian prior on all parameters.
fn network() -> Result<impl Potential> {
    let device = open_device("flex")?.autodiff();
    let network = Network {
        first: LinearConfig::new(INPUTS, FIRST).init(&device),
        second: LinearConfig::new(FIRST, SECOND).init(&device),
        output: LinearConfig::new(SECOND, 1).init(&device),
    };
    let points = [
        [0.3, -1.0],
        [1.0, 0.5],
        [-0.7, 0.2],
        [-0.4, -0.9],
        [0.6, 1.1],
        [0.0, 0.4],
    ];
    let targets = [[0.5], [-0.4], [0.8], [0.1], [-0.9], [0.3]];
    let data = (
        Tensor::<2>::from_data(points, &device),
        Tensor::<2>::from_data(targets, &device),
    );
    ModelPotential::new(network, data, |network: &Network, (points, targets)| {
        let hidden = tanh(network.second.forward(tanh(network.first.forward(points))));
        let misfit = network.output.forward(hidden) - targets;
        let mut loss = misfit.powi_scalar(2).mean();
        for layer in [&network.first, &network.second, &network.output] {
            loss = loss + layer.weight.val().powi_scalar(2).sum().mul_scalar(1e-3);
            if let Some(bias) = &layer.bias {
                loss = loss + bias.val().powi_scalar(2).sum().mul_scalar(1e-3);
            }
        }
        loss
    })
}

fn layout() -> Result<ParameterLayout> {
    let device = open_device("flex")?.autodiff();
    ParameterLayout::of(&Network {
        first: LinearConfig::new(INPUTS, FIRST).init(&device),
        second: LinearConfig::new(FIRST, SECOND).init(&device),
        output: LinearConfig::new(SECOND, 1).init(&device),
    })
}

fn symmetry(have_odd_activation: bool) -> Result<UnitSymmetry> {
    let names = ["first", "second", "output"];
    UnitSymmetry::of_linear_layers(&layout()?, &names, have_odd_activation)
}

fn random_point(random: &mut StdRng) -> Result<Vec<f64>> {
    let num_parameters = layout()?.num_parameters();
    Ok((0..num_parameters)
        .map(|_| 2.0 * random.random::<f64>() - 1.0)
        .collect())
}

/// The point with the units of both layers permuted at random.
fn shuffled(symmetry: &UnitSymmetry, theta: &[f64], random: &mut StdRng) -> Result<Vec<f64>> {
    let mut copy = theta.to_vec();
    for (layer, units) in [FIRST, SECOND].into_iter().enumerate() {
        let mut permutation: Vec<usize> = (0..units).collect();
        permutation.shuffle(random);
        copy = symmetry.permuted(&copy, layer, &permutation)?;
    }
    Ok(copy)
}

/// The point with the sign of unit 1 of the first layer turned, weight by weight.
fn with_sign_turned(theta: &[f64]) -> Result<Vec<f64>> {
    let mut turned = theta.to_vec();
    for tensor in layout()?.tensors() {
        let offset = tensor.offset.expect("nothing is frozen");
        let places: Vec<usize> = match tensor.name.as_str() {
            "first.weight" => (0..INPUTS).map(|input| input * FIRST + 1).collect(),
            "first.bias" => vec![1],
            "second.weight" => (0..SECOND).map(|unit| SECOND + unit).collect(),
            _ => Vec::new(),
        };
        for place in places {
            turned[offset + place] *= -1.0;
        }
    }
    Ok(turned)
}

fn energy(potential: &dyn Potential, theta: &[f64]) -> Result<f64> {
    potential.energy(&potential.positions(theta)?.flatten(0, 1))
}

#[test]
fn copies_have_the_potential_of_the_network_and_are_found_again() -> Result<()> {
    let potential = network()?;
    let mut random = StdRng::seed_from_u64(3);
    for _ in 0..20 {
        let theta = random_point(&mut random)?;
        let copy = shuffled(&symmetry(false)?, &theta, &mut random)?;
        assert!((energy(&potential, &copy)? - energy(&potential, &theta)?).abs() < 1e-6);
        assert_eq!(symmetry(false)?.nearest_copy(&theta, &copy)?, theta);
        let turned = with_sign_turned(&copy)?;
        assert!((energy(&potential, &turned)? - energy(&potential, &theta)?).abs() < 1e-6);
        assert_eq!(symmetry(true)?.nearest_copy(&theta, &turned)?, theta);
        // Controls: without the sign, or with one weight changed, it is another point.
        assert!(distance(&symmetry(false)?.nearest_copy(&theta, &turned)?, &theta) > 0.1);
        let mut other = copy.clone();
        other[0] += 0.5;
        assert!((energy(&potential, &other)? - energy(&potential, &theta)?).abs() > 1e-6);
    }
    Ok(())
}

#[test]
fn of_one_hidden_layer_no_copy_is_nearer() -> Result<()> {
    let layout = layout()?;
    let units = HiddenUnits::new(&[("first.weight", 1), ("first.bias", 0), ("second.weight", 0)]);
    let symmetry = UnitSymmetry::new(&layout, &[units])?;
    let mut random = StdRng::seed_from_u64(4);
    let (a, b) = (random_point(&mut random)?, random_point(&mut random)?);
    let nearest = distance(&a, &symmetry.nearest_copy(&a, &b)?);
    // All 5! copies, by Heap's algorithm.
    let mut permutation: Vec<usize> = (0..FIRST).collect();
    let (mut counters, mut at, mut least) = ([0; FIRST], 0, distance(&a, &b));
    while at < FIRST {
        if counters[at] < at {
            permutation.swap(if at % 2 == 0 { 0 } else { counters[at] }, at);
            least = least.min(distance(&a, &symmetry.permuted(&b, 0, &permutation)?));
            counters[at] += 1;
            at = 0;
        } else {
            counters[at] = 0;
            at += 1;
        }
    }
    assert!((nearest - least).abs() < 1e-12 && least < distance(&a, &b));
    Ok(())
}

#[test]
fn permuted_copies_merge_and_different_points_do_not() -> Result<()> {
    let symmetry = symmetry(true)?;
    let potential = network()?;
    let mut random = StdRng::seed_from_u64(5);
    let config = HessianIndexConfig::new();
    let minimum = |draw: usize, theta: &[f64]| -> Result<Minimum> {
        let point = StationaryPoint::at(&potential, theta, &config)?;
        Ok(Minimum {
            point,
            draw,
            num_quenches: 1 + draw,
        })
    };
    let (a, b) = (random_point(&mut random)?, random_point(&mut random)?);
    let mut near = shuffled(&symmetry, &a, &mut random)?;
    near[7] += 1e-5;
    let copies = [
        b.clone(),
        a.clone(),
        near,
        with_sign_turned(&a)?,
        shuffled(&symmetry, &b, &mut random)?,
    ];
    let minima = copies
        .iter()
        .enumerate()
        .map(|(draw, theta)| minimum(draw, theta));
    let minima = minima.collect::<Result<Vec<_>>>()?;
    let (merged, places) = merge_minima(minima.clone(), 1e-3, Some(&symmetry))?;
    assert_eq!(merged.len(), 2);
    assert!(merged[0].point.potential <= merged[1].point.potential);
    let (of_a, of_b) = (places[1], places[0]);
    assert_eq!(places, [of_b, of_a, of_a, of_a, of_b]);
    assert_eq!(
        [merged[of_a].num_quenches, merged[of_b].num_quenches],
        [9, 6]
    );
    assert_eq!([merged[of_a].draw, merged[of_b].draw], [1, 0]);
    // Controls: without the symmetry, and within a distance that tells the shift apart.
    assert_eq!(merge_minima(minima.clone(), 1e-3, None)?.0.len(), 5);
    assert_eq!(
        merge_minima(minima.clone(), 1e-6, Some(&symmetry))?.0.len(),
        3
    );
    assert!(merge_minima(minima, -1.0, None).is_err());
    assert_eq!(merge_minima(Vec::new(), 1e-3, Some(&symmetry))?.0.len(), 0);
    Ok(())
}

#[test]
fn symmetries_that_do_not_fit_a_network_are_refused() -> Result<()> {
    let layout = layout()?;
    let of = |tensors: &[(&str, usize)]| {
        let symmetry = UnitSymmetry::new(&layout, &[HiddenUnits::new(tensors)]);
        symmetry.map_err(|error| error.to_string())
    };
    assert!(
        of(&[("first.weigth", 1)])
            .unwrap_err()
            .contains("one of first.weight")
    );
    assert!(
        of(&[("first.bias", 1)])
            .unwrap_err()
            .contains("an axis below 1")
    );
    assert!(
        of(&[("first.bias", 0), ("first.bias", 0)])
            .unwrap_err()
            .contains("named once")
    );
    let sizes = of(&[("first.weight", 1), ("second.weight", 1)]);
    assert!(
        sizes
            .unwrap_err()
            .contains("expected 5, as of `first.weight`, found 3")
    );
    assert!(of(&[]).is_err() && UnitSymmetry::new(&layout, &[]).is_err());
    assert!(UnitSymmetry::of_linear_layers(&layout, &["first"], false).is_err());
    let symmetry = symmetry(false)?;
    let theta = vec![0.5; symmetry.num_parameters()];
    assert!(symmetry.permuted(&theta, 2, &[0]).is_err());
    assert!(symmetry.permuted(&theta, 0, &[0, 1, 2, 3, 3]).is_err());
    assert!(symmetry.nearest_copy(&theta, &theta[1..]).is_err());

    // A frozen tensor is no part of the vector.
    let device = open_device("flex")?.autodiff();
    let frozen = Network {
        first: LinearConfig::new(INPUTS, FIRST).init(&device).no_grad(),
        second: LinearConfig::new(FIRST, SECOND).init(&device),
        output: LinearConfig::new(SECOND, 1).init(&device),
    };
    let layout = ParameterLayout::of(&frozen)?;
    let symmetry = UnitSymmetry::of_linear_layers(&layout, &["first", "second"], false);
    let error = symmetry.map_err(|error| error.to_string()).unwrap_err();
    assert!(
        error.contains("axis 1 of `first.weight`") && error.contains("not frozen"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_network_in_single_precision_is_quenched_to_its_minima() -> Result<()> {
    let potential = network()?;
    let mut random = StdRng::seed_from_u64(6);
    let theta = random_point(&mut random)?;
    let mut starts = theta.clone();
    starts.extend(shuffled(&symmetry(true)?, &theta, &mut random)?);
    starts.extend(with_sign_turned(&theta)?);
    let draws = Draws::from_f64(&starts, [1, 3, theta.len()])?;
    let config = MinimaConfig::new()
        .with_quench(QuenchConfig::new().with_gradient_tolerance(1e-5))
        .with_merge_distance(0.05);
    let found = config.find(&potential, &draws, Some(&symmetry(true)?), &mut |_| {})?;
    assert_eq!((found.num_unconverged(), found.minima.len()), (0, 1));
    let minimum = &found.minima[0];
    assert_eq!(minimum.num_quenches, 3);
    assert_eq!(
        minimum.point.hessian.index, 0,
        "{:?}",
        minimum.point.hessian
    );
    assert!(minimum.point.potential < energy(&potential, &theta)?);
    assert!(minimum.point.gradient_norm <= 1e-5);
    // Copies do not come to rest on one another.
    assert_eq!(
        config
            .find(&potential, &draws, None, &mut |_| {})?
            .minima
            .len(),
        3
    );
    // The gradient at the end is that of the model itself.
    let at = TensorData::from(minimum.point.position.as_slice()).convert::<f32>();
    let at = Tensor::<1>::from_data(at, &open_device("flex")?);
    let (_, gradient) = potential.energy_and_gradient(&at)?;
    let length = gradient.powi_scalar(2).sum().sqrt().into_scalar::<f64>();
    assert!((length - minimum.point.gradient_norm).abs() < 1e-7);
    Ok(())
}
