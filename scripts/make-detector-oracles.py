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
