"""Makes convergence.json: what ArviZ 0.23.4 says of small chains, and emcee 3.1.6 of their autocorrelation times.

pip install arviz==0.23.4 numpy==2.4.6 scipy==1.17.1 emcee==3.1.6; python convergence.py > convergence.json
"""
import json
import warnings

warnings.filterwarnings("ignore")
import arviz as az
import emcee
import numpy as np
from arviz.stats import diagnostics

rng = np.random.Generator(np.random.PCG64(2021))


def ar1(phi, chains, draws):
    noise = rng.standard_normal((chains, draws)) * np.sqrt(1 - phi * phi)
    x = np.empty((chains, draws))
    x[:, 0] = rng.standard_normal(chains)
    for t in range(1, draws):
        x[:, t] = phi * x[:, t - 1] + noise[:, t]
    return x


normal = rng.standard_normal
column = lambda *values: np.array(values)[:, None]
CASES = {
    "independent": normal((4, 120)),
    "correlated": ar1(0.9, 4, 240),
    "antithetic": ar1(-0.8, 4, 120),
    "nearly alternating": ar1(-0.99, 2, 100),
    "heavy-tailed": rng.standard_cauchy((4, 120)),
    "heavy-tailed and correlated": np.tan(1.5 * np.tanh(ar1(0.7, 3, 130))) ** 5,
    "other means": normal((4, 100)) + column(0.0, 0.0, 0.5, 2.0),
    "other scales": normal((4, 100)) * column(1.0, 1.0, 1.0, 4.0),
    "trend": normal((2, 90)) + np.linspace(0, 3, 90),
    "random walk": np.cumsum(normal((3, 150)), axis=1),
    "odd number of draws": ar1(0.5, 4, 101),
    "odd number of draws, ties": rng.poisson(1.5, (3, 77)).astype(float),
    "ties": rng.poisson(2.0, (4, 100)).astype(float),
    "ties of decimals": np.round(ar1(0.6, 4, 100), 1),
    "two values": (ar1(0.7, 4, 80) > 0).astype(float),
    "two values of equal number": np.tile([0.0, 1.0, 1.0, 0.0], (2, 10)),
    "rarely one": (normal((4, 80)) > 2.2).astype(float),
    "mean far above the spread": 1e6 + ar1(0.3, 4, 100),
    "spread of 1e-9": 1e-9 * ar1(0.3, 4, 100),
    "one chain": ar1(0.8, 1, 200),
    "one chain, odd": ar1(0.2, 1, 51),
    "six chains": ar1(0.4, 6, 60),
    "four draws": normal((4, 4)),
    "five draws": normal((2, 5)),
    "seven draws": normal((3, 7)),
    "eight draws": ar1(0.9, 2, 8),
    "ten draws": ar1(-0.9, 2, 10),
    "constant": np.full((4, 20), 3.0),
    "other constants": np.tile(column(0.0, 1.0), (1, 20)),
    "one chain constant": np.vstack([np.zeros(60), normal(60)]),
    "constant but for one draw": np.eye(2, 30),
}


def number(x):
    x = float(x)
    return None if np.isnan(x) else ("inf" if np.isinf(x) else x)


def rank(x):
    # ArviZ gives no R of one chain; its parts do.
    if len(x) > 1:
        return az.rhat(x, method="rank")
    halves = diagnostics._split_chains(x)
    folded = abs(halves - np.median(halves))
    return max(diagnostics._rhat(diagnostics._z_scale(y)) for y in (halves, folded))


def split(x):
    return az.rhat(x, method="split") if len(x) > 1 else diagnostics._rhat(diagnostics._split_chains(x))


cases = []
for name, x in CASES.items():
    # Few digits keep the file small; what is computed is of the numbers as they are written.
    digits = "%.10g" if name.startswith("mean far") else "%.5g"
    x = np.array([[float(digits % v) for v in chain] for chain in x])
    case = {"name": name, "chains": x.tolist()}
    for method in ("bulk", "tail", "mean"):
        case[method] = number(az.ess(x, method=method))
    case["r_hat"] = number(rank(x))
    case["split_r_hat"] = number(split(x))
    if name in ("correlated", "random walk", "one chain"):
        case["sokal"] = [emcee.autocorr.integrated_time(chain, c=5, quiet=True, tol=0)[0] for chain in x]
    cases.append(case)
print("[" + ",\n".join(json.dumps(case) for case in cases) + "]")
