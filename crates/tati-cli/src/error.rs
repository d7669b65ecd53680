//! How an error becomes one to three lines on stderr and an exit code.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tati::TatiError;

/// Why the program ends early.
#[derive(Debug)]
pub enum CliError {
    /// An error of the library.
    Tati(TatiError),
    /// Bad usage or input, said in full: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Other(String),
}

impl From<TatiError> for CliError {
    fn from(error: TatiError) -> Self {
        Self::Tati(error)
    }
}

impl CliError {
    /// Prints the error and tells the exit code. Settings of the library are shown as the options that `names` has for them.
    pub fn report(&self, names: &LongNames) -> ExitCode {
        eprintln!("error: {}", self.message(names));
        let is_input = match self {
            Self::Tati(error) => error.is_input(),
            Self::Usage(_) => true,
            Self::Other(_) => false,
        };
        ExitCode::from(if is_input { 2 } else { 1 })
    }

    /// What is printed of it.
    pub fn message(&self, names: &LongNames) -> String {
        match self {
            Self::Tati(TatiError::InvalidSetting {
                name,
                value,
                expected,
            }) => match names.option_of(name) {
                Some(option) => {
                    format!(
                        "`--{option}` is {value}: it must be {}",
                        names.in_text(expected)
                    )
                }
                None => format!(
                    "`{name}` is {value}: it must be {}",
                    names.in_text(expected)
                ),
            },
            Self::Tati(error) => error.to_string(),
            Self::Usage(message) | Self::Other(message) => message.clone(),
        }
    }
}

/// The long names of a subcommand's options.
#[derive(Debug)]
pub struct LongNames(BTreeSet<String>);

impl LongNames {
    /// Those of a command.
    pub fn of(command: &clap::Command) -> Self {
        let longs = command.get_arguments().filter_map(clap::Arg::get_long);
        Self(longs.map(str::to_string).collect())
    }

    /// Where no subcommand is known.
    pub fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// `text` with options in the place of what the library calls them.
    fn in_text(&self, text: &str) -> String {
        let parts = text.split('`').enumerate();
        let parts = parts.map(|(number, part)| match self.option_of(part) {
            // Every other part stands between backticks.
            Some(option) if number % 2 == 1 => format!("--{option}"),
            _ => part.to_string(),
        });
        parts.collect::<Vec<_>>().join("`")
    }

    /// The option that sets what the library calls `setting`.
    fn option_of(&self, setting: &str) -> Option<&str> {
        let dashed = setting.replace('_', "-");
        let names = ALIASES.iter().filter(|(name, _)| *name == setting);
        std::iter::once(dashed.as_str())
            .chain(names.map(|(_, option)| *option))
            .find_map(|option| self.0.get(option).map(String::as_str))
    }
}

/// Settings of the library whose options have another name.
const ALIASES: [(&str, &str); 14] = [
    ("num_steps", "steps"),
    ("num_walkers", "walkers"),
    ("samples", "items"),
    ("thinning", "every"),
    ("num_components", "components"),
    ("num_eigenpairs", "eigenpairs"),
    ("num_resamples", "resamples"),
    ("number of bins", "bins"),
    ("num_levels", "bins"),
    ("num_pairs", "pairs"),
    ("num_chains", "chains"),
    ("num_corners", "corners"),
    ("max_rounds", "rounds"),
    ("step_sizes", "step-size"),
];

/// The word of `known` that is nearest to `word`, if any is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let close = |name: &&str| strsim::jaro_winkler(&lower, &name.to_lowercase());
    known
        .into_iter()
        .filter(|name| close(name) > 0.75)
        .max_by(|one, other| close(one).total_cmp(&close(other)))
}

/// `: did you mean …?`, if there is a word near.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// Messages of panics, each in one line.
#[derive(Clone, Default)]
pub struct Panics(Arc<Mutex<Vec<String>>>);

impl Panics {
    /// Keeps the messages of panics from here on: one that is caught on the way, as that of a device which failed, has an error of its own.
    pub fn kept() -> Self {
        let panics = Self::default();
        let seen = panics.clone();
        std::panic::set_hook(Box::new(move |panic| {
            seen.lines().push(panic.to_string().replace('\n', " "));
        }));
        panics
    }

    /// Shows them where the program ends by one.
    pub fn show(&self) {
        for line in self.lines().iter() {
            eprintln!("error: internal: {line}");
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["step-size", "steps", "seed"];
        assert_eq!(nearest("stepsize", known), Some("step-size"));
        assert_eq!(nearest("sede", known), Some("seed"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(
            suggestion("step_size", known),
            "; did you mean `step-size`?"
        );
    }

    #[test]
    fn settings_are_shown_as_options() {
        let names = LongNames(["steps", "burn-in"].map(String::from).into());
        let message = |name: &'static str| {
            let error = TatiError::InvalidSetting {
                name,
                value: "0".to_string(),
                expected: "at least 1".to_string(),
            };
            CliError::Tati(error).message(&names)
        };
        assert_eq!(
            message("num_steps"),
            "`--steps` is 0: it must be at least 1"
        );
        assert_eq!(
            message("burn_in"),
            "`--burn-in` is 0: it must be at least 1"
        );
        assert_eq!(message("classes"), "`classes` is 0: it must be at least 1");
    }

    #[test]
    fn settings_within_a_message_are_shown_as_options() {
        let names = LongNames(["steps", "burn-in"].map(String::from).into());
        assert_eq!(
            names.in_text("below `num_steps`, 5, of the steps, or `other`"),
            "below `--steps`, 5, of the steps, or `other`"
        );
    }
}
