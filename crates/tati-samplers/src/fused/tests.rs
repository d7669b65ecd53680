//! The same step by every body: the kernel on host memory, the kernel on GPUs, and plain tensor operations.

#[cfg(feature = "gpu")]
pub(super) mod on_device;
#[cfg(feature = "wgpu")]
mod read_backs;

use super::*;
use crate::splitting::Integrator;
use update::{CovarianceControlled, Overdamped, Preconditioned, Thermostatted};

const SHAPE: [usize; 2] = [37, 11];
const NOISE: NoiseAt = NoiseAt {
    stream: NoiseStream {
        seed: 5,
        walker: 1,
        tensor: 2,
    },
    step: 3,
};

fn flex() -> Device {
    tati_core::open_device("flex").expect("flex is compiled in")
}

fn wave(phase: f64, shape: [usize; 2], dtype: DType, device: &Device) -> Tensor<2> {
    let values: Vec<f64> = (0..shape[0] * shape[1])
        .map(|i| (phase + 0.37 * i as f64).sin())
        .collect();
    Tensor::from_data(
        TensorData::new(values, shape).convert_dtype(dtype),
        (device, dtype),
    )
}

fn updates() -> Vec<Update> {
    let rows = Integrator::ALL.map(|integrator| integrator.update(0.2, 0.1, 3.0, 40.0));
    let covariance_controlled = CovarianceControlled {
        step_size: 0.2,
        noise: 0.1,
        friction: 0.3,
        covariance_friction: 0.8,
        weight: 0.2,
    };
    let preconditioned = Preconditioned {
        step_size: 0.02,
        noise: 0.1,
        weight: 0.3,
        regularization: 0.2,
    };
    let mut updates = rows.map(Update::Langevin).to_vec();
    updates.extend(rows.map(|row| Update::Thermostatted(Thermostatted(row))));
    for noise in [0.1, 0.0] {
        updates.push(Update::Overdamped(Overdamped {
            step_size: 0.2,
            noise,
        }));
        updates.push(Update::Preconditioned(Preconditioned {
            noise,
            ..preconditioned
        }));
    }
    updates.push(Update::CovarianceControlled(covariance_controlled));
    updates
}

/// An update of a tensor with a prior.
struct Case {
    update: Update,
    prior: Option<(PriorShape, bool)>,
}

/// Every update with every kind of prior.
fn cases() -> Vec<Case> {
    let quadratic = PriorShape::Quadratic { strength: 0.3 };
    let walls = |lower, upper| PriorShape::Walls {
        strength: 0.3,
        lower,
        upper,
    };
    let priors = [
        None,
        Some((quadratic, false)),
        Some((quadratic, true)),
        Some((PriorShape::Absolute { strength: 0.3 }, false)),
        Some((walls(-0.5, 0.25), false)),
        Some((walls(f64::NEG_INFINITY, 0.25), false)),
        Some((walls(-0.5, f64::INFINITY), false)),
    ];
    let with_priors = |update| priors.map(|prior| Case { update, prior });
    updates().into_iter().flat_map(with_priors).collect()
}

/// What a body makes of a case, on the host.
struct Outcome {
    /// Position first, then the memory.
    arrays: Vec<(&'static str, Vec<f64>)>,
    sums: Sums,
}

impl Outcome {
    fn new((position, memory, mut sums, outgoing): Stepped<2, StateTensor<2>>) -> Self {
        sums.outgoing_momentum_squared = outgoing.read();
        let values = |data: TensorData| data.iter::<f64>().collect();
        let mut arrays = vec![("position", values(position.into_data()))];
        for (name, array) in memory.named() {
            arrays.push((name, values(array.to_data().into_owned())));
        }
        Self { arrays, sums }
    }

    fn assert_near(&self, other: &Self, tolerance: f64, case: &Case) {
        assert_eq!(self.arrays.len(), other.arrays.len());
        for ((name, ours), (_, theirs)) in self.arrays.iter().zip(&other.arrays) {
            assert_eq!(ours.len(), SHAPE[0] * SHAPE[1]);
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!(
                    (ours - theirs).abs() < tolerance,
                    "{name} of {:?} with {:?}: {ours} for {theirs}",
                    case.update,
                    case.prior
                );
            }
        }
        assert_sums_agree(self.sums, other.sums);
    }
}

impl Case {
    fn memory(&self, dtype: DType, device: &Device) -> Memory<Tensor<2>> {
        let wave = |phase| wave(phase, SHAPE, dtype, device);
        let squared = wave(0.2).powi_scalar(2);
        match self.update {
            Update::Overdamped(_) => Memory::default(),
            Update::Preconditioned(_) => Memory {
                variance: Some(squared),
                ..Memory::default()
            },
            Update::Langevin(_) | Update::Thermostatted(_) => Memory {
                momentum: Some(wave(0.5)),
                ..Memory::default()
            },
            Update::CovarianceControlled(_) => Memory {
                momentum: Some(wave(0.5)),
                variance: Some(squared),
                previous_gradient: Some(wave(0.1)),
            },
        }
    }

    /// A gradient as a matrix product may leave it: not in the order of memory.
    fn gradient(&self, dtype: DType, device: &Device) -> Tensor<2> {
        wave(1.0, [SHAPE[1], SHAPE[0]], dtype, device).transpose()
    }

    fn center(&self, dtype: DType, device: &Device) -> Option<Tensor<2>> {
        let (_, has_center) = self.prior?;
        has_center.then(|| wave(0.9, SHAPE, dtype, device))
    }

    /// The body that [`step`] chooses for the device.
    fn step(&self, dtype: DType, device: &Device, observe: bool) -> Outcome {
        let center = self.center(dtype, device).map(StateTensor::of);
        Outcome::new(step(
            wave(0.0, SHAPE, dtype, device),
            self.memory(dtype, device).map(StateTensor::of),
            self.gradient(dtype, device),
            self.prior.map(|(shape, _)| Prior {
                shape,
                center: center.as_ref(),
            }),
            self.update,
            NOISE,
            observe,
        ))
    }

    /// Plain tensor operations.
    fn plain(&self, dtype: DType, device: &Device) -> Outcome {
        let (position, memory, sums, outgoing) = DeviceTensors {
            position: wave(0.0, SHAPE, dtype, device),
            memory: self.memory(dtype, device),
            gradient: self.gradient(dtype, device),
            prior: self
                .prior
                .map(|(shape, _)| (shape, self.center(dtype, device))),
        }
        .apply(self.update, NOISE, true);
        Outcome::new((position, memory.map(StateTensor::of), sums, outgoing))
    }
}

fn assert_sums_agree(fused: Sums, plain: Sums) {
    assert_eq!(fused.elements, plain.elements);
    assert_eq!(fused.has_momentum, plain.has_momentum);
    for (fused, plain) in [
        (fused.momentum_squared, plain.momentum_squared),
        (fused.position_dot_gradient, plain.position_dot_gradient),
        (fused.gradient_squared, plain.gradient_squared),
        (fused.noise_squared, plain.noise_squared),
        (fused.prior_energy, plain.prior_energy),
        (
            fused.outgoing_momentum_squared,
            plain.outgoing_momentum_squared,
        ),
    ] {
        assert!(
            (fused - plain).abs() < 1e-4 * (1.0 + plain.abs()),
            "{fused} {plain}"
        );
    }
}

#[test]
fn the_kernel_equals_plain_tensor_operations() {
    for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-14)] {
        for case in cases() {
            let fused = case.step(dtype, &flex(), true);
            fused.assert_near(&case.plain(dtype, &flex()), tolerance, &case);
        }
    }
}

#[test]
#[should_panic(expected = "the size of their parameter")]
fn a_momentum_of_another_size_is_not_cut_short() {
    let momentum = TensorData::new(vec![0.0f32; SHAPE[0]], [SHAPE[0], 1]);
    step(
        wave(0.0, SHAPE, DType::F32, &flex()),
        Memory {
            momentum: Some(StateTensor::Host(momentum)),
            ..Memory::default()
        },
        wave(1.0, SHAPE, DType::F32, &flex()),
        None,
        Update::Langevin(Integrator::Baoab.update(0.1, 0.1, 1.0, 1.0)),
        NOISE,
        false,
    );
}
