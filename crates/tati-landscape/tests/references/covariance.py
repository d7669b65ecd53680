"""Writes covariance.json: the leading 64 eigenpairs of the covariance of a made-up trajectory of 5,000 draws of 7,850
parameters in single precision, by scipy in double precision. The trajectory is 200 directions with standard deviations
10/k, white noise of 0.05, and a mean; `tests/covariance.rs` makes the same.

    pip install numpy==2.4.6 scipy==1.17.1
    python covariance.py
"""
import json
import pathlib

import numpy as np
import scipy
from scipy.linalg import eigh

DRAWS, PARAMETERS, DIRECTIONS = 5000, 7850, 200


def uniform(stream, rows, columns):
    """Numbers of mean 0 and variance 1 from the hash splitmix64 of (stream, place)."""
    with np.errstate(over="ignore"):
        z = np.arange(rows * columns, dtype=np.uint64) + np.uint64(stream << 40)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    unit = (z >> np.uint64(11)).astype(np.float64) / 2.0**53
    return ((unit - 0.5) * np.sqrt(12.0)).reshape(rows, columns)


scores = uniform(1, DRAWS, DIRECTIONS) * (10.0 / np.arange(1, DIRECTIONS + 1))
directions = uniform(2, DIRECTIONS, PARAMETERS) / np.sqrt(PARAMETERS)
theta = scores @ directions + 0.05 * uniform(3, DRAWS, PARAMETERS) + uniform(4, 1, PARAMETERS)
theta = theta.astype(np.float32).astype(np.float64)

centred = theta - theta.mean(axis=0)
gram = centred @ centred.T / (DRAWS - 1)
values, small = eigh(gram, subset_by_index=[DRAWS - 64, DRAWS - 1])
values, small = values[::-1], small[:, ::-1]
vectors = centred.T @ small
vectors /= np.linalg.norm(vectors, axis=0)
largest = np.abs(vectors).argmax(axis=0)
vectors *= np.sign(vectors[largest, np.arange(64)])

path = pathlib.Path(__file__).with_name("covariance.json")
path.write_text(
    json.dumps(
        {
            "made_by": f"covariance.py, scipy {scipy.__version__}, numpy {np.__version__}",
            "eigenvalues": values.tolist(),
            "total_variance": float(np.trace(gram)),
            # Every 1,000th component of each eigenvector.
            "components": vectors[::1000].T.tolist(),
        },
        indent=1,
    )
    + "\n"
)
