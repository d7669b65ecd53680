//! An axis: its range, its scale and its numbers.

use tati_core::{Result, TatiError};

use super::canvas::text_room;
use super::style::TICK_SIZE;
use super::ticks::{self, Ticks};

/// Beyond these, spans overflow and logarithms meet numbers that lose digits.
const LARGEST: f64 = 1e300;
const SMALLEST: f64 = 1e-300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Logarithmic,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) scale: Scale,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Numbers between whole ones mean nothing here.
    pub(super) whole: bool,
}

impl Axis {
    /// An axis over all `values` that can be shown on it, with some room around them.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] about `name` if there are none.
    pub(super) fn over(
        name: &'static str,
        label: &str,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<Self> {
        const ROOM: f64 = 0.04;

        let mut axis = Self::tight(name, label, scale, values)?;
        match scale {
            Scale::Linear => {
                let room = ROOM * (axis.high - axis.low);
                axis.low -= room;
                axis.high += room;
            }
            Scale::Logarithmic => {
                let room = (ROOM * (axis.high.ln() - axis.low.ln())).exp();
                axis.low = (axis.low / room).max(SMALLEST);
                axis.high = (axis.high * room).min(LARGEST);
            }
        }
        Ok(axis)
    }

    /// As [`over`](Self::over), without room unless all values are equal.
    pub(super) fn tight(
        name: &'static str,
        label: &str,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<Self> {
        let (mut count, mut low, mut high) = (0_usize, f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            count += 1;
            if shown(scale, value) {
                low = low.min(value);
                high = high.max(value);
            }
        }
        if low > high {
            return Err(TatiError::InvalidSetting {
                name,
                value: match count {
                    0 => "empty".to_string(),
                    count => format!("{count} numbers that cannot be shown"),
                },
                expected: match scale {
                    Scale::Linear => "at least one finite number",
                    Scale::Logarithmic => "at least one finite number above 0",
                }
                .to_string(),
            });
        }
        (low, high) = match scale {
            Scale::Linear => {
                let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
                // Equal numbers, or such as differ by rounding only.
                let size = low.abs().max(high.abs());
                if high - low <= 1e-13 * size || size == 0.0 {
                    let room = if size > 0.0 { 0.1 * size } else { 1.0 };
                    (low - room, high + room)
                } else {
                    (low, high)
                }
            }
            Scale::Logarithmic => {
                let (low, high) = (low.clamp(SMALLEST, LARGEST), high.clamp(SMALLEST, LARGEST));
                if high / low < 1.0 + 1e-9 {
                    (low / 1.3, high * 1.3)
                } else {
                    (low, high)
                }
            }
        };
        Ok(Self {
            label: label.to_string(),
            scale,
            low,
            high,
            whole: false,
        })
    }

    /// An axis of counts.
    pub(super) fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Where `value` lies from the low end at 0 to the high one at 1, and beyond; nothing if it cannot be shown on this scale.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        if !shown(self.scale, value) {
            return None;
        }
        let value = value.clamp(-LARGEST, LARGEST);
        Some(match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
        })
    }

    pub(super) fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// As many numbers as find room side by side over this length.
    pub(super) fn ticks_across(&self, length: f64) -> Ticks {
        const GAP: f64 = 10.0;

        let mut most = 10;
        loop {
            let ticks = self.ticks(most);
            let widest = widest(&ticks) + GAP;
            let clear = ticks.major.windows(2).all(|pair| {
                let places = [&pair[0], &pair[1]].map(|(number, _)| self.share(*number));
                match places {
                    [Some(left), Some(right)] => (right - left) * length >= widest,
                    _ => true,
                }
            });
            if clear || most == 1 {
                return ticks;
            }
            most -= 1;
        }
    }

    /// As many numbers as find room above each other over this length.
    pub(super) fn ticks_up(&self, length: f64) -> Ticks {
        const ROW: f64 = 2.1 * TICK_SIZE;

        self.ticks(((length / ROW) as usize).clamp(1, 9))
    }

    pub(super) fn ticks(&self, most: usize) -> Ticks {
        match self.scale {
            Scale::Linear => ticks::linear(self.low, self.high, most, self.whole),
            Scale::Logarithmic => ticks::logarithmic(self.low, self.high, most, self.whole),
        }
    }
}

fn shown(scale: Scale, value: f64) -> bool {
    value.is_finite() && (scale == Scale::Linear || value > 0.0)
}

/// Room for the widest number.
pub(super) fn widest(ticks: &Ticks) -> f64 {
    let widths = ticks
        .major
        .iter()
        .map(|(_, text)| text_room(text, TICK_SIZE));
    widths.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_span_what_can_be_shown() {
        let values = [f64::NAN, 2.0, -1.0, 0.0, 200.0, f64::INFINITY];
        let axis = Axis::tight("values", "x", Scale::Logarithmic, values).unwrap();
        assert_eq!([axis.low, axis.high], [2.0, 200.0]);
        assert!((axis.share(20.0).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(axis.share(-1.0), None);
        let axis = Axis::tight("values", "x", Scale::Linear, values).unwrap();
        assert_eq!([axis.low, axis.high], [-1.0, 200.0]);
        let axis = Axis::tight("values", "x", Scale::Linear, [3.0, 3.0]).unwrap();
        assert!(axis.low < 3.0 && axis.high > 3.0);
        let axis = Axis::tight("values", "x", Scale::Linear, [f64::MAX, f64::MIN]).unwrap();
        assert!((axis.high - axis.low).is_finite());
    }

    #[test]
    fn what_cannot_be_shown_is_an_error() {
        let message = |values: &[f64]| {
            let axis = Axis::over("values", "x", Scale::Logarithmic, values.iter().copied());
            axis.unwrap_err().to_string()
        };
        let end = "it must be at least one finite number above 0";
        assert_eq!(message(&[]), format!("`values` is empty: {end}"));
        assert_eq!(
            message(&[0.0, f64::NAN]),
            format!("`values` is 2 numbers that cannot be shown: {end}")
        );
    }
}
