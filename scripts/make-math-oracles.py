"""Writes what numpy and scipy say about test/fixtures/math/*.json; the tests of core/math compare with it.

    .venv/bin/python scripts/make-math-oracles.py
"""
import json
from pathlib import Path

import numpy as np
import scipy
from scipy import linalg, special, stats

OUT = Path(__file__).parent.parent / "test/fixtures/math"
rng = np.random.default_rng(20261120)


def write(name, **values):
    versions = {"numpy": np.__version__, "scipy": scipy.__version__}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps({"madeBy": versions, **values}) + "\n")


xs = [1e-8, 1e-3, 0.1, 0.5, 0.999, 1, 1.5, 2, 2.5, 3.7, 9.99, 10, 25.5, 170.5, 1e4, 1e8]
grid = [(a, f * a) for a in [0.05, 0.5, 1, 1.5, 3.2, 10, 57.3, 400, 1e4] for f in [0.01, 0.3, 0.9, 1, 1.1, 1.5, 4]]
erfs = [-5, -1.2, -0.3, -1e-9, 0, 1e-9, 0.01, 0.5, 1, 2, 3.5, 6]
write(
    "special-functions.json",
    logGamma=[[x, float(special.gammaln(x))] for x in xs],
    gammaP=[[a, x, float(special.gammainc(a, x))] for a, x in grid],
    erf=[[x, float(special.erf(x))] for x in erfs],
)

values = rng.normal(10, 3, 400).round(6)
values[:6] = [0.0, 20.0, 20.0, -1.0, 25.0, 10.0]  # on both ends, outside, on an inner edge
weights = rng.uniform(0, 2, 400).round(6)
linear = np.linspace(0, 20, 41)
log = np.logspace(np.log10(0.015), np.log10(19.7), 40)
uneven = np.array([0, 1, 4, 9, 16, 20.0])
write(
    "histogram.json",
    values=values.tolist(),
    weights=weights.tolist(),
    linear={"edges": linear.tolist(), "counts": np.histogram(values, linear)[0].tolist()},
    uneven={"edges": uneven.tolist(), "counts": np.histogram(values, uneven, weights=weights)[0].tolist()},
    log={"edges": log.tolist()},
    linspace=[[a, b, n, np.linspace(a, b, n).tolist()] for a, b, n in [(0.5, 1.5, 101), (-30, 30, 101), (0, 0.3, 7)]],
)

a = rng.normal(0, 1, 150).round(5)
b = rng.normal(0.4, 1.3, 210).round(5)
wa, wb = rng.uniform(0, 1, 150).round(5), rng.uniform(0, 1, 210).round(5)
p = [0, 0.01, 0.1, 0.25, 0.5, 0.777, 0.99, 1]
edges = np.linspace(-4, 4, 33)
ha, hb = (np.histogram(v, edges, density=True)[0] * np.diff(edges) for v in (a, b))
d, n = stats.ks_2samp(a, b).statistic, 150 * 210 / 360
write(
    "samples.json",
    a=a.tolist(),
    b=b.tolist(),
    weightsA=wa.tolist(),
    weightsB=wb.tolist(),
    probabilities=p,
    quantiles7=np.quantile(a, p, method="linear").tolist(),
    quantiles8=np.quantile(a, p, method="median_unbiased").tolist(),
    mean=float(a.mean()),
    variance=float(a.var(ddof=1)),
    wasserstein=float(stats.wasserstein_distance(a, b)),
    weightedWasserstein=float(stats.wasserstein_distance(a, b, wa, wb)),
    ks={"statistic": float(d), "pValue": float(stats.kstwobign.sf(np.sqrt(n) * d))},
    kolmogorov=[[x, float(stats.kstwobign.sf(x))] for x in [0.3, 0.6, 0.99, 1.0, 1.01, 1.5, 2.5]],
    separation={
        "edges": edges.tolist(),
        "value": float(0.5 * ((ha - hb) ** 2 / (ha + hb + 1e-16)).sum()),
    },
)

# Of its own seed, so that more here does not change what stands above.
rng = np.random.default_rng(20261121)


def symmetric(n):
    m = rng.normal(0, 1, (n, n)).round(6)
    return m + m.T


def sets(n, rows, rank=None):
    """Rows of two normal distributions; of lower rank where the last columns are sums of the first ones."""
    made = [rng.normal(0.3 * k, 1 + 0.5 * k, (rows, n)) @ rng.normal(0, 1, (n, n)) for k in (0, 1)]
    if rank:
        made = [np.c_[x[:, :rank], x[:, : n - rank] + x[:, 1 : n - rank + 1]] for x in made]
    return [x.round(5) for x in made]


def frechet(x, y):
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = linalg.sqrtm(s1 @ s2).trace().real
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s1 + s2) - 2 * root)


rotation = np.linalg.qr(rng.normal(0, 1, (6, 6)))[0]
matrices = {
    "random": symmetric(12),
    "large and small": symmetric(9) * np.outer(10.0 ** np.arange(-4, 5), 10.0 ** np.arange(-4, 5)),
    "equal eigenvalues": (rotation * [1, 1, 1, 2, 2, 5]) @ rotation.T,
    "of one row": np.array([[-3.5]]),
    "diagonal": np.diag([3.0, -1.0, 0.0, 2.0]),
    "zero": np.zeros((5, 5)),
    "in two parts": linalg.block_diag(symmetric(3), symmetric(4)),
}
pairs = {"of full rank": sets(8, 60), "of columns that depend": sets(7, 60, 5), "of one column": sets(1, 20)}
write(
    "matrices.json",
    eigenvalues=[
        {"name": name, "matrix": m.tolist(), "values": np.linalg.eigvalsh(m).tolist()}
        for name, m in ((name, (m + m.T) / 2) for name, m in matrices.items())
    ],
    frechet=[
        {
            "name": name,
            "a": x.tolist(),
            "b": y.tolist(),
            "covariance": np.atleast_2d(np.cov(x, rowvar=False)).tolist(),
            "value": frechet(x, y) if x.shape[1] > 1
            else float((x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2),
        }
        for name, (x, y) in pairs.items()
    ],
)
