//! zoo

mod draws;
mod references;
mod report;
mod samplers;
#[path = "../support/mod.rs"]
mod support;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::ValueEnum;
use draws::{KERNEL_WALKERS, OPTIMIZER_WALKERS, Runner};
use report::{Results, Row};
use samplers::Sampler;
use support::{CommonOptions, Failure};
use targets::Target;

/// Run every sampler on densities whose moments are known, and compare.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// A tenth of the draws
    #[arg(long)]
    quick: bool,
    /// The samplers to run, with commas between them; all if left out
    #[arg(long, value_delimiter = ',')]
    samplers: Vec<Sampler>,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sampler_zoo"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    let targets = [
        Target::gaussian(),
        Target::mueller_brown(),
        Target::narrow_gaussian(),
        Target::double_well()?,
    ];
    let runner = Runner {
        device: options.common.open_device()?,
        seed: options.common.seed(),
        progress: support::progress("sampling", 1000),
    };
    let mut rows = Vec::new();
    for (ti, target) in targets.iter().enumerate() {
        for (si, sampler) in Sampler::value_variants().iter().enumerate() {
            if !options.samplers.is_empty() && !options.samplers.contains(sampler) {
                continue;
            }
            let Some(plan) = sampler.plan(target.key, target.inverse_temperature) else {
                continue;
            };
            let number = (16 * ti + si) as u32;
            let t = std::time::Instant::now();
            let readings: usize = std::env::var("R")
                .ok()
                .and_then(|r| r.parse().ok())
                .unwrap_or(if options.quick { 5 } else { 1 });
            let hs: f64 = std::env::var("H")
                .ok()
                .and_then(|r| r.parse().ok())
                .unwrap_or(1.0);
            let mut plan = plan;
            plan.step_size *= hs;
            plan.pause = (plan.pause as f64 / hs) as usize;
            if let Ok(t) = std::env::var("T")
                && t != target.key
            {
                continue;
            }
            let draws = if sampler.is_kernel() {
                runner.transit(&plan, target, if options.quick {plan.readings/5} else {plan.readings*readings}, number)?
            } else {
                runner.optimize(&plan, target, if options.quick {plan.readings/5} else {plan.readings*readings}, number)?
            };
            let tt = t.elapsed();
            let expected = references::expected(&plan, target, &draws.preconditioners);
            let row = report::rows(&plan, target, &draws, &expected);
            eprintln!(
                "{} {:8} {:.2?} {:.2?} grads {} us/grad {:.3}",
                target.key,
                sampler.label(),
                tt,
                t.elapsed() - tt,
                draws.gradients,
                tt.as_secs_f64() * 1e6 / draws.gradients as f64
            );
            for r in &row {
                eprintln!(
                    "    {:16} dens {:10.5} ref {:10.5} meas {:10.5} ± {:8.5} z {:6.2} eff {:9.0} /g {:.2e}",
                    r.quantity,
                    r.density,
                    r.reference,
                    r.measured,
                    r.standard_error,
                    r.z,
                    r.autocorrelation_time,
                    r.effective_draws,
                    r.effective_draws_per_gradient
                );
            }
            rows.extend(row);
        }
    }
    let z = rows.iter().map(|r: &Row| r.z.abs()).fold(0.0, f64::max);
    eprintln!("largest {z}");
    Ok(())
}
