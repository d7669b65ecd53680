//! Round numbers along an axis, and how they are written.

/// The numbers of an axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ticks {
    /// Numbers with their texts.
    pub(super) major: Vec<(f64, String)>,
    /// Numbers that are only marked.
    pub(super) minor: Vec<f64>,
    /// What was done to the numbers to write them: an offset subtracted, then a power of ten taken out.
    offset: Option<String>,
    power: i32,
}

impl Ticks {
    /// The name of an axis, with what was taken from its numbers.
    pub(super) fn describe(&self, label: &str) -> String {
        let name = match &self.offset {
            Some(offset) if self.power != 0 => format!("({label} {offset})"),
            Some(offset) => format!("{label} {offset}"),
            None => label.to_string(),
        };
        if self.power == 0 {
            name
        } else {
            format!("{name} / {}", power_of_ten(self.power))
        }
    }
}

/// At most `most` steps of 1, 2 or 5 times a power of ten, at least of 1 if `whole`.
pub(super) fn linear(low: f64, high: f64, most: usize, whole: bool) -> Ticks {
    let span = high - low;
    let step = round_step(span / most.max(1) as f64);
    let step = if whole { step.max(1.0) } else { step };
    let largest = low.abs().max(high.abs());
    // Where only the last of many digits would differ, the common ones are taken out.
    let offset = if largest > 3e4 * span {
        let unit = 10f64.powi(span.log10().ceil() as i32);
        ((low + span / 2.0) / unit).round() * unit
    } else {
        0.0
    };
    let rounding = 1e-9 + 4.0 * f64::EPSILON * largest / step;
    let (first, last) = (
        ((low - offset) / step - rounding).ceil() as i64,
        ((high - offset) / step + rounding).floor() as i64,
    );
    let numbers: Vec<f64> = (first..=last).map(|index| index as f64 * step).collect();
    let largest = numbers.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    let magnitude = if largest > 0.0 {
        (largest * (1.0 + 1e-12)).log10().floor() as i32
    } else {
        0
    };
    let power = if (-3..5).contains(&magnitude) {
        0
    } else {
        magnitude
    };
    // A zero alone needs none.
    let decimals = match largest {
        0.0 => 0,
        _ => (power - (step * (1.0 + 1e-12)).log10().floor() as i32).max(0) as usize,
    };
    let major = numbers
        .iter()
        .map(|&number| {
            let scaled = number / 10f64.powi(power);
            (number + offset, signed(format!("{scaled:.decimals$}")))
        })
        .collect();
    Ticks {
        major,
        minor: Vec::new(),
        offset: (offset != 0.0).then(|| {
            let sign = if offset < 0.0 { '+' } else { '−' };
            format!("{sign} {}", plain(offset.abs()))
        }),
        power,
    }
}

/// Powers of ten between two positive numbers, at most `most` of them with text; where there are fewer than two, their multiples.
pub(super) fn logarithmic(low: f64, high: f64, most: usize, whole: bool) -> Ticks {
    let decades = |step: i32| {
        let first = (low.log10() - 1e-9).ceil() as i32;
        let last = (high.log10() + 1e-9).floor() as i32;
        (first..=last).filter(move |power| power.rem_euclid(step) == 0)
    };
    let count = decades(1).count();
    if count < 2 {
        return within_a_decade(low, high, most, whole);
    }
    let readable = decades(1).all(|power| (-2..=3).contains(&power));
    let between = multiples(low, high, &[1, 2, 5], whole);
    if readable && count <= 3 && between.len() <= most {
        return Ticks {
            major: between
                .into_iter()
                .map(|number| (number, plain(number)))
                .collect(),
            minor: multiples(low, high, &[2, 3, 4, 5, 6, 7, 8, 9], whole),
            ..Ticks::default()
        };
    }
    let steps = [1, 2, 3, 5, 10, 20, 50, 100];
    let step = steps
        .into_iter()
        .find(|step| decades(*step).count() <= most.max(2));
    let step = step.unwrap_or(200);
    let readable = decades(step).all(|power| (-2..=3).contains(&power));
    let major = decades(step)
        .map(|power| {
            let text = if readable {
                format!("{:.*}", (-power).max(0) as usize, 10f64.powi(power))
            } else {
                power_of_ten(power)
            };
            (10f64.powi(power), text)
        })
        .collect();
    let minor = if step > 1 {
        decades(1).map(|power| 10f64.powi(power)).collect()
    } else if count <= 7 {
        multiples(low, high, &[2, 3, 4, 5, 6, 7, 8, 9], whole)
    } else {
        Vec::new()
    };
    Ticks {
        major,
        minor,
        ..Ticks::default()
    }
}

/// Multiples of the powers of ten, or a linear axis' numbers where even they are too few.
fn within_a_decade(low: f64, high: f64, most: usize, whole: bool) -> Ticks {
    let found = [
        &[1, 2, 3, 4, 5, 6, 7, 8, 9][..],
        &[1, 2, 3, 5, 7],
        &[1, 2, 5],
        &[1, 3],
    ]
    .into_iter()
    .map(|factors| multiples(low, high, factors, whole))
    .find(|numbers| numbers.len() <= most.max(2));
    let numbers = found.unwrap_or_default();
    if numbers.len() < 3 {
        return linear(low, high, most, whole);
    }
    let written = (-3.0..5.0).contains(&low.log10().floor());
    let major = numbers.into_iter().map(|number| {
        let text = if written {
            plain(number)
        } else {
            scientific(number, 0)
        };
        (number, text)
    });
    Ticks {
        major: major.collect(),
        minor: multiples(low, high, &[2, 3, 4, 5, 6, 7, 8, 9], whole),
        ..Ticks::default()
    }
}

/// These factors times the powers of ten, as far as they lie between two positive numbers.
pub(super) fn multiples(low: f64, high: f64, factors: &[i32], whole: bool) -> Vec<f64> {
    let first = low.log10().floor() as i32;
    let last = high.log10().floor() as i32;
    (first..=last)
        .flat_map(|power| factors.iter().map(move |factor| (power, *factor)))
        .filter(|(power, _)| !whole || *power >= 0)
        .map(|(power, factor)| f64::from(factor) * 10f64.powi(power))
        .filter(|number| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(number))
        .collect()
}

/// The least of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powi(step.log10().floor() as i32);
    let factors = [1.0, 2.0, 5.0, 10.0];
    let factor = factors
        .into_iter()
        .find(|factor| factor * power >= step * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// 10⁻³ for −3.
pub(super) fn power_of_ten(power: i32) -> String {
    let digits = power.to_string();
    let raised = digits.chars().map(|digit| match digit {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁻',
    });
    format!("10{}", raised.collect::<String>())
}

/// A number with so many decimals before its power of ten.
fn scientific(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$e}");
    match text.split_once('e') {
        Some((factor, power)) => {
            let power = power
                .parse()
                .map_or_else(|_| power.to_string(), power_of_ten);
            signed(format!("{factor}×{power}"))
        }
        None => text,
    }
}

/// A number to three digits, as it reads best.
pub(super) fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".to_string();
    }
    if !number.is_finite() {
        return signed(number.to_string());
    }
    let magnitude = number.abs().log10().floor() as i32;
    if (-3..5).contains(&magnitude) {
        let decimals = (2 - magnitude).max(0) as usize;
        signed(format!("{number:.decimals$}"))
    } else {
        scientific(number, 2)
    }
}

/// A number and its error to two digits of the error; alone where the error is not above zero.
pub(super) fn with_error(number: f64, error: f64) -> String {
    if !(error > 0.0 && error.is_finite() && number.is_finite()) {
        return short(number);
    }
    let magnitude = error.log10().floor() as i32;
    if magnitude < -5 || number.abs().max(error) >= 1e6 {
        return format!("{} ± {}", short(number), short(error));
    }
    let decimals = (1 - magnitude).max(0) as usize;
    signed(format!("{number:.decimals$} ± {error:.decimals$}"))
}

/// All digits that a number has, and no more.
fn plain(number: f64) -> String {
    // Multiples such as 3·0.1 are not quite the number they stand for.
    let rounded: f64 = format!("{number:.11e}").parse().unwrap_or(number);
    let magnitude = rounded.abs();
    if magnitude != 0.0 && !(1e-5..1e9).contains(&magnitude) {
        return format!("{rounded:e}").split_once('e').map_or_else(
            String::new,
            |(factor, power)| {
                let power = power
                    .parse()
                    .map_or_else(|_| power.to_string(), power_of_ten);
                format!("{factor}×{power}")
            },
        );
    }
    rounded.to_string()
}

/// With a true minus sign, and none before a zero.
fn signed(text: String) -> String {
    let is_zero = text
        .trim_start_matches('-')
        .chars()
        .all(|c| c == '0' || c == '.');
    if is_zero {
        text.trim_start_matches('-').to_string()
    } else {
        text.replace('-', "−")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &Ticks) -> Vec<&str> {
        ticks.major.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn linear_numbers_are_round() {
        let ticks = linear(-0.31, 0.33, 5, false);
        assert_eq!(texts(&ticks), ["−0.2", "0.0", "0.2"]);
        assert_eq!(ticks.describe("loss"), "loss");
        assert_eq!(texts(&linear(0.0, 7.0, 4, false)), ["0", "2", "4", "6"]);
        assert_eq!(texts(&linear(0.8, 2.2, 9, true)), ["1", "2"]);
    }

    #[test]
    fn powers_and_offsets_go_to_the_name() {
        let ticks = linear(0.0, 4.2e-6, 4, false);
        assert_eq!(texts(&ticks), ["0", "2", "4"]);
        assert_eq!(ticks.describe("h"), "h / 10⁻⁶");
        let ticks = linear(1e6, 1e6 + 3e-4, 4, false);
        assert_eq!(texts(&ticks), ["0", "1", "2", "3"]);
        assert_eq!(ticks.describe("U"), "(U − 1000000) / 10⁻⁴");
        let ticks = linear(123_456_780.0, 123_456_789.0, 5, false);
        assert_eq!(texts(&ticks), ["0", "2", "4", "6", "8"]);
        assert_eq!(ticks.describe("U"), "U − 123456780");
        assert_eq!(
            linear(-1e6, 1.0 - 1e6, 4, false).describe("U"),
            "U + 1000000"
        );
    }

    #[test]
    fn decades_are_thinned_and_short_ranges_have_their_multiples() {
        let ticks = logarithmic(1e-9, 1e3, 5, false);
        assert_eq!(texts(&ticks), ["10⁻⁹", "10⁻⁶", "10⁻³", "10⁰", "10³"]);
        assert_eq!(ticks.minor.len(), 13);
        assert_eq!(
            texts(&logarithmic(0.5, 200.0, 5, false)),
            ["1", "10", "100"]
        );
        let numbers = ["1", "2", "5", "10", "20", "50"];
        assert_eq!(texts(&logarithmic(0.9, 64.0, 9, true)), numbers);
        assert_eq!(
            texts(&logarithmic(1.5, 8.0, 5, false)),
            ["2", "3", "5", "7"]
        );
        assert_eq!(
            texts(&logarithmic(1e-7, 9e-7, 4, false)),
            ["1×10⁻⁷", "2×10⁻⁷", "5×10⁻⁷"]
        );
        assert_eq!(texts(&logarithmic(0.9, 1.1, 4, true)), ["1"]);
        for most in 1..9 {
            assert!(logarithmic(1e-200, 1e200, most, false).major.len() <= most.max(2) + 1);
        }
    }

    #[test]
    fn numbers_are_written_with_the_digits_of_their_errors() {
        assert_eq!(with_error(19.234, 0.712), "19.23 ± 0.71");
        assert_eq!(with_error(-1234.4, 25.0), "−1234 ± 25");
        assert_eq!(with_error(0.25, 0.0), "0.250");
        assert_eq!(short(-4.2e-7), "−4.20×10⁻⁷");
        assert_eq!(short(12345.6), "12346");
    }
}
