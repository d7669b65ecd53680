//! What needs both sampling and analysis.

mod explore;
mod learning_coefficient;

pub use explore::{
    Exploration, ExplorationEnd, ExplorationRound, ExploreConfig, ExploreProgress, ExploreStage,
    ExploredBarrier, ExploredDraw, Explorer,
};
pub use learning_coefficient::{
    ChainsProgress, LearningCoefficientConfig, LearningCoefficientSweep,
    LearningCoefficientSweepConfig, SweepOutcome, SweepSetting,
};
