//! One thermostat for a whole model, or one for each parameter group.

use crate::common::flex;
use burn::module::{Module, Param, ParamGroup, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Tensor, TensorData};
use tati::samplers::{NoiseSource, NoiseStream, SgnhtConfig, Thermometer, ThermostatScope};

const MEMBERS: usize = 2048;
const STEP_SIZE: f64 = 0.01;
const FRICTION: f64 = 2.0;

/// Two tensors of free particles, whose gradients are noise: nothing in the first, strong in the second.
#[derive(Module, Debug)]
struct Pair {
    quiet: Param<Tensor<1>>,
    loud: Param<Tensor<1>>,
}

fn zeros() -> Param<Tensor<1>> {
    let tensor = Tensor::zeros([MEMBERS], &flex().autodiff());
    Param::initialized(ParamId::new(), tensor.require_grad())
}

/// Mean kinetic temperatures of both tensors at β = 1 under samplers for each of them.
fn temperatures(scope: ThermostatScope) -> [f64; 2] {
    let noise = NoiseSource::new(1, 0);
    let thermometers = [Thermometer::new(), Thermometer::new()];
    let [quiet, loud] = [0, 1].map(|index: usize| {
        SgnhtConfig::new(1.0)
            .with_friction(FRICTION)
            .with_thermostat(scope)
            .build_with(&noise)
            .expect("a sampler")
            .with_thermometer(&thermometers[index])
    });
    let mut sampler =
        ModuleOptimizer::from(quiet).with_group(ParamGroup::from_predicate("loud"), loud, None);
    let mut model = Pair {
        quiet: zeros(),
        loud: zeros(),
    };
    let stream = NoiseStream {
        seed: 2,
        walker: 0,
        tensor: 0,
    };
    let (burn_in, steps) = (4000, 12_000);
    let mut sums = [0.0; 2];
    let mut normals = vec![0.0; MEMBERS];
    for step in 0..steps {
        stream.fill_normal(step, &mut normals);
        let noise = TensorData::new(normals.clone(), [MEMBERS]);
        let mut gradients = GradientsParams::new();
        gradients.register(model.quiet.id, Tensor::<1>::zeros([MEMBERS], &flex()));
        let loud = Tensor::<1>::from_data(noise, &flex()).mul_scalar(20.0);
        gradients.register(model.loud.id, loud);
        thermometers.iter().for_each(Thermometer::arm);
        model = sampler.step(STEP_SIZE, model, gradients);
        for (sum, thermometer) in sums.iter_mut().zip(&thermometers) {
            let temperature = thermometer
                .read()
                .kinetic_temperature()
                .expect("a momentum");
            if step >= burn_in {
                *sum += temperature / (steps - burn_in) as f64;
            }
        }
    }
    sums
}

/// False alarms below 1 in 10,000: the temperatures are means over 2048 particles and 80 time units.
#[test]
fn a_thermostat_holds_the_temperature_of_what_it_measures() {
    let [quiet, loud] = temperatures(ThermostatScope::Group);
    assert!(
        (quiet - 1.0).abs() < 0.02 && (loud - 1.0).abs() < 0.02,
        "{quiet} {loud}"
    );

    // One for both has their mean right, and neither of them.
    let [quiet, loud] = temperatures(ThermostatScope::Model);
    assert!((0.5 * (quiet + loud) - 1.0).abs() < 0.02, "{quiet} {loud}");
    assert!(quiet < 0.8 && loud > 1.2, "{quiet} {loud}");
}
