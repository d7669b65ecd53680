//! Which data: a set by name or a table, how much of it, and what the network gets of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tati::TatiError;
use tati::models::{
    Features, GlyphsConfig, LabelledSet, MnistConfig, PlaygroundConfig, PlaygroundShape, read_csv,
};

use crate::error::{CliError, suggestion};

/// The data of a run.
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// mnist, glyphs, circles, squares, clusters, spiral or csv:FILE
    #[arg(long, value_name = "SET")]
    pub data: Option<DataSource>,
    /// Folder with the four IDX files of MNIST
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub data_dir: Option<PathBuf>,
    /// Use the first N items; draw N points of a playground set [default: all; 500]
    #[arg(long, value_name = "N")]
    pub items: Option<usize>,
    /// Noise of a playground set [default: 0]
    #[arg(long, hide_short_help = true)]
    pub noise: Option<f64>,
    /// Seed of points and glyphs, and of the split of a table [default: 0]
    #[arg(long, value_name = "SEED", hide_short_help = true)]
    pub data_seed: Option<u64>,
    /// Share of a table or playground set kept for testing [default: 0]
    #[arg(long, value_name = "SHARE", hide_short_help = true)]
    pub test_share: Option<f64>,
    /// Inputs made of the features, as \"x1,sin(x2),x1^2,x1*x2\" [default: the features]
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    pub inputs: Option<Features>,
}

/// A data set by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DataSource {
    Mnist,
    Glyphs,
    Playground(PlaygroundShape),
    Csv(PathBuf),
}

/// Data for training and testing, and where they came from.
#[derive(Debug)]
pub struct Data {
    pub train: LabelledSet,
    pub test: Option<LabelledSet>,
    pub origin: String,
}

const NAMES: [&str; 7] = [
    "mnist", "glyphs", "circles", "squares", "clusters", "spiral", "csv:FILE",
];

impl DataArgs {
    /// These options, with those of a saved run in the place of what is not given. Another set than the saved one starts afresh.
    pub fn over(self, saved: Option<&Self>) -> Self {
        let Some(saved) = saved.filter(|saved| self.data.is_none() || self.data == saved.data)
        else {
            return self;
        };
        let saved = saved.clone();
        Self {
            data: self.data.or(saved.data),
            data_dir: self.data_dir.or(saved.data_dir),
            items: self.items.or(saved.items),
            noise: self.noise.or(saved.noise),
            data_seed: self.data_seed.or(saved.data_seed),
            test_share: self.test_share.or(saved.test_share),
            inputs: self.inputs.or(saved.inputs),
        }
    }

    /// Loads the data, and checks that the options are for them.
    pub fn load(&self) -> Result<Data, CliError> {
        let Some(source) = &self.data else {
            return Err(CliError::Usage(format!(
                "--data is missing: one of {}",
                NAMES.join(", ")
            )));
        };
        self.check_options(source)?;
        let seed = self.data_seed.unwrap_or(0);
        let data = match source {
            DataSource::Mnist => {
                let digits = MnistConfig::new()
                    .with_folder(self.data_dir.clone())
                    .load()?;
                let origin = digits.origin.to_string();
                (digits.train, Some(digits.test), origin)
            }
            DataSource::Glyphs => {
                let digits = GlyphsConfig::new().with_seed(seed).generate()?;
                let origin = digits.origin.to_string();
                (digits.train, Some(digits.test), origin)
            }
            DataSource::Playground(shape) => {
                let set = PlaygroundConfig::new(*shape)
                    .with_samples(self.items.unwrap_or(500))
                    .with_noise(self.noise.unwrap_or(0.0))
                    .with_seed(seed)
                    .generate()?;
                let (train, test) = self.split(set, seed)?;
                (train, test, format!("{shape} with seed {seed}"))
            }
            DataSource::Csv(file) => {
                let (train, test) = self.split(read_csv(file)?, seed)?;
                (train, test, file.display().to_string())
            }
        };
        let (mut train, test, origin) = data;
        if let Some(items) = self.items.filter(|items| *items != train.len())
            && !matches!(source, DataSource::Playground(_))
        {
            tati::require_count("items", items, 1..=train.len())?;
            train = train.take(items);
        }
        let inputs = |set: LabelledSet| match &self.inputs {
            Some(features) => features.apply(&set),
            None => Ok(set),
        };
        Ok(Data {
            train: inputs(train)?,
            test: test.map(inputs).transpose()?,
            origin,
        })
    }

    /// A set in the order of `seed`, and the share of it for testing.
    fn split(
        &self,
        set: LabelledSet,
        seed: u64,
    ) -> Result<(LabelledSet, Option<LabelledSet>), CliError> {
        let share = self.test_share.unwrap_or(0.0);
        if share == 0.0 {
            return Ok((set, None));
        }
        let for_testing = (share * set.len() as f64).round() as usize;
        if !(0.0..1.0).contains(&share) || for_testing == 0 || for_testing >= set.len() {
            return Err(CliError::Usage(format!(
                "--test-share is {share}: it must be between 0 and 1 and leave items for both, of {}",
                set.len()
            )));
        }
        let length = set.len();
        let (train, test) = set.shuffle(seed).split_at(length - for_testing);
        Ok((train, Some(test)))
    }

    /// Refuses options that say nothing about these data.
    fn check_options(&self, source: &DataSource) -> Result<(), CliError> {
        let is_playground = matches!(source, DataSource::Playground(_));
        let is_table = matches!(source, DataSource::Csv(_));
        let is_mnist = *source == DataSource::Mnist;
        let given = [
            ("data-dir", self.data_dir.is_some() && !is_mnist),
            ("noise", self.noise.is_some() && !is_playground),
            ("data-seed", self.data_seed.is_some() && is_mnist),
            (
                "test-share",
                self.test_share.is_some() && !is_playground && !is_table,
            ),
        ];
        match given.iter().find(|(_, is_wrong)| *is_wrong) {
            Some((name, _)) => Err(CliError::Usage(format!(
                "--{name} means nothing for --data {source}: leave it out"
            ))),
            None => Ok(()),
        }
    }
}

impl DataSource {
    /// The same with an absolute path, which a saved run can be gone on with from another folder.
    pub fn absolute(self) -> Result<Self, CliError> {
        match self {
            Self::Csv(file) => Ok(Self::Csv(absolute(&file)?)),
            other => Ok(other),
        }
    }
}

/// The absolute path of a file or folder that exists.
pub fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    path.canonicalize()
        .map_err(|error| TatiError::file(path, "opening", error).into())
}

impl FromStr for DataSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mnist" => Ok(Self::Mnist),
            "glyphs" => Ok(Self::Glyphs),
            _ => match text.strip_prefix("csv:") {
                Some("") => Err("csv: is without the name of a file".to_string()),
                Some(file) => Ok(Self::Csv(file.into())),
                None => text.parse().map(Self::Playground).map_err(|_| {
                    let known = NAMES.join(", ");
                    format!("it must be one of {known}{}", suggestion(text, NAMES))
                }),
            },
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mnist => formatter.write_str("mnist"),
            Self::Glyphs => formatter.write_str("glyphs"),
            Self::Playground(shape) => shape.fmt(formatter),
            Self::Csv(file) => write!(formatter, "csv:{}", file.display()),
        }
    }
}

impl TryFrom<String> for DataSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DataSource> for String {
    fn from(source: DataSource) -> Self {
        source.to_string()
    }
}
