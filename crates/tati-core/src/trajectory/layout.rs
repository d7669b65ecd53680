//! What a trajectory holds, fixed before its first draw.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Precision;
use crate::{ParameterLayout, ParameterTensor, Result, TatiError, require_count};

/// What a trajectory holds: how many chains, which parameters in which precision, which statistics, and the settings of the run.
///
/// # Example
/// ```
/// use serde_json::{Map, json};
/// use tati_core::{Precision, TrajectoryLayout};
///
/// let layout = TrajectoryLayout::flat(2, 10, Precision::F64)
///     .with_statistics(["potential", "kinetic_energy"])
///     .with_attributes(Map::from_iter([("seed".to_string(), json!(42))]));
/// assert_eq!(layout.num_parameters(), 10);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryLayout {
    num_chains: usize,
    precision: Precision,
    tensors: Vec<ParameterTensor>,
    statistics: Vec<String>,
    attributes: Map<String, Value>,
    expected_draws: Option<usize>,
    draws_per_chunk: Option<usize>,
}

impl TrajectoryLayout {
    /// Draws of the trainable parameters that `parameters` lays out, from each of `num_chains` chains; no statistics yet.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if the parameters are no floats.
    pub fn of(num_chains: usize, parameters: &ParameterLayout) -> Result<Self> {
        let precision = Precision::of(parameters.dtype());
        let precision = precision.ok_or_else(|| TatiError::InvalidSetting {
            name: "precision",
            value: format!("{:?}", parameters.dtype()),
            expected: "that of a float".to_string(),
        })?;
        let tensors = parameters.tensors().to_vec();
        Ok(Self::new(num_chains, precision, tensors))
    }

    /// Draws of one vector θ of length `num_parameters` that belongs to no module; no statistics yet.
    pub fn flat(num_chains: usize, num_parameters: usize, precision: Precision) -> Self {
        let theta = ParameterTensor {
            name: "theta".to_string(),
            shape: vec![num_parameters],
            offset: Some(0),
        };
        Self::new(num_chains, precision, vec![theta])
    }

    pub(super) fn new(
        num_chains: usize,
        precision: Precision,
        tensors: Vec<ParameterTensor>,
    ) -> Self {
        Self {
            num_chains,
            precision,
            tensors,
            statistics: Vec::new(),
            attributes: Map::new(),
            expected_draws: None,
            draws_per_chunk: None,
        }
    }

    /// With one number of each name recorded per draw, in this order, as `potential` or `kinetic_energy`. The step is recorded
    /// without being named.
    pub fn with_statistics(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.statistics = names.into_iter().map(Into::into).collect();
        self
    }

    /// With what describes the run: its full configuration and seed.
    pub fn with_attributes(mut self, attributes: Map<String, Value>) -> Self {
        self.attributes = attributes;
        self
    }

    /// With so many draws of each chain expected, more than which a chunk need not hold: a short run makes small files. There may be
    /// more or fewer.
    pub fn with_expected_draws(mut self, num_draws: usize) -> Self {
        self.expected_draws = Some(num_draws);
        self
    }

    /// The number of chains.
    pub fn num_chains(&self) -> usize {
        self.num_chains
    }

    /// N, the length of θ.
    pub fn num_parameters(&self) -> usize {
        let trainable = self.tensors.iter().filter(|tensor| !tensor.is_frozen());
        trainable.map(ParameterTensor::len).sum()
    }

    /// The precision of θ.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The tensors that θ consists of, and the frozen ones that are no part of it.
    pub fn tensors(&self) -> &[ParameterTensor] {
        &self.tensors
    }

    /// The names of the statistics, in order.
    pub fn statistics(&self) -> &[String] {
        &self.statistics
    }

    /// What describes the run.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// The number of draws in a chunk: as many as make about 4 MiB of θ, or as are expected.
    pub(super) fn draws_per_chunk(&self) -> usize {
        const CHUNK_BYTES: usize = 4 << 20;
        const MOST_DRAWS: usize = 16384;
        let draw_bytes = self.num_parameters().max(1) * self.precision.size();
        let most = self
            .expected_draws
            .unwrap_or(MOST_DRAWS)
            .clamp(1, MOST_DRAWS);
        self.draws_per_chunk
            .unwrap_or((CHUNK_BYTES / draw_bytes).clamp(1, most))
    }

    /// Chunks of a test's own size.
    #[cfg(test)]
    pub(super) fn with_draws_per_chunk(mut self, draws: usize) -> Self {
        self.draws_per_chunk = Some(draws);
        self
    }

    /// Checks that a store can be made of it.
    pub(super) fn validate(&self) -> Result<()> {
        require_count("num_chains", self.num_chains, 1..)?;
        require_count("num_parameters", self.num_parameters(), 1..)?;
        let mut end = 0;
        for tensor in self.tensors.iter().filter(|tensor| !tensor.is_frozen()) {
            if tensor.offset != Some(end) {
                return Err(TatiError::ShapeMismatch {
                    what: format!("offset of parameter `{}` in θ", tensor.name),
                    expected: end.to_string(),
                    found: tensor
                        .offset
                        .map_or("none".to_string(), |at| at.to_string()),
                });
            }
            end += tensor.len();
        }
        let mut seen = HashSet::new();
        for name in &self.statistics {
            validate_statistic(name)?;
            if !seen.insert(name) {
                return Err(invalid_statistic(name, "given once"));
            }
        }
        Ok(())
    }
}

/// Checks that `name` can be the name of a folder, and of a variable beside `step` with dimensions chain and draw.
fn validate_statistic(name: &str) -> Result<()> {
    let characters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_empty() || !characters || name.starts_with("__") {
        let expected = "a name of letters, digits and underscores that does not start with two";
        return Err(invalid_statistic(name, expected));
    }
    if ["step", "chain", "draw"].contains(&name) {
        let expected = "another name: every trajectory has its `step`, `chain` and `draw` anyway";
        return Err(invalid_statistic(name, expected));
    }
    Ok(())
}

fn invalid_statistic(name: &str, expected: &str) -> TatiError {
    TatiError::InvalidSetting {
        name: "statistics",
        value: format!("`{}`", name.escape_debug()),
        expected: expected.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_four_mebibytes_or_one_draw_or_16384() {
        let draws = |n, precision| TrajectoryLayout::flat(1, n, precision).draws_per_chunk();
        assert_eq!(draws(7850, Precision::F32), 133);
        assert_eq!(draws(7850, Precision::F64), 66);
        assert_eq!(draws(2, Precision::F32), 16384);
        assert_eq!(draws(10_000_000, Precision::F32), 1);
        let short = TrajectoryLayout::flat(1, 2, Precision::F32).with_expected_draws(100);
        assert_eq!(short.draws_per_chunk(), 100);
    }

    #[test]
    fn names_that_no_folder_or_variable_can_have_are_refused() {
        for name in ["", "a/b", "..", "__a", "a b", "step", "draw", "é"] {
            let layout = TrajectoryLayout::flat(1, 1, Precision::F64).with_statistics([name]);
            let message = layout.validate().unwrap_err().to_string();
            assert!(message.starts_with("`statistics` is `"), "{message}");
        }
        let twice = TrajectoryLayout::flat(1, 1, Precision::F64).with_statistics(["u", "u"]);
        let message = twice.validate().unwrap_err().to_string();
        assert_eq!(message, "`statistics` is `u`: it must be given once");
    }

    #[test]
    fn no_chain_no_parameter_and_gaps_are_refused() {
        let layout = TrajectoryLayout::flat(0, 1, Precision::F64);
        assert!(layout.validate().is_err());
        let layout = TrajectoryLayout::flat(1, 0, Precision::F64);
        assert!(layout.validate().is_err());
        let mut layout = TrajectoryLayout::flat(1, 3, Precision::F64);
        layout.tensors[0].offset = Some(1);
        assert_eq!(
            layout.validate().unwrap_err().to_string(),
            "offset of parameter `theta` in θ: expected 0, found 1"
        );
    }
}
