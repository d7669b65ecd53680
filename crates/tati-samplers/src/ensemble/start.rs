//! Where the walkers begin.

use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{BatchPosition, ModelPotential, Result, Rows};

use super::{Ensemble, Preconditioning, member::Member};
use crate::chain::walker::{Walker, move_model};
use crate::{HeatBath, NoiseSource, NoiseStream};

/// The stream of the jitter, below those of the kernels at the top of the 24-bit range.
const JITTER: u32 = 0xFF_FFF0;

/// The walkers of `ensemble` before their first step.
pub(super) fn members<'a, M, R, L>(
    ensemble: &mut Ensemble<'a, M, R, L>,
) -> Result<Vec<Member<'a, M, R, L>>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    let observers = std::mem::take(&mut ensemble.observers);
    observers
        .into_iter()
        .enumerate()
        .map(|(index, observers)| {
            let (walker, model) = walker(ensemble, index)?;
            Ok(Member::new(walker, model, observers))
        })
        .collect()
}

fn walker<M, R, L>(ensemble: &Ensemble<'_, M, R, L>, index: usize) -> Result<(Walker<M, R, L>, M)>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    let sampler = &ensemble.sampler;
    let noise = NoiseSource::of_wanderer(ensemble.seed, sampler.walker() + index as u32);
    let mut potential = ensemble.potential.clone();
    let mut model = ensemble.model.clone();
    if let Some(device) = device_of(ensemble, index) {
        potential = potential.to_device(device);
        model = model.fork(&device.clone().autodiff());
    }
    if !ensemble.config.shared_batches {
        own_batches(&mut potential, index)?;
    }
    let layout = potential.layout().clone();
    // Leaves of its own on the tape, whether or not it is moved.
    let flat = layout.flatten(&model)?;
    model = layout.unflatten(model, flat)?;
    let mut position = ensemble.starts.as_ref().map(|starts| starts[index].clone());
    if ensemble.config.jitter > 0.0 {
        let mut jittered = match position {
            Some(position) => position,
            None => {
                let mut position = Vec::new();
                layout.copy_to_host(&model, &mut position)?;
                position
            }
        };
        jitter(&mut jittered, ensemble.config.jitter, &noise);
        position = Some(jittered);
    }
    let bath = match &ensemble.exchange {
        Some(exchange) => Some(HeatBath::new(exchange.inverse_temperature(index))?),
        None => None,
    };
    let start = |model: &M| {
        let at = || layout.flatten(model);
        match (&ensemble.config.quasi_newton, &bath) {
            (Some(_), _) => sampler.start_without_prior(&noise, at),
            (None, Some(bath)) => sampler.start_in(bath, &noise, at),
            (None, None) => sampler.start(&noise, at),
        }
    };
    if let Some(position) = position {
        model = move_model(&layout, model, position)?;
    }
    let mover = start(&model)?;
    let mut walker = Walker::new(
        ensemble.config.chain.clone(),
        potential,
        noise,
        mover,
        sampler.first_step_size(),
    );
    walker.bath = bath;
    if ensemble.config.quasi_newton.is_some() {
        let prior = sampler.prior_of_optimizer();
        walker.preconditioning = Some(Preconditioning::new(prior, &layout, &model)?);
    }
    Ok((walker, model))
}

fn device_of<'e, M, R, L>(
    ensemble: &'e Ensemble<'_, M, R, L>,
    index: usize,
) -> Option<&'e burn::tensor::Device> {
    let devices = &ensemble.devices;
    devices.get(index.checked_rem(devices.len())?)
}

/// Walkers visit the batches in orders of their own: those of other epochs of the same order, so that they share the data.
fn own_batches<M, R, L>(potential: &mut ModelPotential<M, R, L>, index: usize) -> Result<()>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    if index == 0 || potential.batch_order().is_none() {
        return Ok(());
    }
    let epoch = (index as u64) << 32;
    potential.resume_batches(BatchPosition { epoch, batch: 0 })?;
    potential.next_batch();
    Ok(())
}

fn jitter(position: &mut [f64], scale: f64, noise: &NoiseSource) {
    let stream = NoiseStream {
        seed: noise.seed(),
        walker: noise.walker(),
        tensor: JITTER,
    };
    let mut normals = vec![0.0f32; position.len()];
    stream.fill_normal(0, &mut normals);
    for (theta, normal) in position.iter_mut().zip(normals) {
        *theta += scale * f64::from(normal);
    }
}
