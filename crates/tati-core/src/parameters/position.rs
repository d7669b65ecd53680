//! Tensors and elements of the flat vector by name.

use super::{ParameterLayout, ParameterTensor};
use crate::{Result, TatiError};

impl ParameterLayout {
    /// The tensor called `name`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is none, with the name that is nearest.
    pub fn tensor(&self, name: &str) -> Result<&ParameterTensor> {
        let found = self.tensors.iter().find(|tensor| tensor.name == name);
        found.ok_or_else(|| {
            let names = self.tensors.iter().map(|tensor| tensor.name.as_str());
            let nearest = names.min_by_key(|other| edits(name, other));
            TatiError::InvalidSetting {
                name: "parameter",
                value: format!("`{}`", name.escape_debug()),
                expected: format!(
                    "one of the model's; the nearest is `{}`",
                    nearest.unwrap_or_default()
                ),
            }
        })
    }

    /// Where the element `index` of the tensor called `tensor` lies in the flat vector.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no such tensor, with the name that is nearest, if it is frozen, or if it has no such
    /// element.
    ///
    /// # Example
    /// ```
    /// use burn::nn::LinearConfig;
    /// use tati_core::{ParameterLayout, open_device};
    ///
    /// let linear = LinearConfig::new(3, 2).init(&open_device("flex")?.autodiff());
    /// let layout = ParameterLayout::of(&linear)?;
    /// assert_eq!(layout.position("weight", &[2, 1])?, 5);
    /// let error = layout.position("wieght", &[0, 0]).unwrap_err();
    /// assert!(error.to_string().ends_with("the nearest is `weight`"));
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn position(&self, tensor: &str, index: &[usize]) -> Result<usize> {
        let entry = self.tensor(tensor)?;
        let Some(offset) = entry.offset else {
            return Err(TatiError::InvalidSetting {
                name: "parameter",
                value: format!("`{tensor}`, which is frozen"),
                expected: "a trainable one".to_string(),
            });
        };
        let is_inside = index.len() == entry.shape.len()
            && index
                .iter()
                .zip(&entry.shape)
                .all(|(index, size)| index < size);
        if !is_inside {
            return Err(TatiError::InvalidSetting {
                name: "index of a parameter",
                value: format!("{index:?}"),
                expected: format!("inside `{tensor}`, whose shape is {:?}", entry.shape),
            });
        }
        let sizes = index.iter().zip(&entry.shape);
        Ok(offset + sizes.fold(0, |place, (index, size)| place * size + index))
    }
}

/// The Levenshtein distance: how many letters must be put in, left out or replaced to make one word of the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_count_letters() {
        for (from, to, expected) in [
            ("", "bias", 4),
            ("bias", "bias", 0),
            ("wieght", "weight", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(edits(from, to), expected, "{from} {to}");
            assert_eq!(edits(to, from), expected, "{to} {from}");
        }
    }
}
