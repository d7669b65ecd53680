//! What needs both sampling and analysis.

mod learning_coefficient;

pub use learning_coefficient::{
    ChainsProgress, LearningCoefficientConfig, LearningCoefficientSweep,
    LearningCoefficientSweepConfig, SweepOutcome, SweepSetting,
};
