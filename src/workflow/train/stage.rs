//! Steps of one step size and batch size.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError};

/// A stage of training, written `steps:step_size` or `steps:step_size:batch_size`.
///
/// # Example
/// ```
/// use tati::workflow::TrainStage;
///
/// let stage: TrainStage = "3000:0.5:550".parse()?;
/// assert_eq!(stage, TrainStage::new(3000, 0.5).with_batch_size(Some(550)));
/// # Ok::<(), tati::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainStage {
    /// Number of steps.
    pub num_steps: u64,
    /// Their step size.
    pub step_size: f64,
    /// Items in a mini-batch; all of the data if `None`.
    pub batch_size: Option<usize>,
}

impl TrainStage {
    /// Steps with all of the data.
    pub fn new(num_steps: u64, step_size: f64) -> Self {
        Self {
            num_steps,
            step_size,
            batch_size: None,
        }
    }

    /// The same steps with mini-batches of this size; with all of the data if `None`.
    pub fn with_batch_size(mut self, batch_size: Option<usize>) -> Self {
        self.batch_size = batch_size;
        self
    }
}

impl FromStr for TrainStage {
    type Err = TatiError;

    fn from_str(text: &str) -> Result<Self> {
        let stage = || {
            let mut parts = text.trim().split(':');
            let stage = Self::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let batch_size = parts.next().map(|size| size.parse().ok());
            if parts.next().is_some() || batch_size == Some(None) {
                return None;
            }
            Some(stage.with_batch_size(batch_size.flatten()))
        };
        stage().ok_or_else(|| TatiError::InvalidSetting {
            name: "stages",
            value: format!("`{}`", text.escape_debug()),
            expected: "STEPS:STEP_SIZE or STEPS:STEP_SIZE:BATCH_SIZE, as 3000:0.5:550".to_string(),
        })
    }
}

impl fmt::Display for TrainStage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.num_steps, self.step_size)?;
        match self.batch_size {
            Some(size) => write!(formatter, ":{size}"),
            None => Ok(()),
        }
    }
}
