//! Gradients whose pieces are evaluated on several threads at once.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Distribution, Tensor};
use rayon::ThreadPoolBuilder;
use tati_core::{ModelPotential, Potential, open_device};

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

/// Pieces that shared leaves of the tape would wait for each other's locks, and soon for ever: within some dozens of gradients.
#[test]
fn many_threads_do_not_wait_for_each_other_and_change_nothing() {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let device = open_device("flex").unwrap().autodiff();
        let model = Network {
            hidden: LinearConfig::new(20, 30).init(&device),
            output: LinearConfig::new(30, 3).init(&device),
        };
        let rows = Tensor::<2>::random([8000, 20], Distribution::Default, &device.clone().inner());
        let potential = ModelPotential::new(model.clone(), rows, |model: &Network, rows| {
            let outputs = model.output.forward(model.hidden.forward(rows).tanh());
            outputs.powi_scalar(2).mean()
        })
        .unwrap();
        let theta = potential.layout().flatten(&model).unwrap();
        let on = |threads: usize, repetitions: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let run = || potential.energy_and_gradient(&theta).unwrap();
                let found: Vec<(f64, Vec<f32>)> = (0..repetitions)
                    .map(|_| run())
                    .map(|(energy, gradient)| (energy, gradient.into_data().try_to_vec().unwrap()))
                    .collect();
                found
            })
        };
        let alone = on(1, 1).remove(0);
        let same = on(4, 300).iter().all(|found| *found == alone);
        send.send(same).unwrap();
    });
    let same = receive.recv_timeout(Duration::from_secs(120));
    assert_eq!(same, Ok(true), "a timeout is a deadlock");
}
