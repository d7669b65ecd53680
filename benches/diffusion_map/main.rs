//! What a diffusion map costs, in seconds and peak memory: `cargo bench --bench diffusion_map`.
//!
//! Clouds of n points in d dimensions near a random subspace of 5, with 64 neighbours and 10 eigenpairs beside the constant; ε fixed, or
//! by the criterion of Berry, Giannakis and Harlim. An argument chooses the rows whose name has it, as `20,000 × 100`. Each runs three
//! times, up to 25 times within three seconds, or for a minute; the seconds are the median. The peak counts the points.

mod cloud;
#[path = "../landscape/memory.rs"]
mod memory;

use std::time::Instant;

use tati::landscape::{Bandwidth, DiffusionMapConfig, Draws};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NEIGHBORS: usize = 64;
/// The constant counted.
const EIGENPAIRS: usize = 11;
/// Points and dimension of each cloud.
const SIZES: [[usize; 2]; 7] = [
    [2_000, 100],
    [2_000, 7_850],
    [5_000, 100],
    [5_000, 7_850],
    [20_000, 100],
    [20_000, 7_850],
    [100_000, 100],
];
/// Runs of a row that is quick, and of one that is not.
const RUNS: [usize; 2] = [25, 3];
/// Seconds after which a row has run often enough, and after which it is not run again.
const LONGEST: [f64; 2] = [3.0, 60.0];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test` only checks that it runs.
    let is_measurement = arguments.iter().any(|argument| argument == "--bench");
    let chosen: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    println!(
        "{:<32} {:>10} {:>10}  result",
        "cloud, bandwidth", "seconds", "peak MiB"
    );
    for [points, dimension] in SIZES {
        for fixed in [true, false] {
            let bandwidth = if fixed { "fixed" } else { "chosen" };
            let name = format!("{} × {}, {bandwidth}", grouped(points), grouped(dimension));
            if !chosen.is_empty() && !chosen.iter().any(|part| name.contains(*part)) {
                continue;
            }
            if is_measurement {
                row(&name, points, dimension, fixed, RUNS);
            } else {
                row(&format!("200 for {name}"), 200, dimension, fixed, [1, 1]);
            }
        }
    }
}

fn row(name: &str, points: usize, dimension: usize, fixed: bool, [most, least]: [usize; 2]) {
    let theta = cloud::near_a_subspace(points, dimension);
    let bandwidth = if fixed {
        Bandwidth::Fixed(cloud::bandwidth(&theta, dimension, NEIGHBORS))
    } else {
        Bandwidth::BerryGiannakisHarlim
    };
    let draws = Draws::from_f32(&theta, [1, points, dimension]).expect("draws");
    let config = DiffusionMapConfig::new(EIGENPAIRS)
        .with_neighbors(Some(NEIGHBORS))
        .with_bandwidth(bandwidth);
    let mut seconds: Vec<f64> = Vec::new();
    let mut result = String::new();
    memory::reset_peak();
    let [enough, longest] = LONGEST;
    let mut total = 0.0;
    while seconds.len() < least || (seconds.len() < most && total < enough) {
        let start = Instant::now();
        let map = config.fit(&draws).expect("a map");
        let elapsed = start.elapsed().as_secs_f64();
        let eigenvalues = map.eigenvalues();
        result = format!(
            "ε {:.4}, λ₁ {:.4}, λ₁₀ {:.4}",
            map.bandwidth(),
            eigenvalues[1],
            eigenvalues[EIGENPAIRS - 1]
        );
        seconds.push(elapsed);
        total += elapsed;
        if total > longest {
            break;
        }
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    let peak = memory::peak_mebibytes().map_or("unknown".to_string(), |peak| format!("{peak:.0}"));
    println!("{name:<32} {median:>10.4} {peak:>10}  {result}");
}

/// 20,000 for 20000.
fn grouped(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    }
}
