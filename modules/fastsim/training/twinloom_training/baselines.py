"""
The resampling baseline: for each wanted energy the training shower nearest in log energy, turned and mirrored at random
about the axis, its voxels scaled by the ratio of the energies, then cut. No learning: what a lookup table can do.
"""

import os

import numpy as np
import torch

from .data import CUT_MEV, read_file
from .samples import BLOCK, ShowerWriter


def nearest(ladder: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each wanted value the row of `ladder` (in any order) that lies nearest."""
    order = np.argsort(ladder, kind="stable")
    rising = ladder[order]
    above = np.minimum(np.searchsorted(rising, wanted), len(rising) - 1)
    below = np.maximum(above - 1, 0)
    return order[np.where(wanted - rising[below] <= np.abs(rising[above] - wanted), below, above)]


def resample(library: str, energy_mev: np.ndarray, out: str, seed: int) -> None:
    """Writes one shower per wanted energy to `out`, made from the showers of the HDF5 file `library`."""
    showers = read_file(library)
    chosen = nearest(np.log(showers.energy_mev.numpy()), np.log(energy_mev))
    symmetry = torch.Generator().manual_seed(seed)
    attributes = {"generator": "resampling of full simulation", "library": os.path.basename(library), "seed": seed}
    with ShowerWriter(out, energy_mev, attributes) as writer:
        for start in range(0, len(chosen), BLOCK):
            rows = chosen[start : start + BLOCK]
            batch = showers.batch(rows, symmetry)
            ratio = torch.from_numpy(energy_mev[start : start + BLOCK]) / batch.energy_mev
            scaled = batch.showers * ratio[:, None, None, None]
            writer.append(torch.where(scaled < CUT_MEV, 0.0, scaled).numpy())
