//! The directions of a line or plane: principal components, random ones, towards other minima, or from a file.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tati::landscape::{PrincipalComponentsConfig, RandomDirectionConfig, Recording};
use tati::models::Network;
use tati::{TableReader, TatiError, require_count};

use crate::error::CliError;
use crate::options::draws::Selection;
use crate::options::point::{Point, PointOptions};

/// Along what the loss is evaluated; along principal components of the run's draws unless told otherwise.
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Directions")]
pub struct DirectionOptions {
    /// Principal components of the draws, or rows of a file, from 1 [default: 1,2]
    #[arg(long, value_name = "K,…", value_delimiter = ',')]
    pub components: Option<Vec<usize>>,
    /// Random directions with filter normalisation
    #[arg(long, conflicts_with = "components")]
    pub random: bool,
    /// To the state that this run ended with, where the coefficient is 1; twice for a plane
    #[arg(long, value_name = "RUN", conflicts_with_all = ["components", "random"])]
    pub towards: Vec<PathBuf>,
    /// The same, to another step of --parameters
    #[arg(long, value_name = "N", requires = "parameters", conflicts_with_all = ["components", "random"], hide_short_help = true)]
    pub towards_step: Vec<u64>,
    /// Directions in the rows of a CSV file, as eigenvectors.csv of the covariance
    #[arg(long, value_name = "FILE", conflicts_with_all = ["random", "towards", "towards_step"], hide_short_help = true)]
    pub directions_file: Option<PathBuf>,
    /// Seed of random directions
    #[arg(long, default_value_t = 0, requires = "random")]
    pub seed: u64,
}

/// Directions, what they are called, and how far they go.
pub struct Directions {
    pub vectors: Vec<Vec<f64>>,
    pub labels: Vec<String>,
    /// Whether a coefficient of 1 is another minimum.
    pub between: bool,
    /// The draws, where they were read.
    pub recording: Option<Recording>,
}

impl DirectionOptions {
    /// `count` directions from `point`; draws are read if `with_draws` or if they make the directions.
    pub fn find(
        &self,
        count: usize,
        point: &Point,
        options: &PointOptions,
        selection: &Selection,
        with_draws: bool,
    ) -> Result<Directions, CliError> {
        let of_draws = !self.random && self.ends() == 0 && self.directions_file.is_none();
        let recording = match with_draws || of_draws {
            true => {
                let recording = selection.open(std::slice::from_ref(&options.run))?;
                Some(recording.arranged(point.potential.layout().tensors())?)
            }
            false => None,
        };
        let (vectors, labels) = if self.random {
            self.random(count, point)?
        } else if self.ends() > 0 {
            self.between(count, point, options)?
        } else {
            let components = self
                .components
                .clone()
                .unwrap_or_else(|| (1..=count).collect());
            require_given("components", components.len(), count)?;
            match (&self.directions_file, &recording) {
                (Some(file), _) => of_file(file, &components, point.position.len())?,
                (None, Some(recording)) => of_components(recording, &components)?,
                (None, None) => (Vec::new(), Vec::new()),
            }
        };
        Ok(Directions {
            vectors,
            labels,
            between: self.ends() > 0,
            recording,
        })
    }

    fn ends(&self) -> usize {
        self.towards.len() + self.towards_step.len()
    }

    fn random(
        &self,
        count: usize,
        point: &Point,
    ) -> Result<(Vec<Vec<f64>>, Vec<String>), CliError> {
        let layout = point.potential.layout();
        let vectors = (0..count as u64)
            .map(|number| {
                let seed = self.seed.wrapping_mul(2).wrapping_add(number);
                RandomDirectionConfig::new(seed)
                    .with_filter_axes(filter_axes(&point.network))
                    .draw(layout, &point.position)
            })
            .collect::<tati::Result<_>>()?;
        let labels = (1..=count).map(|number| format!("random direction {number}"));
        Ok((vectors, labels.collect()))
    }

    fn between(
        &self,
        count: usize,
        point: &Point,
        options: &PointOptions,
    ) -> Result<(Vec<Vec<f64>>, Vec<String>), CliError> {
        require_given("towards", self.ends(), count)?;
        let mut vectors = Vec::new();
        let mut labels = Vec::new();
        let mut add = |end: Vec<f64>, label: String| {
            let pairs = end.iter().zip(&point.position);
            vectors.push(pairs.map(|(end, start)| end - start).collect());
            labels.push(label);
        };
        for run in &self.towards {
            add(
                point.position_of_run(run)?,
                format!("towards {}", run.display()),
            );
        }
        for step in &self.towards_step {
            let Some(table) = &options.parameters else {
                continue;
            };
            add(point.row(table, *step)?, format!("towards step {step}"));
        }
        Ok((vectors, labels))
    }
}

/// The axes of filters where they are not those of Burn's layers.
fn filter_axes(network: &Network) -> Vec<(String, usize)> {
    match network {
        // Its classes come first.
        Network::Perceptron(_) => vec![("weight".to_string(), 0)],
        Network::Mlp(_) | Network::LeNet(_) => Vec::new(),
    }
}

fn of_components(
    recording: &Recording,
    components: &[usize],
) -> Result<(Vec<Vec<f64>>, Vec<String>), CliError> {
    let most = components.iter().copied().max().unwrap_or(1);
    let found = PrincipalComponentsConfig::new(most).compute(&recording.draws()?)?;
    let mut vectors = Vec::new();
    for &component in components {
        require_count("components", component, 1..)?;
        vectors.push(
            found
                .eigenvectors
                .column(component - 1)
                .iter()
                .copied()
                .collect(),
        );
    }
    let labels = components
        .iter()
        .map(|number| format!("principal component {number}"));
    Ok((vectors, labels.collect()))
}

/// The rows of a table with a number for each parameter, behind a column `component` if there is one.
fn of_file(
    file: &Path,
    rows: &[usize],
    num_parameters: usize,
) -> Result<(Vec<Vec<f64>>, Vec<String>), CliError> {
    let mut table = TableReader::open(file)?;
    let Some(header) = table.next_row()? else {
        return Err(TatiError::format(
            file,
            "it is empty: it must have a header and rows of numbers",
        )
        .into());
    };
    let columns: Vec<String> = header.fields().map(str::to_string).collect();
    let first = usize::from(columns.first().is_some_and(|name| name == "component"));
    if columns.len() - first != num_parameters {
        let reason = format!(
            "there are {} numbers in a direction, and {num_parameters} parameters of the model",
            columns.len() - first
        );
        return Err(header.error(columns.len(), reason).into());
    }
    let mut all: Vec<Vec<f64>> = Vec::new();
    while let Some(row) = table.next_row()? {
        row.require_columns(&columns)?;
        let numbers = (first..columns.len()).map(|column| row.number(column));
        all.push(numbers.collect::<tati::Result<_>>()?);
    }
    let mut vectors = Vec::new();
    for &row in rows {
        require_count("components", row, 1..=all.len())?;
        vectors.push(all[row - 1].clone());
    }
    let labels = rows.iter().map(|row| format!("direction {row}"));
    Ok((vectors, labels.collect()))
}

fn require_given(option: &str, found: usize, count: usize) -> Result<(), CliError> {
    if found == count {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "`--{option}` gives {found} directions: a {} takes {count}",
        if count == 1 { "line" } else { "plane" }
    )))
}
