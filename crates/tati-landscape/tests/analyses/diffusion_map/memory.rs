//! What diffusion maps take of memory, counted by the allocator in a process of its own, in which nothing else allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use tati_landscape::{Bandwidth, DiffusionMapConfig, Draws};

/// The system's allocator, with a count of the bytes in use and of the most that were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: both calls go to the system's allocator as they came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(in_use, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Normal points, of which all parameters but the first `dimension` are small.
fn cloud(count: usize, width: usize, dimension: usize) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(1);
    let mut number = |at: usize| {
        let x: f64 = random.sample(StandardNormal);
        if at % width < dimension { x } else { 1e-3 * x }
    };
    (0..count * width).map(&mut number).collect()
}

/// Points, width, dimension, neighbours and eigenpairs.
type Case = (usize, usize, usize, Option<usize>, usize);

/// Points in all directions and near a plane, whose neighbours are sought in
/// different ways; few and many neighbours and eigenpairs.
const CASES: [Case; 11] = [
    (1500, 2, 2, None, 5),
    (1000, 300, 300, None, 10),
    (300, 2, 2, None, 200),
    (4000, 4, 4, Some(16), 5),
    (2000, 2, 2, Some(500), 5),
    (2000, 52, 2, Some(64), 10),
    (2000, 52, 52, Some(64), 10),
    (800, 52, 52, Some(600), 3),
    (2000, 52, 52, Some(8), 40),
    (1000, 2000, 2000, Some(32), 5),
    (1000, 2000, 2, Some(32), 5),
];

/// Set in the process in which the test is alone.
const ALONE: &str = "TATI_TEST_ALONE";

#[test]
fn a_fit_takes_no_more_memory_than_stated() {
    if std::env::var_os(ALONE).is_none() {
        let name = concat!(module_path!(), "::a_fit_takes_no_more_memory_than_stated");
        let (_, name) = name.split_once("::").unwrap();
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output = alone
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output();
        let output = output.unwrap();
        let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(output.status.success(), "{said:?}");
        assert!(said[0].contains("1 passed"), "{said:?}");
        return;
    }
    // One thread, whose room for matrix products is there before anything is counted.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    threads.unwrap().install(|| {
        let warm = cloud(400, 52, 52);
        let draws = Draws::from_f64(&warm, [1, 400, 52]).unwrap();
        let config = DiffusionMapConfig::new(5).with_bandwidth(Bandwidth::Fixed(52.0));
        for neighbors in [None, Some(16)] {
            config
                .clone()
                .with_neighbors(neighbors)
                .fit(&draws)
                .unwrap();
        }
        let wrong: Vec<String> = CASES.iter().flat_map(wrong).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// What is wrong with the memory stated for a case.
fn wrong(&(count, width, dimension, neighbors, num_eigenpairs): &Case) -> Vec<String> {
    let theta = cloud(count, width, dimension);
    let draws = Draws::from_f64(&theta, [1, count, width]).unwrap();
    let bandwidths = [
        Bandwidth::Fixed(dimension as f64),
        Bandwidth::DensityPower(-0.1),
    ];
    let wrong = bandwidths.into_iter().filter_map(|bandwidth| {
        let config = DiffusionMapConfig::new(num_eigenpairs)
            .with_neighbors(neighbors)
            .with_bandwidth(bandwidth)
            .with_bandwidth_factor(4.0)
            .with_dimension(Some(2.0));
        let needed = config.memory_needed(&draws);
        let before = IN_USE.load(Relaxed);
        MOST.store(before, Relaxed);
        let map = config.fit(&draws);
        let taken = (MOST.load(Relaxed) - before) as u64;
        println!(
            "{count} × {width}, {dimension}, {neighbors:?}, {num_eigenpairs}, {bandwidth:?}: {taken} of {needed}"
        );
        // A statement far above what is taken would hold everywhere.
        let holds = map.is_ok() && (taken..3 * taken).contains(&needed);
        (!holds).then(|| {
            let failed = map.err();
            format!("{count} × {width}, {dimension}, {config}: {taken} of {needed}, {failed:?}")
        })
    });
    wrong.collect()
}
