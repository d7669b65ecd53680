//! The potential and the kinetic energy along the chains.

use serde::Serialize;
use tati::landscape::plot::Traces;
use tati::landscape::report::Section;
use tati::landscape::{AutocorrelationEstimator, Draws, averages};

use super::{Reported, headed};
use crate::error::CliError;
use crate::options::draws::required_potentials;
use crate::text;

#[derive(Serialize)]
pub struct Figures {
    mean_potential: f64,
    /// Null where there are too few draws for one.
    mean_potential_error: Option<f64>,
    mean_kinetic_energy: Option<f64>,
    expected_kinetic_energy: Option<f64>,
}

pub fn section(run: &Reported) -> Result<(Section, Figures), CliError> {
    let potentials = required_potentials(&run.recording, "this section")?;
    let kinetic = run.recording.statistic("kinetic_energy")?;
    let draws = run.recording.draws()?;
    let expected = run
        .inverse_temperature
        .map(|beta| draws.num_parameters() as f64 / (2.0 * beta));
    let steps = run.recording.steps()?;
    let first_step = steps[0].first().copied().unwrap_or(0) as usize;
    let every = steps[0]
        .get(1)
        .map_or(1, |next| *next as usize - first_step);
    let trace = |chains: &[Vec<f64>], y_label, title, expected| {
        let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        Traces {
            chains: &chains,
            first_step,
            every: every.max(1),
            y_label,
            expected,
            title,
            source: &run.source,
            ..Traces::default()
        }
        .svg()
    };
    let potential = trace(&potentials, "potential U", "Potential", None)?;
    let mut rows = vec![row("potential U", &potentials)];
    let [mean, error] = mean(&potentials);
    let mut section = headed("energies").figure(
        &potential,
        "The potential of every recorded draw: it should wander about one level from the beginning on.",
    );
    if let Some(kinetic) = &kinetic {
        let figure = trace(kinetic, "kinetic energy K", "Kinetic energy", expected)?;
        section = section.figure(
            &figure,
            "The kinetic energy, which should lie about N/(2β) on average.",
        );
        rows.push(row("kinetic energy K", kinetic));
    }
    if let Some(expected) = expected.filter(|_| kinetic.is_some()) {
        let cells = ["N/(2β), expected of K", &text::number(expected), ""];
        rows.push(cells.map(String::from).to_vec());
    }
    let section = section.table(&["", "mean", "standard error"], &rows);
    Ok((
        section,
        Figures {
            mean_potential: mean,
            mean_potential_error: Some(error).filter(|error| !error.is_nan()),
            mean_kinetic_energy: kinetic.map(|chains| self::mean(&chains)[0]),
            expected_kinetic_energy: expected,
        },
    ))
}

/// Mean and standard error; the error NaN where there are too few draws.
fn mean(chains: &[Vec<f64>]) -> [f64; 2] {
    let all = chains.concat();
    let error = Draws::from_f64(&all, [chains.len(), chains[0].len(), 1])
        .and_then(|draws| averages(&draws, AutocorrelationEstimator::Geyer))
        .map_or(f64::NAN, |found| found.pooled[0].standard_error);
    [all.iter().sum::<f64>() / all.len() as f64, error]
}

fn row(name: &str, chains: &[Vec<f64>]) -> Vec<String> {
    let [mean, error] = mean(chains);
    vec![name.to_string(), text::number(mean), text::number(error)]
}
