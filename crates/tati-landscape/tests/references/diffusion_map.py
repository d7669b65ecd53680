"""Writes diffusion_map_pydiffmap.json or diffusion_map_datafold.json: eigenvalues, eigenvectors, densities and extensions of diffusion
maps of 300 points on a curved sheet in three dimensions, which `tests/diffusion_map_references.rs` makes by the same formula.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 pydiffmap==0.2.0.1
    python diffusion_map.py pydiffmap

and, in an environment of its own,

    pip install numpy==1.26.4 scipy==1.11.4 scikit-learn==1.2.2 datafold==2.0.2
    python diffusion_map.py datafold
"""
import json
import pathlib
import sys

import numpy as np

POINTS, PAIRS = 300, 6


def sheet(numbers):
    """Points of a low-discrepancy sequence, denser on one side, on a sheet that bends."""
    u = np.mod(numbers * 0.7548776662466927, 1.0)
    v = np.mod(numbers * 0.5698402909980532, 1.0)
    x = 2.0 * u + 0.5 * u * u
    return np.c_[x, v, 0.4 * x * x + 0.2 * np.sin(3.0 * v)]


POINTS_OF_THE_FIT = sheet(np.arange(POINTS) + 1.0)
FURTHER_POINTS = sheet(np.arange(5) + 0.5)


def log_weight(points):
    """-beta U of a potential with its minimum inside the sheet."""
    return -3.0 * (points[:, 0] - 1.2) ** 2 - 2.0 * (points[:, 1] - 0.4) ** 2


def normalised(vectors):
    """Columns of norm 1."""
    return vectors / np.linalg.norm(vectors, axis=0)


def pydiffmap():
    from pydiffmap import diffusion_map

    change_of_measure = lambda point: float(np.exp(log_weight(point[None]))[0])
    fits = {
        "dense": (dict(alpha=1.0, k=POINTS, epsilon=0.02), None),
        "neighbors": (dict(alpha=0.5, k=24, epsilon=0.01), None),
        "chosen_dense": (dict(alpha=1.0, k=POINTS, epsilon="bgh"), None),
        "chosen_neighbors": (dict(alpha=0.5, k=24, epsilon="bgh"), None),
        "target": (dict(alpha=1.0, k=POINTS, epsilon=0.02), change_of_measure),
        "target_neighbors": (dict(alpha=1.0, k=24, epsilon=0.01), change_of_measure),
        "variable": (
            dict(alpha=0.5, k=POINTS, epsilon="bgh", bandwidth_type=-0.5, bandwidth_normalize=True),
            None,
        ),
    }
    found = {}
    for name, (settings, weight) in fits.items():
        settings = dict(settings, n_evecs=PAIRS - 1, neighbor_params={"algorithm": "brute"})
        if weight is None:
            fit = diffusion_map.DiffusionMap.from_sklearn(**settings)
        else:
            fit = diffusion_map.TMDmap(change_of_measure=weight, **settings)
        fit.fit(POINTS_OF_THE_FIT)
        norms = np.linalg.norm(fit.dmap, axis=0)
        found[name] = {
            "bandwidth": float(fit.epsilon_fitted),
            "dimension": None if fit.local_kernel.d is None else float(fit.local_kernel.d),
            "eigenvalues": fit.evals.tolist(),
            "kernel_sums": fit.q[::30].tolist(),
            "eigenvectors": (fit.dmap / norms)[::30].tolist(),
            "extension": (fit.transform(FURTHER_POINTS) / norms).tolist(),
        }
    return found


def datafold():
    from datafold.dynfold import DiffusionMaps
    from datafold.pcfold import GaussianKernel
    from datafold.pcfold.distance import SklearnKNN

    fits = {
        "dense": (0.02, 1.0, dict(backend="brute")),
        "neighbors": (0.01, 0.5, SklearnKNN(metric="sqeuclidean", k=24)),
    }
    found = {}
    for name, (bandwidth, alpha, distance) in fits.items():
        # Its kernel is exp(-d^2/(2 epsilon)).
        kernel = GaussianKernel(epsilon=2.0 * bandwidth, distance=distance)
        fit = DiffusionMaps(kernel, n_eigenpairs=PAIRS, alpha=alpha).fit(POINTS_OF_THE_FIT)
        values, vectors = np.real(fit.eigenvalues_), np.real(fit.eigenvectors_)
        order = np.argsort(-values)
        values, vectors = values[order], vectors[:, order]
        norms = np.linalg.norm(vectors, axis=0)
        found[name] = {
            "bandwidth": bandwidth,
            "eigenvalues": ((values - 1.0) / bandwidth).tolist()[1:],
            "eigenvectors": (vectors / norms)[::30, 1:].tolist(),
        }
        if name == "dense":
            extension = np.real(fit.transform(FURTHER_POINTS))[:, order] / norms
            found[name]["extension"] = extension[:, 1:].tolist()
    return found


library = sys.argv[1]
found = {"pydiffmap": pydiffmap, "datafold": datafold}[library]()
version = {"pydiffmap": "pyDiffMap 0.2.0.1", "datafold": "datafold 2.0.2"}[library]
found["made_by"] = f"diffusion_map.py, {version}, numpy {np.__version__}"
path = pathlib.Path(__file__).with_name(f"diffusion_map_{library}.json")
path.write_text(json.dumps(found, indent=1) + "\n")
