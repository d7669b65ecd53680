"""Checks that a recorded trajectory opens with zarr, xarray and ArviZ, and holds what it should.

Usage: open_store.py STORE EXPECTED.json
"""

import json
import sys
import warnings

import arviz
import numpy
import xarray
import zarr


def check(name, found, expected):
    if found != expected:
        sys.exit(f"{name}: expected {expected}, found {found}")


def check_values(name, found, expected):
    expected = numpy.asarray(expected, dtype=found.dtype).reshape(found.shape)
    if not numpy.array_equal(found, expected, equal_nan=True):
        sys.exit(f"{name}: other values than recorded")


def check_theta(found, expected):
    """The first parameters, for which there are values to compare with."""
    values = numpy.asarray(expected["theta"])
    values = values.reshape(expected["num_chains"], expected["num_draws"], -1)
    check_values("theta", found[:, :, : values.shape[2]], values)
    return values


def check_zarr(path, expected, use_consolidated):
    """The arrays, by the inline metadata of the root and by those of each array."""
    root = zarr.open_group(path, mode="r", use_consolidated=use_consolidated)
    attributes = dict(root.attrs)
    check("version", attributes["tati_trajectory"], 1)
    check("num_draws", attributes["num_draws"], [expected["num_draws"]] * expected["num_chains"])
    check("statistics", attributes["statistics"], list(expected["statistics"]))
    check("run", attributes["run"], expected["run"])
    check("groups", sorted(name for name, _ in root.groups()), ["posterior", "sample_stats"])
    theta = root["posterior/theta"]
    check("parameters", theta.attrs["parameters"], expected["tensors"])
    check_theta(theta, expected)
    check_values("step", root["sample_stats/step"][:], expected["step"])


def check_posterior(posterior, expected):
    theta = posterior["theta"]
    sizes = {
        "chain": expected["num_chains"],
        "draw": expected["num_draws"],
        "parameter": expected["num_parameters"],
    }
    check("dimensions of theta", dict(theta.sizes), sizes)
    check("order of dimensions", theta.dims, ("chain", "draw", "parameter"))
    check("type of theta", str(theta.dtype), expected["dtype"])
    check_theta(theta.values, expected)


def check_statistics(sample_stats, expected):
    names = {"step", *expected["statistics"]}
    check("statistics", set(sample_stats.data_vars), names)
    for name, values in expected["statistics"].items():
        check(f"dimensions of {name}", sample_stats[name].dims, ("chain", "draw"))
        check(f"type of {name}", str(sample_stats[name].dtype), "float64")
        check_values(name, sample_stats[name].values, values)
    check("type of step", str(sample_stats["step"].dtype), "int64")
    check_values("step", sample_stats["step"].values, expected["step"])


def check_arviz(path, expected):
    # `arviz.from_zarr` does the same from ArviZ 1 on; before, it knows Zarr v2 only.
    data = arviz.InferenceData.from_datatree(xarray.open_datatree(path, engine="zarr"))
    check("groups in ArviZ", set(data.groups()), {"posterior", "sample_stats"})
    check_posterior(data.posterior, expected)
    check_statistics(data.sample_stats, expected)
    values = check_theta(data.posterior["theta"].values, expected)
    compared = data.posterior.isel(parameter=slice(values.shape[2]))
    summary = arviz.summary(compared)
    check("rows of the summary", len(summary), values.shape[2])
    if not numpy.allclose(summary["mean"], values.mean(axis=(0, 1)), atol=2e-3):
        sys.exit("summary: other means than recorded")
    size = arviz.ess(compared)["theta"].values
    if not (numpy.isfinite(size).all() and (size > 10).all()):
        sys.exit(f"effective sample size: {size}")


def main():
    path, expectations = sys.argv[1:]
    with open(expectations, encoding="utf-8") as file:
        expected = json.load(file)
    # A store that a reader has to guess about, or finds at odds with the format, is a failure.
    warnings.simplefilter("error", category=zarr.errors.ZarrUserWarning)
    warnings.filterwarnings("error", module="xarray")
    for use_consolidated in (True, False):
        check_zarr(path, expected, use_consolidated)
    for consolidated in (None, True, False):
        check_posterior(xarray.open_zarr(path, group="posterior", consolidated=consolidated), expected)
        check_statistics(xarray.open_zarr(path, group="sample_stats", consolidated=consolidated), expected)
    tree = xarray.open_datatree(path, engine="zarr")
    check_posterior(tree["posterior"], expected)
    check_statistics(tree["sample_stats"], expected)
    check("run in xarray", tree.attrs["run"], expected["run"])
    check_arviz(path, expected)
    modules = (zarr, xarray, arviz, numpy)
    print(", ".join(f"{module.__name__} {module.__version__}" for module in modules))


if __name__ == "__main__":
    main()
