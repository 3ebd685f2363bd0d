"""Showers from HDF5, kept sparse in memory and made dense batch by batch.

The files have the layout of CaloChallenge dataset 2: `incident_energies` (N, 1) and `showers` (N, 6480), both in MeV,
with index = layer * 144 + alpha * 9 + r. About one cell in ten holds energy, so a set of 38,000 showers takes 200 MB
here and 1 GB dense.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import torch

from . import provenance
from .errors import RecipeError, first_line

LAYERS = 45
ALPHA = 16
R = 9
CELLS_PER_LAYER = ALPHA * R
SECTOR_CELLS = LAYERS * R
CELLS = LAYERS * CELLS_PER_LAYER
R_STEP_MM = 4.65
"""Width of a ring."""

CUT_MEV = 0.5e-3 / 0.033
"""Readout cut [MeV]: 0.5 keV in silicon, over the sampling fraction."""

DEFAULT_FILES = ("showers-train.h5", "showers-drift-w1.2.h5", "showers-drift-w1.3.h5", "showers-drift-w1.6.h5")
FORBIDDEN_FILES = ("showers-test.h5", "showers-drift-w1.5.h5")
"""Held out: the final evidence is measured on these, so nothing may be trained or chosen on them."""

ROWS_PER_READ = 1000


class Batch(NamedTuple):
    """Dense showers and what they are conditioned on."""

    showers: torch.Tensor  # [B, 45, 16, 9] MeV
    energy_mev: torch.Tensor  # [B] incident energy
    thickness_mm: torch.Tensor  # [B] tungsten of one absorber plate
    layer_energy: torch.Tensor  # [B, 45] MeV
    layer_count: torch.Tensor  # [B, 45] cells above the cut, as float


@dataclass(frozen=True)
class ShowerSet:
    """Showers in compressed rows: the cells of shower i are index[indptr[i]:indptr[i + 1]]."""

    energy_mev: torch.Tensor  # [N] float32
    thickness_mm: torch.Tensor  # [N] float32
    indptr: torch.Tensor  # [N + 1] int64
    index: torch.Tensor  # [hits] int16, 0 to 6479
    value: torch.Tensor  # [hits] float32, MeV

    def __len__(self) -> int:
        return self.energy_mev.shape[0]

    def to(self, device: torch.device | str) -> ShowerSet:
        """The same showers on another device, where `batch` then works."""
        return ShowerSet(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def batch(self, indices: torch.Tensor | np.ndarray, rng: torch.Generator | None = None) -> Batch:
        """Dense showers. With `rng` (a generator of the CPU) each is turned and mirrored about the axis at random:
        the electron enters on the axis, at a right angle, so all 32 versions are equally likely."""
        device = self.value.device
        chosen = torch.as_tensor(indices, dtype=torch.int64).to(device)
        size = chosen.shape[0]
        start = self.indptr[chosen]
        hits = self.indptr[chosen + 1] - start
        row = torch.repeat_interleave(torch.arange(size, device=device), hits)
        within = torch.arange(row.shape[0], device=device) - (torch.cumsum(hits, 0) - hits)[row]
        position = start[row] + within
        cell = self.index[position].long()
        if rng is not None:
            turn = torch.randint(ALPHA, (size,), generator=rng).to(device)
            mirror = torch.randint(2, (size,), generator=rng).to(device)
            cell = turn_cells(cell, turn[row], mirror[row])
        flat = torch.zeros(size * CELLS, device=device)
        flat[row * CELLS + cell] = self.value[position]
        showers = flat.view(size, LAYERS, ALPHA, R)
        return Batch(
            showers=showers,
            energy_mev=self.energy_mev[chosen],
            thickness_mm=self.thickness_mm[chosen],
            layer_energy=showers.sum((2, 3)),
            layer_count=(showers > 0).sum((2, 3)).float(),
        )


def turn_cells(cell: torch.Tensor, turn: torch.Tensor, mirror: torch.Tensor) -> torch.Tensor:
    """Cell numbers after a mirror (alpha to minus alpha, bin j to 15 - j) and a turn by `turn` bins."""
    layer, rest = cell // CELLS_PER_LAYER, cell % CELLS_PER_LAYER
    alpha, r = rest // R, rest % R
    alpha = torch.where(mirror > 0, ALPHA - 1 - alpha, alpha)
    return layer * CELLS_PER_LAYER + ((alpha + turn) % ALPHA) * R + r


@contextmanager
def open_showers(path: str | Path) -> Iterator[h5py.File]:
    """An HDF5 file of showers, read-only; one that is absent, damaged or of another geometry is refused."""
    wanted = f"HDF5 with incident_energies (N, 1) and showers (N, {CELLS}), both in MeV"
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise RecipeError(f"There is no file {path}.") from None
    except OSError as error:
        raise RecipeError(f"{path} cannot be read as showers ({first_line(error)}). Wanted: {wanted}.") from error
    with file:
        absent = [name for name in ("showers", "incident_energies") if name not in file]
        if absent:
            raise RecipeError(f"{path} has no data set {' and no '.join(absent)}. Wanted: {wanted}.")
        shape, energies = file["showers"].shape, file["incident_energies"].shape
        if len(shape) != 2 or shape[1] != CELLS or energies != (shape[0], 1):
            raise RecipeError(
                f"{path} has showers of shape {shape} and incident_energies of shape {energies}. Wanted: {wanted}."
            )
        yield file


def energies_of(file: h5py.File, stop: int | None = None) -> np.ndarray:
    """Incident energies [MeV] of the first `stop` showers (all by default), float32 [N]; each must be positive."""
    energy = file["incident_energies"][:stop, 0].astype("<f4")
    wrong = np.flatnonzero(~(np.isfinite(energy) & (energy > 0)))
    if len(wrong):
        raise RecipeError(
            f"{file.filename}: incident_energies[{wrong[0]}] is {energy[wrong[0]]} MeV; every energy must be positive."
        )
    return energy


def files_of(config: dict[str, Any]) -> list[str]:
    """The files of `config["data"]`; those that are held out are refused."""
    files = list(config.get("data", {}).get("files", DEFAULT_FILES))
    held_out = [name for name in files if Path(name).name in FORBIDDEN_FILES]
    if held_out:
        raise RecipeError(
            f"{', '.join(held_out)} is held out for the final evidence: never train or tune on it. Take it out of `files` "
            "of [data]."
        )
    return files


def load(data_dir: str | Path, split: str, config: dict[str, Any]) -> ShowerSet:
    """One split of the files in `config["data"]`: "train" or "validation".

    Keys of `config["data"]`: `files`, `validation_fraction` (of each file), `seed` (of the split), `limit` (showers
    per file, to try things out)."""
    settings = config.get("data", {})
    fraction = float(settings.get("validation_fraction", 0.1))
    parts = []
    for number, name in enumerate(files_of(config)):
        path = Path(data_dir) / name
        with open_showers(path) as file:
            total = min(file["showers"].shape[0], int(settings.get("limit", 1 << 62)))
        order = np.random.default_rng([int(settings.get("seed", 1)), number]).permutation(total)
        cut = round(fraction * total)
        rows = {"validation": order[:cut], "train": order[cut:]}[split]
        if not len(rows):
            raise RecipeError(
                f"{path}: none of its {total} showers are in the {split} split (`validation_fraction` of [data] is "
                f"{fraction:g}). Give it more showers, or another fraction."
            )
        parts.append(read_file(path, np.sort(rows), total))
    return concatenate(parts)


def read_file(path: str | Path, rows: np.ndarray | None = None, stop: int | None = None) -> ShowerSet:
    """The given rows (sorted; all by default) of one HDF5 file, cells below the cut set to zero."""
    with open_showers(path) as file:
        total = file["showers"].shape[0] if stop is None else stop
        wanted = np.arange(total) if rows is None else rows
        energy = energies_of(file, total)[wanted]
        if "absorber_thickness_mm" not in file.attrs:
            raise RecipeError(f"{path} has no attribute absorber_thickness_mm: the absorber's thickness is a condition.")
        thickness = np.full(len(wanted), float(file.attrs["absorber_thickness_mm"]), np.float32)
        counts, cells, values = [], [], []
        for first in range(0, total, ROWS_PER_READ):
            block = file["showers"][first : min(first + ROWS_PER_READ, total)]
            block = block[wanted[(wanted >= first) & (wanted < first + len(block))] - first]
            row, cell = np.nonzero(block >= CUT_MEV)
            counts.append(np.bincount(row, minlength=len(block)))
            cells.append(cell.astype(np.int16))
            values.append(block[row, cell].astype(np.float32))
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
    arrays = (energy, thickness, indptr, np.concatenate(cells), np.concatenate(values))
    return ShowerSet(*(torch.from_numpy(array) for array in arrays))


def concatenate(parts: list[ShowerSet]) -> ShowerSet:
    """Several sets in one, in order."""
    offsets = np.cumsum([0] + [int(part.indptr[-1]) for part in parts])
    indptr = [part.indptr[1:] + int(offset) for part, offset in zip(parts, offsets)]
    join = {
        name: torch.cat([getattr(part, name) for part in parts])
        for name in ("energy_mev", "thickness_mm", "index", "value")
    }
    return ShowerSet(indptr=torch.cat([torch.zeros(1, dtype=torch.int64), *indptr]), **join)


def digests(data_dir: str | Path, config: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of every file of the configuration, for the model card."""
    return {name: provenance.digest(Path(data_dir) / name) for name in files_of(config)}
