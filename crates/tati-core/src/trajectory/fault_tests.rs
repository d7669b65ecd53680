//! What goes wrong on disk: a process killed between any two operations, files that cannot be written, files that are damaged.

use std::fs;
use std::path::Path;

use serde_json::Value;
use zarrs::array::ArrayMetadataV3;

use super::array::{Column, StoredArray};
use super::files::Files;
use super::reader::read_chunk;
use super::tests::{Run, snapshot};
use super::*;

fn run() -> Run {
    Run {
        precision: Precision::F32,
        num_parameters: 2,
        num_statistics: 1,
        draws_per_chunk: 3,
        num_draws: vec![8, 6],
    }
}

fn finished(run: &Run, path: &Path) {
    let mut writer = TrajectoryWriter::create(path, &run.layout()).unwrap();
    run.finish(&mut writer).unwrap();
}

/// Two flushes on the way to the end; `flushed` is how far the last one came.
fn record(run: &Run, writer: &mut TrajectoryWriter, flushed: &mut Vec<usize>) -> crate::Result<()> {
    for _ in 0..2 {
        for chain in [0, 1, 0, 1, 0] {
            run.append(writer, chain)?;
        }
        writer.flush()?;
        *flushed = writer.num_draws_per_chain();
    }
    run.finish(writer)?;
    *flushed = writer.num_draws_per_chain();
    Ok(())
}

/// Asserts that what each array's own metadata announce is on disk and undamaged, for readers that look there.
fn assert_announced_is_there(run: &Run, path: &Path) {
    for column in Column::all(&run.layout()) {
        let metadata = fs::read(path.join(column.path()).join("zarr.json")).unwrap();
        let metadata: ArrayMetadataV3 = serde_json::from_slice(&metadata).unwrap();
        let num_draws = metadata.shape[1] as usize;
        let array = StoredArray::new(&column, metadata).unwrap();
        for chain in 0..run.num_draws.len() {
            for chunk in 0..num_draws.div_ceil(run.draws_per_chunk) {
                let bytes = read_chunk(&array, path, chain, chunk, 0..num_draws).unwrap();
                if column == Column::Step {
                    let last = num_draws.min((chunk + 1) * run.draws_per_chunk) - 1;
                    let at = (last - chunk * run.draws_per_chunk) * 8;
                    assert_ne!(bytes[at..at + 8], (-1_i64).to_ne_bytes());
                }
            }
        }
    }
}

#[test]
fn a_run_killed_between_any_two_operations_can_be_read_and_resumed() {
    let run = run();
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    finished(&run, &straight);
    let expected = snapshot(&straight);
    let mut kills = 0;
    for operations in 0.. {
        let path = folder.path().join(format!("killed{operations}"));
        let files = Files::killed_after(operations);
        let mut flushed = vec![0, 0];
        let Ok(mut writer) = TrajectoryWriter::create_by(files, &path, &run.layout()) else {
            assert!(!path.exists());
            kills += 1;
            continue;
        };
        let recorded = record(&run, &mut writer, &mut flushed);
        drop(writer);
        let visible = run.assert_recorded(&path);
        assert!(
            visible
                .iter()
                .zip(&flushed)
                .all(|(visible, flushed)| visible >= flushed)
        );
        assert_announced_is_there(&run, &path);
        let mut writer = TrajectoryWriter::resume(&path, &run.layout(), &flushed).unwrap();
        assert_eq!(run.assert_recorded(&path), flushed);
        run.finish(&mut writer).unwrap();
        assert_eq!(
            snapshot(&path),
            expected,
            "killed after {operations} operations"
        );
        if recorded.is_ok() {
            break;
        }
        kills += 1;
    }
    // Twelve chunks and six metadata files, two operations each, and more for the flushes in between.
    assert!(kills > 60, "{kills}");
}

#[test]
fn a_resume_killed_between_any_two_operations_can_be_repeated() {
    let run = run();
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    finished(&run, &straight);
    let checkpoint = [4, 2];
    for operations in 0.. {
        let path = folder.path().join(format!("killed{operations}"));
        finished(&run, &path);
        // Left over from an earlier life: what no write of this one replaces.
        fs::write(path.join("posterior/theta/c.0.0.0.part"), b"half").unwrap();
        fs::write(path.join("sample_stats/step/c.1.2"), b"behind the end").unwrap();
        let files = Files::killed_after(operations);
        let resumed = TrajectoryWriter::resume_by(files, &path, &run.layout(), &checkpoint);
        let visible = run.assert_recorded(&path);
        assert!(
            visible == checkpoint || visible == run.num_draws,
            "{visible:?}"
        );
        assert_announced_is_there(&run, &path);
        let mut writer = TrajectoryWriter::resume(&path, &run.layout(), &checkpoint).unwrap();
        assert_eq!(run.assert_recorded(&path), checkpoint);
        run.finish(&mut writer).unwrap();
        assert_eq!(snapshot(&path), snapshot(&straight));
        if resumed.is_ok() {
            assert!(operations > 20, "{operations}");
            break;
        }
    }
}

#[test]
fn what_cannot_be_written_is_kept_until_it_can() {
    let run = run();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    let mut writer = TrajectoryWriter::create(&path, &run.layout()).unwrap();
    let blocked = path.join("sample_stats/statistic0/c.0.0");
    fs::create_dir(&blocked).unwrap();
    for _ in 0..3 {
        run.append(&mut writer, 0).unwrap();
    }
    for _ in 0..2 {
        let message = writer.flush().unwrap_err().to_string();
        let start = format!("{}: writing failed: ", blocked.display());
        assert!(message.starts_with(&start), "{message}");
        assert!(
            message.ends_with("a folder has this name: move it away"),
            "{message}"
        );
        // The chunk is full: there is no room for another draw before it is written.
        assert!(run.append(&mut writer, 0).is_err());
        assert_eq!(writer.num_draws_per_chain(), [3, 0]);
        assert_eq!(run.assert_recorded(&path), [0, 0]);
    }
    fs::remove_dir(&blocked).unwrap();
    run.finish(&mut writer).unwrap();
    let straight = folder.path().join("straight");
    finished(&run, &straight);
    assert_eq!(snapshot(&path), snapshot(&straight));
}

#[test]
fn metadata_that_cannot_be_written_are_written_by_the_next_flush() {
    let run = run();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    let mut writer = TrajectoryWriter::create(&path, &run.layout()).unwrap();
    run.append(&mut writer, 0).unwrap();
    run.append(&mut writer, 1).unwrap();
    let blocked = path.join("zarr.json.part");
    fs::create_dir(&blocked).unwrap();
    assert!(writer.flush().is_err());
    assert_eq!(run.assert_recorded(&path), [0, 0]);
    fs::remove_dir(&blocked).unwrap();
    writer.flush().unwrap();
    assert_eq!(run.assert_recorded(&path), [1, 1]);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let path = file.join("trajectory");
    let error = TrajectoryWriter::create(&path, &run().layout()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("{}: creating the folder failed", path.display())),
        "{message}"
    );
    assert!(
        message.ends_with("a part of the path is a file: choose another folder"),
        "{message}"
    );
}

#[test]
fn a_damaged_chunk_names_its_draws_and_spares_the_others() {
    let run = run();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    finished(&run, &path);
    let bits = |theta: Vec<f64>| theta.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let whole = bits(Trajectory::open(&path).unwrap().theta(0, ..).unwrap());
    let chunk = path.join("posterior/theta/c.0.1.0");
    let content = fs::read(&chunk).unwrap();
    let mut changed = content.clone();
    changed[9] ^= 0x20;
    for (content, reason) in [
        (Some(changed), "the checksum is invalid"),
        (Some(content[..11].to_vec()), "the checksum is invalid"),
        (
            Some(content[..2].to_vec()),
            "crc32c decoder expects a 32 bit input",
        ),
        (None, "the file is missing"),
    ] {
        match content {
            Some(content) => fs::write(&chunk, content).unwrap(),
            None => fs::remove_file(&chunk).unwrap(),
        }
        let trajectory = Trajectory::open(&path).unwrap();
        let message = format!(
            "{}: the chunk is damaged ({reason}): draws 3 to 5 of chain 0 are lost here, all others can be read",
            chunk.display()
        );
        assert_eq!(trajectory.theta(0, ..).unwrap_err().to_string(), message);
        assert_eq!(bits(trajectory.theta(0, ..3).unwrap()), whole[..6]);
        assert_eq!(bits(trajectory.theta(0, 6..).unwrap()), whole[12..]);
        assert_eq!(trajectory.steps(0, ..).unwrap().len(), 8);
        let blocks: Vec<_> = trajectory.theta_blocks(0, ..).unwrap().collect();
        assert!(blocks[0].is_ok() && blocks[1].is_err() && blocks[2].is_ok());
        let table = folder.path().join("t.csv");
        let error = trajectory.write_csv(&table).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: writing failed: {message}", table.display())
        );
        assert!(!table.exists());
        // The chunk that would have to be cut cannot be: nothing is changed.
        let before = snapshot(&path);
        let error = TrajectoryWriter::resume(&path, &run.layout(), &[4, 6]).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(snapshot(&path), before);
    }
}

type Edit = fn(&mut Value);

/// Changes the root's metadata.
fn edit(path: &Path, change: Edit) {
    let file = path.join("zarr.json");
    let mut root: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut root);
    fs::write(&file, serde_json::to_vec(&root).unwrap()).unwrap();
}

#[test]
fn a_newer_version_asks_for_a_newer_tati() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    finished(&run(), &path);
    edit(&path, |root| {
        root["attributes"] = serde_json::json!({ "tati_trajectory": 2 });
    });
    let message = format!(
        "{}: its format is version 2, and this tati reads up to version 1: update tati",
        path.join("zarr.json").display()
    );
    assert_eq!(Trajectory::open(&path).unwrap_err().to_string(), message);
    let before = snapshot(&path);
    let error = TrajectoryWriter::resume(&path, &run().layout(), &[0, 0]).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(snapshot(&path), before);
}

#[test]
fn metadata_that_are_not_those_of_a_trajectory_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    let message = |path: &Path| Trajectory::open(path).unwrap_err().to_string();
    assert!(message(&path).starts_with(&format!(
        "{}: opening the trajectory failed",
        path.display()
    )));
    finished(&run(), &path);
    let file = path.join("zarr.json");
    let whole = fs::read(&file).unwrap();

    fs::remove_file(&file).unwrap();
    assert!(
        message(&path)
            .ends_with("it is missing: this is no trajectory, or not all of it was copied")
    );
    for length in [0, 1, 100, whole.len() / 2, whole.len() - 3] {
        fs::write(&file, &whole[..length]).unwrap();
        let message = message(&path);
        assert!(message.contains("it is damaged (EOF"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
    let edits: [(&str, Edit); 6] = [
        ("`tati_trajectory` is missing", |root| {
            root["attributes"] = Value::Null
        }),
        ("damaged (missing field `run`)", |root| {
            root["attributes"].as_object_mut().unwrap().remove("run");
        }),
        ("`sample_stats/virial` is missing", |root| {
            root["attributes"]["statistics"] = serde_json::json!(["virial"]);
        }),
        ("it is damaged (", |root| {
            root["consolidated_metadata"] = Value::Null
        }),
        ("the numbers of parameters or chains disagree", |root| {
            root["attributes"]["num_draws"] = serde_json::json!([8]);
        }),
        ("`sample_stats/step` is stored otherwise", |root| {
            let nodes = &mut root["consolidated_metadata"]["metadata"];
            nodes["sample_stats/step"]["data_type"] = "int32".into();
        }),
    ];
    for (part, change) in edits {
        fs::write(&file, &whole).unwrap();
        edit(&path, change);
        let message = message(&path);
        assert!(
            message.starts_with(&file.display().to_string()),
            "{message}"
        );
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn only_the_same_run_is_resumed_and_only_from_draws_it_has() {
    let run = run();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory");
    finished(&run, &path);
    let before = snapshot(&path);
    let flat = TrajectoryLayout::flat;
    let tensor = crate::ParameterTensor {
        name: "x".to_string(),
        shape: vec![2],
        offset: Some(0),
    };
    let renamed = TrajectoryLayout::new(2, Precision::F32, vec![tensor]);
    let named = |layout: TrajectoryLayout| layout.with_statistics(["statistic0"]);
    for (layout, num_draws, part) in [
        (
            named(flat(1, 2, Precision::F32)),
            vec![1],
            "it has 2 chains, not 1 chain:",
        ),
        (run.layout(), vec![1], "it has 2 chains, not 1 chain:"),
        (
            named(flat(2, 3, Precision::F32)),
            vec![1, 1],
            "2 parameters in f32, not 3 parameters in f32",
        ),
        (
            named(flat(2, 2, Precision::F64)),
            vec![1, 1],
            "2 parameters in f32, not 2 parameters in f64",
        ),
        (
            flat(2, 2, Precision::F32),
            vec![1, 1],
            "statistics [statistic0], not statistics []",
        ),
        (
            named(renamed),
            vec![1, 1],
            "tensor `theta` of shape [2], not tensor `x` of shape [2]",
        ),
        (
            run.layout(),
            vec![8, 7],
            "chain 1 has 6 draws, and 7 are to be kept",
        ),
    ] {
        let error = TrajectoryWriter::resume(&path, &layout, &num_draws).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(part), "`{part}` is not in: {message}");
        assert_eq!(snapshot(&path), before);
    }
}
