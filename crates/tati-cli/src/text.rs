//! Numbers and tables as people read them.

/// Rows of a table that are shown; the files have all.
pub const MOST_ROWS: usize = 20;

/// A number in six digits or so.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-4..1e6).contains(&size) {
        return format!("{value:.4e}");
    }
    let decimals = (5 - size.log10().floor() as i32).clamp(0, 8) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

/// A number of things, as `1 chain` and `2 chains`.
pub fn count(number: usize, thing: &str) -> String {
    let ending = match thing {
        _ if number == 1 => "",
        _ if thing.ends_with('s') || thing.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{number} {thing}{ending}")
}

/// `value` in so many decimals, and in as many more as it takes to show on which side of `bound` it is.
pub fn beside(value: f64, bound: f64, decimals: usize) -> String {
    let side = value.partial_cmp(&bound);
    // Seventeen digits are all that a number has.
    let texts = (decimals..=17).map(|decimals| format!("{value:.decimals$}"));
    let shows_side = |text: &String| {
        text.parse::<f64>()
            .is_ok_and(|shown| shown.partial_cmp(&bound) == side)
    };
    let mut shown = texts.filter(shows_side);
    shown.next().unwrap_or_else(|| value.to_string())
}

/// Numbers with spaces between them, the first few of many.
pub fn list(values: &[f64]) -> String {
    let shown = values.iter().take(MOST_ROWS).map(|value| number(*value));
    let mut text = shown.collect::<Vec<_>>().join(" ");
    if values.len() > MOST_ROWS {
        text.push_str(&format!(" … ({} in all)", values.len()));
    }
    text
}

/// A table with a heading, its first column to the left and the others to the right; the first rows of many.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    let widths: Vec<usize> = (0..heading.len())
        .map(|column| {
            let cells = shown.iter().filter_map(|row| row.get(column));
            let lengths = cells.map(|cell| cell.chars().count());
            lengths.fold(heading[column].chars().count(), usize::max)
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if column == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("  {cell:>width$}")
                }
            });
        padded.collect::<String>().trim_end().to_string() + "\n"
    };
    let mut text = line(&mut heading.iter().copied());
    for row in shown {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    if rows.len() > shown.len() {
        text.push_str(&format!("… {} rows in all\n", rows.len()));
    }
    text
}

/// The line that names the files written; nothing if there are none.
pub fn files(files: &[String]) -> String {
    match files {
        [] => String::new(),
        files => format!("Written: {}\n", files.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.25, "-0.25"),
            (1.0 / 3.0, "0.333333"),
            (123456.7, "123457"),
            (1e-7, "1.0000e-7"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn one_of_a_thing_is_no_plural() {
        for (number, thing, text) in [
            (0, "draw", "0 draws"),
            (1, "chain", "1 chain"),
            (2, "chain", "2 chains"),
            (1, "class", "1 class"),
            (2, "class", "2 classes"),
            (3, "quench", "3 quenches"),
        ] {
            assert_eq!(count(number, thing), text);
        }
    }

    #[test]
    fn a_number_shows_on_which_side_of_a_bound_it_is() {
        for (value, bound, decimals, text) in [
            (1.0, 1.01, 3, "1.000"),
            (1.01, 1.01, 3, "1.010"),
            (1.0103, 1.01, 3, "1.0103"),
            (1.010_000_2, 1.01, 3, "1.0100002"),
            (1.2, 1.01, 3, "1.200"),
            (399.96, 400.0, 0, "399.96"),
            (f64::INFINITY, 1.01, 3, "inf"),
        ] {
            assert_eq!(beside(value, bound, decimals), text);
        }
        assert_eq!(
            beside(1.01_f64.next_up(), 1.01, 3).parse(),
            Ok(1.01_f64.next_up())
        );
        assert_eq!(beside(f64::NAN, 1.01, 3), "NaN");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = vec![
            vec!["a".to_string(), "1".to_string()],
            vec!["bcd".to_string(), "22".to_string()],
        ];
        assert_eq!(table(&["", "n"], &rows), "      n\na     1\nbcd  22\n");
    }
}
