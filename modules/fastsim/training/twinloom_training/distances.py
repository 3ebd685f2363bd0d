"""
Distances between two sets of showers without a classifier: separation powers with their floors, the Fréchet physics
distance and precision, recall, density, coverage. The same numbers come from TypeScript; this is the other opinion.

Definitions: separations from CaloChallenge/homepage `evaluate.py`; FPD from jet-net/JetNet
`jetnet/evaluation/gen_metrics.py` (arXiv:2211.10295); PRDC from arXiv:2002.09797.
"""

import numpy as np
from scipy.optimize import curve_fit

from .data import CUT_MEV
from .observables import Observables, column

EDGES = {
    "energy_ratio": np.linspace(0.5, 1.5, 101),
    "ec_eta": np.linspace(-30, 30, 101),
    "ec_phi": np.linspace(-30, 30, 101),
    "width_eta": np.linspace(0, 30, 101),
    "width_phi": np.linspace(0, 30, 101),
    "ec_r": np.linspace(0, 42, 101),
    "width_r": np.linspace(0, 20, 101),
    "sparsity": np.linspace(0, 1, 21),
}


def separation(generated: np.ndarray, reference: np.ndarray) -> float:
    """Of two histograms of the same edges: half the sum of (p - q)² / (p + q); 1 where only one has entries."""
    if (generated.sum() == 0) != (reference.sum() == 0):
        return 1.0
    p, q = generated / max(1, generated.sum()), reference / max(1, reference.sum())
    return float(0.5 * np.sum((p - q) ** 2 / (p + q + 1e-16)))


def separations(generated: Observables, reference: Observables) -> dict[str, dict]:
    """Every observable: value, the floor that this many showers have by chance, and what is left above it."""
    result = {
        "energy_ratio": _of(column(generated, "energy_ratio"), column(reference, "energy_ratio"), EDGES["energy_ratio"])
    }
    for name in ("layer_energy", "ec_eta", "ec_phi", "width_eta", "width_phi", "ec_r", "width_r", "sparsity"):
        ours, theirs = column(generated, name), column(reference, name)
        layers = []
        for layer in range(ours.shape[1]):
            edges = EDGES.get(name)
            if edges is None:
                largest = theirs[:, layer].max()
                if largest <= CUT_MEV:  # nothing of the reference ever reaches this layer
                    continue
                edges = np.logspace(np.log10(CUT_MEV), np.log10(largest), 40)
            layers.append(_of(ours[:, layer], theirs[:, layer], edges))
        result[name] = {key: float(np.mean([layer[key] for layer in layers])) for key in layers[0]}
    # The voxels of one shower belong together, so this floor, which counts them as independent, is a lower one.
    spectra = (generated.voxel_counts, reference.voxel_counts)
    result["voxel_energy"] = _entry(*spectra, *(max(1, int(spectrum.sum())) for spectrum in spectra))
    return result


def _of(ours: np.ndarray, theirs: np.ndarray, edges: np.ndarray) -> dict:
    counts = [np.histogram(values, edges)[0] for values in (ours, theirs)]
    return _entry(counts[0], counts[1], *(max(1, int(part.sum())) for part in counts))


def _entry(ours: np.ndarray, theirs: np.ndarray, n_ours: int, n_theirs: int) -> dict:
    """The floor (K - 1)/4 (1/n1 + 1/n2) of K occupied bins is what multinomial noise alone gives on average. Where one
    has no entries the formula says nothing: no floor is then taken off."""
    value = separation(ours, theirs)
    occupied = int(np.count_nonzero(ours + theirs))
    floor = (occupied - 1) / 4 * (1 / n_ours + 1 / n_theirs) if ours.any() and theirs.any() else 0.0
    return {"value": value, "floor": floor, "excess": value - floor, "occupied_bins": occupied}


def normalise(generated: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each feature divided by the reference's largest absolute value."""
    scale = np.abs(reference).max(0)
    scale[scale == 0] = 1
    return generated / scale, reference / scale


def frechet(generated: tuple, reference: tuple) -> float:
    """Between two (mean, covariance) pairs. Tr sqrt(S1 S2) by symmetric eigenvalues: real and stable."""
    (mean_1, cov_1), (mean_2, cov_2) = generated, reference
    values, vectors = np.linalg.eigh(cov_1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ cov_2 @ root)
    trace = np.trace(cov_1) + np.trace(cov_2) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(np.sum((mean_1 - mean_2) ** 2) + trace)


def moments(features: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample covariance; with whole-number weights those of a draw in which row i came weights[i] times."""
    if weights is None:
        return features.mean(0), np.cov(features, rowvar=False)
    used = weights > 0
    rows, counts = features[used], weights[used].astype(np.float64)
    total = counts.sum()
    mean = counts @ rows / total
    centred = rows - mean
    return mean, (centred * counts[:, None]).T @ centred / (total - 1)


def fpd(generated: np.ndarray, reference: np.ndarray, sizes: list[int], draws: int, seed: int) -> dict:
    """
    The Fréchet physics distance: of everything at once, and for endless samples by extrapolation: means over draws
    with replacement at several sizes n, fitted by a + b/n with a, b >= 0.
    """
    ours, theirs = normalise(generated, reference)
    full = frechet(moments(ours), moments(theirs))
    rng = np.random.default_rng(seed)
    means = []
    for size in sizes:
        values = []
        for _ in range(draws):
            pair = [
                moments(part, np.bincount(rng.integers(len(part), size=size), minlength=len(part)))
                for part in (ours, theirs)
            ]
            values.append(frechet(*pair))
        means.append(np.mean(values))
    line = lambda inverse, a, b: a + b * inverse  # noqa: E731
    fitted, covariance = curve_fit(line, 1 / np.asarray(sizes, float), means, bounds=([0, 0], [np.inf, np.inf]))
    error = np.sqrt(covariance[0, 0])
    return {
        "full": full,
        "extrapolated": {
            "value": float(fitted[0]),
            "error": float(error) if np.isfinite(error) else None,  # two sizes are fitted exactly
            "sizes": list(sizes),
            "draws": draws,
            "seed": seed,
        },
    }


def prdc(generated: np.ndarray, reference: np.ndarray, k: int = 5) -> dict:
    """
    Of log10 voxel energies, an empty voxel standing at 0.1 MeV, in all 6480 dimensions; showers [N, 6480] in MeV. A
    neighbour lies within the k-th nearest distance, the shower itself not counted.
    """
    ours, theirs = _logarithms(generated), _logarithms(reference)
    radius_ours, radius_theirs = _radii(ours, k), _radii(theirs, k)
    covered = np.zeros(len(ours), np.int64)  # in how many reference balls each generated shower lies
    nearest = np.full(len(theirs), np.inf)
    recalled = np.zeros(len(theirs), bool)
    for start, squares in _square_distances(theirs, ours):
        rows = slice(start, start + len(squares))
        covered += (squares < radius_theirs[rows, None]).sum(0)
        recalled[rows] = (squares < radius_ours[None]).any(1)
        nearest[rows] = squares.min(1)
    return {
        "precision": float((covered > 0).mean()),
        "recall": float(recalled.mean()),
        "density": float(covered.mean() / k),
        "coverage": float((nearest < radius_theirs).mean()),
        "k": k,
        "per_class": len(ours),
    }


def _logarithms(showers: np.ndarray) -> np.ndarray:
    return np.log10(np.where(showers > 0, showers, np.float32(0.1)))


def _square_distances(left: np.ndarray, right: np.ndarray, rows: int = 500):
    """Blocks of rows of the squared distances. The common part of all rows is taken off first, for the precision."""
    centre = right.mean(0)
    right_centred = right - centre
    right_squares = np.einsum("ij,ij->i", right_centred, right_centred)
    for start in range(0, len(left), rows):
        block = left[start : start + rows] - centre
        squares = np.einsum("ij,ij->i", block, block)[:, None] + right_squares - 2 * (block @ right_centred.T)
        yield start, np.maximum(squares, 0)


def _radii(showers: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each shower to its k-th nearest other one."""
    result = [np.partition(squares, k, 1)[:, k] for _, squares in _square_distances(showers, showers)]
    return np.concatenate(result)
