//! What every example shares: its common options, its exit codes, progress and text.
#![allow(dead_code)] // Each example uses its part.

pub mod digits;
pub mod mlp;
pub mod sampler;
pub mod statistics;

use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tati::prelude::*;

/// glibc returns every large tensor to the system and maps it anew: a step is up to 1.8 times slower with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The options that every example takes.
#[derive(clap::Args, Clone, Debug)]
pub struct CommonOptions {
    /// Print one JSON object on stdout instead of text
    #[arg(long)]
    pub json: bool,
    /// Seed of everything random; from entropy if left out, and printed in any case
    #[arg(long)]
    pub seed: Option<u64>,
    /// flex, ndarray, wgpu[:N], vulkan[:N], cuda[:N] or remote:HOST:PORT, as far as compiled in
    #[arg(long, default_value = "flex")]
    pub device: String,
}

impl CommonOptions {
    /// The device, tracking gradients.
    pub fn open_device(&self) -> Result<Device, TatiError> {
        Ok(open_device(&self.device)?.autodiff())
    }

    /// The seed given, or one from entropy.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(entropy_seed)
    }

    /// Prints `results` if JSON was asked for, and what `text` says otherwise.
    pub fn print(
        &self,
        results: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json {
            let object = serde_json::to_string(results)
                .map_err(|error| Failure::Other(format!("results as JSON: {error}")))?;
            println!("{object}");
        } else {
            print!("{}", text());
        }
        Ok(())
    }
}

/// Why an example ends early.
pub enum Failure {
    /// An error of tati.
    Tati(TatiError),
    /// Anything else.
    Other(String),
}

impl From<TatiError> for Failure {
    fn from(error: TatiError) -> Self {
        Self::Tati(error)
    }
}

impl Failure {
    /// A figure, file or other thing of the example's own that failed.
    pub fn of(what: impl Display, error: impl Display) -> Self {
        Self::Other(format!("{what}: {error}"))
    }
}

/// Runs an example: exit code 0 on success, 2 for bad input, 1 otherwise, and one line on stderr that says why.
pub fn run(example: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    let panics = Arc::new(Mutex::new(Vec::new()));
    let seen = panics.clone();
    // Told at the end, if the example ends by them: what is caught on the way has an error of its own.
    std::panic::set_hook(Box::new(move |panic| {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(first_line(&panic));
    }));
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(example)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Failure::Tati(error))) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is_input() { 2 } else { 1 })
        }
        Ok(Err(Failure::Other(message))) => {
            eprintln!("error: {message}");
            ExitCode::from(1)
        }
        Err(_) => {
            for panic in panics.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                eprintln!("internal error: {panic}");
            }
            ExitCode::from(1)
        }
    }
}

fn first_line(panic: &impl Display) -> String {
    panic.to_string().replace('\n', " ")
}

/// A flag that Ctrl-C sets: the running loop ends after its step and reports what it has. A second Ctrl-C ends the program.
pub fn interrupt_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    })
    .map_err(|error| Failure::of("installing the Ctrl-C handler", error))?;
    Ok(flag)
}

/// A progress bar over `steps` on a terminal, nothing in a pipe.
pub fn progress(what: &'static str, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(
        "{prefix:>10} {wide_bar} {pos}/{len}  {per_sec}  {eta} left  {msg}",
    ) {
        bar.set_style(style);
    }
    bar.with_prefix(what)
}
