//! The chains of one round, side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use burn::module::Module;
use burn::tensor::Tensor;
use rayon::prelude::*;
use tati_core::{ModelPotential, Potential, Result, Rows, shares_host_memory};
use tati_samplers::{Chain, ChainSampler};

use super::ExploreConfig;
use super::folder::Folder;

/// What the chains of all rounds have in common.
pub(super) struct Chains<'a> {
    pub(super) config: &'a ExploreConfig,
    pub(super) sampler: &'a ChainSampler,
    pub(super) seed: u64,
    pub(super) folder: &'a Folder,
    pub(super) interrupted: &'a Arc<AtomicBool>,
}

impl Chains<'_> {
    /// Runs the chains of a round, each from its start, or goes on with them; `report` is told the steps of all together, from any of
    /// their threads. Returns whether all came to their end.
    pub(super) fn run<M, R, L>(
        &self,
        model: &M,
        potential: &ModelPotential<M, R, L>,
        round: usize,
        starts: &[&[f64]],
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<bool>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
    {
        let steps: Vec<AtomicU64> = starts.iter().map(|_| AtomicU64::new(0)).collect();
        let run_chain = |(number, model, potential): (usize, M, ModelPotential<M, R, L>)| {
            let walker = round * self.config.num_chains + number;
            let chain = chain(
                self.config,
                self.sampler,
                self.seed,
                walker,
                model,
                potential,
            )?
            .with_interrupt(self.interrupted)
            .with_progress(|progress| {
                steps[number].store(progress.step, Ordering::Relaxed);
                report(
                    steps
                        .iter()
                        .map(|steps| steps.load(Ordering::Relaxed))
                        .sum(),
                );
            });
            let path = self.folder.chain(round, number);
            let chain = if path.exists() {
                chain.resume(path)?
            } else {
                chain.record(path)?
            };
            Ok(!chain.run()?.summary.interrupted)
        };
        // Parameters of its own for each: Burn's tape makes chains that share them wait for each other, possibly for ever.
        let mut chains = Vec::with_capacity(starts.len());
        let mut on_host = true;
        for (number, start) in starts.iter().enumerate() {
            let position = potential.positions(start)?.flatten::<1>(0, 1);
            on_host = shares_host_memory(&position.device());
            let model = potential.layout().unflatten(model.clone(), position)?;
            chains.push((number, model, potential.clone()));
        }
        let finished: Result<Vec<bool>> = if on_host {
            chains.into_par_iter().map(run_chain).collect()
        } else {
            chains.into_iter().map(run_chain).collect()
        };
        Ok(finished?.into_iter().all(|finished| finished))
    }
}

/// A chain of sampler and settings, with noise and mini-batches that no other walker has.
pub(super) fn chain<'a, M, R, L>(
    config: &ExploreConfig,
    sampler: &ChainSampler,
    seed: u64,
    walker: usize,
    model: M,
    potential: ModelPotential<M, R, L>,
) -> Result<Chain<'a, M, R, L>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    let walker = walker as u32;
    let potential = match config.batch_size {
        // The orders of two walkers have nothing in common: they follow from unlike seeds.
        Some(batch_size) => potential.with_batch_size(
            batch_size,
            seed.wrapping_add(u64::from(walker).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        )?,
        None => potential,
    };
    let sampler = sampler.clone().with_seed_and_walker(seed, walker);
    config.chain.init(model, potential, sampler)
}
