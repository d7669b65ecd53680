//! What the analyses cost, in seconds and peak memory: `cargo bench --bench landscape`.
//!
//! Arguments: the names of the tasks to run (default: all of them). Each runs three times; the fastest counts.

mod memory;
mod tasks;

use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test` only checks that it runs.
    let is_measurement = chosen.iter().any(|argument| argument == "--bench");
    let names: Vec<_> = chosen
        .iter()
        .filter(|name| !name.starts_with('-'))
        .collect();
    println!(
        "{:<12} {:<58} {:>10} {:>10}  result",
        "task", "work", "seconds", "peak MiB"
    );
    for task in tasks::all() {
        if !names.is_empty() && !names.iter().any(|name| *name == task.name) {
            continue;
        }
        let size = if is_measurement { 1.0 } else { 0.02 };
        let mut run = (task.prepare)(size);
        let mut seconds = f64::INFINITY;
        let mut result = String::new();
        memory::reset_peak();
        for _ in 0..if is_measurement { 3 } else { 1 } {
            let start = Instant::now();
            result = run();
            seconds = seconds.min(start.elapsed().as_secs_f64());
        }
        let peak =
            memory::peak_mebibytes().map_or("unknown".to_string(), |peak| format!("{peak:.0}"));
        println!(
            "{:<12} {:<58} {seconds:>10.2} {peak:>10}  {result}",
            task.name, task.work
        );
    }
}
