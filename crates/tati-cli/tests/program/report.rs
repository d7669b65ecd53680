//! `tati report`: what is on the page, and what is refused.

use std::fs;

use serde_json::Value;

use crate::command::{Place, number};

const SECTIONS: [&str; 8] = [
    "run",
    "convergence",
    "energies",
    "spectrum",
    "diffusion-map",
    "free-energy",
    "surface",
    "digits",
];

/// Two walkers on two clusters.
fn clusters(place: &Place, steps: usize) {
    place.text("train --data clusters --items 40 --steps 50 --seed 1 --out optimum");
    place.text(&format!(
        "sample --from optimum --sampler baoab --step-size 0.3 --friction 1 --inverse-temperature 20 \
         --prior-gaussian 1 --steps {steps} --every 4 --walkers 2 --seed 3 --out draws"
    ));
}

/// The page, after a look at its structure.
fn page(place: &Place, name: &str) -> String {
    let page = fs::read_to_string(place.path(name)).unwrap();
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    for outside in [
        "http://",
        "https://",
        "<script src",
        "<link rel=\"stylesheet",
        "@import",
        "url(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    for section in SECTIONS {
        assert_eq!(
            page.matches(&format!("<section id=\"{section}\">")).count(),
            1
        );
        assert!(page.contains(&format!("href=\"#{section}\"")));
    }
    assert_closed(&page);
    page
}

/// Asserts that every element is closed where it should be.
fn assert_closed(page: &str) {
    const EMPTY: [&str; 5] = ["meta", "link", "img", "br", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').expect("a tag that ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap();
        if tag.ends_with('/') || EMPTY.contains(&name) {
            continue;
        }
        open.push(name);
        // Their text is no markup.
        if name == "script" || name == "style" {
            rest = &rest[rest.find(&format!("</{name}>")).expect("an end")..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

fn shown(report: &Value) -> Vec<(&str, bool)> {
    let sections = report["sections"].as_array().unwrap();
    let each = sections.iter().map(|section| {
        let name = section["section"].as_str().unwrap();
        (name, section["shown"].as_bool().unwrap())
    });
    each.collect()
}

#[test]
fn the_report_of_two_clusters_has_every_section_and_its_commands_do_the_run_again() {
    let place = Place::new();
    clusters(&place, 4000);
    let line = "report draws --zoom 0:-1 --points 9 --map-draws 300";
    let report = place.json(line);
    let html = page(&place, "draws/report.html");
    assert_eq!(report["report"], "draws/report.html");
    assert_eq!(number(&report["bytes"]) as usize, html.len());
    let expected = SECTIONS.map(|section| (section, section != "digits"));
    assert_eq!(shown(&report), expected);
    assert!(html.contains("Not shown: the data are no images of digits"));
    // A well-behaved chain, and so judged.
    assert!(number(&report["convergence"]["max_r_hat"]) < 1.1);
    let ratio = number(&report["convergence"]["kinetic_temperature"]);
    assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
    assert!(html.contains(report["verdict_in_words"].as_str().unwrap()));
    // The numbers are those of the analyses.
    let covariance = place.json("analyse covariance draws");
    assert_eq!(report["spectrum"]["eigenvalues"], covariance["eigenvalues"]);
    assert_eq!(
        report["spectrum"]["null_eigenvalues"],
        covariance["null_eigenvalues"]
    );
    let free_energy = place.json("analyse free-energy draws --along component:1");
    assert_eq!(
        report["free_energy"]["free_energy"],
        free_energy["free_energy"]
    );
    let plane = place.json("surface plane draws --zoom 0:-1 --points 9");
    let levels = report["surface"]["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 2);
    assert_eq!(levels[0]["minimum"], plane["minimum"]["potential"]);
    // The same again is the same page, over the old one.
    assert_eq!(place.json(line), report);
    assert_eq!(
        fs::read_to_string(place.path("draws/report.html")).unwrap(),
        html
    );

    let commands = report["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 2);
    let again = Place::new();
    for command in commands {
        let command = command.as_str().unwrap().strip_prefix("tati ").unwrap();
        // The runs are made anew in another place.
        let here = place.path("").display().to_string();
        again.text(&command.replace(here.trim_end_matches('/'), "."));
    }
    for group in ["posterior", "sample_stats"] {
        let group = format!("draws/trajectory.zarr/{group}");
        assert!(again.files(&group) == place.files(&group), "{group}");
    }
}

#[test]
fn a_report_of_glyphs_shows_digits_and_says_what_it_cannot_show() {
    let place = Place::new();
    place.text("train --data glyphs --items 100 --steps 30 --step-size 0.5 --seed 1 --out optimum");
    place.text(
        "sample --from optimum --sampler sgld --step-size 1e-3 --inverse-temperature 1e4 --steps 60 --every 10 --seed 2 --out draws",
    );
    let report = place.json("report draws --zoom 0:0 --points 3 --out page.html");
    let html = page(&place, "page.html");
    let digits = &report["digits"];
    for (kind, ordered) in [("most_certain", 1.0), ("least_certain", -1.0)] {
        let found = digits[kind].as_array().unwrap();
        assert_eq!(found.len(), 12);
        let certain: Vec<f64> = found
            .iter()
            .map(|digit| ordered * number(&digit["probability"]))
            .collect();
        assert!(certain.is_sorted_by(|one, next| one >= next), "{certain:?}");
    }
    assert!(number(&digits["accuracy"]) > 0.5);
    assert_eq!(html.matches("data:image/bmp;base64,").count(), 24);
    // Six draws are too few for the walk, and SGLD has no temperature to look at.
    assert_eq!(report["convergence"]["kinetic_temperature"], Value::Null);
    assert!(
        html.contains("no kinetic energy is recorded")
            || html.contains("No kinetic energy is recorded")
    );
    let missing = shown(&report).into_iter().filter(|(_, shown)| !shown);
    for (section, _) in missing {
        let title = html
            .split(&format!("<section id=\"{section}\">"))
            .nth(1)
            .unwrap();
        assert!(
            title
                .split("</section>")
                .next()
                .unwrap()
                .contains("Not shown: "),
            "{section}"
        );
    }
    assert_ne!(report["verdict"], "passed");
}

#[test]
fn wrong_reports_are_refused() {
    let place = Place::new();
    clusters(&place, 40);
    place.write("page.html", "mine");
    fs::create_dir(place.path("broken")).unwrap();
    place.write("broken/config.json", "{");
    for (line, part) in [
        ("report", "<RUN>"),
        ("report nowhere", "nowhere is no run"),
        ("report optimum", "its steps are no draws"),
        ("report broken", "config.json"),
        ("report draws --points 1", "`--points` is 1"),
        ("report draws --map-draws 9", "`--map-draws` is 9"),
        ("report draws --zoom 1", "two numbers"),
        ("report draws --zoom -1:1", "`--zoom` is -1:1"),
        ("report draws --zoom 30:0", "at most 20"),
        ("report draws --burn-in 100", "`--burn-in` is 100"),
        ("report draws --every 0", "`--every` is 0"),
        ("report draws --chain 2", "`--chain` is 2"),
        ("report draws --out page.html", "--overwrite"),
        ("report draws --out optimum", "a folder"),
        ("report draws --out nowhere/page.html", "no such folder"),
        ("report draws --overwrite", "--out"),
        ("report draws --device toaster", "toaster"),
        ("report draws --surface", "--surface"),
    ] {
        place.assert_refused(line, part);
    }
    assert_eq!(fs::read_to_string(place.path("page.html")).unwrap(), "mine");
}
