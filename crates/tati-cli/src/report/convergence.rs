//! Whether the draws are what they are taken for: the checks, and what they come to.

use serde::Serialize;
use tati::landscape::report::{Check, Finding, Section};
use tati::landscape::{
    AutocorrelationEstimator, Draws, PotentialLevel, PotentialVerdict, averages,
};

use super::{Reported, headed};
use crate::analyse::autocorrelation::{self, LARGEST_R_HAT};
use crate::analyse::covariance;
use crate::error::{CliError, LongNames};
use crate::options::draws::potentials;
use crate::options::estimator::Estimator;
use crate::sample::level_of_chains;
use crate::text;

/// How far the kinetic temperature may be off, as `tati calibrate` has it.
const TEMPERATURE_TOLERANCE: f64 = 0.05;

/// What was judged.
pub struct Convergence {
    pub finding: Finding,
    pub words: String,
    pub figures: Figures,
    pub section: Section,
}

#[derive(Serialize)]
pub struct Figures {
    max_r_hat: Option<f64>,
    min_effective_sample_size: Option<f64>,
    cosine_content: Option<f64>,
    /// ⟨2K/N⟩ in units of 1/β.
    kinetic_temperature: Option<f64>,
    kinetic_temperature_error: Option<f64>,
    /// β(⟨U⟩ − U₀)/N, U₀ being the potential of the start.
    potential_excess: Option<f64>,
    checks: Vec<OfCheck>,
}

#[derive(Serialize)]
struct OfCheck {
    check: String,
    finding: &'static str,
    words: String,
}

/// Judges the draws; `components` are theirs, or why there are none.
pub fn judge(
    run: &Reported,
    components: Result<&covariance::Results, &CliError>,
) -> Result<Convergence, CliError> {
    let agreement = agreement(run);
    let temperature = temperature(run)?;
    let mut checks = Vec::new();
    match &agreement {
        Ok(found) => checks.extend(of_agreement(found)),
        Err(error) => {
            let reason = error.message(&LongNames::none());
            checks.extend(["R̂", "Effective draws"].map(|name| unknown(name, &reason)));
        }
    }
    checks.push(match components {
        Ok(found) => of_walk(found),
        Err(error) => unknown("Random walk", &error.message(&LongNames::none())),
    });
    checks.push(of_temperature(run, temperature));
    let level = level(run)?;
    checks.push(of_level(level));
    let finding = checks.iter().map(|check| check.finding).max();
    let finding = finding.unwrap_or(Finding::Unknown);
    let words = overall(&checks);
    let section = headed("convergence")
        .verdict(finding, &words)
        .checks(&checks);
    let known = |value: f64| Some(value).filter(|value| !value.is_nan());
    let agreement = agreement.as_ref().ok();
    Ok(Convergence {
        finding,
        words,
        section,
        figures: Figures {
            max_r_hat: agreement.and_then(|found| known(found.max_r_hat)),
            min_effective_sample_size: agreement
                .and_then(|found| known(found.min_effective_sample_size)),
            cosine_content: components.ok().and_then(largest_content),
            kinetic_temperature: temperature.map(|[ratio, _]| ratio),
            kinetic_temperature_error: temperature.and_then(|[_, error]| known(error)),
            potential_excess: level.map(|level| level.excess),
            checks: checks
                .into_iter()
                .map(|check| OfCheck {
                    check: check.name,
                    finding: check.finding.name(),
                    words: check.words,
                })
                .collect(),
        },
    })
}

/// What it comes to, in a sentence.
fn overall(checks: &[Check]) -> String {
    let of = |finding: Finding| -> Vec<&str> {
        let found = checks.iter().filter(|check| check.finding == finding);
        found.map(|check| check.name.as_str()).collect()
    };
    let (bad, doubtful, unknown) = (
        of(Finding::Bad),
        of(Finding::Doubtful),
        of(Finding::Unknown),
    );
    if !bad.is_empty() {
        return format!(
            "Not converged: what follows describes this run, not exp(−βU). Failed: {}.",
            bad.join(", ")
        );
    }
    if !doubtful.is_empty() {
        return format!(
            "Undecided: read what follows with care. Doubtful: {}.",
            doubtful.join(", ")
        );
    }
    match unknown.as_slice() {
        [] => "Converged, as far as these checks can tell.".to_string(),
        unknown => format!(
            "Nothing stands against the run, but not all is known. Not checked: {}.",
            unknown.join(", ")
        ),
    }
}

fn agreement(run: &Reported) -> Result<autocorrelation::Results, CliError> {
    let potentials = potentials(&run.recording)?.map(|chains| chains.concat());
    autocorrelation::of_draws(
        &run.recording.draws()?,
        run.recording.parameter_names(),
        potentials.as_deref(),
        Estimator::Geyer,
    )
}

fn of_agreement(found: &autocorrelation::Results) -> [Check; 2] {
    let (r_hat, size, least) = (
        found.max_r_hat,
        found.min_effective_sample_size,
        found.least_effective_draws(),
    );
    if r_hat.is_nan() {
        return ["R̂", "Effective draws"].map(|name| Check {
            name: name.to_string(),
            figure: String::new(),
            finding: Finding::Bad,
            words: "Nothing moves: every draw is the same.".to_string(),
        });
    }
    let agrees = r_hat <= LARGEST_R_HAT;
    let enough = size >= least;
    [
        Check {
            name: "R̂".to_string(),
            figure: text::beside(r_hat, LARGEST_R_HAT, 3),
            finding: if agrees { Finding::Good } else { Finding::Bad },
            words: match agrees {
                true => format!(
                    "The chains and their halves agree on every parameter and the potential: the largest R̂ is at most {LARGEST_R_HAT}."
                ),
                false => format!(
                    "The chains, or their halves, disagree where R̂ is largest; it should be at most {LARGEST_R_HAT}. Sample longer, or leave out a beginning with --burn-in."
                ),
            },
        },
        Check {
            name: "Effective draws".to_string(),
            figure: text::beside(size, least, 0),
            finding: if enough { Finding::Good } else { Finding::Bad },
            words: match enough {
                true => format!(
                    "Where they are fewest, in bulk and tails, there are as many as the {least:.0} asked for: errors can be trusted."
                ),
                false => format!(
                    "Where they are fewest, in bulk and tails; {least:.0} are asked for, 100 a chain. Errors are guesses: sample longer."
                ),
            },
        },
    ]
}

fn largest_content(found: &covariance::Results) -> Option<f64> {
    found.cosine_content.iter().copied().reduce(f64::max)
}

fn of_walk(found: &covariance::Results) -> Check {
    let finding = match found.verdict {
        "stationary" => Finding::Good,
        "undecided" => Finding::Doubtful,
        "random walk" => Finding::Bad,
        _ => Finding::Unknown,
    };
    Check {
        name: "Random walk".to_string(),
        figure: largest_content(found).map_or_else(String::new, |content| {
            format!("{content:.2} cosine content")
        }),
        finding,
        words: sentence(&found.verdict_in_words),
    }
}

/// ⟨2K/N⟩β with its error; `None` where it is not known.
fn temperature(run: &Reported) -> Result<Option<[f64; 2]>, CliError> {
    let kinetic = run.recording.statistic("kinetic_energy")?;
    let (Some(chains), Some(beta)) = (kinetic, run.inverse_temperature) else {
        return Ok(None);
    };
    let all = chains.concat();
    if all.iter().any(|energy| !energy.is_finite()) {
        return Ok(None);
    }
    let to_ratio = 2.0 * beta / run.recording.draws()?.num_parameters() as f64;
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    // Too few draws for an error leave it unknown.
    let error = Draws::from_f64(&all, [chains.len(), chains[0].len(), 1])
        .and_then(|draws| averages(&draws, AutocorrelationEstimator::Geyer))
        .map_or(f64::NAN, |found| found.pooled[0].standard_error);
    Ok(Some([mean * to_ratio, error * to_ratio]))
}

fn of_temperature(run: &Reported, temperature: Option<[f64; 2]>) -> Check {
    const NAME: &str = "Temperature";
    let Some([ratio, error]) = temperature else {
        return unknown(
            NAME,
            match run.inverse_temperature {
                Some(_) => {
                    "no kinetic energy is recorded: the sampler has no momenta, and no temperature of its own"
                }
                None => "the draws are not at one finite temperature",
            },
        );
    };
    let off = (ratio - 1.0).abs();
    let (finding, words) = if error.is_nan() {
        (
            Finding::Doubtful,
            "The kinetic temperature has no error: there are too few draws.",
        )
    } else if off > TEMPERATURE_TOLERANCE.max(3.0 * error) {
        (
            Finding::Bad,
            "The kinetic temperature 2⟨K⟩/N is not 1/β: take smaller steps, larger batches, or leave out a beginning with --burn-in.",
        )
    } else if error > TEMPERATURE_TOLERANCE {
        (
            Finding::Doubtful,
            "The kinetic temperature 2⟨K⟩/N may be 1/β, but its error is large: sample longer.",
        )
    } else {
        (
            Finding::Good,
            "The kinetic temperature 2⟨K⟩/N is 1/β within 5 % or three errors.",
        )
    };
    Check {
        name: NAME.to_string(),
        figure: format!("({ratio:.4} ± {})/β", text::number(error)),
        finding,
        words: words.to_string(),
    }
}

/// The potential beside what the temperature allows; `None` where one of them is not known.
fn level(run: &Reported) -> Result<Option<PotentialLevel>, CliError> {
    let (Some(beta), Some(start)) = (run.inverse_temperature, run.saved.start_potential) else {
        return Ok(None);
    };
    let Some(chains) = potentials(&run.recording)? else {
        return Ok(None);
    };
    let num_parameters = run.recording.draws()?.num_parameters();
    let chains = chains.iter().map(|chain| (chain.as_slice(), beta));
    level_of_chains(chains, start, num_parameters)
}

fn of_level(level: Option<PotentialLevel>) -> Check {
    const NAME: &str = "Potential";
    let Some(level) = level else {
        return unknown(
            NAME,
            "the potential of the start is not recorded, or the draws are not at one finite temperature",
        );
    };
    Check {
        name: NAME.to_string(),
        figure: format!("start + {:.3} N/β", level.excess),
        finding: match level.verdict {
            PotentialVerdict::Allowed => Finding::Good,
            PotentialVerdict::TooHigh => Finding::Doubtful,
            PotentialVerdict::Diverged => Finding::Bad,
        },
        words: sentence(&level.verdict.to_string()),
    }
}

fn unknown(name: &str, reason: &str) -> Check {
    Check {
        name: name.to_string(),
        figure: String::new(),
        finding: Finding::Unknown,
        words: sentence(reason),
    }
}

/// The same with a capital and a full stop.
pub fn sentence(text: &str) -> String {
    let mut characters = text.trim_end_matches('.').chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}
