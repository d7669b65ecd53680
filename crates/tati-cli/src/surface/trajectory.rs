//! `tati surface trajectory`: the loss at every draw, on the run's data or others.

use std::path::PathBuf;

use serde::Serialize;
use tati::landscape::TrajectoryPotential;
use tati::landscape::plot::Traces;

use crate::error::CliError;
use crate::options::data::{DataArgs, DataSource};
use crate::options::draws::Selection;
use crate::options::out::OutOptions;
use crate::options::point::PointOptions;
use crate::options::problem::ProblemArgs;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// The loss at every draw, over the run's data, its test data or another set
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati surface trajectory RUN --test --out on-test-data\n  tati surface trajectory RUN --data csv:other.csv --every 10 --json"
)]
pub struct TrajectoryArgs {
    /// Run folder: its model and loss, its data and draws unless others are given
    #[arg(value_name = "RUN")]
    #[serde(skip)]
    run: PathBuf,
    #[command(flatten)]
    #[serde(flatten)]
    draws: Selection,
    /// Another data set: mnist, glyphs, circles, squares, clusters, spiral or csv:FILE
    #[arg(long, value_name = "SET")]
    data: Option<DataSource>,
    /// Take the data kept for testing
    #[arg(long)]
    test: bool,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    /// Chains and draws.
    shape: [usize; 2],
    /// Of each draw of each chain, row-major; null where it is not finite.
    potential: Vec<f64>,
    mean: f64,
    minimum: Option<Lowest>,
    num_items: usize,
    data: String,
    files: Vec<String>,
}

#[derive(Serialize)]
struct Lowest {
    potential: f64,
    chain: usize,
    draw: usize,
    step: u64,
}

pub fn run(arguments: &TrajectoryArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let point = PointOptions::last_state(&arguments.run).open(program)?;
    let recording = arguments
        .draws
        .open(std::slice::from_ref(&arguments.run))?
        .arranged(point.potential.layout().tensors())?;
    let data = DataArgs {
        data: arguments.data.clone(),
        ..DataArgs::default()
    };
    let other = ProblemArgs {
        data,
        ..ProblemArgs::default()
    };
    let problem = other.resolve(Some(&point.saved.problem))?.load()?;
    let set = match arguments.test {
        true => problem.test.as_ref().ok_or_else(|| {
            CliError::Usage(format!(
                "`--test`: no data are kept for testing of {}",
                problem.origin
            ))
        })?,
        false => &problem.train,
    };
    let potential = point.potential_over(set)?;
    let bar = program.progress("surface", 1000);
    let mut progress = |share: f64| bar.set_position((1000.0 * share) as u64);
    let along = TrajectoryPotential::of(&recording.draws()?, &potential, &mut progress)?;
    bar.finish_and_clear();
    let steps = recording.steps()?;
    let all = along.potential.concat();
    let mut results = Results {
        shape: [along.potential.len(), along.potential[0].len()],
        mean: all.iter().sum::<f64>() / all.len() as f64,
        minimum: lowest(&along.potential, &steps),
        potential: all,
        num_items: set.len(),
        data: problem.origin.clone(),
        files: Vec::new(),
    };
    if let Some(mut out) = out {
        out.table("potential", |file| along.write_csv(file))?;
        let chains: Vec<&[f64]> = along.potential.iter().map(Vec::as_slice).collect();
        let first = steps[0].first().copied().unwrap_or(0);
        let every = steps[0].get(1).map_or(1, |second| second - first);
        let figure = Traces {
            chains: &chains,
            first_step: first as usize,
            every: every as usize,
            y_label: "potential U",
            title: "Loss along the draws",
            source: &format!("{}, on {}", recording.origin(), results.data),
            ..Traces::default()
        };
        out.figure("potential", |file| figure.save(file))?;
        results.files = out.finish()?;
    }
    Outcome::new(&results, results.text())
}

fn lowest(chains: &[Vec<f64>], steps: &[Vec<u64>]) -> Option<Lowest> {
    let draws = chains.iter().enumerate().flat_map(|(chain, potentials)| {
        let draws = potentials.iter().enumerate();
        draws.map(move |(draw, potential)| (*potential, chain, draw))
    });
    let finite = draws.filter(|(potential, ..)| potential.is_finite());
    let (potential, chain, draw) = finite.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Lowest {
        potential,
        chain,
        draw,
        step: steps[chain][draw],
    })
}

impl Results {
    fn text(&self) -> String {
        let lowest = match &self.minimum {
            Some(lowest) => format!(
                "lowest {} at step {} of chain {}",
                text::number(lowest.potential),
                lowest.step,
                lowest.chain
            ),
            None => "nowhere finite".to_string(),
        };
        format!(
            "Loss at {} of {} over {} of {}: mean {}, {lowest}\n{}",
            text::count(self.shape[1], "draw"),
            text::count(self.shape[0], "chain"),
            text::count(self.num_items, "item"),
            self.data,
            text::number(self.mean),
            text::files(&self.files)
        )
    }
}
