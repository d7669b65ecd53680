//! Ranges as they are written: `-1:1`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends<T>([T; 2]);

impl Ends<f64> {
    /// From the first to the second.
    pub fn range(self) -> RangeInclusive<f64> {
        self.0[0]..=self.0[1]
    }
}

impl<T: Copy> Ends<T> {
    /// Between these.
    pub const fn new(first: T, second: T) -> Self {
        Self([first, second])
    }

    /// Both.
    pub fn ends(self) -> [T; 2] {
        self.0
    }
}

impl<T: FromStr> FromStr for Ends<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |end: &str| end.trim().parse().ok();
        let ends = text
            .split_once(':')
            .and_then(|(first, second)| Some([read(first)?, read(second)?]));
        ends.map(Self).ok_or_else(|| {
            format!("`{text}` is not two numbers with a colon between them, as -1:1")
        })
    }
}

impl<T: fmt::Display> fmt::Display for Ends<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0[0], self.0[1])
    }
}

impl<T: fmt::Display> Serialize for Ends<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A name and a range: `NAME=LOW:HIGH`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRange {
    /// What takes the values.
    pub name: String,
    /// Between which.
    pub ends: Ends<f64>,
}

impl FromStr for NamedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, ends)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("`{text}` is not of the form NAME=LOW:HIGH"));
        };
        Ok(Self {
            name: name.to_string(),
            ends: ends.parse()?,
        })
    }
}

impl Serialize for NamedRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}={}", self.name, self.ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!("-1:2.5".parse(), Ok(Ends::new(-1.0, 2.5)));
        assert_eq!("1:-5".parse(), Ok(Ends::new(1, -5)));
        assert_eq!(Ends::new(-1.0, 2.5).to_string(), "-1:2.5");
        for text in ["", "1", "1:", "a:b", "1:2:3"] {
            assert!(text.parse::<Ends<f64>>().is_err(), "{text}");
        }
        let named: NamedRange = "w[0][1]=-1:1".parse().unwrap();
        assert_eq!(
            (named.name.as_str(), named.ends),
            ("w[0][1]", Ends::new(-1.0, 1.0))
        );
        assert!("=1:2".parse::<NamedRange>().is_err() && "x".parse::<NamedRange>().is_err());
    }
}
