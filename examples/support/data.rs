//! Which data to train on: MNIST, glyphs or a table.

use std::path::{Path, PathBuf};

use tati::TatiError;
use tati::models::{Digits, LabelledSet, read_csv};

use crate::perceptron::Recipe;
use crate::support::digits;

/// Items of the training set that `--recipe paper` keeps; the other 5,000 are left out as in the paper.
const PAPER_TRAINING_ITEMS: usize = 55_000;

/// Which data.
#[derive(clap::Args, Clone, Debug)]
pub struct DataOptions {
    /// mnist, glyphs or csv:FILE; MNIST with glyphs in its place if left out
    #[arg(long)]
    pub data: Option<String>,
    /// Folder with the four IDX files of MNIST
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

/// The data of a run.
pub struct Data {
    pub name: String,
    pub origin: String,
    pub train: LabelledSet,
    pub test: LabelledSet,
}

/// Loads what `--data` asks for, for training by `recipe`.
pub fn load(options: &DataOptions, recipe: Recipe, seed: u64) -> Result<Data, TatiError> {
    let data = options.data.as_deref();
    if let Some(file) = data.and_then(|data| data.strip_prefix("csv:")) {
        return table(Path::new(file), seed);
    }
    // The paper's recipe is for the paper's data.
    let data = match (data, recipe) {
        (None, Recipe::Paper) => Some("mnist"),
        (data, _) => data,
    };
    let (name, digits) = digits::load(data, options.data_dir.clone(), "mnist, glyphs or csv:FILE")?;
    let recipe = if name == "mnist" {
        recipe
    } else {
        Recipe::Quick
    };
    Ok(Data::of(name, digits, recipe))
}

impl Data {
    fn of(name: &str, digits: Digits, recipe: Recipe) -> Self {
        let train = match recipe {
            Recipe::Paper => digits.train.take(PAPER_TRAINING_ITEMS),
            Recipe::Quick => digits.train,
        };
        Self {
            name: name.to_string(),
            origin: digits.origin.to_string(),
            train,
            test: digits.test,
        }
    }
}

/// A table of any dimension, a sixth of it for testing.
fn table(file: &Path, seed: u64) -> Result<Data, TatiError> {
    let set = read_csv(file)?;
    let length = set.len();
    if length < 6 {
        return Err(TatiError::format(
            file,
            format!("{length} points are too few: at least 6 are needed to train and test"),
        ));
    }
    let (train, test) = set.shuffle(seed).split_at(length - length / 6);
    Ok(Data {
        name: "csv".to_string(),
        origin: file.display().to_string(),
        train,
        test,
    })
}
