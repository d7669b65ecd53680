//! Wrong invocations and damaged runs of `tati surface`, `inputs`, `explore` and what looks at a state: exit code 2, no file left.

use crate::command::assert_refused;
use crate::runs::{parameters, table, train};

#[test]
fn wrong_surfaces_and_inputs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "run", "softmax-cross-entropy", "1");
    parameters(folder.path(), [[0.1; 6], [0.2; 6]]);
    table(folder.path());
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::write(folder.path().join("short.csv"), "step,loss,a\n7,1,2\n").unwrap();
    std::fs::write(folder.path().join("two.csv"), "a,b\n1,2\n").unwrap();
    let damaged = folder.path().join("damaged");
    std::fs::create_dir(&damaged).unwrap();
    std::fs::copy(run.join("config.json"), damaged.join("config.json")).unwrap();
    std::fs::write(damaged.join("model.bpk"), b"no record").unwrap();
    for (arguments, part) in [
        ("surface plane", "<RUN>"),
        ("surface cube run", "cube"),
        ("surface plane nowhere", "nowhere"),
        ("surface plane empty", "empty"),
        ("surface plane damaged --random", "model.bpk"),
        ("surface plane run --random --points 0 --out new", "is 0"),
        (
            "surface plane run --random --range 1:-1",
            "second end above the first",
        ),
        (
            "surface plane run --random --range 1",
            "two numbers with a colon",
        ),
        (
            "surface plane run --random --range 0:1 --range 0:1 --range 0:1",
            "given 3 times",
        ),
        ("surface plane run --random --zoom -5:1", "`narrowest`"),
        (
            "surface plane run --random --components 1,2",
            "cannot be used with",
        ),
        ("surface plane run --components 1,2,3", "a plane takes 2"),
        ("surface plane run --towards run", "a plane takes 2"),
        ("surface line run --towards run", "0 everywhere"),
        (
            "surface line run --random --parameters parameters.csv",
            "--step",
        ),
        (
            "surface line run --random --parameters parameters.csv --step 8",
            "the nearest is",
        ),
        (
            "surface line run --random --parameters short.csv --step 7",
            "expected 6, as of the model",
        ),
        (
            "surface line run --directions-file two.csv --components 1",
            "two.csv:1:2: there are 2 numbers",
        ),
        ("surface line run --random --walker 1", "`--walker` is 1"),
        ("surface grid run", "--parameter"),
        (
            "surface grid run --parameter weight=0:1",
            "index of a parameter",
        ),
        (
            "surface grid run --parameter weight[0]=0:1",
            "whose shape is [2, 2]",
        ),
        (
            "surface grid run --parameter wieght[0][0]=0:1",
            "the nearest is `weight`",
        ),
        ("surface grid run --parameter weight[0][0]", "NAME=LOW:HIGH"),
        (
            "surface grid run --parameter bias[0]=0:1 --parameter bias[0]=0:1",
            "twice",
        ),
        (
            "surface trajectory run --test",
            "no data are kept for testing",
        ),
        ("surface trajectory run --data spirals", "spiral"),
        ("inputs run", "--input"),
        ("inputs run --input y=0:1", "they are x1, x2"),
        ("inputs run --input x3=0:1", "from 1 to 2"),
        (
            "inputs run --input x1=0:1 --hold 1",
            "the network has 2 inputs",
        ),
        ("inputs run --input x1=0:1 --input x1=0:1", "twice"),
        ("analyse hessian run --pairs 7 --out new", "`--pairs` is 7"),
        ("analyse hessian run --probes 1", "`--probes` is 1"),
        (
            "analyse learning-coefficient run --step-size 0.1",
            "--tether-strength",
        ),
        (
            "analyse learning-coefficient run --step-size 0.1,0.01 --tether-strength 1",
            "`--step-size`",
        ),
        (
            "analyse learning-coefficient run --step-size 0.1 --tether-strength 1 --chains 1",
            "`--chains` is 1",
        ),
        ("explore run --step-size 0.1", "--out"),
        ("explore run --step-size 0.1 --out empty", "empty"),
        ("explore run --step-size 0.1 --out empty --resume", "empty"),
        (
            "explore run --step-size 0.1 --out new --chains 4 --corners 2",
            "`--corners` is 2",
        ),
        (
            "explore run --step-size 0.1 --out new --merge-copies",
            "is for an mlp",
        ),
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        assert_refused(&arguments, part, folder.path());
    }
}
