//! Several runs of the same steps, of which one at a time moves on: what else the machine does falls on all of them.

use std::fs;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Passes the turn from run to run, each in a thread of its own, after every so many steps.
pub struct Turns {
    runs: usize,
    steps: u64,
    state: Mutex<State>,
    passed: Condvar,
}

struct State {
    /// The run whose turn it is.
    run: usize,
    /// Steps that it has taken in this turn.
    taken: u64,
    clock: Clock,
    times: Vec<Vec<f64>>,
    held: Vec<f64>,
}

impl Turns {
    pub fn new(runs: usize, steps: u64) -> Self {
        Self {
            runs,
            steps,
            state: Mutex::new(State {
                run: 0,
                taken: 0,
                clock: Clock::start(),
                times: vec![Vec::new(); runs],
                held: Vec::new(),
            }),
            passed: Condvar::new(),
        }
    }

    /// Takes the turns of `run`, which calls [`step`](Self::step) before each of its steps.
    pub fn take(&self, run: usize, work: impl FnOnce()) {
        self.wait_for(run);
        work();
        self.pass_on();
    }

    /// Waits for the next turn if this one is over.
    pub fn step(&self) {
        let mut state = self.lock();
        if state.taken == self.steps {
            let run = state.run;
            drop(state);
            self.pass_on();
            self.wait_for(run);
            state = self.lock();
        }
        if state.taken == 0 {
            // What prepares a run is no step.
            state.clock = Clock::start();
        }
        state.taken += 1;
    }

    /// Seconds a step, of every run in every turn.
    pub fn times(&self) -> Vec<Vec<f64>> {
        self.lock().times.clone()
    }

    /// MiB that the process held after each round, where /proc tells.
    pub fn held(&self) -> Vec<f64> {
        self.lock().held.clone()
    }

    fn pass_on(&self) {
        let mut state = self.lock();
        let (run, time) = (state.run, state.clock.seconds() / state.taken as f64);
        state.times[run].push(time);
        state.run = (run + 1) % self.runs;
        state.taken = 0;
        if state.run == 0 {
            state.held.extend(resident_mebibytes());
        }
        self.passed.notify_all();
    }

    fn wait_for(&self, run: usize) {
        let waited = self
            .passed
            .wait_while(self.lock(), |state| state.run != run);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of a thread, less that in which other processes kept it from its processor, where Linux tells.
struct Clock {
    started: Instant,
    kept_waiting: f64,
}

impl Clock {
    fn start() -> Self {
        Self {
            kept_waiting: kept_waiting(),
            started: Instant::now(),
        }
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64() - (kept_waiting() - self.kept_waiting)
    }
}

/// Seconds that this thread was ready to run and did not.
pub fn kept_waiting() -> f64 {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split_whitespace().nth(1);
    nanoseconds
        .and_then(|waited| waited.parse::<f64>().ok())
        .map_or(0.0, |waited| waited * 1e-9)
}

/// What this process holds in memory.
fn resident_mebibytes() -> Option<f64> {
    let statistics = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statistics.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / (1 << 20) as f64)
}
