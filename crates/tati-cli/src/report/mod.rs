//! `tati report`: one HTML page about a run.

mod convergence;
mod diffusion;
mod digits;
mod energies;
mod free_energy;
mod origin;
mod spectrum;
mod surface;

use std::path::{Path, PathBuf};

use serde::Serialize;
use tati::landscape::Recording;
use tati::landscape::report::{Page, Section};
use tati::{TatiError, require_count};

use crate::error::{CliError, LongNames};
use crate::options::draws::{Selection, recorded_inverse_temperature, recorded_ladder};
use crate::options::point::{Point, PointOptions};
use crate::options::range::Ends;
use crate::options::saved_run::SavedRun;
use crate::output::Outcome;
use crate::program::Program;

/// Draws of the diffusion map unless told otherwise.
const MAP_DRAWS: usize = 1000;
/// Sections of the page.
const SECTIONS: u64 = 8;

/// One HTML page about a run: what was run, whether to trust it, figures, a surface to turn by hand
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati report RUN\n  tati report RUN --burn-in 100 --zoom 0:-3 --points 41 --out page.html"
)]
pub struct ReportArgs {
    /// The folder of a run of `tati sample`
    #[arg(value_name = "RUN")]
    #[serde(skip)]
    run: PathBuf,
    /// Leave out the first N recorded draws of each chain
    #[arg(long, value_name = "N", default_value_t = 0)]
    burn_in: usize,
    /// Of the others, take every K-th
    #[arg(long, value_name = "K", default_value_t = 1)]
    every: usize,
    /// Take this chain alone, counted from 0
    #[arg(long, value_name = "N")]
    chain: Option<usize>,
    /// Draws of the diffusion map: of more, some are left out evenly
    #[arg(long, value_name = "N", default_value_t = MAP_DRAWS)]
    map_draws: usize,
    /// Scales of the surface: ±10^i, i from the first to the second
    #[arg(
        long,
        value_name = "I:J",
        default_value = "1:-2",
        allow_hyphen_values = true
    )]
    zoom: Ends<i32>,
    /// Points of the surface along each direction
    #[arg(long, value_name = "N", default_value_t = 25)]
    points: usize,
    /// Seed of the random walks that the diffusion map is compared with
    #[arg(long, default_value_t = 0, hide_short_help = true)]
    seed: u64,
    /// The page [default: report.html in the folder of the run, written anew each time]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// Write to the file of --out even if it exists
    #[arg(long, requires = "out")]
    overwrite: bool,
}

/// The run that a report is of.
pub struct Reported {
    pub saved: SavedRun,
    pub recording: Recording,
    /// β of the draws, where all are at one.
    pub inverse_temperature: Option<f64>,
    /// β of every rung, of replica exchange.
    pub ladder: Option<Vec<f64>>,
    /// The model where the run ended, or why there is none.
    pub point: Result<Point, String>,
    /// The run, for the small print of figures.
    pub source: String,
}

#[derive(Serialize)]
struct Results {
    report: String,
    bytes: u64,
    commands: Vec<String>,
    num_draws: usize,
    num_chains: usize,
    num_parameters: usize,
    #[serde(with = "crate::options::number")]
    inverse_temperature: Option<f64>,
    /// β of every rung, of replica exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    ladder: Option<Vec<f64>>,
    verdict: &'static str,
    verdict_in_words: String,
    convergence: convergence::Figures,
    energies: Option<energies::Figures>,
    spectrum: Option<spectrum::Figures>,
    diffusion_map: Option<diffusion::Figures>,
    free_energy: Option<free_energy::Figures>,
    surface: Option<surface::Figures>,
    digits: Option<digits::Figures>,
    sections: Vec<OfSection>,
    seed: u64,
}

#[derive(Serialize)]
struct OfSection {
    section: &'static str,
    shown: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The sections as they come.
struct Sections {
    page: Page,
    told: Vec<OfSection>,
}

pub fn run(arguments: &ReportArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    arguments.check()?;
    let path = arguments.path()?;
    let run = arguments.open(program)?;
    let bar = program.progress("report", SECTIONS);
    let done = |what: &str| {
        bar.inc(1);
        bar.set_message(what.to_string());
    };

    let origin = origin::describe(&run, arguments)?;
    let mut sections = Sections {
        page: Page::new(&origin.title),
        told: Vec::new(),
    };
    sections.add("run", Ok((origin.section, ())));
    done("convergence");
    let components = spectrum::components(&run);
    let convergence = convergence::judge(&run, components.as_ref())?;
    let (finding, words) = (convergence.finding, convergence.words.clone());
    sections.add("convergence", Ok((convergence.section, ())));
    done("energies");
    let energies = sections.add("energies", energies::section(&run));
    done("spectrum");
    let spectrum = sections.add("spectrum", spectrum::section(&run, components));
    done("diffusion map");
    let diffusion_map = sections.add("diffusion-map", diffusion::section(&run, arguments));
    done("free energy");
    let free_energy = sections.add("free-energy", free_energy::section(&run));
    done("surface");
    let surface = sections.add("surface", surface::section(&run, arguments, program));
    done("digits");
    let digits = sections.add("digits", digits::section(&run));
    done("");
    bar.finish_and_clear();

    sections.page.save(&path)?;
    let draws = run.recording.draws()?;
    let bytes = std::fs::metadata(&path)
        .map_err(|error| TatiError::file(&path, "reading back", error))?
        .len();
    let results = Results {
        report: path.display().to_string(),
        bytes,
        commands: origin.commands,
        num_draws: draws.num_draws() * draws.num_chains(),
        num_chains: draws.num_chains(),
        num_parameters: draws.num_parameters(),
        inverse_temperature: run.inverse_temperature,
        ladder: run.ladder.clone(),
        verdict: finding.name(),
        verdict_in_words: words,
        convergence: convergence.figures,
        energies,
        spectrum,
        diffusion_map,
        free_energy,
        surface,
        digits,
        sections: sections.told,
        seed: arguments.seed,
    };
    Outcome::new(&results, results.text())
}

impl ReportArgs {
    fn check(&self) -> Result<(), CliError> {
        require_count("points", self.points, 2..=1000)?;
        require_count("map-draws", self.map_draws, 10..)?;
        let [widest, narrowest] = self.zoom.ends();
        if !(-300 <= narrowest && narrowest <= widest && widest <= 300 && widest - narrowest < 20) {
            return Err(CliError::Usage(format!(
                "`--zoom` is {}: it must be two exponents from the widest to the narrowest, at most 20 of them",
                self.zoom
            )));
        }
        Ok(())
    }

    /// Where the page goes.
    fn path(&self) -> Result<PathBuf, CliError> {
        let Some(path) = &self.out else {
            return Ok(self.run.join("report.html"));
        };
        if path.is_dir() {
            return Err(CliError::Usage(format!(
                "`--out` is {}, a folder: give the name of a file, as report.html",
                path.display()
            )));
        }
        if path.exists() && !self.overwrite {
            return Err(TatiError::Exists {
                path: path.clone(),
                remedy: "choose another name for `--out`, or write over it with `--overwrite`",
            }
            .into());
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(CliError::Usage(format!(
                "`--out` is {}: there is no such folder",
                path.display()
            )));
        }
        Ok(path.clone())
    }

    fn open(&self, program: &Program) -> Result<Reported, CliError> {
        let saved = SavedRun::open(&self.run)?;
        if let (command @ "train", _) = saved.command() {
            return Err(CliError::Usage(format!(
                "{} is of `tati {command}`: its steps are no draws; sample from it with `tati sample --from`, and report on that",
                self.run.display()
            )));
        }
        let selection = Selection {
            trajectory: None,
            burn_in: self.burn_in,
            every: self.every,
            chain: self.chain,
        };
        let run = std::slice::from_ref(&self.run);
        let ladder = recorded_ladder(&selection.open_all(run)?)?.map(|rungs| {
            let rungs = rungs.into_iter();
            rungs.map(|beta| beta.unwrap_or(f64::NAN)).collect()
        });
        let recording = selection.open(run)?;
        // A device that is not there is an error, whatever the sections need.
        program.device(Some(&saved.device))?;
        let point = PointOptions::last_state(&self.run).open(program);
        Ok(Reported {
            inverse_temperature: recorded_inverse_temperature(&recording)?,
            ladder,
            point: point.map_err(|error| error.message(&LongNames::none())),
            source: recording.origin(),
            saved,
            recording,
        })
    }
}

impl Reported {
    /// The model where the run ended.
    pub fn point(&self) -> Result<&Point, CliError> {
        self.point
            .as_ref()
            .map_err(|reason| CliError::Other(reason.clone()))
    }
}

impl Sections {
    /// Adds a section and hands on its figures, or adds the reason why there are none.
    fn add<T>(&mut self, id: &'static str, found: Result<(Section, T), CliError>) -> Option<T> {
        let (section, reason, figures) = match found {
            Ok((section, figures)) => (section, None, Some(figures)),
            Err(error) => {
                let reason = error.message(&LongNames::none());
                let section = Section::new(id, title(id)).not_shown(&reason);
                (section, Some(reason), None)
            }
        };
        self.page = std::mem::replace(&mut self.page, Page::new("")).with_section(section);
        self.told.push(OfSection {
            section: id,
            shown: reason.is_none(),
            reason,
        });
        figures
    }
}

/// The heading of a section.
fn title(id: &str) -> &'static str {
    match id {
        "run" => "What was run",
        "convergence" => "Convergence",
        "energies" => "Potential and energies",
        "spectrum" => "Spectrum of the covariance",
        "diffusion-map" => "Diffusion map",
        "free-energy" => "Free energy",
        "surface" => "Loss surface",
        _ => "Most and least certain digits",
    }
}

/// An empty section under its heading.
fn headed(id: &str) -> Section {
    Section::new(id, title(id))
}

impl Results {
    fn text(&self) -> String {
        let missing = self.sections.iter().filter_map(|section| {
            let reason = section.reason.as_ref()?;
            Some(format!(
                "without {}: {reason}\n",
                title(section.section).to_lowercase()
            ))
        });
        let missing: String = missing.collect();
        format!(
            "{}\n{missing}Written: {} ({:.1} MB)\n",
            self.verdict_in_words,
            Path::new(&self.report).display(),
            self.bytes as f64 / 1e6
        )
    }
}
