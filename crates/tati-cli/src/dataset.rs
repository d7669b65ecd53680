//! `tati dataset`: data sets as tables, and what is in them.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use tati::models::{LabelledSet, write_csv};

use crate::error::CliError;
use crate::export::check_file;
use crate::options::data::DataArgs;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// Write data sets as CSV, or show what is in one
#[derive(clap::Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Example: tati dataset show --data spiral --first 3"
)]
pub struct DatasetArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    Write(WriteArgs),
    Show(ShowArgs),
}

/// Write a data set as CSV, with the columns x1,x2,…,label
#[derive(clap::Args, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    after_help = "Example: tati dataset write --data clusters --items 500 --noise 0.1 --out clusters.csv"
)]
struct WriteArgs {
    /// The table of items for training
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The table of items for testing
    #[arg(long, value_name = "FILE")]
    test_out: Option<PathBuf>,
    /// Overwrite tables that are there
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    #[serde(flatten)]
    data: DataArgs,
}

/// Show sizes, classes and ranges of a data set
#[derive(clap::Args, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(after_help = "Example: tati dataset show --data csv:train.csv --first 3")]
struct ShowArgs {
    /// Show the first N items
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: usize,
    #[command(flatten)]
    #[serde(flatten)]
    data: DataArgs,
}

/// What is in a set.
#[derive(Serialize)]
struct Content {
    dataset: String,
    num_items: usize,
    num_test_items: usize,
    num_features: usize,
    /// Items of each class.
    classes: Vec<usize>,
    minimum: f32,
    maximum: f32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Item {
    features: Vec<f32>,
    label: u32,
}

pub fn run(arguments: &DatasetArgs, program: &Program) -> Result<Outcome, CliError> {
    match &arguments.action {
        Action::Write(arguments) => write(arguments, program),
        Action::Show(arguments) => show(arguments, program),
    }
}

fn write(arguments: &WriteArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    for file in [Some(&arguments.out), arguments.test_out.as_ref()]
        .into_iter()
        .flatten()
    {
        check_file(file, arguments.overwrite)?;
    }
    let data = arguments.data.load()?;
    let files = match (&arguments.test_out, &data.test) {
        (Some(file), Some(test)) => {
            write_csv(file, test)?;
            vec![arguments.out.clone(), file.clone()]
        }
        (Some(_), None) => {
            return Err(CliError::Usage(
                "--test-out is given, but there are no items for testing: give --test-share"
                    .to_string(),
            ));
        }
        (None, _) => vec![arguments.out.clone()],
    };
    write_csv(&arguments.out, &data.train)?;
    let content = Content::of(&data.train, data.test.as_ref(), data.origin, 0, files);
    Outcome::new(&content, content.text())
}

fn show(arguments: &ShowArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let data = arguments.data.load()?;
    let test = data.test.as_ref();
    let content = Content::of(&data.train, test, data.origin, arguments.first, Vec::new());
    Outcome::new(&content, content.text())
}

impl Content {
    fn of(
        train: &LabelledSet,
        test: Option<&LabelledSet>,
        origin: String,
        first: usize,
        files: Vec<PathBuf>,
    ) -> Self {
        let mut classes = vec![0; train.classes()];
        for label in train.labels() {
            classes[*label as usize] += 1;
        }
        let features = train.features().iter().copied();
        Self {
            dataset: origin,
            num_items: train.len(),
            num_test_items: test.map_or(0, LabelledSet::len),
            num_features: train.dimension(),
            classes,
            minimum: features.clone().fold(f32::INFINITY, f32::min),
            maximum: features.fold(f32::NEG_INFINITY, f32::max),
            items: train
                .iter()
                .take(first)
                .map(|(features, label)| Item {
                    features: features.to_vec(),
                    label,
                })
                .collect(),
            files,
        }
    }

    fn text(&self) -> String {
        let classes: Vec<String> = self.classes.iter().map(usize::to_string).collect();
        let mut text = format!(
            "{}: {} for training, {} for testing\n{} from {} to {}, {} of {} items\n",
            self.dataset,
            text::count(self.num_items, "item"),
            self.num_test_items,
            text::count(self.num_features, "feature"),
            self.minimum,
            self.maximum,
            text::count(classes.len(), "class"),
            classes.join(", "),
        );
        for item in &self.items {
            let features: Vec<String> = item.features.iter().map(f32::to_string).collect();
            text.push_str(&format!("{},{}\n", features.join(","), item.label));
        }
        for file in &self.files {
            text.push_str(&format!("written to {}\n", file.display()));
        }
        text
    }
}
