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

    /// The same results of a job that did not do what it was to, if `failed`: exit code 1.
    pub fn unless(mut self, failed: bool) -> Self {
        self.complete = !failed;
        self
    }

    /// A resolved configuration, as `--config` takes it.
    pub fn configuration(
        resolved: &impl Serialize,
        device: Option<&str>,
    ) -> Result<Self, CliError> {
        let failed = |error: &dyn std::fmt::Display| {
            CliError::Other(format!("the configuration as TOML: {error}"))
        };
        let value = serde_json::to_value(resolved).map_err(|error| failed(&error))?;
        let Value::Object(mut json) = value else {
            return Err(failed(&"it is no table"));
        };
        if let Some(device) = device {
            json.insert("device".to_string(), device.into());
        }
        // Left out is what they say.
        json.retain(|_, value| !value.is_null() && *value != Value::Bool(false));
        let table: toml::Table = json
            .iter()
            .map(|(key, value)| (key.clone(), toml_value(value)))
            .collect();
        let text = toml::to_string(&table).map_err(|error| failed(&error))?;
        Ok(Self {
            json,
            text,
            complete: true,
        })
    }

    /// Whether all that was asked for is done.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

/// A value of JSON as TOML. Its integers end at 2⁶³ − 1: larger ones, as a seed may be, are text.
pub fn toml_value(value: &Value) -> toml::Value {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            (None, Some(float)) if number.is_f64() => float.into(),
            _ => number.to_string().into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(values) => values.iter().map(toml_value).collect::<Vec<_>>().into(),
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
        #[serde(with = "crate::options::number")]
        inverse_temperature: Option<f64>,
        step_size: f64,
        seed: u64,
        collapse: bool,
        prior: Option<f64>,
    }

    #[test]
    fn a_configuration_is_toml_and_json() {
        let options = Options {
            inverse_temperature: Some(f64::INFINITY),
            step_size: 1.0,
            seed: u64::MAX,
            collapse: false,
            prior: None,
        };
        let outcome = Outcome::configuration(&options, Some("flex")).unwrap();
        assert_eq!(
            outcome.text,
            "device = \"flex\"\ninverse-temperature = \"inf\"\nseed = \"18446744073709551615\"\nstep-size = 1.0\n"
        );
        assert_eq!(
            Value::Object(outcome.json),
            serde_json::json!({
                "device": "flex",
                "inverse-temperature": "inf",
                "seed": u64::MAX,
                "step-size": 1.0,
            })
        );
    }
}
