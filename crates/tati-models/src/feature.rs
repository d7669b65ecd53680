//! Inputs of a network that are made of the features of a table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError};

use crate::LabelledSet;

/// What a network gets in place of the features x1, x2, … of a point, written as `x1,sin(x2),x1^2,x1*x2,0.5`.
///
/// Each input is a product of factors: a feature `xᵢ`, counted from 1, a whole power of it `xᵢ^k`, `sin(xᵢ)`, `cos(xᵢ)`, or a number.
///
/// # Example
/// ```
/// use tati_models::{Features, LabelledSet};
///
/// let set = LabelledSet::new(vec![3.0, 2.0], vec![0], 2, 2)?;
/// let features: Features = "x2, x1^2, x1*x2, sin(x1)".parse()?;
/// let inputs = features.apply(&set)?;
/// assert_eq!(inputs.features(), [2.0, 9.0, 6.0, 3.0_f32.sin()]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Features {
    inputs: Vec<Vec<Factor>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Factor {
    Number(f64),
    Power(usize, i32),
    Sine(usize),
    Cosine(usize),
}

impl Features {
    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is no input; never of features that were read.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The inputs of one point.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a feature that the point does not have.
    pub fn of_point(&self, point: &[f32]) -> Result<Vec<f32>> {
        self.check_dimension(point.len())?;
        Ok(self.values(point))
    }

    /// The set with inputs in place of its features.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a feature that the points do not have; [`TatiError::NotFinite`] for an input that is no finite
    /// number.
    pub fn apply(&self, set: &LabelledSet) -> Result<LabelledSet> {
        self.check_dimension(set.dimension())?;
        let mut inputs = Vec::with_capacity(set.len() * self.len());
        for (index, (point, _)) in set.iter().enumerate() {
            let values = self.values(point);
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                return Err(TatiError::NotFinite {
                    what: format!("input `{}` of point {}", self.name(place), index + 1),
                    value: f64::from(values[place]),
                    remedy: "scale the features, or choose other inputs",
                });
            }
            inputs.extend(values);
        }
        LabelledSet::new(inputs, set.labels().to_vec(), self.len(), set.classes())
    }

    /// How input `index` is written.
    fn name(&self, index: usize) -> String {
        let factors = self.inputs[index].iter().map(Factor::to_string);
        factors.collect::<Vec<_>>().join("*")
    }

    fn values(&self, point: &[f32]) -> Vec<f32> {
        let value = |factors: &Vec<Factor>| {
            let product: f64 = factors.iter().map(|factor| factor.value(point)).product();
            product as f32
        };
        self.inputs.iter().map(value).collect()
    }

    fn check_dimension(&self, dimension: usize) -> Result<()> {
        let features = self.inputs.iter().flatten().filter_map(Factor::feature);
        match features.max() {
            Some(last) if last >= dimension => Err(invalid(
                &format!("x{}", last + 1),
                match dimension {
                    1 => "made of x1, the one feature of the data".to_string(),
                    _ => format!("made of the features of the data, x1 to x{dimension}"),
                },
            )),
            _ => Ok(()),
        }
    }
}

impl Factor {
    fn value(&self, point: &[f32]) -> f64 {
        let feature = |index: usize| f64::from(point[index]);
        match *self {
            Self::Number(number) => number,
            Self::Power(index, power) => feature(index).powi(power),
            Self::Sine(index) => feature(index).sin(),
            Self::Cosine(index) => feature(index).cos(),
        }
    }

    fn feature(&self) -> Option<usize> {
        match *self {
            Self::Number(_) => None,
            Self::Power(index, _) | Self::Sine(index) | Self::Cosine(index) => Some(index),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<f64>() {
            return number.is_finite().then_some(Self::Number(number));
        }
        let within = |name: &str| {
            let inner = text.strip_prefix(name)?.trim_start().strip_prefix('(')?;
            feature(inner.strip_suffix(')')?)
        };
        if let Some(index) = within("sin") {
            return Some(Self::Sine(index));
        }
        if let Some(index) = within("cos") {
            return Some(Self::Cosine(index));
        }
        match text.split_once('^') {
            None => Some(Self::Power(feature(text)?, 1)),
            Some((base, power)) => {
                let power: i32 = power.trim().parse().ok()?;
                (1..=MAX_POWER)
                    .contains(&power)
                    .then_some(Self::Power(feature(base)?, power))
            }
        }
    }
}

const MAX_POWER: i32 = 100;

/// The index of `x3`, which is 2.
fn feature(text: &str) -> Option<usize> {
    let number = text.trim().strip_prefix('x')?;
    // `+3` is a number too.
    if !number.starts_with(|character: char| character.is_ascii_digit()) {
        return None;
    }
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn invalid(value: &str, expected: String) -> TatiError {
    TatiError::InvalidSetting {
        name: "inputs",
        value: format!("`{}`", value.escape_debug()),
        expected,
    }
}

impl FromStr for Features {
    type Err = TatiError;

    fn from_str(text: &str) -> Result<Self> {
        let input = |input: &str| {
            let factors = input.split('*').map(|factor| Factor::read(factor.trim()));
            factors.collect::<Option<Vec<_>>>().ok_or_else(|| {
                let expected = format!(
                    "a product of x1, x1^2 (up to {MAX_POWER}), sin(x1), cos(x1) and numbers"
                );
                invalid(input.trim(), expected)
            })
        };
        let inputs = text.split(',').map(input).collect::<Result<_>>()?;
        Ok(Self { inputs })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Power(index, 1) => write!(formatter, "x{}", index + 1),
            Self::Power(index, power) => write!(formatter, "x{}^{power}", index + 1),
            Self::Sine(index) => write!(formatter, "sin(x{})", index + 1),
            Self::Cosine(index) => write!(formatter, "cos(x{})", index + 1),
        }
    }
}

impl fmt::Display for Features {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (0..self.len()).map(|index| self.name(index));
        formatter.write_str(&names.collect::<Vec<_>>().join(","))
    }
}

impl TryFrom<String> for Features {
    type Error = TatiError;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Features> for String {
    fn from(features: Features) -> Self {
        features.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_what_is_written() {
        let features: Features = " x2,x1 ^ 3, 2*x1*sin(x2) ,cos( x1 ),-0.5".parse().unwrap();
        assert_eq!(features.to_string(), "x2,x1^3,2*x1*sin(x2),cos(x1),-0.5");
        assert_eq!(features.to_string().parse::<Features>().unwrap(), features);
        let [a, b] = [1.5_f32, -0.25];
        let expected = [b, a.powi(3), 2.0 * a * b.sin(), a.cos(), -0.5];
        let found = features.of_point(&[a, b]).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn labels_and_classes_stay() {
        let set = LabelledSet::new(vec![1.0, 2.0, 3.0, 4.0], vec![1, 0], 2, 5).unwrap();
        let features: Features = "x1,x1,x2".parse().unwrap();
        let inputs = features.apply(&set).unwrap();
        assert_eq!(inputs.get(1), Some(([3.0, 3.0, 4.0].as_slice(), 0)));
        assert_eq!((inputs.dimension(), inputs.classes()), (3, 5));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for bad in [
            "", "y1", "x0", "x", "x+1", "sin x1", "sin(x1", "tan(x1)", "x1^0", "x1^-1", "x1^1.5",
            "x1**x2", "x1,", "inf", "nan", "x1^101", "sin(2)",
        ] {
            let error = bad.parse::<Features>().unwrap_err().to_string();
            assert!(error.starts_with("`inputs` is `"), "{bad}: {error}");
        }
    }

    #[test]
    fn features_and_values_out_of_range_are_named() {
        let set = LabelledSet::new(vec![1.0, 1e30], vec![0], 2, 1).unwrap();
        let message = |text: &str| {
            let features: Features = text.parse().unwrap();
            features.apply(&set).unwrap_err().to_string()
        };
        assert_eq!(
            message("x3"),
            "`inputs` is `x3`: it must be made of the features of the data, x1 to x2"
        );
        assert_eq!(
            message("x1,x2^2"),
            "input `x2^2` of point 1 is inf: scale the features, or choose other inputs"
        );
    }
}
