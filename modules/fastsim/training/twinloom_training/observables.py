"""
The observables of CaloChallenge's `high` classifier in float64 with numpy, apart from `features.py`: what judges a
model shares no code with what trained it. Definitions: CaloChallenge/homepage, `code/HighLevelFeatures.py`.
"""

from dataclasses import dataclass

import numpy as np

from .data import ALPHA, CUT_MEV, LAYERS, R
from .samples import ShowerFile

R_WIDTH_MM = 4.65
EPSILON = 1e-16


def _axes() -> np.ndarray:
    r = np.repeat(R_WIDTH_MM * (np.arange(R) + 0.5)[None], ALPHA, 0)
    alpha = np.repeat((-np.pi + 2 * np.pi * (np.arange(ALPHA) + 0.5) / ALPHA)[:, None], R, 1)
    eta, phi = r * np.cos(alpha), r * np.sin(alpha)
    return np.stack([np.ones_like(r), eta, phi, r, eta**2, phi**2, r**2], -1).reshape(ALPHA * R, 7)


AXES = _axes()


def layer_observables(showers: np.ndarray) -> dict[str, np.ndarray]:
    """Per shower and layer, from showers [N, 6480] to which the cut has been applied."""
    cells = showers.reshape(-1, LAYERS, ALPHA * R)
    energy, eta, phi, r, eta2, phi2, r2 = np.moveaxis(cells.astype(np.float64) @ AXES, -1, 0)
    inverse = 1 / (energy + EPSILON)
    centre = {"eta": eta * inverse, "phi": phi * inverse, "r": r * inverse}
    square = {"eta": eta2 * inverse, "phi": phi2 * inverse, "r": r2 * inverse}
    result = {"layer_energy": energy, "sparsity": 1 - (cells > 0).mean(-1)}
    for axis, value in centre.items():
        result[f"ec_{axis}"] = value
        # Below 1e-9 mm² the difference of two equal squares is rounding, not a width.
        variance = square[axis] - value**2
        result[f"width_{axis}"] = np.sqrt(np.where(variance > 1e-9, variance, 0))
    return result


def features(energy_mev: np.ndarray, layers: dict[str, np.ndarray]) -> np.ndarray:
    """The 362 numbers per shower, in the published order."""
    total = layers["layer_energy"].sum(1, keepdims=True)
    return np.concatenate(
        [
            np.log10(energy_mev.astype(np.float64))[:, None],
            np.log10(layers["layer_energy"] + 1e-8),
            layers["ec_eta"] / 100,
            layers["ec_phi"] / 100,
            layers["width_eta"] / 100,
            layers["width_phi"] / 100,
            np.log10(total + 1e-8),
            layers["sparsity"],
            layers["ec_r"] / 100,
            layers["width_r"] / 100,
        ],
        1,
    )


@dataclass(frozen=True)
class Observables:
    """What is kept of a file when its showers have been read once: 362 numbers per shower and a voxel spectrum."""

    energy_mev: np.ndarray
    features: np.ndarray
    voxel_edges: np.ndarray
    voxel_counts: np.ndarray


def observe(file: ShowerFile, rows: np.ndarray, voxel_edges: np.ndarray | None = None) -> Observables:
    """Reads these rows in blocks. Without edges those of the evaluation are used, up to the largest voxel here."""
    if voxel_edges is None:
        largest = max(float(block.max()) for block in file.cut_blocks(rows))
        voxel_edges = np.logspace(np.log10(CUT_MEV), np.log10(largest), 50)
    energy_mev = file.energy_mev[rows]
    result = np.empty((len(rows), 362))
    counts = np.zeros(len(voxel_edges) - 1, np.int64)
    at = 0
    for block in file.cut_blocks(rows):
        stop = at + len(block)
        result[at:stop] = features(energy_mev[at:stop], layer_observables(block))
        counts += np.histogram(block[block > 0], voxel_edges)[0]
        at = stop
    return Observables(energy_mev, result, voxel_edges, counts)


COLUMNS = {
    "layer_energy": slice(1, 46),
    "ec_eta": slice(46, 91),
    "ec_phi": slice(91, 136),
    "width_eta": slice(136, 181),
    "width_phi": slice(181, 226),
    "sparsity": slice(227, 272),
    "ec_r": slice(272, 317),
    "width_r": slice(317, 362),
}


def column(observables: Observables, name: str) -> np.ndarray:
    """An observable in its own unit (MeV, mm) again; per layer [N, 45], or [N] for `energy_ratio`."""
    if name == "energy_ratio":
        return (10 ** observables.features[:, 226] - 1e-8) / observables.energy_mev
    values = observables.features[:, COLUMNS[name]]
    if name == "layer_energy":
        return 10**values - 1e-8
    return values if name == "sparsity" else values * 100
