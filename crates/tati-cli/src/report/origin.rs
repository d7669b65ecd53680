//! What was run: the commands that do it again, and the settings that matter.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tati::landscape::report::Section;

use super::{ReportArgs, Reported, headed};
use crate::command::command;
use crate::error::CliError;
use crate::options::config_file;
use crate::options::saved_run::SavedRun;
use crate::text;

/// Where draws come from.
pub struct Origin {
    pub title: String,
    pub commands: Vec<String>,
    pub section: Section,
}

pub fn describe(run: &Reported, arguments: &ReportArgs) -> Result<Origin, CliError> {
    let commands = history(&arguments.run, &run.saved)?;
    let facts = facts(run, arguments)?;
    let sampler = setting(run, "/sampler").unwrap_or_else(|| "Draws".to_string());
    let data = option(run, "data").unwrap_or_else(|| "data".to_string());
    let model = option(run, "model").unwrap_or_else(|| "network".to_string());
    let section = headed("run")
        .paragraph(match commands.len() {
            1 => "This command does the run again, to the last bit on a CPU:",
            _ => "These commands do the run again, to the last bit on a CPU:",
        })
        .commands(&commands)
        .facts(&facts);
    Ok(Origin {
        title: format!(
            "{sampler} on {data}, {model}: {}",
            folder_name(&arguments.run)
        ),
        commands,
        section,
    })
}

/// The commands of a run and of those that it began with, the first one first.
fn history(folder: &Path, saved: &SavedRun) -> Result<Vec<String>, CliError> {
    let mut lines = vec![line(folder, saved)?];
    let mut seen = BTreeSet::from([folder.to_path_buf()]);
    let mut from = begun_with(saved);
    while let Some(folder) = from.take().filter(|folder| seen.insert(folder.clone())) {
        // One that is gone or of another program ends the story.
        let Ok(earlier) = SavedRun::open(&folder) else {
            break;
        };
        lines.push(line(&folder, &earlier)?);
        from = begun_with(&earlier);
    }
    lines.reverse();
    Ok(lines)
}

fn begun_with(saved: &SavedRun) -> Option<PathBuf> {
    Some(saved.command().1.get("from")?.as_str()?.into())
}

fn line(folder: &Path, saved: &SavedRun) -> Result<String, CliError> {
    let (name, options) = saved.command();
    let mut tati = command();
    tati.build();
    let subcommand = tati
        .find_subcommand(name)
        .ok_or_else(|| CliError::Other(format!("{}: no command `{name}`", folder.display())))?;
    let mut words = vec!["tati".to_string(), name.to_string()];
    if let Value::Object(options) = options {
        words.extend(config_file::arguments(options, subcommand)?);
    }
    words.push(format!("--device={}", saved.device));
    words.push(format!("--out={}", folder.display()));
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Ok(words.join(" "))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_=./:,+@%".contains(character);
    match word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn facts(run: &Reported, arguments: &ReportArgs) -> Result<Vec<(String, String)>, CliError> {
    let draws = run.recording.draws()?;
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| (name.to_string(), value)));
    };
    fact("Data", option(run, "data"));
    if let Ok(point) = &run.point {
        fact(
            "Items for training",
            Some(point.problem.train.len().to_string()),
        );
    }
    fact("Network", option(run, "model"));
    fact("Hidden layers", option(run, "hidden"));
    fact("Parameters", Some(draws.num_parameters().to_string()));
    fact("Loss U", option(run, "loss"));
    fact("Sampler", setting(run, "/sampler"));
    fact("Step size h", setting(run, "/first_step_size"));
    // Of replica exchange the sampler's own is that of the coldest rung alone.
    match &run.ladder {
        None => fact(
            "Inverse temperature β",
            setting(run, "/settings/inverse_temperature"),
        ),
        Some(ladder) => {
            fact(
                "Inverse temperature β",
                run.inverse_temperature.map(text::number),
            );
            let ladder: Vec<String> = ladder.iter().copied().map(text::number).collect();
            fact("Ladder of β", Some(ladder.join(", ")));
        }
    }
    fact("Friction γ", setting(run, "/settings/friction"));
    fact("Items in a mini-batch", setting(run, "/batch_size"));
    fact("Steps", setting(run, "/chain/num_steps"));
    fact("Steps not recorded", setting(run, "/chain/burn_in"));
    fact("Recorded every", setting(run, "/chain/thinning"));
    fact("Chains", Some(draws.num_chains().to_string()));
    fact("Draws of each", Some(draws.num_draws().to_string()));
    if arguments.burn_in > 0 {
        fact("First draws left out", Some(arguments.burn_in.to_string()));
    }
    if arguments.every > 1 {
        fact("Taken every", Some(arguments.every.to_string()));
    }
    fact("Seed", setting(run, "/seed"));
    fact("Device", Some(run.saved.device.clone()));
    Ok(facts)
}

/// A recorded setting by its place.
fn setting(run: &Reported, place: &str) -> Option<String> {
    let settings = Value::Object(run.recording.run_settings()?.clone());
    written(settings.pointer(place)?)
}

fn option(run: &Reported, name: &str) -> Option<String> {
    written(run.saved.command().1.get(name)?)
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_f64() => number.as_f64().map(text::number),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().filter_map(written).collect();
            Some(values.join(", "))
        }
        other => Some(other.to_string()),
    }
}

fn folder_name(folder: &Path) -> String {
    let name = folder.canonicalize().ok();
    let name = name.as_deref().unwrap_or(folder).file_name();
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("--steps=3"), "--steps=3");
        assert_eq!(quoted("--out=a b"), "'--out=a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
