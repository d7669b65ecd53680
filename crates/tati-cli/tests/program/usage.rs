//! What is wrong with a command line or a file is said in one to three lines, with exit code 2, and leaves nothing behind.

use std::fs;

use crate::command::Place;

const RUN: &str = "--data squares --items 20 --step-size 0.1 --steps 10 --seed 1 --out new";

/// An invocation, and what the message must say.
const WRONG: [(&str, &str); 52] = [
    ("trian", "'train'"),
    ("train", "--out <DIR>"),
    ("train --out new", "--data is missing: one of mnist"),
    ("train --data minst --out new", "did you mean `mnist`?"),
    ("train --data csv: --out new", "without the name of a file"),
    ("train --data csv:none.csv --out new", "none.csv"),
    (
        "train --data csv:bad.csv --out new",
        "bad.csv:3:2: `abc` is not a number",
    ),
    ("train --data csv:empty.csv --out new", "empty.csv"),
    ("train --data csv:. --out new", "."),
    (
        "train --data mnist --data-dir . --out new",
        "train-images-idx3-ubyte",
    ),
    (
        "train --data squares --data-dir . --out new",
        "--data-dir means nothing for --data squares",
    ),
    (
        "train --data csv:good.csv --noise 0.1 --out new",
        "--noise means nothing",
    ),
    (
        "train --data csv:good.csv --items 9 --out new",
        "`--items` is 9",
    ),
    (
        "train --data csv:good.csv --test-share 1 --out new",
        "--test-share is 1",
    ),
    (
        "train --data squares --noise nan --out new",
        "`--noise` is NaN",
    ),
    ("train --data squares --inputs x3 --out new", "x1 to x2"),
    (
        "train --data squares --inputs tan(x1) --out new",
        "`tan(x1)`",
    ),
    ("train --data squares --model lnet --out new", "lenet"),
    (
        "train --data squares --model lenet --out new",
        "inputs of the network",
    ),
    (
        "train --data squares --model perceptron --hidden 3 --out new",
        "take --model mlp",
    ),
    (
        "train --data squares --model mlp --hidden 3,0 --out new",
        "`--hidden` is 0",
    ),
    (
        "train --data squares --model mlp --hidden 3,x --out new",
        "--hidden",
    ),
    (
        "train --data squares --model mlp --activation rleu --out new",
        "relu",
    ),
    (
        "train --data squares --loss softmax --out new",
        "softmax-cross-entropy",
    ),
    (
        "train --data squares --loss log --out new",
        "`--loss` is log",
    ),
    (
        "train --data squares --model mlp --outputs 1 --out new",
        "`--outputs` is 1",
    ),
    (
        "train --data squares --freeze biass --out new",
        "one of the model's, weight, bias",
    ),
    ("train --data squares --optimizer adm --out new", "adam"),
    (
        "train --data squares --optimizer bb --batch-size 5 --out new",
        "`--batch-size` is 5",
    ),
    (
        "train --data squares --stages 10 --out new",
        "STEPS:STEP_SIZE",
    ),
    (
        "train --data squares --stages 10:0.1 --steps 5 --out new",
        "cannot be used with",
    ),
    (
        "train --data squares --step-size 0 --out new",
        "`--step-size` is 0",
    ),
    ("train --data squares --steps 0 --out new", "`--steps` is 0"),
    ("train --data squares --steps -5 --out new", "-5"),
    (
        "train --data squares --device abacus --out new",
        "unknown device `abacus`",
    ),
    (
        "train --data squares --prior-gaussian 1 --prior-laplace 1 --out new",
        "two priors",
    ),
    ("train --data squares --prior-tether 1 --out new", "tether"),
    (
        "train --data squares --wall-strength 1 --out new",
        "--wall-lower",
    ),
    ("train --data squares --out good.csv", "good.csv exists"),
    ("train --from none --out new", "none is no run"),
    (
        "sample --data squares --out new",
        "--step-size is missing for --sampler baoab",
    ),
    ("sample RUN --sampler boab", "'baoab'"),
    ("sample RUN --burn-in 10", "`--burn-in` is 10"),
    ("sample RUN --every 0", "`--every` is 0"),
    (
        "sample RUN --sampler sgld --friction 1",
        "--friction means nothing for --sampler sgld",
    ),
    (
        "sample RUN --sampler hmc2",
        "--trajectory-length is missing",
    ),
    (
        "sample RUN --sampler mala --batch-size 5",
        "`--batch-size` is smaller than the data",
    ),
    (
        "sample RUN --inverse-temperature 0",
        "`--inverse-temperature` is 0",
    ),
    ("sample RUN --hottest 100 --walkers 3", "--hottest is 100"),
    ("sample RUN --schedule cyclical", "--cycles is missing"),
    ("sample --resume none", "none is no run"),
    ("export none --out t.csv", "none"),
];

#[test]
fn every_wrong_invocation_is_explained_and_leaves_nothing() {
    let place = Place::new();
    place.write("good.csv", "x1,x2,label\n0,1,0\n1,0,1\n");
    place.write("bad.csv", "x1,x2,label\n0,1,0\n1,abc,1\n");
    place.write("empty.csv", "");
    check(&place, &WRONG);
}

/// Damaged files of options and damaged runs.
#[test]
fn damaged_files_are_named() {
    let place = Place::new();
    place.write("key.toml", "steps = 3\nstepsize = 0.1\n");
    place.write("syntax.toml", "steps = 3\nevery == 2\n");
    place.write("value.toml", "steps = \"many\"\n");
    place.write("kind.toml", "steps = { a = 1 }\n");
    place.text("train --data squares --steps 3 --seed 1 --out cut");
    place.text("train --data squares --steps 3 --seed 1 --out config");
    place.text("train --data squares --steps 3 --seed 1 --out killed");
    let model = fs::read(place.path("cut/model.bpk")).unwrap();
    fs::write(place.path("cut/model.bpk"), &model[..model.len() / 2]).unwrap();
    place.write("config/config.json", "{\"format\": 1, \"description\"");
    fs::remove_file(place.path("killed/model.bpk")).unwrap();
    check(
        &place,
        &[
            (
                "sample RUN --config key.toml",
                "key.toml:2: `tati sample` has no option `stepsize`; did you mean `step-size`?",
            ),
            ("sample RUN --config syntax.toml", "syntax.toml:2:"),
            (
                "sample --data squares --step-size 1 --out new --config value.toml",
                "`steps` comes from value.toml",
            ),
            (
                "sample RUN --config kind.toml",
                "kind.toml:1: `steps` must be",
            ),
            ("sample RUN --config none.toml", "none.toml"),
            ("sample --from cut --step-size 0.1 --out new", "model.bpk"),
            (
                "sample --from config --step-size 0.1 --out new",
                "config.json",
            ),
            (
                "sample --from killed --step-size 0.1 --out new",
                "model.bpk: is missing",
            ),
            ("sample --resume cut", "config.json"),
        ],
    );
}

fn check(place: &Place, wrong: &[(&str, &str)]) {
    for (line, expected) in wrong {
        place.assert_refused(&line.replace("RUN", RUN), expected);
    }
}
