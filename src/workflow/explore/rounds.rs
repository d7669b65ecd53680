//! The course of an exploration: rounds, then minima.

use std::sync::atomic::Ordering;

use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{Result, Rows, Trajectory};
use tati_landscape::{DiffusionMap, Draws, Minima};

use super::farthest_points::{commute_map, farthest_points};
use super::folder::Folder;
use super::{
    Exploration, ExplorationEnd, ExplorationRound, ExploreProgress, ExploreStage, ExploredDraw,
    Explorer, settling,
};

/// All draws of the chains of some rounds.
pub(super) struct Pool {
    trajectories: Vec<Trajectory>,
    /// U at every draw, chains one after the other.
    pub(super) potential: Vec<f64>,
    draws_per_chain: usize,
}

impl<M, R, L> Explorer<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// Explores until the end, or until interrupted, from what the folder has.
    pub(super) fn explore(&self, folder: &Folder, seed: u64) -> Result<Exploration> {
        let mut rounds = folder.rounds()?;
        let mut map = None;
        let end = loop {
            if self.is_interrupted() {
                break ExplorationEnd::Interrupted;
            }
            let changes = rounds.iter().map(|round| round.change);
            if settling::has_settled(changes, self.config.tolerance) {
                break ExplorationEnd::Settled;
            }
            if rounds.len() >= self.config.max_rounds {
                break ExplorationEnd::RoundsSpent;
            }
            if !self.sample(folder, seed, &rounds)? {
                break ExplorationEnd::Interrupted;
            }
            let pool = self.pool(folder, rounds.len() + 1)?;
            let fitted = self.map(&pool, rounds.len())?;
            let round = self.look(&pool, &fitted, rounds.last())?;
            rounds.push(round);
            folder.finish_round(&rounds)?;
            map = Some((pool, fitted));
        };
        let mut found = Exploration {
            rounds,
            end,
            minima: Minima {
                minima: Vec::new(),
                quenches: Vec::new(),
            },
            barriers: Vec::new(),
            seed,
        };
        let Some(last) = found.rounds.last() else {
            return Ok(found);
        };
        if end == ExplorationEnd::Interrupted {
            return Ok(found);
        }
        self.draw(folder, &found.rounds, map)?;
        match self.look_below(found.rounds.len(), last)? {
            Some((minima, barriers)) => {
                folder.write_minima(&minima, &barriers)?;
                (found.minima, found.barriers) = (minima, barriers);
            }
            None => found.end = ExplorationEnd::Interrupted,
        }
        Ok(found)
    }

    /// The chains of the round after `rounds`; whether they came to their end.
    fn sample(&self, folder: &Folder, seed: u64, rounds: &[ExplorationRound]) -> Result<bool> {
        let start;
        let starts: Vec<&[f64]> = match rounds.last() {
            None => {
                start = folder.start()?;
                vec![&start; self.config.num_chains]
            }
            Some(round) => {
                let corners = round.corners.iter().take(self.config.num_chains);
                corners.map(|corner| corner.position.as_slice()).collect()
            }
        };
        let max_steps = self
            .config
            .chain
            .num_steps
            .saturating_mul(starts.len() as u64);
        let (progress, round) = (&self.progress, rounds.len());
        let report = |num_steps| {
            let stage = ExploreStage::Sampling {
                num_steps,
                max_steps,
            };
            progress(&ExploreProgress { round, stage });
        };
        self.chains(folder, seed)
            .run(self.model, self.potential, round, &starts, &report)
    }

    fn pool(&self, folder: &Folder, num_rounds: usize) -> Result<Pool> {
        let trajectories = folder.trajectories(num_rounds, self.config.num_chains)?;
        let draws_per_chain = self.config.chain.num_draws() as usize;
        let mut potential = Vec::with_capacity(trajectories.len() * draws_per_chain);
        for trajectory in &trajectories {
            potential.extend(trajectory.statistic("potential", 0, ..)?);
        }
        Ok(Pool {
            trajectories,
            potential,
            draws_per_chain,
        })
    }

    fn map(&self, pool: &Pool, round: usize) -> Result<DiffusionMap> {
        let num_points = pool.potential.len();
        let stage = ExploreStage::Mapping { num_points };
        (self.progress)(&ExploreProgress { round, stage });
        self.config
            .diffusion_map
            .fit(&Draws::of_all(&pool.trajectories)?)
    }

    /// What the map of a round says.
    fn look(
        &self,
        pool: &Pool,
        map: &DiffusionMap,
        before: Option<&ExplorationRound>,
    ) -> Result<ExplorationRound> {
        let eigenvalues = map.eigenvalues()[1..].to_vec();
        let coordinates = commute_map(map.coordinates(), &eigenvalues);
        let width = eigenvalues.len();
        let (corners, nearest) = farthest_points(&coordinates, width, self.config.num_corners);
        let mut lowest = corners.clone();
        for (point, &corner) in nearest.iter().enumerate() {
            if pool.potential[point] < pool.potential[lowest[corner]] {
                lowest[corner] = point;
            }
        }
        let draws = |points: &[usize]| {
            let draws = points.iter().map(|&point| pool.draw(point, map));
            draws.collect::<Result<Vec<_>>>()
        };
        Ok(ExplorationRound {
            num_points: map.num_points(),
            bandwidth: map.bandwidth(),
            change: before
                .map(|before| settling::relative_change(&eigenvalues, &before.eigenvalues)),
            eigenvalues,
            corners: draws(&corners)?,
            lowest: draws(&lowest)?,
        })
    }

    /// Draws the picture of the last map, if it is not there yet.
    #[cfg(feature = "plot")]
    fn draw(
        &self,
        folder: &Folder,
        rounds: &[ExplorationRound],
        map: Option<(Pool, DiffusionMap)>,
    ) -> Result<()> {
        let Some(last) = rounds.last() else {
            return Ok(());
        };
        let file = folder.picture();
        let (pool, map) = match map {
            Some(fitted) => fitted,
            None if file.exists() => return Ok(()),
            None => {
                let pool = self.pool(folder, rounds.len())?;
                let map = self.map(&pool, rounds.len() - 1)?;
                (pool, map)
            }
        };
        super::picture::draw(&file, &map, &pool.potential, last)
    }

    #[cfg(not(feature = "plot"))]
    fn draw(
        &self,
        _: &Folder,
        _: &[ExplorationRound],
        _: Option<(Pool, DiffusionMap)>,
    ) -> Result<()> {
        Ok(())
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

impl Pool {
    /// The draw that is point `point` of the map.
    fn draw(&self, point: usize, map: &DiffusionMap) -> Result<ExploredDraw> {
        let [chain, draw] = [point / self.draws_per_chain, point % self.draws_per_chain];
        let coordinates = map.coordinates().row(point);
        Ok(ExploredDraw {
            chain,
            draw,
            potential: self.potential[point],
            coordinates: coordinates.iter().skip(1).copied().collect(),
            position: self.trajectories[chain].theta(0, draw..=draw)?,
        })
    }
}
