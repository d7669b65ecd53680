//! Round trips: what is read is what was appended, and an interrupted run leaves the bytes of one that was not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::TatiError;

/// A run whose draws depend on nothing but their chain and number.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) precision: Precision,
    pub(super) num_parameters: usize,
    pub(super) num_statistics: usize,
    pub(super) draws_per_chunk: usize,
    /// How many draws each chain has in the end.
    pub(super) num_draws: Vec<usize>,
}

impl Run {
    pub(super) fn layout(&self) -> TrajectoryLayout {
        let statistics = (0..self.num_statistics).map(|index| format!("statistic{index}"));
        let run = json!({ "seed": 7, "config": { "step_size": 0.1, "burn_in": 3, "name": "run" } });
        TrajectoryLayout::flat(self.num_draws.len(), self.num_parameters, self.precision)
            .with_statistics(statistics)
            .with_attributes(run.as_object().cloned().unwrap())
            .with_draws_per_chunk(self.draws_per_chunk)
    }

    fn step(chain: usize, draw: usize) -> u64 {
        (draw * 5 + chain) as u64
    }

    fn number(&self, chain: usize, draw: usize, index: usize) -> f64 {
        match (chain + 3 * draw + 7 * index) % 11 {
            0 => f64::NAN,
            1 => -0.0,
            2 => f64::INFINITY,
            3 => 1e-310,
            _ => ((chain * 1000 + draw * 10 + index) as f64).sin() * 1e5,
        }
    }

    fn theta(&self, chain: usize, draw: usize) -> Vec<f64> {
        let numbers = (0..self.num_parameters).map(|index| self.number(chain, draw, index));
        match self.precision {
            Precision::F32 => numbers.map(|number| f64::from(number as f32)).collect(),
            Precision::F64 => numbers.collect(),
        }
    }

    fn statistics(&self, chain: usize, draw: usize) -> Vec<f64> {
        let index = |index| 100 + index;
        (0..self.num_statistics)
            .map(|statistic| self.number(chain, draw, index(statistic)))
            .collect()
    }

    /// Appends the next draw of `chain`.
    pub(super) fn append(&self, writer: &mut TrajectoryWriter, chain: usize) -> crate::Result<()> {
        let draw = writer.num_draws_per_chain()[chain];
        let (step, theta) = (Self::step(chain, draw), self.theta(chain, draw));
        let statistics = self.statistics(chain, draw);
        match self.precision {
            Precision::F32 => {
                let theta: Vec<f32> = theta.iter().map(|number| *number as f32).collect();
                writer.append(chain, step, &theta, &statistics)
            }
            Precision::F64 => writer.append(chain, step, &theta, &statistics),
        }
    }

    /// Appends what is still missing, one chain after the other, and flushes.
    pub(super) fn finish(&self, writer: &mut TrajectoryWriter) -> crate::Result<()> {
        for (chain, &num_draws) in self.num_draws.iter().enumerate() {
            while writer.num_draws_per_chain()[chain] < num_draws {
                self.append(writer, chain)?;
            }
        }
        writer.flush()
    }

    /// Asserts that every draw of the trajectory at `path` is what was appended, and returns how many each chain has.
    pub(super) fn assert_recorded(&self, path: &Path) -> Vec<usize> {
        let trajectory = Trajectory::open(path).unwrap();
        for (chain, &num_draws) in trajectory.num_draws_per_chain().iter().enumerate() {
            let theta = trajectory.theta(chain, ..).unwrap();
            let expected = (0..num_draws).flat_map(|draw| self.theta(chain, draw));
            assert_same_bits(theta, expected);
            let steps: Vec<_> = (0..num_draws).map(|draw| Self::step(chain, draw)).collect();
            assert_eq!(trajectory.steps(chain, ..).unwrap(), steps);
            for (index, name) in trajectory.layout().statistics().iter().enumerate() {
                let statistic = trajectory.statistic(name, chain, ..).unwrap();
                let expected = (0..num_draws).map(|draw| self.statistics(chain, draw)[index]);
                assert_same_bits(statistic, expected);
            }
        }
        trajectory.num_draws_per_chain().to_vec()
    }
}

fn assert_same_bits(found: Vec<f64>, expected: impl Iterator<Item = f64>) {
    let bits = |number: f64| number.to_bits();
    let found: Vec<_> = found.into_iter().map(bits).collect();
    assert_eq!(found, expected.map(bits).collect::<Vec<_>>());
}

/// Every file below `folder` with its bytes, and every folder.
pub(super) fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_path_buf();
            if path.is_dir() {
                found.insert(name, None);
                folders.push(path);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn runs() -> impl Strategy<Value = Run> {
    let precision = prop_oneof![Just(Precision::F32), Just(Precision::F64)];
    let num_draws = prop::collection::vec(0..14_usize, 1..=3);
    (precision, 1..5_usize, 0..3_usize, 1..6_usize, num_draws).prop_map(
        |(precision, num_parameters, num_statistics, draws_per_chunk, num_draws)| Run {
            precision,
            num_parameters,
            num_statistics,
            draws_per_chunk,
            num_draws,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_interrupted_run_ends_in_the_bytes_of_one_that_was_not(
        run in runs(),
        appends in prop::collection::vec((0..3_usize, prop::bool::weighted(0.2)), 0..30),
        kept in prop::collection::vec(0.0..=1.0_f64, 3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let straight = folder.path().join("straight");
        let mut writer = TrajectoryWriter::create(&straight, &run.layout()).unwrap();
        run.finish(&mut writer).unwrap();
        prop_assert_eq!(&run.assert_recorded(&straight), &run.num_draws);

        let interrupted = folder.path().join("interrupted");
        let mut writer = TrajectoryWriter::create(&interrupted, &run.layout()).unwrap();
        let mut flushed = vec![0; run.num_draws.len()];
        for (chain, flush) in appends {
            run.append(&mut writer, chain % run.num_draws.len()).unwrap();
            if flush {
                writer.flush().unwrap();
                flushed = writer.num_draws_per_chain();
            }
        }
        drop(writer);
        prop_assert_eq!(&run.assert_recorded(&interrupted), &flushed);
        let checkpoint: Vec<_> = flushed
            .iter()
            .zip(&kept)
            .zip(&run.num_draws)
            .map(|((&draws, part), &end)| ((draws as f64 * part).round() as usize).min(end))
            .collect();
        let mut writer =
            TrajectoryWriter::resume(&interrupted, &run.layout(), &checkpoint).unwrap();
        prop_assert_eq!(&run.assert_recorded(&interrupted), &checkpoint);
        run.finish(&mut writer).unwrap();
        prop_assert_eq!(snapshot(&straight), snapshot(&interrupted));
    }

    #[test]
    fn a_part_is_what_the_whole_has_there(run in runs(), cuts in (0.0..=1.0, 0.0..=1.0)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trajectory");
        run.finish(&mut TrajectoryWriter::create(&path, &run.layout()).unwrap()).unwrap();
        let trajectory = Trajectory::open(&path).unwrap();
        for (chain, &num_draws) in run.num_draws.iter().enumerate() {
            let at = |part: f64| (num_draws as f64 * part).round() as usize;
            let draws = at(f64::min(cuts.0, cuts.1))..at(f64::max(cuts.0, cuts.1));
            let expected: Vec<_> =
                draws.clone().flat_map(|draw| run.theta(chain, draw)).collect();
            assert_same_bits(
                trajectory.theta(chain, draws.clone()).unwrap(),
                expected.iter().copied(),
            );
            let mut together = Vec::new();
            let mut next = draws.start;
            for block in trajectory.theta_blocks(chain, draws.clone()).unwrap() {
                let block = block.unwrap();
                prop_assert_eq!(block.draws.start, next);
                prop_assert!(block.draws.len() <= run.draws_per_chunk);
                next = block.draws.end;
                together.extend(block.theta);
            }
            prop_assert_eq!(next, draws.end);
            assert_same_bits(together, expected.into_iter());
        }
    }
}

#[test]
fn the_layout_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let device = crate::open_device("flex").unwrap().autodiff();
    let module = burn::nn::LinearConfig::new(3, 2).init(&device);
    let parameters = crate::ParameterLayout::of(&module).unwrap();
    let attributes = Map::from_iter([
        ("seed".to_string(), json!(u64::MAX)),
        ("x".to_string(), json!(0.1)),
    ]);
    let layout = TrajectoryLayout::of(2, &parameters)
        .unwrap()
        .with_statistics(["potential", "acceptance"])
        .with_attributes(attributes);
    let path = folder.path().join("new").join("folders").join("trajectory");
    let writer = TrajectoryWriter::create(&path, &layout).unwrap();
    assert_eq!(writer.layout(), &layout);
    let trajectory = Trajectory::open(&path).unwrap();
    assert_eq!(trajectory.layout(), &layout);
    assert_eq!(trajectory.layout().tensors()[1].offset, Some(6));
    assert_eq!(
        (trajectory.num_chains(), trajectory.num_parameters()),
        (2, 8)
    );
    assert_eq!(trajectory.num_draws(), 0);
    assert!(trajectory.theta(1, ..).unwrap().is_empty());
}

#[test]
fn chains_of_different_length_are_seen_to_the_shortest_and_read_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run {
        precision: Precision::F32,
        num_parameters: 2,
        num_statistics: 1,
        draws_per_chunk: 3,
        num_draws: vec![10, 4],
    };
    let path = folder.path().join("trajectory");
    let mut writer = TrajectoryWriter::create(&path, &run.layout()).unwrap();
    run.finish(&mut writer).unwrap();
    let trajectory = Trajectory::open(&path).unwrap();
    assert_eq!(trajectory.num_draws(), 4);
    assert_eq!(run.assert_recorded(&path), [10, 4]);
}

#[test]
fn draws_that_do_not_fit_are_refused_and_nothing_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let layout = TrajectoryLayout::flat(1, 2, Precision::F64).with_statistics(["potential"]);
    let path = folder.path().join("trajectory");
    let mut writer = TrajectoryWriter::create(&path, &layout).unwrap();
    let message = |result: crate::Result<()>| result.unwrap_err().to_string();
    assert_eq!(
        message(writer.append(1, 0, &[0.0, 0.0], &[0.0])),
        "`chain` is 1: it must be below the number of chains, 1"
    );
    assert_eq!(
        message(writer.append(0, 0, &[0.0], &[0.0])),
        "number of parameters of a draw: expected 2, found 1"
    );
    assert_eq!(
        message(writer.append(0, 0, &[0.0_f32, 0.0], &[0.0])),
        "precision of a draw: expected f64, found f32"
    );
    assert_eq!(
        message(writer.append(0, 0, &[0.0, 0.0], &[])),
        "number of statistics of a draw: expected 1, found 0"
    );
    assert!(message(writer.append(0, u64::MAX, &[0.0, 0.0], &[0.0])).starts_with("`step` is"));
    assert_eq!(writer.num_draws_per_chain(), [0]);

    writer.append(0, 0, &[0.0, 0.0], &[0.0]).unwrap();
    writer.flush().unwrap();
    let trajectory = Trajectory::open(&path).unwrap();
    let message = |result: crate::Result<Vec<f64>>| result.unwrap_err().to_string();
    assert_eq!(
        message(trajectory.theta(0, 0..2)),
        "`draws` is 0..2: it must be within 0..1, the draws of chain 0"
    );
    assert_eq!(
        message(trajectory.theta(3, ..)),
        "`chain` is 3: it must be below the number of chains, 1"
    );
    assert_eq!(
        message(trajectory.statistic("virial", 0, ..)),
        "`statistic` is `virial`: it must be one of those recorded: potential"
    );
}

#[test]
fn a_writer_can_move_to_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<TrajectoryWriter>();
    assert_send::<Trajectory>();
}

#[test]
fn an_existing_path_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let layout = TrajectoryLayout::flat(1, 1, Precision::F64);
    let error = TrajectoryWriter::create(folder.path(), &layout).unwrap_err();
    assert!(matches!(error, TatiError::Exists { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "{} exists: resume it, or choose another folder",
            folder.path().display()
        )
    );
    assert!(snapshot(folder.path()).is_empty());
}
