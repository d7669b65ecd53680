//! Walkers on devices of other machines: an ensemble over Burn's remote backend beside the same ensemble at home.
//!
//! A perceptron x ↦ softmax(Wx + b) on bundled digits is sampled with BAOAB (Leimkuhler, Matthews, Appl. Math. Res. Express
//! 2013 (2012) 34) by several walkers over mini-batches, first on --device, then spread over servers, walker i on server i modulo their
//! number. Starts, noise and batches are the same: what is left is rounding. The noise is made here and sent, the draws come
//! back, and every step waits for the network: it pays for networks whose gradients take much longer than that.
//!
//! Without --connect the servers are started as processes of this program, on loopback. On another machine they are started by
//! --serve, and --connect names them:
//!
//! ```text
//! cargo run --release --features remote --example remote_walkers -- --seed 1
//!
//! gpu$  cargo run --release --features remote,cuda --example remote_walkers -- --device cuda --serve 10.0.0.7:3000
//! here$ cargo run --release --features remote --example remote_walkers -- --connect 10.0.0.7:3000
//! ```
//!
//! A server has no authentication and no encryption: whoever reaches its address can compute on its machine, fill its memory, and read what goes
//! over the wire. So it binds to loopback unless told otherwise (Burn's own `WebSocketTransport::new` binds to every
//! interface); an SSH tunnel to a server on loopback is the safe way to another machine.
//!
//! With --out both runs are recorded. If a server goes away, the run ends with an error that names it; with --resume it goes on from its
//! last checkpoint, on whatever devices there are then.
//!
//! JSON: `seed`, `device`, `steps`, `num_parameters`; `walkers`, each with `walker`, `device`, `mean_potential`, `mean_potential_at_home` and
//! `largest_difference` of its last parameters; `largest_difference` of all, `walker_steps_per_second` and
//! `walker_steps_per_second_at_home`. With --serve: `address`.

mod report;
mod sampling;
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::Results;
use sampling::Job;
use server::Server;
use support::{CommonOptions, Failure};
use tati::prelude::*;
use tati::samplers::recorded_seed;
use tati::{require_count, require_positive};

/// Sample with walkers on remote devices, and compare with the same walkers at home.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Walkers
    #[arg(long, default_value_t = 4)]
    walkers: usize,
    /// Steps of each walker
    #[arg(long, default_value_t = 200)]
    steps: usize,
    /// Step size h
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    step_size: f64,
    /// Steps from one checkpoint to the next
    #[arg(long, default_value_t = 50)]
    checkpoint_every: usize,
    /// Servers to start on loopback
    #[arg(long, default_value_t = 2)]
    servers: usize,
    /// Servers that run already, as HOST:PORT with commas between them, in place of those
    #[arg(long, value_delimiter = ',')]
    connect: Vec<String>,
    /// Serve --device at this address, until Ctrl-C, and do nothing else
    #[arg(long, num_args = 0..=1, default_missing_value = "127.0.0.1:3000", value_name = "ADDRESS:PORT")]
    serve: Option<SocketAddr>,
    /// New folder to record both runs in
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on with the runs in the folder
    #[arg(long, requires = "out")]
    resume: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    if let Some(address) = options.serve {
        return server::serve(&options.common, address);
    }
    require_count("walkers", options.walkers, 1..)?;
    require_count("steps", options.steps, 1..)?;
    require_count("checkpoint_every", options.checkpoint_every, 1..)?;
    require_count("servers", options.servers, 1..=64)?;
    require_positive("step_size", options.step_size)?;
    let home = options.common.open_device()?;
    let seed = match (&options.out, options.common.seed) {
        (Some(out), None) if options.resume => recorded_seed(out.join("at_home"))?,
        _ => options.common.seed(),
    };
    let mut servers = Vec::new();
    let mut addresses = options.connect.clone();
    if addresses.is_empty() {
        for _ in 0..options.servers {
            servers.push(Server::start(&options.common.device)?);
        }
        addresses.extend(servers.iter().map(|server| server.address.clone()));
    }
    let names: Vec<String> = addresses
        .iter()
        .map(|address| format!("remote:{address}"))
        .collect();
    let remote = names.iter().map(|name| open_device(name));
    let remote = remote.collect::<Result<Vec<_>, _>>()?;
    let job = Job::new(options, &home, seed)?;
    let at_home = job.run("at_home", &[home])?;
    let remote = job.run("remote", &remote)?;
    let results = Results::new(options, seed, &names, &at_home, &remote);
    options.common.print(&results, || results.text())
}
