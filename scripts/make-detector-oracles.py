"""Writes what numpy makes of the sample of showers to test/fixtures/detector/validation.json: the first 100 showers are
judged by the last 100. Written from CaloChallenge's definitions, not from our code.

    .venv/bin/python scripts/make-detector-oracles.py
"""
import json
from pathlib import Path

import h5py
import numpy as np
from scipy.stats import ks_2samp, wasserstein_distance

ROOT = Path(__file__).parent.parent
THRESHOLD = 0.5e-3 / 0.033
with h5py.File(ROOT / "examples/data/showers-sample.h5") as f:
    energy = f["incident_energies"][:, 0].astype(float)
    voxels = f["showers"][:].astype(float).reshape(-1, 45, 16, 9)
voxels[voxels < THRESHOLD] = 0
alpha = -np.pi + 2 * np.pi * (np.arange(16) + 0.5) / 16
r = np.broadcast_to(4.65 * (np.arange(9) + 0.5), (16, 9))
eta, phi = np.cos(alpha)[:, None] * r, np.sin(alpha)[:, None] * r


def features(x):
    e = x.sum((2, 3))
    out = {"energy": e, "sparsity": 1 - (x > 0).mean((2, 3))}
    for name, w in {"Eta": eta, "Phi": phi, "R": r}.items():
        centre = (x * w).sum((2, 3)) / (e + 1e-16)
        out["centre" + name] = centre
        out["width" + name] = np.sqrt(np.maximum(0, (x * w * w).sum((2, 3)) / (e + 1e-16) - centre**2))
    return out


def separation(a, b, edges):
    p, q = (np.histogram(v, edges, density=True)[0] * np.diff(edges) for v in (a, b))
    return 0.5 * ((p - q) ** 2 / (p + q + 1e-16)).sum()


def mean_of_layers(name, edges):
    values = [separation(made[name][:, l], real[name][:, l], edges(real[name][:, l])) for l in range(45)]
    return float(np.nanmean(values)), [None if np.isnan(v) else float(v) for v in values]


xa, xb, ea, eb = voxels[:100], voxels[100:], energy[:100], energy[100:]
made, real = features(xa), features(xb)
ra, rb = xa.sum((1, 2, 3)) / ea, xb.sum((1, 2, 3)) / eb
lin = lambda lo, hi, n: lambda _: np.linspace(lo, hi, n)
# CaloChallenge's logspace, with exact ends: there its last edge is an ulp beside the largest value, and whether that
# value counts is chance; here it counts.
def log(values, count=40):
    edges = np.logspace(np.log10(THRESHOLD), np.log10(values.max()), count)
    edges[[0, -1]] = THRESHOLD, values.max()
    return edges

bins = {
    "energy": log,
    "centreEta": lin(-30, 30, 101), "centrePhi": lin(-30, 30, 101), "centreR": lin(0, 42, 101),
    "widthEta": lin(0, 30, 101), "widthPhi": lin(0, 30, 101), "widthR": lin(0, 20, 101),
    "sparsity": lin(0, 1, 21),
}
with np.errstate(invalid="ignore", divide="ignore"):
    layers = {name: mean_of_layers(name, edges) for name, edges in bins.items()}
edges = np.linspace(0.5, 1.5, 101)
counts = [np.histogram(v, edges)[0] for v in (ra, rb)]
occupied = int(((counts[0] + counts[1]) > 0).sum())
result = {
    "madeBy": {"numpy": np.__version__},
    "features": {name: made[name][3].tolist() for name in bins},
    "response": {
        "separation": float(separation(ra, rb, edges)),
        "floor": (occupied - 1) / 4 * (1 / counts[0].sum() + 1 / counts[1].sum()),
        "wasserstein": float(wasserstein_distance(ra, rb)),
        "ks": float(ks_2samp(ra, rb).statistic),
        "mean": float(ra.mean()), "error": float(ra.std(ddof=1) / 10),
    },
    "separation": {name: mean for name, (mean, _) in layers.items()},
    "layerEnergySeparation": layers["energy"][1],
    "voxels": float(separation(xa[xa > 0], xb[xb > 0], log(xb, 50))),
    "longitudinal": (xa.sum((2, 3)) / ea[:, None]).mean(0).tolist(),
    "longitudinalError": ((xa.sum((2, 3)) / ea[:, None]).std(0, ddof=1) / 10).tolist(),
    "radial": (xa.sum((1, 2)) / ea[:, None]).mean(0).tolist(),
    "r90Mm": float(np.interp(0.9, np.r_[0, np.cumsum((xa.sum((1, 2)) / ea[:, None]).sum(0)) / ra.sum()], 4.65 * np.arange(10))),
    "occupied": float((xa > 0).sum((1, 2, 3)).mean()),
}
target = ROOT / "test/fixtures/detector/validation.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(result) + "\n")


# Distances, correlations and tails: test/fixtures/detector/judgement.json.
def table(f, x, e):
    """The 362 numbers of CaloChallenge's high-level classifier, in its order."""
    columns = [
        np.log10(e)[:, None], np.log10(f["energy"] + 1e-8), f["centreEta"] / 100, f["centrePhi"] / 100,
        f["widthEta"] / 100, f["widthPhi"] / 100, np.log10(x.sum((1, 2, 3)) + 1e-8)[:, None], f["sparsity"],
        f["centreR"] / 100, f["widthR"] / 100,
    ]
    return np.concatenate(columns, axis=1)


def frechet(a, b):
    s1, s2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # By factors: 100 showers give a singular covariance, of which scipy's sqrtm makes noise.
    root = np.linalg.svd((a - a.mean(0)) @ (b - b.mean(0)).T / 99, compute_uv=False).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s1 + s2) - 2 * root)


def discrepancy(a, b):
    k = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 4
    aa, bb, ab, n = k(a, a), k(b, b), k(a, b), len(a)
    return float((aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (n * (n - 1)) - 2 * ab.mean())


def prdc(a, b, k=5):
    """Real a, fake b; from the definitions of arXiv:2002.09797."""
    d = lambda x, y: np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))
    radius = lambda x: np.sort(d(x, x), axis=1)[:, k]
    ra, rb, ab = radius(a), radius(b), np.stack([np.sqrt(((row - b) ** 2).sum(1)) for row in a])
    return {
        "precision": float((ab < ra[:, None]).any(0).mean()), "recall": float((ab < rb[None]).any(1).mean()),
        "density": float((ab < ra[:, None]).sum(0).mean() / k), "coverage": float((ab.min(1) < ra).mean()),
    }


def nan_to_none(m):
    return [[None if np.isnan(v) else float(v) for v in row] for row in m]


scale = np.abs(table(real, xb, eb)).max(0)
scale[scale == 0] = 1
ta, tb = table(made, xa, ea) / scale, table(real, xb, eb) / scale
logs = [np.log10(np.where(x > 0, x, 0.1)).reshape(100, -1) for x in (xa, xb)]
with np.errstate(invalid="ignore", divide="ignore"):
    correlations = [np.corrcoef(f["energy"], rowvar=False) for f in (made, real)]
    occupancy = [
        [float(np.corrcoef(f["energy"][:, l], 1 - f["sparsity"][:, l])[0, 1]) for l in range(30)] for f in (made, real)
    ]
off = np.tril(correlations[0] - correlations[1], -1)[np.tril_indices(45, -1)]
off = off[~np.isnan(off)]


def widths(x):
    out = []
    for w in (eta, phi, r):
        e = x.sum((1, 2, 3))
        out.append(np.sqrt((x * w * w).sum((1, 2, 3)) / e - ((x * w).sum((1, 2, 3)) / e) ** 2))
    return out


# The tails of 100 showers say nothing; those of the sample many times over are the sample's.
repeated = lambda v: np.tile(v, 10)
judgement = {
    "madeBy": {"numpy": np.__version__},
    "row": ta[3].tolist(),
    "frechet": frechet(ta, tb),
    "kernel": discrepancy(ta, tb),
    "neighbours": prdc(logs[1], logs[0]),
    "correlations": [nan_to_none(c) for c in correlations],
    "occupancy": occupancy,
    "difference": {"rms": float(np.sqrt((off**2).mean())), "largest": float(np.abs(off).max())},
    "tails": [
        [float(q) for v in (repeated(va), repeated(vb)) for q in np.quantile(v, [1e-3, 1 - 1e-3])]
        for va, vb in [(ra, rb), *zip(widths(xa), widths(xb))]
    ],
}
(ROOT / "test/fixtures/detector/judgement.json").write_text(json.dumps(judgement) + "\n")
