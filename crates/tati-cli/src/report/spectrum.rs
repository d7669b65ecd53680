//! The spectrum of the covariance beside that of a random walk.

use serde::Serialize;
use tati::landscape::PrincipalComponentsConfig;
use tati::landscape::report::Section;

use super::convergence::sentence;
use super::{Reported, headed};
use crate::analyse::covariance::{self, usual_components};
use crate::error::CliError;
use crate::text;

#[derive(Serialize)]
pub struct Figures {
    eigenvalues: Vec<f64>,
    null_eigenvalues: Vec<f64>,
    cosine_content: Vec<f64>,
    verdict: &'static str,
}

/// The principal components of the draws.
pub fn components(run: &Reported) -> Result<covariance::Results, CliError> {
    let draws = run.recording.draws()?;
    let config = PrincipalComponentsConfig::new(usual_components(&draws));
    Ok(covariance::of_draws(&draws, config)?.1)
}

pub fn section(
    run: &Reported,
    components: Result<covariance::Results, CliError>,
) -> Result<(Section, Figures), CliError> {
    let found = components?;
    let figure = found.spectrum(&run.source).svg()?;
    let or_none = |values: &[f64], at: usize| {
        values
            .get(at)
            .map_or("–".to_string(), |value| text::number(*value))
    };
    let rows: Vec<Vec<String>> = (0..found.eigenvalues.len())
        .map(|at| {
            vec![
                (at + 1).to_string(),
                text::number(found.eigenvalues[at]),
                format!("{:.2} %", 100.0 * found.explained_variance_ratio[at]),
                or_none(&found.null_eigenvalues, at),
                or_none(&found.cosine_content, at),
            ]
        })
        .collect();
    let section = headed("spectrum")
        .paragraph(&sentence(&found.verdict_in_words))
        .figure(
            &figure,
            "Eigenvalues of the covariance beside those of a free random walk that moves as fast. A cosine content near 1 says that a component is the walk, not the landscape.",
        )
        .table(
            &["component", "eigenvalue", "share", "random walk", "cosine content"],
            &rows,
        );
    Ok((
        section,
        Figures {
            eigenvalues: found.eigenvalues,
            null_eigenvalues: found.null_eigenvalues,
            cosine_content: found.cosine_content,
            verdict: found.verdict,
        },
    ))
}
