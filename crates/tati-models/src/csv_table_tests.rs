//! Tests of the CSV tables: exact round trips, and the place of every fault.

use std::fs;

use proptest::prelude::*;

use super::*;

fn read_text(text: &[u8]) -> Result<LabelledSet> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    read_csv(file.path())
}

/// The message about a table, without the folder in front of `table.csv`.
fn complaint(text: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, text).unwrap();
    let message = read_csv(&path).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    let folder = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
    message
        .strip_prefix(&folder)
        .unwrap_or_else(|| panic!("no name: {message}"))
        .to_string()
}

#[test]
fn comments_blank_lines_and_line_ends_do_not_matter() {
    let expected = LabelledSet::new(vec![0.5, -1.0, 2.25, 1e-3], vec![0, 2], 2, 3).unwrap();
    for text in [
        "x1,x2,label\n0.5,-1,0\n2.25,1e-3,2\n",
        "x1,x2,label\n0.5,-1,0\n2.25,1e-3,2",
        "\u{feff}# first, \"second\n\nx1,x2,label\r\n# \"\r\n 0.5 ,-1, 0\r\n\r\n2.25,0.001,2\r\n",
        "\"width\",\"height\",\"label\"\n\"0.5\",-1.0,0\n+2.25,1E-3,02\n#\n",
    ] {
        assert_eq!(read_text(text.as_bytes()).unwrap(), expected, "{text}");
    }
}

#[test]
fn faults_are_located() {
    let cases = [
        (
            "x1,x2,label\n1,2,0\n1,2\n",
            "table.csv:3:3: column `label` is missing: the row has 2 of 3 fields",
        ),
        (
            "x1,x2,label\n1\n",
            "table.csv:2:2: column `x2` is missing: the row has 1 of 3 fields",
        ),
        (
            "x1,label\n1,0,0,0\n",
            "table.csv:2:3: one field too many: the row has 4 of 2 fields",
        ),
        (
            "# a\n\n# b\r\nx1,x2,label\r\n#\r\n1,two,0\r\n",
            "table.csv:6:2: `two` is not a number",
        ),
        ("x1,label\n,0\n", "table.csv:2:1: `` is not a number"),
        (
            "x1,label\n1,0\nNaN,0\n",
            "table.csv:3:1: `NaN` is not a finite number",
        ),
        (
            "x1,label\n1e39,0\n",
            "table.csv:2:1: `1e39` is not a finite number",
        ),
        (
            "x1,label\n1,0.5\n",
            "table.csv:2:2: `0.5` is not a class: it must be a whole number from 0 to 65535",
        ),
        (
            "x1,label\n1,-1\n",
            "table.csv:2:2: `-1` is not a class: it must be a whole number from 0 to 65535",
        ),
        (
            "x1,label\n1,65536\n",
            "table.csv:2:2: `65536` is not a class: it must be a whole number from 0 to 65535",
        ),
        (
            "1.0,2.0,0\n1,2,1\n",
            "table.csv:1:3: `0` ends the header, where `label` must, after at least one feature",
        ),
        (
            "label\n1\n",
            "table.csv:1:1: `label` ends the header, where `label` must, after at least one feature",
        ),
        (
            "",
            "table.csv: it is empty: the first line must be a header like `x1,x2,label`",
        ),
        (
            "# nothing\n\n",
            "table.csv: it is empty: the first line must be a header like `x1,x2,label`",
        ),
        ("x1,label\n", "table.csv: no row follows the header"),
    ];
    for (text, expected) in cases {
        assert_eq!(complaint(text.as_bytes()), expected);
    }
    assert_eq!(
        complaint(b"x1,label\n\xff\xfe,0\n"),
        "table.csv:2:1: the line is not UTF-8 text"
    );
    let long = format!("x1,label\n{},0\n", "y".repeat(1000));
    assert_eq!(
        complaint(long.as_bytes()),
        format!("table.csv:2:1: `{}…` is not a number", "y".repeat(40))
    );
}

#[test]
fn missing_files_and_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("table.csv");
    let set = LabelledSet::new(vec![1.0], vec![0], 1, 1).unwrap();
    for error in [
        read_csv(&path).unwrap_err(),
        write_csv(&path, &set).unwrap_err(),
    ] {
        assert!(
            error
                .to_string()
                .starts_with(&format!("{}: ", path.display())),
            "{error}"
        );
    }
}

#[test]
fn a_table_has_the_layout_it_documents() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let set = LabelledSet::new(vec![0.1, -2.0, 3.5, 1e-7], vec![1, 0], 2, 2).unwrap();
    write_csv(&path, &set).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "x1,x2,label\n0.1,-2,1\n3.5,0.0000001,0\n"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Every finite bit pattern, subnormal numbers and −0 included.
fn any_finite() -> impl Strategy<Value = f32> {
    any::<u32>()
        .prop_map(f32::from_bits)
        .prop_filter("finite", |value| value.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back_bit_for_bit(
        dimension in 1_usize..5,
        labels in prop::collection::vec(0_u32..2000, 1..20),
        values in prop::collection::vec(any_finite(), 100),
    ) {
        let features = values[..labels.len() * dimension].to_vec();
        let classes = *labels.iter().max().unwrap() as usize + 1;
        let set = LabelledSet::new(features, labels, dimension, classes).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write_csv(&path, &set).unwrap();
        let read = read_csv(&path).unwrap();
        let bits = |set: &LabelledSet| set.features().iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&read), bits(&set));
        prop_assert_eq!(read, set);
    }
}
