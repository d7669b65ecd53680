//! Numbers that may be infinite, which JSON cannot write: as the word `inf`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Word(String),
}

/// Writes the number, or the word.
pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    let number = value.map(|value| match value.is_finite() {
        true => Number::Finite(value),
        false => Number::Word(value.to_string()),
    });
    number.serialize(serializer)
}

/// Reads either.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Option::<Number>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Finite(value)) => Ok(Some(value)),
        Some(Number::Word(word)) => word.parse().map(Some).map_err(serde::de::Error::custom),
    }
}
