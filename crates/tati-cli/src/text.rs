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
    fn columns_are_aligned() {
        let rows = vec![
            vec!["a".to_string(), "1".to_string()],
            vec!["bcd".to_string(), "22".to_string()],
        ];
        assert_eq!(table(&["", "n"], &rows), "      n\na     1\nbcd  22\n");
    }
}
