#!/usr/bin/env bash
# The whole story from a shell: data, training, draws, every analysis, surfaces, inputs, exploration, report and export, on two
# clusters and on glyphs, each step's JSON read and its numbers checked: bash tests/story.sh [TATI]
#
# The program is the first argument, $TATI or target/release/tati. Needs python3. Works in a temporary folder.
set -euo pipefail

tati=${1:-${TATI:-$(dirname "$0")/../target/release/tati}}
tati=$(cd "$(dirname "$tati")" && pwd)/$(basename "$tati")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > check.py <<'PYTHON'
import csv, json, math, pathlib, statistics, sys

def finite(value):
    """Whether every number in value is finite; Python reads NaN and Infinity, which are no JSON."""
    if isinstance(value, dict):
        return all(finite(part) for part in value.values())
    if isinstance(value, list):
        return all(finite(part) for part in value)
    return not isinstance(value, float) or math.isfinite(value)

def near(value, expected, tolerance=1e-9):
    return abs(value - expected) <= tolerance * max(1.0, abs(expected))

def read(name):
    return json.loads(pathlib.Path(f"{name}.json").read_text())

def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))

name, *conditions = sys.argv[1:]
lines = pathlib.Path(f"{name}.json").read_text().splitlines()
assert len(lines) == 1, f"{name}: {len(lines)} lines on stdout instead of one JSON object"
it = json.loads(lines[0])
assert finite(it), f"{name}: a number is not finite"
for file in it.get("files", []):
    assert pathlib.Path(file).stat().st_size > 0, f"{name}: {file} is empty"
for condition in conditions:
    if not eval(condition):
        sys.exit(f"{name}: not so: {condition}\n{lines[0][:2000]}")
PYTHON

# step NAME ARGUMENTS… -- CONDITIONS…: runs the program and checks its JSON, `it`.
step() {
    local name=$1 arguments=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    if [ $# -gt 0 ]; then shift; fi
    printf '%4s s  tati %s\n' "$SECONDS" "${arguments[*]}"
    "$tati" "${arguments[@]}" --json --quiet > "$name.json"
    python3 ../check.py "$name" "$@"
}

report() {
    if "$tati" help report > help-report.txt 2>&1; then
        step report report "$@"
    fi
}

# Softmax regression of two clouds, whose posterior under a Gaussian prior is a single basin: the chains converge.
two_clusters() {
    step dataset dataset write --data clusters --items 500 --noise 0.1 --data-seed 1 --test-share 0.2 \
        --out train.csv --test-out test.csv -- \
        'it["num_items"] == 400 and it["num_test_items"] == 100 and sum(it["classes"]) == 400' \
        'len(table("train.csv")) == 400 and len(table("test.csv")) == 100'
    step show dataset show --data csv:train.csv --first 3 -- \
        'it["num_items"] == 400 and it["classes"] == read("dataset")["classes"]'
    step train train --data csv:train.csv --optimizer lbfgs --steps 50 --prior-gaussian 1e-2 --seed 1 --out optimum -- \
        'it["num_parameters"] == 6 and it["seed"] == 1' \
        'it["train_accuracy"] > 0.95' \
        'it["gradient_norm"] < 1e-4' \
        'it["potential"] > it["train_loss"] > 0'
    step calibrate calibrate --from optimum --step-sizes 0.1,1,10 --frictions 1 --steps 8000 --seed 1 -- \
        'len(it["settings"]) == 3 and it["recommended"]["step_size"] == 1.0' \
        '[setting["verdict"] for setting in it["settings"]][-1] == "hot"'

    # β is 400, the number of items. The temperature of 2 × 10,000 steps has a standard error of about 1 %.
    step sample sample --from optimum --step-size 1 --friction 1 --steps 20000 --burn-in 1000 --every 10 --walkers 2 \
        --seed 1 --out draws -- \
        'it["num_parameters"] == 6 and it["inverse_temperature"] == 400' \
        'it["num_draws"] == 3800 and len(it["walkers"]) == 2' \
        'near(400 * it["kinetic_temperature"], 1.0, 0.06)' \
        'it["mean_potential"] > read("train")["potential"]' \
        'all(walker["error"] is None for walker in it["walkers"])'
    # Six directions of a well at 1/β have the mean energy 3/β, were the well a parabola.
    python3 ../check.py sample '0.5 < 400 * (it["mean_potential"] - read("train")["potential"]) / 3 < 1.5'

    # The same by a table of options.
    "$tati" sample --from optimum --step-size 1 --friction 1 --steps 20000 --burn-in 1000 --every 10 --walkers 2 --seed 1 \
        --out draws --dry-run > sample.toml
    step by-table sample --config sample.toml --out draws-by-table -- \
        '{**it, "run": ""} == {**read("sample"), "run": ""}'

    step averages analyse averages draws --out averages -- \
        'it["num_draws"] == 3800 and it["num_chains"] == 2 and len(it["mean"]) == 6' \
        'near(it["potential"]["mean"], read("sample")["mean_potential"])' \
        'all(0 < error < 0.2 for error in it["standard_error"])' \
        '[parameter for parameter in it["parameters"] if parameter.startswith("bias")] == ["bias[0]", "bias[1]"]'
    step autocorrelation analyse autocorrelation draws -- \
        'it["max_r_hat"] < 1.1 and it["min_effective_sample_size"] > 50' \
        'all(1 <= time < 200 for time in it["integrated_autocorrelation_time"])'
    step autocorrelation-along analyse autocorrelation draws --along components --components 3 --estimator acor -- \
        'len(it["r_hat"]) == 3'
    step covariance analyse covariance draws --matrix --out covariance -- \
        'it["verdict"] == "stationary" and len(it["null_eigenvalues"]) == 6' \
        'near(sum(it["eigenvalues"]), it["total_variance"])' \
        'near(sum(it["explained_variance_ratio"]), 1.0)' \
        'all(near(row[i], v, 1e-6) for i, (row, v) in enumerate(zip(it["covariance"], read("averages")["variance"])))' \
        'all(content < 0.5 for content in it["cosine_content"][:3])'
    step diffusion-map analyse diffusion-map draws --every 10 --eigenpairs 4 --out diffusion-map -- \
        'it["num_points"] == 380 and len(it["eigenvalues"]) == 4' \
        'near(it["eigenvalues"][0], 0.0, 1e-6) and it["eigenvalues"] == sorted(it["eigenvalues"], reverse=True)' \
        'it["bandwidth"] > 0'
    step free-energy analyse free-energy draws --along component:1 --out free-energy -- \
        'min(it["free_energy"]) == 0 and len(it["coordinate"]) == len(it["free_energy"]) == len(it["error"])' \
        'it["inverse_temperature"] == 400' \
        'len(it["basins"]) == 1 and it["barriers"] == []' \
        'near(it["basins"][0]["population"], 1.0)'
    step free-energy-plane analyse free-energy draws --along potential --along component:1 --bins 6 --resamples 0 -- \
        'len(it["variables"]) == 2'
    step hessian analyse hessian optimum --pairs 6 --seed 1 --out hessian -- \
        'it["converged"] and len(it["eigenvalues"]) == 6' \
        'abs(sum(it["eigenvalues"]) - it["trace"]) < 5 * it["trace_standard_error"]' \
        'it["eigenvalues"][0] > 0.01 and abs(it["eigenvalues"][-1]) < 1e-3'
    step learning-coefficient analyse learning-coefficient optimum --step-size 1e-3,1e-2 --tether-strength 1 --steps 1000 \
        --burn-in 500 --seed 1 -- \
        'it["regular"] == 3 and len(it["settings"]) == 2' \
        'all(abs(setting["learning_coefficient"]) < 3 for setting in it["settings"])'

    step plane surface plane draws --range -3:3 --points 11 --project --out plane -- \
        'it["shape"] == [11, 11] and len(it["potential"]) == 121' \
        'near(it["potential"][60], it["origin_potential"], 1e-5)' \
        'it["minimum"]["potential"] == min(it["potential"])'
    step zooms surface plane optimum --random --zoom 0:-2 --points 5 --seed 1 -- \
        'len(it["zooms"]) == 3' \
        'near(it["origin_potential"], read("train")["train_loss"], 1e-5)'
    step line surface line optimum --towards draws --range 0:1 --points 3 -- \
        'it["shape"] == [3] and near(it["potential"][0], read("train")["train_loss"], 1e-5)'
    step grid surface grid optimum --parameter 'weight[0][0]=-2:2' --parameter 'bias[0]=-1:1' --points 5 --out grid -- \
        'it["shape"] == [5, 5] and min(it["potential"]) > 0'
    step trajectory surface trajectory draws -- \
        'it["shape"] == [2, 1900] and near(it["mean"], statistics.fmean(it["potential"]))' \
        'it["mean"] < read("averages")["potential"]["mean"]'
    # Class 1 lies about (2, 2), class 0 about (-2, -2).
    step inputs inputs draws --input x1=-6:6 --input x2=-6:6 --points 5 --average --probabilities --out inputs -- \
        'it["shape"] == [5, 5] and it["num_outputs"] == 2 and it["num_draws"] == 3800' \
        'all(near(it["mean"][2 * i] + it["mean"][2 * i + 1], 1.0, 1e-5) for i in range(25))' \
        'it["mean"][0] > 0.99 and it["mean"][-1] > 0.99' \
        '0.2 < it["mean"][2 * 12] < 0.8 and it["standard_deviation"][2 * 12] > it["standard_deviation"][0]'
    # With the prior U is convex: every quench ends in the minimum that training found.
    step explore explore optimum --step-size 1 --friction 1 --prior-gaussian 1e-2 --steps 200 --rounds 2 --seed 1 --out found -- \
        'len(it["rounds"]) == 2 and it["end"] == "rounds_spent" and it["num_unconverged"] == 0' \
        'len(it["minima"]) == 1 and it["minima"][0]["index"] == 0' \
        'near(it["minima"][0]["potential"], read("train")["potential"], 1e-6)'
    report draws --out report.html -- \
        'it["num_draws"] == 3800 and it["num_chains"] == 2 and it["num_parameters"] == 6' \
        'near(it["energies"]["mean_potential"], read("sample")["mean_potential"])' \
        'near(it["convergence"]["max_r_hat"], read("autocorrelation")["max_r_hat"])' \
        'pathlib.Path("report.html").stat().st_size < 10_000_000' \
        '"http://" not in pathlib.Path("report.html").read_text() and "https://" not in pathlib.Path("report.html").read_text()'
    step export export draws --out trajectory.csv --statistics statistics.csv -- \
        'it["num_draws"] == 3800 and it["num_chains"] == 2 and it["num_parameters"] == 6' \
        'len(table("trajectory.csv")) == len(table("statistics.csv")) == 3800' \
        'near(statistics.fmean(float(row["weight0"]) for row in table("trajectory.csv")), read("averages")["mean"][0], 1e-6)'
    # The draws of another program.
    step from-table analyse averages --trajectory trajectory.csv -- \
        'it["num_chains"] == 2 and all(near(a, b, 1e-6) for a, b in zip(it["mean"], read("averages")["mean"]))'
}

# Softmax regression of drawn digits, 7,850 parameters: a short chain is a random walk, and the program has to say so.
glyphs() {
    step show dataset show --data glyphs --items 1000 -- \
        'it["num_items"] == 1000 and it["num_features"] == 784 and len(it["classes"]) == 10'
    step train train --data glyphs --items 1000 --optimizer adam --step-size 0.005 --steps 300 --batch-size 100 \
        --prior-gaussian 1e-3 --seed 1 --out optimum -- \
        'it["num_parameters"] == 7850' \
        'it["train_accuracy"] > 0.9 and it["test_accuracy"] > 0.8'
    step sample sample --from optimum --step-size 0.1 --steps 600 --every 10 --batch-size 200 --walkers 2 --seed 1 --out draws -- \
        'it["inverse_temperature"] == 1000 and it["num_draws"] == 120' \
        '0.9 < 1000 * it["kinetic_temperature"] < 1.5'
    step averages analyse averages draws -- \
        'len(it["mean"]) == 7850 and it["verdict"].startswith("too short")'
    step autocorrelation analyse autocorrelation draws -- \
        'not it["converged"] and it["max_r_hat"] > 1.1'
    step covariance analyse covariance draws --out covariance -- \
        'it["verdict"] == "random walk"' \
        'all(content > 0.9 for chain in it["chains"] for content in chain["cosine_content"][:1])'
    step diffusion-map analyse diffusion-map draws -- \
        'it["num_points"] == 120 and it["verdict"] != "landscape"'
    step free-energy analyse free-energy draws --along component:1 --bins 8 --resamples 0 -- \
        'min(it["free_energy"]) == 0'
    step hessian analyse hessian optimum --pairs 2 --probes 2 -- \
        'it["converged"] and it["eigenvalues"][0] > it["eigenvalues"][1] > 0'
    step learning-coefficient analyse learning-coefficient optimum --step-size 1e-4 --tether-strength 100 --steps 100 \
        --burn-in 50 --chains 2 --batch-size 100 --seed 1 -- \
        'it["regular"] == 3925'
    step plane surface plane draws --points 11 --out plane -- \
        'it["shape"] == [11, 11] and near(it["potential"][60], it["origin_potential"], 1e-5)'
    step trajectory surface trajectory draws --test -- \
        'it["shape"] == [2, 60]'
    step inputs inputs draws --input x400=0:1 --points 3 --average --probabilities -- \
        'it["shape"] == [3] and it["num_outputs"] == 10' \
        'all(near(sum(it["mean"][10 * i:10 * i + 10]), 1.0, 1e-5) for i in range(3))'
    step explore explore optimum --step-size 0.1 --steps 20 --every 5 --batch-size 100 --chains 1 --corners 1 --rounds 2 \
        --connect 0 --gradient-tolerance 0.1 --seed 1 --out found -- \
        'len(it["rounds"]) == 2 and it["num_unconverged"] == 0' \
        'it["minima"] and all(minimum["gradient_norm"] <= 0.1 for minimum in it["minima"])'
    report draws --out report.html -- \
        'it["num_draws"] == 120 and it["verdict"] != "passed"' \
        'pathlib.Path("report.html").stat().st_size < 10_000_000'
    step export export draws --out trajectory.csv -- \
        'it["num_draws"] == 120 and len(table("trajectory.csv")) == 120'
}

# story NAME: in a folder of its own.
story() {
    mkdir "$1"
    cd "$1"
    "$1"
    cd ..
}

story two_clusters
# Once more by the same commands: every draw, number, table and figure is the same. Burn's files hold random identifiers, and
# summaries the time that sampling took.
mv two_clusters first
story two_clusters
diff -r --exclude summary.json --exclude '*.bpk' first two_clusters
story glyphs
printf 'the whole story in %s s\n' "$SECONDS"
