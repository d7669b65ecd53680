//! Options from a TOML file, put in front of those of the command line, which so have precedence.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use clap::error::{ContextKind, ContextValue};
use tati::TatiError;
use toml::Value;

use crate::error::{CliError, LongNames, suggestion};

/// The arguments with those of the file among them.
#[derive(Debug)]
pub struct Expanded {
    /// What clap parses.
    pub arguments: Vec<OsString>,
    /// The long names of the subcommand's options.
    pub long_names: LongNames,
    /// The file, and the options that it set.
    file: Option<(PathBuf, BTreeSet<String>)>,
}

/// `arguments` with the options that the file of `--config` holds for the subcommand. What the command line has too is left out.
pub fn expand(arguments: &[OsString], command: &mut Command) -> Result<Expanded, CliError> {
    command.build();
    let (subcommand, position) = find_subcommand(arguments, command);
    let mut expanded = Expanded {
        arguments: arguments.to_vec(),
        long_names: LongNames::of(subcommand),
        file: None,
    };
    let Some(path) = value_of(arguments, "config") else {
        return Ok(expanded);
    };
    let path = PathBuf::from(path);
    let text = fs::read_to_string(&path)
        .map_err(|error| TatiError::file(&path, "reading the configuration", error))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(&text, span.start));
        let message = error.message().replace('\n', " ");
        CliError::Usage(format!("{}:{line}: {message}", path.display()))
    })?;
    let given: BTreeSet<String> = arguments.iter().filter_map(long_name).collect();
    let mut set = BTreeSet::new();
    let mut options = Vec::new();
    for (key, value) in &table {
        let place = || {
            let line = text
                .lines()
                .position(|line| is_of_key(line, key))
                .map_or(1, |line| line + 1);
            format!("{}:{line}", path.display())
        };
        let known = known_options(subcommand);
        let Some(argument) = known.iter().find(|known| known.get_long() == Some(key)) else {
            let names = known.iter().filter_map(|known| known.get_long());
            return Err(CliError::Usage(format!(
                "{}: `tati {}` has no option `{key}`{}",
                place(),
                subcommand.get_name(),
                suggestion(key, names)
            )));
        };
        let values = tokens(key, value, argument)
            .map_err(|reason| CliError::Usage(format!("{}: `{key}` {reason}", place())))?;
        if !given.contains(key) {
            set.insert(key.clone());
            options.extend(values.into_iter().map(OsString::from));
        }
    }
    expanded.arguments.splice(position..position, options);
    expanded.file = Some((path, set));
    Ok(expanded)
}

impl Expanded {
    /// An error of clap in one or two lines; says if the option at fault comes from the file.
    pub fn explain(&self, error: &clap::Error) -> String {
        let rendered = error.render().to_string();
        let lines = rendered.lines().map(str::trim).filter(|line| {
            !line.is_empty()
                && !line.starts_with("Usage:")
                && !line.starts_with("For more information")
        });
        let mut message = String::new();
        for line in lines {
            let line = line.strip_prefix("error: ").unwrap_or(line);
            if !message.is_empty() {
                message.push(if line.starts_with("tip:") { '\n' } else { ' ' });
            }
            message.push_str(line);
        }
        if let Some((path, key)) = self.file_option_of(error) {
            message.push_str(&format!("\n`{key}` comes from {}", path.display()));
        }
        message
    }

    fn file_option_of(&self, error: &clap::Error) -> Option<(&Path, &str)> {
        let (path, set) = self.file.as_ref()?;
        let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
            return None;
        };
        let name = long_name(&OsString::from(argument.split(' ').next()?))?;
        let key = set.get(&name)?;
        Some((path, key))
    }
}

/// The subcommand that the arguments name, and the place behind its name.
fn find_subcommand<'a>(arguments: &[OsString], command: &'a Command) -> (&'a Command, usize) {
    let (mut found, mut position) = (command, 1.min(arguments.len()));
    let mut index = position;
    while let Some(argument) = arguments.get(index) {
        let text = argument.to_string_lossy();
        index += 1;
        if text.starts_with('-') {
            let takes_value = |name: String| {
                let mut all = found.get_arguments().chain(command.get_arguments());
                all.any(|known| {
                    known.get_long() == Some(&name) && known.get_action().takes_values()
                })
            };
            if !text.contains('=') && long_name(argument).is_some_and(takes_value) {
                index += 1;
            }
        } else if let Some(below) = found.find_subcommand(&*text) {
            (found, position) = (below, index);
        } else {
            break;
        }
    }
    (found, position)
}

/// `steps` of `--steps` and of `--steps=3`.
fn long_name(argument: &OsString) -> Option<String> {
    let text = argument.to_str()?.strip_prefix("--")?;
    let name = text.split('=').next()?;
    (!name.is_empty()).then(|| name.to_string())
}

fn value_of(arguments: &[OsString], name: &str) -> Option<OsString> {
    let before = arguments.iter().take_while(|argument| *argument != "--");
    let (index, argument) = before
        .enumerate()
        .find(|(_, argument)| long_name(argument).as_deref() == Some(name))?;
    match argument.to_str()?.split_once('=') {
        Some((_, value)) => Some(value.into()),
        None => arguments.get(index + 1).cloned(),
    }
}

/// The options that a file may set.
fn known_options(subcommand: &Command) -> Vec<&clap::Arg> {
    const OF_COMMAND_LINE: [&str; 4] = ["config", "dry-run", "help", "version"];
    let arguments = subcommand.get_arguments();
    arguments
        .filter(|argument| {
            let long = argument.get_long();
            long.is_some_and(|long| !OF_COMMAND_LINE.contains(&long))
        })
        .collect()
}

/// A value of the file as arguments.
fn tokens(key: &str, value: &Value, argument: &clap::Arg) -> Result<Vec<String>, String> {
    if !argument.get_action().takes_values() {
        let is_count = matches!(argument.get_action(), clap::ArgAction::Count);
        return match value {
            Value::Boolean(true) => Ok(vec![format!("--{key}")]),
            Value::Boolean(false) => Ok(Vec::new()),
            Value::Integer(count @ 0..=9) if is_count => {
                Ok(vec![format!("--{key}"); *count as usize])
            }
            _ => Err(format!("is {value}: it must be true or false")),
        };
    }
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(format!("{number:?}")),
        Value::Boolean(flag) => Ok(flag.to_string()),
        _ => Err("must be a number, a text or a list of these".to_string()),
    };
    let Value::Array(values) = value else {
        return Ok(vec![format!("--{key}={}", one(value)?)]);
    };
    let values = values.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(match argument.get_value_delimiter() {
        Some(delimiter) => vec![format!("--{key}={}", values.join(&delimiter.to_string()))],
        None => values
            .iter()
            .map(|value| format!("--{key}={value}"))
            .collect(),
    })
}

fn is_of_key(line: &str, key: &str) -> bool {
    let rest = line.trim_start().strip_prefix(key);
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}
