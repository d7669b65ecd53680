//! What a subcommand answers: one JSON object or lines of text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::CliError;

/// The results of a subcommand, in both forms.
#[derive(Clone, Debug)]
pub struct Outcome {
    json: Map<String, Value>,
    text: String,
    complete: bool,
}

impl Outcome {
    /// Results that serialise as an object, and the same as text for people.
    pub fn new(results: &impl Serialize, text: impl Into<String>) -> Result<Self, CliError> {
        let json = match serde_json::to_value(results) {
            Ok(Value::Object(json)) => json,
            Ok(other) => return Err(CliError::Other(format!("results are no object: {other}"))),
            Err(error) => return Err(CliError::Other(format!("results as JSON: {error}"))),
        };
        Ok(Self {
            json,
            text: text.into(),
            complete: true,
        })
    }

    /// The same results of a job that was interrupted: exit code 1.
    pub fn interrupted(mut self, interrupted: bool) -> Self {
        self.complete = !interrupted;
        self
    }

    /// A resolved configuration, as `--config` takes it.
    pub fn configuration(
        resolved: &impl Serialize,
        device: Option<&str>,
    ) -> Result<Self, CliError> {
        let other = |error: &dyn std::fmt::Display| {
            CliError::Other(format!("the configuration as TOML: {error}"))
        };
        let mut table = toml::Table::try_from(resolved).map_err(|error| other(&error))?;
        if let Some(device) = device {
            table.insert("device".to_string(), device.into());
        }
        // Left out is what they say.
        table.retain(|_, value| value.as_bool() != Some(false));
        let text = toml::to_string(&table).map_err(|error| other(&error))?;
        let json = table.into_iter().map(|(key, value)| (key, json(value)));
        Ok(Self {
            json: json.collect(),
            text,
            complete: true,
        })
    }

    /// Whether all that was asked for is done.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

/// A value of TOML as JSON, where infinity is a word.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Float(number) if !number.is_finite() => number.to_string().into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// Prints an outcome in one of its forms on stdout.
pub fn print(outcome: &Outcome, as_json: bool) -> Result<(), CliError> {
    let mut text = if as_json {
        serde_json::to_string(&outcome.json)
            .map_err(|error| CliError::Other(format!("results as JSON: {error}")))?
    } else {
        outcome.text.clone()
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        // The reader has what it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CliError::Other(format!("writing to stdout: {error}"))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Options {
        inverse_temperature: f64,
        steps: u64,
        collapse: bool,
        prior: Option<f64>,
    }

    #[test]
    fn a_configuration_is_toml_and_json() {
        let options = Options {
            inverse_temperature: f64::INFINITY,
            steps: 3,
            collapse: false,
            prior: None,
        };
        let outcome = Outcome::configuration(&options, Some("flex")).unwrap();
        assert_eq!(
            outcome.text,
            "device = \"flex\"\ninverse-temperature = inf\nsteps = 3\n"
        );
        assert_eq!(
            Value::Object(outcome.json).to_string(),
            r#"{"device":"flex","inverse-temperature":"inf","steps":3}"#
        );
    }
}
