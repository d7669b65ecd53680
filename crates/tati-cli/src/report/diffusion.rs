//! The diffusion map of the draws: its spectrum, and the draws in its coordinates.

use serde::Serialize;
use tati::landscape::DiffusionMapReadingConfig;
use tati::landscape::plot::{ColorScale, DiffusionCoordinates, DiffusionSpectrum, PointColors};
use tati::landscape::report::Section;

use super::convergence::sentence;
use super::{ReportArgs, Reported, headed};
use crate::error::CliError;
use crate::options::diffusion_map::DiffusionMapOptions;
use crate::options::draws::potentials;
use crate::text;

/// Eigenpairs, the constant counted.
const EIGENPAIRS: usize = 6;

#[derive(Serialize)]
pub struct Figures {
    eigenvalues: Vec<f64>,
    null_eigenvalues: Option<Vec<f64>>,
    bandwidth: f64,
    verdict: &'static str,
    num_points: usize,
}

pub fn section(run: &Reported, arguments: &ReportArgs) -> Result<(Section, Figures), CliError> {
    let all = run.recording.draws()?;
    let (num_chains, per_chain) = (all.num_chains(), all.num_draws());
    let every = (num_chains * per_chain).div_ceil(arguments.map_draws);
    let draws = all.with_every(every)?;
    let reading = DiffusionMapReadingConfig::new(DiffusionMapOptions::usual().config(EIGENPAIRS))
        .with_seed(arguments.seed)
        .compute(&draws, None, &mut |_| {})?;
    let map = &reading.map;
    let spectrum = DiffusionSpectrum {
        eigenvalues: map.eigenvalues(),
        null: reading.null_eigenvalues.as_deref().unwrap_or_default(),
        title: "Diffusion map of the draws",
        source: &run.source,
        ..DiffusionSpectrum::default()
    };
    let words = match every {
        1 => format!("Of all {}.", text::count(map.num_points(), "draw")),
        every => format!(
            "Of {}, one in {every} of each chain.",
            text::count(map.num_points(), "draw")
        ),
    };
    let mut section = headed("diffusion-map")
        .paragraph(&sentence(&reading.shows().to_string()))
        .paragraph(&words)
        .figure(
            &spectrum.svg()?,
            "Rates of the slow coordinates beside those of the map of a random walk: a few small ones before a gap are as many slow variables.",
        );
    let coordinates = map.coordinates();
    if coordinates.ncols() >= 3 {
        let (x, y) = (coordinates.column(1), coordinates.column(2));
        let figure = DiffusionCoordinates {
            x: x.as_slice(),
            y: y.as_slice(),
            x_label: "diffusion coordinate 1",
            y_label: "diffusion coordinate 2",
            title: "Draws in diffusion coordinates",
            source: &run.source,
            ..DiffusionCoordinates::default()
        };
        if num_chains > 1 {
            let names: Vec<String> = (1..=num_chains)
                .map(|chain| format!("chain {chain}"))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let of_chain = draws.num_draws();
            let group: Vec<usize> = (0..num_chains * of_chain)
                .map(|point| point / of_chain)
                .collect();
            let by_chain = DiffusionCoordinates {
                colors: PointColors::Groups {
                    group: &group,
                    names: &names,
                },
                ..figure
            };
            section = section.figure(
                &by_chain.svg()?,
                "The draws by their chain: chains that keep apart have not seen the same landscape.",
            );
        }
        if let Some(potentials) = potentials(&run.recording)? {
            let kept = potentials.iter().map(|chain| chain.iter().step_by(every));
            let values: Vec<f64> = kept.flatten().copied().collect();
            let by_potential = DiffusionCoordinates {
                colors: PointColors::Values {
                    values: &values,
                    label: "potential U",
                    scale: ColorScale::Linear,
                },
                ..figure
            };
            section = section.figure(&by_potential.svg()?, "The same draws by their potential.");
        }
    }
    Ok((
        section,
        Figures {
            eigenvalues: map.eigenvalues().to_vec(),
            null_eigenvalues: reading.null_eigenvalues.clone(),
            bandwidth: map.bandwidth(),
            verdict: reading.shows().name(),
            num_points: map.num_points(),
        },
    ))
}
