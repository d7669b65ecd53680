//! Every figure, of ordinary and of nasty data: it is drawn, in both formats, always alike, with all its labels, and no two texts overlap.
#![cfg(feature = "plot")]

mod cases;
mod png;
mod refusals;
mod surfaces;
mod svg;
mod variables;

use std::fs;
use std::path::Path;

use cases::{Figure, LONG, SOURCE, figures};
use tati_landscape::plot::Traces;

use png::Image;

fn saved(figure: &Figure, path: &Path) -> Vec<u8> {
    (figure.save)(path).unwrap_or_else(|error| panic!("{}: {error}", figure.name));
    fs::read(path).unwrap()
}

#[test]
fn figures_are_pictures_of_1600_pixels_and_not_blank() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.png");
    for figure in figures() {
        let image = Image::decode(&saved(&figure, &path));
        assert!(image.width >= 1600, "{}: {}", figure.name, image.width);
        assert!(image.height >= 900, "{}: {}", figure.name, image.height);
        let ink = image.ink();
        assert!(ink > 0.01, "{}: {ink}", figure.name);
        for color in &figure.colors {
            assert!(image.has(*color), "{}: {color:?} is missing", figure.name);
        }
    }
}

#[test]
fn figures_hold_their_labels_as_text_and_no_two_texts_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    for figure in figures() {
        let file = String::from_utf8(saved(&figure, &path)).unwrap();
        let (texts, size) = svg::texts(&file);
        for label in figure.labels.iter().chain([&SOURCE]) {
            assert!(
                texts.iter().any(|text| text.text.contains(label)),
                "{}: `{label}` is missing from {:?}",
                figure.name,
                texts.iter().map(|text| &text.text).collect::<Vec<_>>()
            );
        }
        let collision = svg::collision(&texts, size);
        assert_eq!(collision, None, "{}", figure.name);
        assert!(
            !file.contains("NaN") && !file.contains("inf"),
            "{}",
            figure.name
        );
    }
}

#[test]
fn figures_are_the_same_each_time_and_leave_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let (svg, png) = (
        folder.path().join("figure.svg"),
        folder.path().join("figure.PNG"),
    );
    for figure in figures() {
        assert!(
            saved(&figure, &svg) == saved(&figure, &svg),
            "{}",
            figure.name
        );
    }
    let figure = &figures()[0];
    assert!(saved(figure, &png) == saved(figure, &png));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn long_texts_are_cut_and_not_pushed_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    let long = LONG.repeat(8);
    let traces = Traces {
        chains: &[&[1.0, 2.0], &[2.0, 1.0]],
        labels: &[&long, "short"],
        y_label: &long,
        title: &long,
        source: &long,
        ..Traces::default()
    };
    traces.save(&path).unwrap();
    let (texts, size) = svg::texts(&fs::read_to_string(&path).unwrap());
    assert_eq!(svg::collision(&texts, size), None);
    assert_eq!(
        texts.iter().filter(|text| text.text.contains('…')).count(),
        4
    );
}
