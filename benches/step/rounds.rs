//! Ratios that hold on a machine that does other things too: the rows take turns, a few steps each, and what is compared are the
//! times within one turn.

use std::time::Instant;

/// Whether the command line asks for `group`: by a part of its name, or by no name at all.
pub fn is_wanted(group: &str) -> bool {
    let mut names = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    let first = names.next();
    first.is_none_or(|first| group.contains(&first) || names.any(|name| group.contains(&name)))
}

/// Whether this is a measurement (`cargo bench`) and no mere check that the benchmark runs (`cargo test`).
fn is_measurement() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Rows that are compared, each a function that takes one step.
#[derive(Default)]
pub struct Rounds<'a> {
    rows: Vec<(String, Box<dyn FnMut() + 'a>)>,
}

impl<'a> Rounds<'a> {
    pub fn row(&mut self, name: &str, step: impl FnMut() + 'a) {
        self.rows.push((name.to_string(), Box::new(step)));
    }

    /// Takes turns, and prints the median over them of each row's time over that of `sgd` and of `baoab fused`.
    pub fn print(mut self, group: &str) {
        let turns = if is_measurement() { 61 } else { 1 };
        /// About this long for each row in each turn.
        const SLICE: f64 = 0.02;

        let mut times: Vec<Vec<f64>> = vec![Vec::new(); self.rows.len()];
        let steps: Vec<u32> = self
            .rows
            .iter_mut()
            .map(|(_, step)| {
                let warm_up = time(step, 3) / 3.0;
                (SLICE / warm_up).ceil().clamp(3.0, 10_000.0) as u32
            })
            .collect();
        for _ in 0..turns {
            for ((times, steps), (_, step)) in times.iter_mut().zip(&steps).zip(&mut self.rows) {
                times.push(time(step, *steps) / f64::from(*steps));
            }
        }
        let of = |name: &str| self.rows.iter().position(|(row, _)| row == name);
        println!(
            "\n{group:<26} {:>10} {:>8} {:>8}",
            "µs/step", "/ SGD", "/ BAOAB"
        );
        for ((name, _), row) in self.rows.iter().zip(&times) {
            let against = |other: Option<usize>| {
                other.map_or(String::new(), |other| {
                    let ratios = row.iter().zip(&times[other]).map(|(a, b)| a / b).collect();
                    format!("{:.3}", median(ratios))
                })
            };
            println!(
                "{name:<26} {:>10.1} {:>8} {:>8}",
                median(row.clone()) * 1e6,
                against(of("sgd")),
                against(of("baoab fused"))
            );
        }
    }
}

fn time(step: &mut dyn FnMut(), steps: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..steps {
        step();
    }
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
