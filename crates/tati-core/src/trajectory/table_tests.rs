//! Tables of draws: what is read back, in which order, and the place of every fault.

use super::*;
use crate::{Precision, Trajectory, TrajectoryLayout, TrajectoryWriter};

fn read(text: &str) -> Result<TrajectoryTable> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draws.csv");
    std::fs::write(&path, text).unwrap();
    TrajectoryTable::read(path)
}

#[test]
fn chains_may_be_interleaved_and_are_cut_to_the_shortest() {
    let table = read("loss,id,a,step\n1,7,10,0\n2,3,20,0\n3,7,11,4\n4,3,21,2\nNaN,7,12,5\n");
    let table = table.unwrap();
    assert_eq!((table.num_chains(), table.num_draws()), (2, 2));
    assert_eq!(table.theta(), [20.0, 21.0, 10.0, 11.0]);
    assert_eq!(
        (table.losses(1), table.steps(1)),
        (&[1.0, 3.0][..], &[0, 4][..])
    );
    assert_eq!(table.at_step(0, 2).unwrap(), [21.0]);
    let message = table.at_step(0, 3).unwrap_err().to_string();
    assert!(message.ends_with("the nearest is 2"), "{message}");
    assert!(table.at_step(2, 0).is_err());
}

#[test]
fn what_is_written_is_read_back_in_the_order_of_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let tensor = |name: &str, length: usize, offset| ParameterTensor {
        name: name.to_string(),
        shape: vec![length],
        offset,
    };
    let tensors = vec![
        tensor("one.bias", 1, Some(0)),
        tensor("one.weight", 2, Some(1)),
        tensor("frozen", 5, None),
        tensor("two.weight", 1, Some(3)),
    ];
    let layout =
        TrajectoryLayout::new(2, Precision::F64, tensors.clone()).with_statistics(["potential"]);
    let mut writer = TrajectoryWriter::create(folder.path().join("t"), &layout).unwrap();
    let theta = |chain: usize| [0.1, 0.2, 0.3, chain as f64];
    for chain in 0..2 {
        writer.append(chain, 8, &theta(chain), &[0.5]).unwrap();
    }
    writer.flush().unwrap();
    let file = folder.path().join("t.csv");
    let trajectory = Trajectory::open(folder.path().join("t")).unwrap();
    trajectory.write_csv(&file).unwrap();

    let table = TrajectoryTable::read(&file).unwrap();
    assert_eq!(table.at_step(1, 8).unwrap(), [0.2, 0.3, 1.0, 0.1]);
    let table = table.arranged(&tensors).unwrap();
    assert_eq!(table.at_step(1, 8).unwrap(), theta(1));
    assert_eq!(
        table.parameter_names(),
        ["bias0", "weight0", "weight1", "weight2"]
    );
    let message = table.arranged(&tensors[..2]).unwrap_err().to_string();
    assert!(message.contains("expected 3, as of the model"), "{message}");

    let named = read("step,loss,p,q,r,s\n0,0,1,2,3,4\n").unwrap();
    assert_eq!(named.clone().arranged(&tensors).unwrap(), named);
    let biased = read("step,loss,w0,w1,b0,b1\n0,0,1,2,3,4\n").unwrap();
    let message = biased.arranged(&tensors).unwrap_err().to_string();
    assert!(message.starts_with("number of weights in "), "{message}");
}

#[test]
fn faults_are_located() {
    for (text, part) in [
        ("", "it is empty"),
        ("step,loss,a\n", "no row follows the header"),
        ("step,loss\n0,1\n", "csv:1:3: no column of a parameter"),
        ("loss,a\n", "csv:1:3: column `step` is missing"),
        ("step,a,b\n", "csv:1:4: column `loss` is missing"),
        ("step,loss,a,a\n", "csv:1:4: column `a` is there twice"),
        ("step,loss,,a\n", "csv:1:3: the column has no name"),
        (
            "step,loss,a\n0,1,2\n1,1\n",
            "csv:3:3: column `a` is missing",
        ),
        ("step,loss,a\n0,1,2,3\n", "csv:2:4: one field too many"),
        ("step,loss,a\n-1,1,2\n", "csv:2:1: `-1` is not a whole"),
        ("step,loss,a\n0,x,2\n", "csv:2:2: `x` is not a number"),
        ("step,loss,a\n#\n0,1,inf\n", "csv:3:3: inf is not a finite"),
        (
            "step,loss,a\n4,1,2\n4,1,2\n",
            "csv:3:1: step 4 follows step 4",
        ),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
}
