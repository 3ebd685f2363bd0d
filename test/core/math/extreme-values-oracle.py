"""Writes extreme-values-oracle.json: L-moments by scipy.stats.lmoment, distributions by scipy.stats, shapes of GEV fits by
scipy.optimize.brentq, empirical orthogonal functions by numpy's SVD. Of synthetic numbers alone.
Run: .venv-climate/bin/python test/core/math/extreme-values-oracle.py (scipy 1.17).
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, special, stats

RNG = np.random.default_rng(48)


def gev(l1, l2, t3):
    kappa = optimize.brentq(lambda k: 2 * (1 - 3**-k) / (1 - 2**-k) - 3 - t3, -0.999, 30.0001, xtol=1e-15, rtol=1e-15)
    gamma = special.gamma(1 + kappa)
    scale = l2 * kappa / ((1 - 2**-kappa) * gamma)
    return [l1 - scale * (1 - gamma) / kappa, scale, -kappa]


def sample(name, values):
    values = np.round(values, 6)
    threshold = float(np.round(np.quantile(values, 0.05), 1) - 0.1)
    l1, l2, t3, t4 = (float(each) for each in stats.lmoment(values))
    fitted = gev(l1, l2, t3)
    excess = l1 - threshold
    xi = 2 - excess / l2
    pareto = [threshold, excess * (1 - xi), xi]
    ordered = np.sort(values)
    n = len(values)
    F = stats.genextreme.cdf(ordered, -fitted[2], fitted[0], fitted[1])
    S = stats.genextreme.sf(ordered, -fitted[2], fitted[0], fitted[1])
    a2 = -n - np.mean((2 * np.arange(1, n + 1) - 1) * (np.log(F) + np.log(S[::-1])))
    exceedance = [0.5, 0.1, 0.01, 1e-4]
    return {
        "name": name,
        "values": values.tolist(),
        "threshold": threshold,
        "lMoments": [l1, l2, t3, t4],
        "gev": fitted,
        "gpd": pareto,
        "andersonDarling": float(a2),
        "exceedance": exceedance,
        "gevLevels": stats.genextreme.isf(exceedance, -fitted[2], fitted[0], fitted[1]).tolist(),
        "gpdLevels": stats.genpareto.isf(exceedance, xi, threshold, pareto[1]).tolist(),
    }


def eof(name, samples, cells, missing):
    field = np.round(RNG.normal(size=(samples, cells)) @ RNG.normal(size=(cells, cells)) + 280, 4)
    weights = np.sqrt(np.cos(np.deg2rad(np.linspace(-70, 80, cells)))).round(6)
    field[1, missing] = np.nan
    kept = ~np.isnan(field).any(axis=0)
    anomaly = (field[:, kept] - field[:, kept].mean(axis=0)) * weights[kept]
    _, s, vt = np.linalg.svd(anomaly, full_matrices=False)
    variances = s**2 / (samples - 1)
    vt *= np.sign(vt[np.arange(len(vt)), np.abs(vt).argmax(axis=1)])[:, None]
    modes = 3
    new = np.round(RNG.normal(size=cells) * 3 + 280, 4)
    centred = (new[kept] - field[:, kept].mean(axis=0)) * weights[kept]
    components = vt[:modes] @ centred
    rest = centred - components @ vt[:modes]
    patterns = np.zeros((modes, cells))
    patterns[:, kept] = vt[:modes]
    return {
        "name": name,
        "samples": samples,
        "cells": cells,
        "field": [None if np.isnan(x) else x for x in field.ravel()],
        "weights": weights.tolist(),
        "variances": variances[:modes].tolist(),
        "totalVariance": float(anomaly.var(axis=0, ddof=1).sum()),
        "patterns": patterns.ravel().tolist(),
        "new": new.tolist(),
        "components": components.tolist(),
        "error": float((rest**2).sum() / (weights[kept] ** 2).sum()),
        "hotelling": float((components**2 / variances[:modes]).sum()),
    }


oracle = {
    "fits": [
        sample("heavy", stats.genextreme.rvs(-0.25, 100, 30, size=60, random_state=RNG)),
        sample("bounded", stats.genextreme.rvs(0.3, 300, 2, size=45, random_state=RNG)),
        sample("gumbel", stats.gumbel_r.rvs(10, 3, size=500, random_state=RNG)),
        sample("exponential", stats.expon.rvs(0, 2, size=80, random_state=RNG)),
        sample("few", np.array([3.0, 1.0, 4.0, 1.5, 9.25, 2.6])),
    ],
    "eofs": [eof("more samples", 20, 8, [3]), eof("more cells", 9, 30, [0, 17])],
}
Path(__file__).with_suffix(".json").write_text(json.dumps(oracle) + "\n")
