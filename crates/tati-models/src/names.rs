//! Choices that users write as a word: one lookup, and one message that lists the words.

use std::fmt::Display;

use tati_core::{Result, TatiError};

/// The member of `all` that displays as `text`; `setting` is what the user was setting.
pub(crate) fn from_name<T: Copy + Display>(
    setting: &'static str,
    all: &[T],
    text: &str,
) -> Result<T> {
    let names: Vec<String> = all.iter().map(T::to_string).collect();
    match names.iter().position(|name| name == text) {
        Some(index) => Ok(all[index]),
        None => Err(TatiError::InvalidSetting {
            name: setting,
            value: format!("`{}`", text.escape_debug()),
            expected: format!("one of {}", names.join(", ")),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_list_the_known_ones() {
        assert_eq!(
            from_name("colour", &["red", "blue"], "blue").unwrap(),
            "blue"
        );
        let message = from_name("colour", &["red", "blue"], "re\nd")
            .unwrap_err()
            .to_string();
        assert_eq!(message, "`colour` is `re\\nd`: it must be one of red, blue");
    }
}
