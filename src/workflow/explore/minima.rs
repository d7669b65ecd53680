//! What lies below the points that an exploration has reached: minima, and the barriers between the lowest.

use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{Potential, Result, Rows};
use tati_landscape::{Draws, Minima, MinimaProgress, potential_on_line};
use tati_samplers::PotentialWithPrior;

use super::{ExplorationRound, ExploreProgress, ExploreStage, ExploredBarrier, Explorer};

/// Points of a straight line between two minima.
const POINTS_ON_LINE: usize = 51;

impl<M, R, L> Explorer<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// The minima below the corner points and the lowest draws of the last of `num_rounds` rounds, and the barriers between them; `None` if
    /// it was interrupted.
    pub(super) fn look_below(
        &self,
        num_rounds: usize,
        round: &ExplorationRound,
    ) -> Result<Option<(Minima, Vec<ExploredBarrier>)>> {
        let with_prior;
        let potential: &dyn Potential = match self.sampler.prior() {
            None => self.potential,
            Some(prior) => {
                with_prior = PotentialWithPrior::new(self.potential, prior.clone())?;
                &with_prior
            }
        };
        let minima = self.find_minima(potential, num_rounds, round)?;
        let stable: Vec<usize> = (0..minima.minima.len())
            .filter(|&minimum| minima.minima[minimum].point.hessian.index == 0)
            .take(self.config.num_connected)
            .collect();
        let pairs: Vec<(usize, usize)> = (1..stable.len())
            .flat_map(|to| (0..to).map(move |from| (from, to)))
            .map(|(from, to)| (stable[from], stable[to]))
            .collect();
        let mut barriers = Vec::with_capacity(pairs.len());
        for (done, &(from, to)) in pairs.iter().enumerate() {
            if self.is_interrupted() {
                return Ok(None);
            }
            let total = pairs.len();
            (self.progress)(&ExploreProgress {
                round: num_rounds,
                stage: ExploreStage::Connecting { done, total },
            });
            barriers.push(self.barrier(potential, &minima, from, to)?);
        }
        Ok((!self.is_interrupted()).then_some((minima, barriers)))
    }

    fn find_minima(
        &self,
        potential: &dyn Potential,
        num_rounds: usize,
        round: &ExplorationRound,
    ) -> Result<Minima> {
        let starts: Vec<&[f64]> = (round.corners.iter())
            .chain(&round.lowest)
            .map(|draw| draw.position.as_slice())
            .collect();
        let total = starts.len();
        let theta = starts.concat();
        let starts = Draws::from_f64(&theta, [1, total, potential.num_parameters()])?;
        let progress = &self.progress;
        let mut report = |found: MinimaProgress| {
            let stage = match found {
                MinimaProgress::Quenched { done, total } => ExploreStage::Quenching { done, total },
                MinimaProgress::Counted { done, total } => ExploreStage::Counting { done, total },
            };
            progress(&ExploreProgress {
                round: num_rounds,
                stage,
            });
        };
        (self.config.minima).find(potential, &starts, self.symmetry, &mut report)
    }

    fn barrier(
        &self,
        potential: &dyn Potential,
        minima: &Minima,
        from: usize,
        to: usize,
    ) -> Result<ExploredBarrier> {
        let [start, end] = [from, to].map(|minimum| &minima.minima[minimum].point.position);
        let end = match self.symmetry {
            Some(symmetry) => symmetry.nearest_copy(start, end)?,
            None => end.clone(),
        };
        let line = potential_on_line(potential, start, &end, POINTS_ON_LINE, &mut |_| ())?;
        let path = (self.config.elastic_band).connect(potential, start, &end, &mut |_| ())?;
        Ok(ExploredBarrier {
            from,
            to,
            line,
            path,
        })
    }
}
