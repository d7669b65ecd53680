//! What needs more than one of models, sampling and analysis.

mod calibrate;
mod explore;
mod learning_coefficient;
mod train;

pub use calibrate::{CalibrateConfig, CalibratedSetting, CalibrationVerdict};
pub use explore::{
    BarrierSummary, CornerSummary, Exploration, ExplorationEnd, ExplorationRound,
    ExplorationSummary, ExploreConfig, ExploreProgress, ExploreStage, ExploredBarrier,
    ExploredDraw, Explorer, MinimumSummary, RoundSummary,
};
pub use learning_coefficient::{
    ChainsProgress, LearningCoefficientConfig, LearningCoefficientSweep,
    LearningCoefficientSweepConfig, SweepOutcome, SweepSetting,
};
pub use train::{BarzilaiBorwein, TrainConfig, TrainOptimizer, TrainStage, TrainStep, Trained};
