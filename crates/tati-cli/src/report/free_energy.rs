//! The free energy along the widest principal component.

use serde::Serialize;
use tati::TatiError;
use tati::landscape::report::Section;

use super::convergence::sentence;
use super::{Reported, headed};
use crate::analyse::free_energy::{Energies, FreeEnergyArgs, compute};
use crate::analyse::free_energy_files::profile;
use crate::analyse::variable::Variable;
use crate::error::CliError;
use crate::text;

#[derive(Serialize)]
pub struct Figures {
    along: Variable,
    coordinate: Vec<f64>,
    free_energy: Vec<f64>,
    /// Null where it is not known.
    error: Vec<f64>,
    num_basins: usize,
    verdict: String,
}

pub fn section(run: &Reported) -> Result<(Section, Figures), CliError> {
    let Some(beta) = run.inverse_temperature else {
        return Err(CliError::Other(
            "the draws are not at one finite temperature, which a free energy is of".to_string(),
        ));
    };
    let variable = Variable::Component(1);
    let arguments = FreeEnergyArgs::along(variable.clone());
    let (found, has_errors) = match compute(&arguments, &run.recording, beta) {
        Err(CliError::Tati(TatiError::InvalidSetting { .. })) => {
            let found = compute(&arguments.without_errors(), &run.recording, beta)?;
            (found, false)
        }
        found => (found?, true),
    };
    let figure = profile(&found, &run.source, |figure| figure.svg());
    let mut section = headed("free-energy").paragraph(&sentence(&found.verdict));
    if !has_errors {
        section = section.paragraph(
            "Without errors and basins: the chains are too short against their autocorrelation time to tell any.",
        );
    }
    if let Some(figure) = figure {
        section = section.figure(
            &figure?,
            "F = −(1/β) ln ρ along the widest principal component, with a band of one standard error where that is known.",
        );
    }
    if found.basins.len() > 1 {
        let rows: Vec<Vec<String>> = found
            .basins
            .iter()
            .map(|basin| {
                vec![
                    text::list(&basin.position),
                    text::number(basin.free_energy),
                    format!(
                        "{:.1} ± {:.1} %",
                        100.0 * basin.population,
                        100.0 * basin.population_error
                    ),
                ]
            })
            .collect();
        section = section.table(&["basin at", "F", "population"], &rows);
    }
    let num_basins = found.basins.len();
    let verdict = found.verdict;
    let Energies::Profile {
        coordinate,
        free_energy,
        error,
        ..
    } = found.energies
    else {
        return Err(CliError::Other(
            "no free energy along one variable".to_string(),
        ));
    };
    Ok((
        section,
        Figures {
            along: variable,
            coordinate,
            free_energy,
            error,
            num_basins,
            verdict,
        },
    ))
}
