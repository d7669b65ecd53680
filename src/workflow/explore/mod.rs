//! Exploration: chains from corner points of the map of all draws so far, until its spectrum settles; then the minima below.

mod chains;
mod farthest_points;
mod folder;
mod minima;
#[cfg(feature = "plot")]
mod picture;
mod progress;
mod rounds;
mod settling;
mod summary;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use serde::Serialize;
use tati_core::{
    ModelPotential, Potential, Result, Rows, TatiError, require_count, require_positive,
};
use tati_landscape::{
    DiffusionMapConfig, ElasticBandConfig, Minima, MinimaConfig, MinimumEnergyPath, PathPotential,
    UnitSymmetry,
};
use tati_samplers::{ChainConfig, ChainSampler, PotentialWithPrior, entropy_seed};

use chains::Chains;
use folder::{Folder, Record};

pub use progress::{ExploreProgress, ExploreStage};
pub use summary::{
    BarrierSummary, CornerSummary, ExplorationSummary, MinimumSummary, RoundSummary,
};

/// Explores a potential in rounds:
///
/// 1. several chains, all from the model's parameters in the first round;
/// 2. the diffusion map of all draws of all rounds so far;
/// 3. its corner points, the farthest from each other in commute-time distance: that with the largest first coordinate, then again and
///    again the point whose nearest chosen one is farthest;
/// 4. the chains of the next round from the first of these;
///
/// until no leading eigenvalue of the map's generator has changed by more than `tolerance` of itself in two rounds running, or the rounds
/// are spent. Then the corner points, and for each the draw of lowest potential among those nearest to it, are quenched to the minima
/// below; U has the sampler's prior in it there. Between the lowest of these the paths of minimum energy are looked for.
///
/// Chains that begin where earlier ones came last, up a barrier for instance, reach what a single chain as long as all together does
/// not. The pooled draws are therefore no sample of exp(−βU): averages over them say nothing. An eigenvalue that has settled means that
/// nothing new was found, not that there is nothing more: a basin behind a barrier that no chain has come near stays unseen.
///
/// Source: F. Heber, Z. Trstanova, B. Leimkuhler, "Thermodynamic Analytics ToolkIt", J. Mach. Learn. Res. 21 (2020) 228; for exploration
/// from far points of a diffusion map, W. Zheng, M. A. Rohrdanz, C. Clementi, J. Phys. Chem. B 117 (2013) 12769.
///
/// # Example
/// ```
/// use burn::module::{Module, Param};
/// use burn::tensor::Tensor;
/// use tati::ModelPotential;
/// use tati::landscape::{DiffusionMapConfig, MinimaConfig, QuenchConfig};
/// use tati::samplers::{BaoabConfig, ChainConfig, ChainSampler};
/// use tati::workflow::ExploreConfig;
///
/// /// One parameter in a double well, (θ² − 1)².
/// #[derive(Module, Debug)]
/// struct Walker {
///     position: Param<Tensor<1>>,
/// }
/// let device = tati::open_device("flex")?.autodiff();
/// let model = Walker { position: Param::from_tensor(Tensor::<1>::from_data([1.0], &device).require_grad()) };
/// let item = Tensor::<1>::zeros([1], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), item, |model: &Walker, _| {
///     (model.position.val().powi_scalar(2) - 1.0).powi_scalar(2)
/// })?;
///
/// let sampler = ChainSampler::optimizer(&BaoabConfig::new(4.0).with_friction(1.0), 0.2);
/// let quench = QuenchConfig::new().with_gradient_tolerance(1e-4);
/// # let folder = tempfile::tempdir().map_err(|error| tati::TatiError::file("a temporary folder", "creating", error))?;
/// # let out = folder.path().join("exploration");
/// let found = ExploreConfig::new(ChainConfig::new(400).with_thinning(4))
///     .with_diffusion_map(DiffusionMapConfig::new(3))
///     .with_minima(MinimaConfig::new().with_quench(quench))
///     .with_max_rounds(3)
///     .with_seed(Some(1))
///     .init(&model, &potential, &sampler)?
///     .run(out)?;
/// assert_eq!(found.minima.minima.len(), 2);
/// # Ok::<(), tati::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ExploreConfig {
    /// The chains of every round.
    pub chain: ChainConfig,
    /// Chains of a round.
    #[config(default = 4)]
    pub num_chains: usize,
    /// Corner points of a map, at least one a chain.
    #[config(default = 8)]
    pub num_corners: usize,
    /// Rounds after which the exploration ends whether or not it has settled.
    #[config(default = 40)]
    pub max_rounds: usize,
    /// The largest relative change of an eigenvalue that counts as none.
    #[config(default = 0.02)]
    pub tolerance: f64,
    /// The map of the draws. Its eigenvalues but for the 0 of the constant are those that must settle.
    #[config(default = "DiffusionMapConfig::new(4)")]
    pub diffusion_map: DiffusionMapConfig,
    /// How minima are found.
    #[config(default = "MinimaConfig::new()")]
    pub minima: MinimaConfig,
    /// Between every two of so many lowest minima (of index 0) the lowest path is looked for; 0 for none.
    #[config(default = 4)]
    pub num_connected: usize,
    /// How such a path is found.
    #[config(default = "ElasticBandConfig::new()")]
    pub elastic_band: ElasticBandConfig,
    /// Items in a mini-batch of the chains; all of them if `None`. Minima are those over all data.
    pub batch_size: Option<usize>,
    /// Seed of the noise and of the mini-batches; from entropy if `None`.
    pub seed: Option<u64>,
}

/// An exploration ready to run.
pub struct Explorer<'a, M, R, L> {
    config: ExploreConfig,
    model: &'a M,
    potential: &'a ModelPotential<M, R, L>,
    sampler: ChainSampler,
    symmetry: Option<&'a UnitSymmetry>,
    progress: Box<dyn Fn(&ExploreProgress) + Sync + 'a>,
    interrupted: Arc<AtomicBool>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Exploration {
    /// The rounds, those before a restart included.
    pub rounds: Vec<ExplorationRound>,
    /// How they came to their end.
    pub end: ExplorationEnd,
    /// What was found below the last corner points and then the last lowest draws; nothing if the exploration was interrupted.
    pub minima: Minima,
    /// The barriers between the lowest minima.
    pub barriers: Vec<ExploredBarrier>,
    /// The seed in use.
    pub seed: u64,
}

/// How an exploration came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplorationEnd {
    /// The eigenvalues have settled.
    Settled,
    /// The rounds were spent before.
    RoundsSpent,
    /// It was interrupted, and can be resumed.
    Interrupted,
}

/// One round of an exploration.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplorationRound {
    /// Draws in the map: those of all rounds so far.
    pub num_points: usize,
    /// ε of the map.
    pub bandwidth: f64,
    /// The leading eigenvalues of the map's generator, descending, without the 0 of the constant.
    pub eigenvalues: Vec<f64>,
    /// The largest relative change of one of them since the round before; `None` in the first.
    pub change: Option<f64>,
    /// The corner points, in the order in which they were chosen.
    pub corners: Vec<ExploredDraw>,
    /// For each of them the draw of lowest potential among those nearest to it.
    pub lowest: Vec<ExploredDraw>,
}

/// A draw of an exploration.
#[derive(Clone, Debug, PartialEq)]
pub struct ExploredDraw {
    /// Its chain, counted through all rounds.
    pub chain: usize,
    /// Its number in this chain.
    pub draw: usize,
    /// U as recorded, with the prior, over the mini-batch of its step where there are mini-batches.
    pub potential: f64,
    /// Its diffusion coordinates in the map of this round, without the constant one.
    pub coordinates: Vec<f64>,
    /// θ, of length N.
    pub position: Vec<f64>,
}

/// What lies between two minima.
#[derive(Clone, Debug, PartialEq)]
pub struct ExploredBarrier {
    /// The minimum where line and path begin: its number among those found.
    pub from: usize,
    /// The minimum where they end, or the copy of it under the symmetry that is nearest to the first.
    pub to: usize,
    /// U on the straight line.
    pub line: PathPotential,
    /// The path of minimum energy that a nudged elastic band finds from the straight line.
    pub path: MinimumEnergyPath,
}

impl ExploreConfig {
    /// An exploration from the parameters of `model`, which must be of the kind that `potential` was made of, by chains of `sampler`,
    /// whose seed and walker are replaced. `potential` is over all data.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain, for a `potential` that has mini-batches of its own, and for a sampler
    /// with a tether or one that takes no mini-batches where there are some.
    pub fn init<'a, M, R, L>(
        &self,
        model: &'a M,
        potential: &'a ModelPotential<M, R, L>,
        sampler: &ChainSampler,
    ) -> Result<Explorer<'a, M, R, L>>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
    {
        require_count("num_chains", self.num_chains, 1..)?;
        require_count("num_corners", self.num_corners, self.num_chains..)?;
        require_count("max_rounds", self.max_rounds, 1..)?;
        require_positive("tolerance", self.tolerance)?;
        require_count("num_eigenpairs", self.diffusion_map.num_eigenpairs, 2..)?;
        if potential.batch_order().is_some() {
            return Err(TatiError::InvalidSetting {
                name: "potential",
                value: "over mini-batches".to_string(),
                expected: "over all data, which minima need: mini-batches are a setting of the exploration"
                    .to_string(),
            });
        }
        if let Some(prior) = sampler.prior() {
            PotentialWithPrior::new(potential, prior.clone())?;
        }
        // What is wrong with the chains shows here, before there is a folder.
        chains::chain(self, sampler, 0, 0, model.clone(), potential.clone())?;
        Ok(Explorer {
            config: self.clone(),
            model,
            potential,
            sampler: sampler.clone(),
            symmetry: None,
            progress: Box::new(|_| ()),
            interrupted: Arc::default(),
        })
    }

    /// Leading coordinates and eigenvalues, the constant not counted.
    fn num_coordinates(&self) -> usize {
        self.diffusion_map.num_eigenpairs - 1
    }
}

impl<'a, M, R, L> Explorer<'a, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// Takes minima that are copies of each other under `symmetry` as one.
    pub fn with_symmetry(mut self, symmetry: &'a UnitSymmetry) -> Self {
        self.symmetry = Some(symmetry);
        self
    }

    /// Calls `progress` while the exploration runs, from any of its threads, about ten times a second for each chain.
    pub fn with_progress(mut self, progress: impl Fn(&ExploreProgress) + Sync + 'a) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Ends the exploration after the step, map or search at which the flag is found set, with everything saved.
    pub fn with_interrupt(mut self, interrupted: &Arc<AtomicBool>) -> Self {
        self.interrupted = interrupted.clone();
        self
    }

    /// Explores from the start, recording to the new folder `path`: settings, chains, and for each round eigenvalues and corner points, at
    /// the end the minima and (with feature `plot`) a picture of the map.
    ///
    /// # Errors
    /// [`TatiError::Exists`] if the folder exists; a chain that diverges; what the map or the search of minima reports; files that cannot be
    /// written. What was recorded until then stays, and can be resumed.
    pub fn run(self, path: impl AsRef<Path>) -> Result<Exploration> {
        let seed = self.config.seed.unwrap_or_else(entropy_seed);
        let start = self.potential.layout().flatten(self.model)?;
        let start: Vec<f64> = start.to_data().iter::<f64>().collect();
        let folder = Folder::create(path.as_ref(), &self.record(seed), &start)?;
        self.explore(&folder, seed)
    }

    /// Goes on with the exploration recorded in the folder `path`: finished rounds are read, chains go on from their last checkpoints, and
    /// what comes out is what would have without the stop, on CPU devices to the last bit. Seed and start are those recorded. More rounds
    /// extend the exploration.
    ///
    /// # Errors
    /// Those of [`run`](Self::run) but for the first; if there is no exploration in the folder, or one of other settings or of another model,
    /// sampler or data: nothing is changed then.
    pub fn resume(self, path: impl AsRef<Path>) -> Result<Exploration> {
        let recorded = Folder::recorded(path.as_ref())?;
        let seed = self.config.seed.unwrap_or(recorded.seed);
        let record = self.record(seed);
        let num_parameters = self.potential.num_parameters();
        let folder = Folder::open(path.as_ref(), &record, num_parameters)?;
        let first = folder.chain(0, 0);
        if first.exists() {
            // It refuses another model, sampler or data.
            let (model, potential) = (self.model.clone(), self.potential.clone());
            chains::chain(&self.config, &self.sampler, seed, 0, model, potential)?.resume(first)?;
        }
        folder.write_record(&record)?;
        self.explore(&folder, seed)
    }

    fn record(&self, seed: u64) -> Record {
        Record::new(
            self.config.clone(),
            seed,
            self.sampler.name(),
            self.sampler.settings(),
        )
    }

    fn chains<'b>(&'b self, folder: &'b Folder, seed: u64) -> Chains<'b> {
        Chains {
            config: &self.config,
            sampler: &self.sampler,
            seed,
            folder,
            interrupted: &self.interrupted,
        }
    }
}
