//! What an exploration found, as JSON, text, a table and figures.

use std::path::Path;

use serde::Serialize;
use tati::workflow::{
    Exploration, ExplorationEnd, ExplorationSummary, MinimumSummary, RoundSummary,
};
use tati::{ParameterLayout, ParameterTensor, write_table};

use crate::error::CliError;
use crate::text;

/// What an exploration found.
#[derive(Serialize)]
pub struct Results {
    #[serde(flatten)]
    found: ExplorationSummary,
    verdict: &'static str,
    inverse_temperature: Option<f64>,
    out: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    pub files: Vec<String>,
}

impl Results {
    pub fn new(found: &Exploration, inverse_temperature: Option<f64>, out: &Path) -> Self {
        Self {
            found: found.summary(),
            verdict: found.end.words(),
            inverse_temperature,
            out: out.display().to_string(),
            resume: None,
            files: Vec::new(),
        }
    }

    pub fn is_interrupted(&self) -> bool {
        self.found.end == ExplorationEnd::Interrupted
    }

    pub fn text(&self) -> String {
        let round = |(number, round): (usize, &RoundSummary)| {
            vec![
                number.to_string(),
                round.num_points.to_string(),
                round.change.map_or("-".to_string(), text::number),
                text::list(&round.eigenvalues),
            ]
        };
        let rounds: Vec<Vec<String>> = self.found.rounds.iter().enumerate().map(round).collect();
        let minimum = |(number, minimum): (usize, &MinimumSummary)| {
            vec![
                number.to_string(),
                text::number(minimum.potential),
                minimum.index.to_string(),
                minimum.num_quenches.to_string(),
            ]
        };
        let minima: Vec<Vec<String>> = self.found.minima.iter().enumerate().map(minimum).collect();
        let mut text = format!(
            "Exploration in {}, seed {}\n{}{}\n",
            self.out,
            self.found.seed,
            text::table(&["round", "draws", "change", "eigenvalues"], &rounds),
            self.verdict
        );
        if let Some(resume) = &self.resume {
            return format!("{text}Go on: {resume}\n");
        }
        text.push_str(&text::table(
            &["minimum", "U", "index", "quenches"],
            &minima,
        ));
        if self.found.num_unconverged > 0 {
            text.push_str(&format!(
                "{} did not converge: take a larger --gradient-tolerance, or a prior, without which a loss may have no minimum\n",
                text::count(self.found.num_unconverged, "quench")
            ));
        }
        if self.found.num_indistinct > 0 {
            text.push_str(&format!(
                "{} of the minima may be a lower one, as far as the gradients tell: take a smaller --gradient-tolerance, or a larger --merge-distance\n",
                self.found.num_indistinct
            ));
        }
        for barrier in &self.found.barriers {
            text.push_str(&format!(
                "From {} to {} the lowest path rises by {}, the straight line by {}\n",
                barrier.from,
                barrier.to,
                text::number(barrier.barrier),
                text::number(barrier.line_barrier)
            ));
        }
        text + &text::files(&self.files)
    }
}

/// Writes the minima as a table that `--parameters` takes, with the number of each as its step, and a figure of each barrier.
pub fn write(
    folder: &Path,
    found: &Exploration,
    layout: &ParameterLayout,
) -> Result<Vec<String>, CliError> {
    let mut files = Vec::new();
    let map = folder.join("map.png");
    if map.exists() {
        files.push(map.display().to_string());
    }
    if !found.minima.minima.is_empty() {
        let path = folder.join("minima-trajectory.csv");
        let trainable = layout.tensors().iter().filter(|tensor| !tensor.is_frozen());
        let names = trainable.flat_map(ParameterTensor::element_names);
        let header = ["step", "loss"].map(String::from).into_iter().chain(names);
        let rows = found
            .minima
            .minima
            .iter()
            .enumerate()
            .map(|(number, minimum)| {
                let mut row = vec![minimum.point.potential];
                row.extend(&minimum.point.position);
                (vec![number], row)
            });
        write_table(&path, header, rows)?;
        files.push(path.display().to_string());
    }
    for barrier in &found.barriers {
        let path = folder.join(format!("barrier-{}-{}.png", barrier.from, barrier.to));
        let title = format!("From minimum {} to {}", barrier.from, barrier.to);
        let source = format!("{}, seed {}", folder.display(), found.seed);
        barrier.save_figure(&path, &title, &source)?;
        files.push(path.display().to_string());
    }
    Ok(files)
}
