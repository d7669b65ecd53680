//! The coefficient of a trained network, over step sizes and tether strengths.

use tati::workflow::{
    LearningCoefficientConfig, LearningCoefficientSweep, LearningCoefficientSweepConfig,
};

use crate::Options;
use crate::support::mlp::TrainedMlp;
use crate::support::{self, Failure};

pub fn sweep(
    options: &Options,
    network: &TrainedMlp,
    seed: u64,
) -> Result<LearningCoefficientSweep, Failure> {
    let first = |values: &[f64]| values.first().copied().unwrap_or(f64::NAN);
    let estimate = LearningCoefficientConfig::new(
        first(&options.step_sizes),
        first(&options.tether_strengths),
    )
    .with_num_chains(options.chains)
    .with_num_steps(options.steps)
    .with_burn_in(options.steps / 2)
    .with_batch_size(Some(options.batch_size.min(network.potential.num_rows())))
    .with_seed(Some(seed));
    let bar = support::progress("sweep", 0);
    let sweep = LearningCoefficientSweepConfig::new(
        estimate,
        options.step_sizes.clone(),
        options.tether_strengths.clone(),
    )
    .run(&network.model, &network.potential, |progress| {
        bar.set_length(progress.max_steps);
        bar.set_position(progress.num_steps);
    })?;
    bar.finish_and_clear();
    Ok(sweep)
}
