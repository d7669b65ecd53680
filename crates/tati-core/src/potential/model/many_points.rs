//! Losses and gradients at many points: the data in chunks, the points inside, on all threads.

use std::ops::Range;
use std::sync::Mutex;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use rayon::prelude::*;

use super::evaluation::{OwnLeaves, accumulate};
use super::{Loss, ModelPotential, Progress, Rows};

/// Chunks of data whose losses are kept before they are added up.
const CHUNKS_PER_WAVE: usize = 64;
/// Models that share a product where gradients are in closed form: enough that it is fast, and not all, for the memory.
const MODELS_PER_PRODUCT: usize = 16;
/// Pieces of work a thread, so that a slow thread does not keep the others waiting.
const JOBS_PER_THREAD: usize = 8;

impl<M, R, L> ModelPotential<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// The mean loss of each of `models` over the current batch.
    pub(super) fn losses_of(&self, models: &[M]) -> Vec<f64> {
        let loss = &self.loss;
        let evaluate = |models: &mut Vec<M>, rows: &R, points: Range<usize>| {
            let losses = models[points].iter().map(|model| loss(model, rows.clone()));
            numbers(losses.collect())
        };
        self.walk(models.len(), models.to_vec(), evaluate, &mut |_| {})
    }

    /// The mean loss of each of `models` over the current batch and its gradients: of one model what
    /// [`gradients`](Self::gradients) returns. With gradients in [closed form](Self::with_closed_form_gradients) models share matrix
    /// products, sixteen at a time.
    ///
    /// As many pieces of data and points at a time as there are threads, added up in order: memory is bounded, and the sums do not
    /// depend on the number of threads.
    pub fn gradients_of(&self, models: &[M]) -> Vec<(f64, GradientsParams)> {
        let evaluated = self.losses_and_gradients(models).into_iter();
        evaluated
            .map(|(loss, gradients)| (loss.read(), gradients))
            .collect()
    }

    /// [`gradients_of`](Self::gradients_of) without waiting for losses on devices.
    pub(super) fn losses_and_gradients(&self, models: &[M]) -> Vec<(Loss, GradientsParams)> {
        let pieces = self.pieces();
        let threads = if self.on_host {
            rayon::current_num_threads()
        } else {
            1
        };
        let together = match self.closed_form {
            Some(_) => MODELS_PER_PRODUCT,
            None => 1,
        };
        let groups = (0..models.len()).step_by(together);
        let jobs: Vec<_> = groups
            .flat_map(|first| pieces.iter().map(move |piece| (first, piece)))
            .collect();
        let mut sums: Vec<_> = models
            .iter()
            .map(|_| (Loss::Known(0.0), GradientsParams::new()))
            .collect();
        let evaluation = self.evaluation();
        for wave in jobs.chunks(threads) {
            let jobs: Vec<_> = wave
                .iter()
                .map(|(first, (share, rows))| {
                    let group = models[*first..].iter().take(together).cloned();
                    let group: Vec<M> = group.map(|model| model.map(&mut OwnLeaves)).collect();
                    (*first, *share, rows.clone(), group)
                })
                .collect();
            let evaluated: Vec<_> = jobs
                .into_par_iter()
                .map(|(first, share, rows, group)| {
                    (first, share, evaluation.gradients(&group, rows))
                })
                .collect();
            for (first, share, evaluated) in evaluated {
                for (point, (loss, gradients)) in (first..).zip(evaluated) {
                    let (sum, sum_of_gradients) = &mut sums[point];
                    *sum = std::mem::replace(sum, Loss::Known(0.0)).plus(share, loss);
                    accumulate(&models[point], sum_of_gradients, gradients, share);
                }
            }
        }
        sums
    }

    /// `Σ share · loss` over the chunks of the current batch for each of `num_points` points. `evaluate` gets a copy of `context`,
    /// which need not be `Sync`, the rows of a chunk and some of the points, and returns the mean loss of the rows at each. What it
    /// returns for a point must not depend on which others it was asked for: then nothing depends on the number of threads.
    pub(super) fn walk<C: Clone + Send>(
        &self,
        num_points: usize,
        mut context: C,
        evaluate: impl Fn(&mut C, &R, Range<usize>) -> Vec<f64> + Sync,
        progress: &mut Progress<'_>,
    ) -> Vec<f64> {
        let (pieces, on_host) = (self.pieces(), self.on_host);
        let groups = groups_of_points(num_points, pieces.len());
        let jobs_done = Mutex::new((0, progress));
        let num_jobs = pieces.len() * groups.len();
        let run = |context: &mut C, (rows, points): (R, Range<usize>)| {
            let rows = rows.without_autodiff();
            if on_host {
                // As for gradients: products read in strides, from cache.
                rows.read_through();
            }
            let losses = evaluate(context, &rows, points);
            // A panic of the callback has ended the computation by then.
            if let Ok(mut jobs_done) = jobs_done.lock() {
                jobs_done.0 += 1;
                let share = f64::from(jobs_done.0) / num_jobs as f64;
                (jobs_done.1)(share);
            }
            losses
        };
        let mut sums = vec![0.0; num_points];
        for wave in pieces.chunks(CHUNKS_PER_WAVE) {
            let jobs: Vec<_> = wave
                .iter()
                .flat_map(|(_, rows)| groups.iter().map(|points| (rows.clone(), points.clone())))
                .collect();
            let losses: Vec<Vec<f64>> = if on_host {
                jobs.into_par_iter()
                    .map_with(context.clone(), run)
                    .collect()
            } else {
                jobs.into_iter().map(|job| run(&mut context, job)).collect()
            };
            for ((share, _), of_chunk) in wave.iter().zip(losses.chunks(groups.len().max(1))) {
                for (sum, loss) in sums.iter_mut().zip(of_chunk.iter().flatten()) {
                    *sum += share * loss;
                }
            }
        }
        sums
    }
}

/// Scalars as numbers, read from the device at once.
pub(super) fn numbers(scalars: Vec<Tensor<1>>) -> Vec<f64> {
    if scalars.is_empty() {
        return Vec::new();
    }
    Tensor::cat(scalars, 0)
        .inner()
        .into_data()
        .iter::<f64>()
        .collect()
}

/// The points in consecutive groups, so many that there is work for all threads where there are few chunks of data.
fn groups_of_points(num_points: usize, num_chunks: usize) -> Vec<Range<usize>> {
    let jobs = JOBS_PER_THREAD * rayon::current_num_threads();
    let groups = jobs.div_ceil(num_chunks.max(1));
    let points = num_points.div_ceil(groups).max(1);
    (0..num_points)
        .step_by(points)
        .map(|start| start..(start + points).min(num_points))
        .collect()
}
