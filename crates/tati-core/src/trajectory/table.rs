//! Draws from comma-separated text, of this program or another.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::csv::ThetaColumns;
use crate::{ParameterTensor, Result, TableReader, TableRow, TatiError, quoted};

/// Draws read from a table with the columns `step` and `loss`, and one for each parameter under any name:
///
/// ```text
/// id,step,loss,weight0,weight1,bias0
/// 0,10,0.25,1.5,-2,0
/// ```
///
/// The three may stand anywhere. `id` tells chains apart; without it there is one. This is what
/// [`Trajectory::write_csv`](super::Trajectory::write_csv) and TATi write. A loss may be `NaN`, a parameter not. All draws are held in
/// memory; of chains of unlike length the draws that every chain has.
///
/// # Example
/// ```
/// use tati_core::TrajectoryTable;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("draws.csv");
/// std::fs::write(&path, "step,loss,a,b\n0,2.0,1.0,-1.0\n5,0.5,0.5,-0.5\n")?;
/// let table = TrajectoryTable::read(&path)?;
/// assert_eq!((table.num_chains(), table.num_draws()), (1, 2));
/// assert_eq!(table.parameter_names(), ["a", "b"]);
/// assert_eq!(table.losses(0), [2.0, 0.5]);
/// assert_eq!(table.at_step(0, 5)?, [0.5, -0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryTable {
    path: PathBuf,
    names: Vec<String>,
    num_chains: usize,
    num_draws: usize,
    steps: Vec<u64>,
    losses: Vec<f64>,
    theta: Vec<f64>,
}

/// The rows of one `id`.
#[derive(Default)]
struct Chain {
    steps: Vec<u64>,
    losses: Vec<f64>,
    theta: Vec<f64>,
}

/// Which column holds what.
struct Columns {
    names: Vec<String>,
    id: Option<usize>,
    step: usize,
    loss: usize,
    parameters: Vec<usize>,
}

impl TrajectoryTable {
    /// Reads the table at `path`.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be read; [`TatiError::Format`] if it has no row; [`TatiError::Table`], with line and column, if a
    /// column is missing or named twice, a field is not what its column asks for, or the steps of a chain do not ascend.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut table = TableReader::open(path)?;
        let Some(header) = table.next_row()? else {
            let reason = "it is empty: the first line must be a header like `step,loss,weight0`";
            return Err(TatiError::format(path, reason));
        };
        let columns = Columns::of(&header)?;
        let mut chains: BTreeMap<u64, Chain> = BTreeMap::new();
        while let Some(row) = table.next_row()? {
            row.require_columns(&columns.names)?;
            let id = columns.id.map_or(Ok(0), |id| whole_number(&row, id))?;
            chains.entry(id).or_default().push(&row, &columns)?;
        }
        let lengths = chains.values().map(|chain| chain.steps.len());
        let Some(num_draws) = lengths.min() else {
            return Err(TatiError::format(path, "no row follows the header"));
        };
        let num_parameters = columns.parameters.len();
        let mut found = Self {
            path: path.to_path_buf(),
            names: Vec::with_capacity(num_parameters),
            num_chains: chains.len(),
            num_draws,
            steps: Vec::new(),
            losses: Vec::new(),
            theta: Vec::with_capacity(chains.len() * num_draws * num_parameters),
        };
        for chain in chains.into_values() {
            found.steps.extend(&chain.steps[..num_draws]);
            found.losses.extend(&chain.losses[..num_draws]);
            let theta = &chain.theta[..num_draws * num_parameters];
            found.theta.extend_from_slice(theta);
        }
        let names = columns.parameters.iter().map(|&at| &columns.names[at]);
        found.names.extend(names.cloned());
        Ok(found)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the parameters, in the order of their columns.
    pub fn parameter_names(&self) -> &[String] {
        &self.names
    }

    /// The number of chains: of different `id`s, in ascending order.
    pub fn num_chains(&self) -> usize {
        self.num_chains
    }

    /// The number of draws that every chain has.
    pub fn num_draws(&self) -> usize {
        self.num_draws
    }

    /// N, the number of parameters.
    pub fn num_parameters(&self) -> usize {
        self.names.len()
    }

    /// θ of all draws, of shape \[chains, draws, N\].
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// The losses of a chain; nothing if there is no such chain.
    pub fn losses(&self, chain: usize) -> &[f64] {
        self.of_chain(&self.losses, chain)
    }

    /// The steps of a chain; nothing if there is no such chain.
    pub fn steps(&self, chain: usize) -> &[u64] {
        self.of_chain(&self.steps, chain)
    }

    /// θ of the draw that was taken at step `step` of `chain`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is none, with the nearest step.
    pub fn at_step(&self, chain: usize, step: u64) -> Result<&[f64]> {
        let steps = self.steps(chain);
        let width = self.num_parameters();
        if let Ok(draw) = steps.binary_search(&step) {
            let row = chain * self.num_draws + draw;
            return Ok(&self.theta[row * width..(row + 1) * width]);
        }
        let nearest = steps.iter().min_by_key(|other| other.abs_diff(step));
        Err(TatiError::InvalidSetting {
            name: "step",
            value: step.to_string(),
            expected: match nearest {
                Some(nearest) => format!(
                    "a step in {}; the nearest is {nearest}",
                    self.path.display()
                ),
                None => format!("of a chain below {}, the chains there are", self.num_chains),
            },
        })
    }

    /// The same draws in the order of a model's flat vector. Columns called `weight0`, `weight1`, …, `bias0`, … (or `w0`, …, `b0`, …) hold the
    /// weights of all `tensors` and then the biases, as [`Trajectory::write_csv`](super::Trajectory::write_csv) writes them; under any other names
    /// they are in the order of the flat vector.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if the model has another number of parameters, or of weights.
    pub fn arranged(mut self, tensors: &[ParameterTensor]) -> Result<Self> {
        let columns = ThetaColumns::of(tensors);
        let width = self.num_parameters();
        self.require("parameters", columns.order.len(), width)?;
        let Some((weights, biases)) = self.weights_and_biases() else {
            return Ok(self);
        };
        self.require("weights", columns.num_weights, weights.len())?;
        let mut source = vec![0; width];
        for (&place, column) in columns.order.iter().zip(weights.into_iter().chain(biases)) {
            source[place] = column;
        }
        let mut row = vec![0.0; width];
        for theta in self.theta.chunks_exact_mut(width) {
            row.copy_from_slice(theta);
            theta
                .iter_mut()
                .zip(&source)
                .for_each(|(value, &column)| *value = row[column]);
        }
        self.names = source.iter().map(|&at| self.names[at].clone()).collect();
        Ok(self)
    }

    /// The columns of weights and those of biases, in the order of their numbers; `None` if one is called otherwise.
    fn weights_and_biases(&self) -> Option<(Vec<usize>, Vec<usize>)> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (column, name) in self.names.iter().enumerate() {
            let digits = name.find(|letter: char| letter.is_ascii_digit())?;
            let number: usize = name[digits..].parse().ok()?;
            match &name[..digits] {
                "weight" | "w" => weights.push((number, column)),
                "bias" | "b" => biases.push((number, column)),
                _ => return None,
            }
        }
        let in_order = |mut columns: Vec<(usize, usize)>| {
            columns.sort_unstable();
            let is_whole = columns.iter().zip(0..).all(|(column, at)| column.0 == at);
            is_whole.then(|| columns.into_iter().map(|(_, column)| column).collect())
        };
        Some((in_order(weights)?, in_order(biases)?))
    }

    fn require(&self, what: &str, expected: usize, found: usize) -> Result<()> {
        if expected == found {
            return Ok(());
        }
        Err(TatiError::ShapeMismatch {
            what: format!("number of {what} in {}", self.path.display()),
            expected: format!("{expected}, as of the model"),
            found: found.to_string(),
        })
    }

    fn of_chain<'a, T>(&self, numbers: &'a [T], chain: usize) -> &'a [T] {
        let start = chain.saturating_mul(self.num_draws);
        let end = start.saturating_add(self.num_draws);
        numbers.get(start..end).unwrap_or_default()
    }
}

impl Columns {
    fn of(header: &TableRow<'_>) -> Result<Self> {
        let names: Vec<String> = header.fields().map(str::to_string).collect();
        let mut seen = HashSet::new();
        for (name, column) in names.iter().zip(1..) {
            if name.is_empty() {
                return Err(header.error(column, "the column has no name"));
            }
            if !seen.insert(name) {
                let reason = format!("column {} is there twice", quoted(name));
                return Err(header.error(column, reason));
            }
        }
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let required = |wanted: &str| {
            place(wanted).ok_or_else(|| {
                let reason = format!(
                    "column `{wanted}` is missing: the header must be like `step,loss,weight0`"
                );
                header.error(names.len() + 1, reason)
            })
        };
        let (id, step, loss) = (place("id"), required("step")?, required("loss")?);
        let is_parameter = |at: &usize| Some(*at) != id && *at != step && *at != loss;
        let parameters: Vec<usize> = (0..names.len()).filter(is_parameter).collect();
        if parameters.is_empty() {
            let reason = "no column of a parameter follows: there must be one at least";
            return Err(header.error(names.len() + 1, reason));
        }
        Ok(Self {
            names,
            id,
            step,
            loss,
            parameters,
        })
    }
}

impl Chain {
    fn push(&mut self, row: &TableRow<'_>, columns: &Columns) -> Result<()> {
        let step = whole_number(row, columns.step)?;
        if let Some(before) = self.steps.last().filter(|before| step <= **before) {
            let reason = format!(
                "step {step} follows step {before}: steps must ascend, and rows of another chain need another `id`"
            );
            return Err(row.error(columns.step + 1, reason));
        }
        self.steps.push(step);
        self.losses.push(row.number(columns.loss)?);
        for &column in &columns.parameters {
            let value = row.number(column)?;
            if !value.is_finite() {
                let reason = format!(
                    "{value} is not a finite number: leave out the draws from where the run diverged"
                );
                return Err(row.error(column + 1, reason));
            }
            self.theta.push(value);
        }
        Ok(())
    }
}

fn whole_number(row: &TableRow<'_>, column: usize) -> Result<u64> {
    let field = row.field(column).unwrap_or_default();
    field.parse().map_err(|_| {
        let reason = format!("{} is not a whole number from 0", quoted(field));
        row.error(column + 1, reason)
    })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
