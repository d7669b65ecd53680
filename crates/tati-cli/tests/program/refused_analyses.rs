//! Wrong invocations and damaged inputs of `tati analyse`: exit code 2, a line or three, no file left.

use crate::command::{assert_refused, json, tati};
use crate::draws::{normal, write};

#[test]
fn wrong_invocations_and_damaged_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "draws.csv", &[normal(1, 60, &[1.0, 1.0])]);
    write(folder.path(), "many.csv", &[normal(1, 600, &[1.0, 1.0])]);
    for (name, content) in [
        ("empty.csv", ""),
        ("header.csv", "step,loss,a\n"),
        ("short.csv", "step,loss,a\n0,1,2\n1,1,3\n"),
        ("word.csv", "step,loss,a\n0,1,2\n1,one,2\n"),
        ("ragged.csv", "step,loss,a,b\n0,1,2,3\n1,1,2\n"),
        ("nan.csv", "step,loss,a\n0,1,2\n1,1,NaN\n"),
        ("descending.csv", "step,loss,a\n5,1,2\n1,1,2\n"),
        ("no-step.csv", "loss,a\n1,2\n"),
        ("twice.csv", "step,loss,a,a\n1,2,3,4\n"),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    std::fs::write(folder.path().join("bytes.csv"), b"step,loss,a\n0,1,\xff\n").unwrap();
    std::fs::write(folder.path().join("config.toml"), "burn-inn = 3\n").unwrap();
    std::fs::create_dir(folder.path().join("there")).unwrap();
    let on = |arguments: &str| arguments.split(' ').map(str::to_string).collect::<Vec<_>>();
    for (arguments, part) in [
        ("averages", "<RUN>"),
        ("averages nowhere", "nowhere"),
        ("averages there", "there"),
        (
            "averages there --trajectory draws.csv",
            "cannot be used with",
        ),
        ("averages --trajectory missing.csv", "missing.csv"),
        ("averages --trajectory empty.csv", "empty.csv: it is empty"),
        (
            "averages --trajectory header.csv",
            "header.csv: no row follows",
        ),
        ("averages --trajectory short.csv", "at least 10"),
        (
            "averages --trajectory word.csv",
            "word.csv:3:2: `one` is not a number",
        ),
        (
            "averages --trajectory ragged.csv",
            "ragged.csv:3:4: column `b` is missing",
        ),
        (
            "averages --trajectory nan.csv",
            "nan.csv:3:3: NaN is not a finite number",
        ),
        (
            "averages --trajectory descending.csv",
            "descending.csv:3:1: step 1 follows step 5",
        ),
        (
            "averages --trajectory no-step.csv",
            "no-step.csv:1:3: column `step` is missing",
        ),
        (
            "averages --trajectory twice.csv",
            "twice.csv:1:4: column `a` is there twice",
        ),
        (
            "averages --trajectory bytes.csv",
            "bytes.csv:2:1: the line is not UTF-8",
        ),
        (
            "averages --trajectory draws.csv --burn-in 60",
            "`--burn-in` is 60",
        ),
        (
            "averages --trajectory draws.csv --every 0",
            "`--every` is 0",
        ),
        (
            "averages --trajectory draws.csv --chain 1",
            "`--chain` is 1",
        ),
        (
            "averages --trajectory draws.csv --blocks 0",
            "`--blocks` is 0",
        ),
        (
            "averages --trajectory draws.csv --out there",
            "there exists",
        ),
        ("averages --trajectory draws.csv --svg", "--out"),
        ("averages --trajectory draws.csv --estimator magic", "magic"),
        (
            "averages --trajectory draws.csv --config config.toml",
            "did you mean `burn-in`",
        ),
        ("average --trajectory draws.csv", "average"),
        (
            "covariance --trajectory draws.csv --components 0",
            "`--components` is 0",
        ),
        (
            "covariance --trajectory draws.csv --components 3 --out new",
            "`--components` is 3",
        ),
        ("covariance --trajectory draws.csv --method best", "best"),
        (
            "autocorrelation --trajectory draws.csv --along components --components 9",
            "`--components` is 9",
        ),
        (
            "diffusion-map --trajectory draws.csv --bandwidth wide",
            "`wide` is none of auto",
        ),
        (
            "diffusion-map --trajectory draws.csv --bandwidth -1 --out new",
            "is -1",
        ),
        (
            "diffusion-map --trajectory draws.csv --eigenpairs 1",
            "`--eigenpairs` is 1",
        ),
        (
            "diffusion-map --trajectory draws.csv --neighbors 100",
            "`--neighbors` is 100",
        ),
        (
            "diffusion-map --trajectory draws.csv --target-inverse-temperature 0",
            "`--target-inverse-temperature` is 0",
        ),
        (
            "free-energy --trajectory draws.csv --inverse-temperature 1",
            "--along",
        ),
        (
            "free-energy --trajectory draws.csv --along weight0",
            "give `--inverse-temperature`",
        ),
        (
            "free-energy --trajectory draws.csv --along wieght0 --inverse-temperature 1",
            "did you mean `weight0`?",
        ),
        (
            "free-energy --trajectory draws.csv --along component:0 --inverse-temperature 1",
            "not a number from 1",
        ),
        (
            "free-energy --trajectory draws.csv --along weight0 --inverse-temperature -1 --out new",
            "is -1",
        ),
        (
            "free-energy --trajectory many.csv --along weight0 --inverse-temperature 1 --bins 1",
            "`--bins` is 1",
        ),
        (
            "free-energy --trajectory draws.csv --along a --along b --along c --inverse-temperature 1",
            "more than twice",
        ),
        (
            "free-energy --trajectory draws.csv --along weight0 --inverse-temperature 1 --half-width 1",
            "`--half-width` is for",
        ),
        (
            "autocorrelation --trajectory draws.csv --components 2",
            "`--components` is for",
        ),
        (
            "free-energy --trajectory draws.csv --along weight0 --along weight1 --method level-sets --inverse-temperature 1",
            "`--method level-sets` takes one",
        ),
    ] {
        let arguments = on(&format!("analyse {arguments}"));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert_refused(&arguments, part, folder.path());
    }
}

#[test]
fn a_folder_that_is_there_is_written_to_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "draws.csv", &[normal(1, 60, &[1.0, 1.0])]);
    let out = folder.path().join("out");
    let [file, out] = [&file, &out].map(|path| path.to_str().unwrap());
    let arguments = ["analyse", "averages", "--trajectory", file, "--out", out];
    let first = json(&arguments);
    assert_eq!(first["files"].as_array().unwrap().len(), 4);
    assert_refused(&arguments, "--overwrite", folder.path());
    assert_eq!(json(&[&arguments[..], &["--overwrite"]].concat()), first);
    // Nothing beside the folder and the draws.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_dry_run_prints_what_a_config_file_takes_and_both_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "draws.csv", &[normal(1, 600, &[1.0, 1.0])]);
    let arguments = [
        "analyse",
        "free-energy",
        "--trajectory",
        file.to_str().unwrap(),
        "--along",
        "weight0",
        "--along",
        "weight1",
        "--inverse-temperature",
        "3",
        "--bins",
        "4",
        "--burn-in",
        "5",
    ];
    let output = tati(arguments).arg("--dry-run").output().unwrap();
    assert!(output.status.success());
    let config = folder.path().join("config.toml");
    std::fs::write(&config, &output.stdout).unwrap();
    let by_file = json(&[
        "analyse",
        "free-energy",
        "--config",
        config.to_str().unwrap(),
    ]);
    assert_eq!(by_file, json(&arguments));
    assert_eq!(by_file["num_draws"], 595);
}
