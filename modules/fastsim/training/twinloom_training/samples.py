"""Files of showers in CaloChallenge's layout: read in blocks, written in blocks, and known by digests."""

import hashlib
import os
from collections.abc import Iterator

import h5py
import numpy as np

from . import provenance
from .data import ALPHA, CELLS, CUT_MEV, LAYERS, R, energies_of, open_showers
from .errors import RecipeError

BLOCK = 1000


class ShowerFile:
    """An HDF5 file of showers. Nothing is kept in memory; every method reads what it needs."""

    def __init__(self, path: str):
        self.path = path
        with open_showers(path) as file:
            self.energy_mev = energies_of(file)
        self.count = len(self.energy_mev)

    def blocks(self, start: int = 0, stop: int | None = None, size: int = BLOCK) -> Iterator[np.ndarray]:
        """Showers [start, stop) as stored, in blocks of `size` rows, float32."""
        with h5py.File(self.path) as file:
            showers = file["showers"]
            last = self.count if stop is None else stop
            for row in range(start, last, size):
                yield showers[row : min(row + size, last)].astype("<f4", copy=False)

    def cut_blocks(self, rows: np.ndarray, size: int = BLOCK) -> Iterator[np.ndarray]:
        """The showers of these rows (ascending) with the readout cut applied, in blocks of at most `size`."""
        for row in range(int(rows[0]), int(rows[-1]) + 1, size):
            low, high = np.searchsorted(rows, (row, row + size))
            if low < high:
                block = next(self.blocks(row, min(row + size, self.count), size))[rows[low:high] - row]
                yield np.where(block < CUT_MEV, np.float32(0), block)

    def cut_rows(self, rows: np.ndarray) -> np.ndarray:
        """The same showers in one array."""
        return np.concatenate(list(self.cut_blocks(rows)))

    def describe(self) -> dict:
        """The file as evidence names it: by name, size and digests."""
        return {
            "file": os.path.basename(self.path),
            "bytes": os.path.getsize(self.path),
            "sha256": provenance.digest(self.path),
            "content_sha256": self.content_digest(),
            "showers": self.count,
        }

    def content_digest(self) -> str:
        """
        SHA-256 over the little-endian float32 bytes of `incident_energies`, then of `showers` row by row: the same for
        another compression, chunking or writer.
        """
        digest = hashlib.sha256(self.energy_mev.tobytes())
        for block in self.blocks():
            digest.update(np.ascontiguousarray(block).tobytes())
        return digest.hexdigest()


class ShowerWriter:
    """Writes showers block by block, under another name until the file is whole."""

    def __init__(self, path: str, energy_mev: np.ndarray, attributes: dict | None = None):
        self.path = path
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        self._file = h5py.File(path + ".part", "w")
        count = len(energy_mev)
        self._file["incident_energies"] = energy_mev.astype("<f4").reshape(count, 1)
        self._showers = self._file.create_dataset(
            "showers",
            (count, CELLS),
            "<f4",
            chunks=(min(100, max(1, count)), CELLS),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        self._file.attrs.update({"units_energy": "MeV", "num_layers": LAYERS, "num_alpha": ALPHA, "num_r": R})
        self._file.attrs.update(attributes or {})
        self._row = 0

    def append(self, showers: np.ndarray) -> None:
        self._showers[self._row : self._row + len(showers)] = showers.reshape(len(showers), CELLS)
        self._row += len(showers)

    def __enter__(self) -> "ShowerWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        whole = self._row == len(self._showers)
        self._file.close()
        if kind is None and whole:
            os.replace(self.path + ".part", self.path)
        else:
            os.remove(self.path + ".part")
            if kind is None:
                raise RecipeError(f"{self.path} was not written: showers are missing at the end.")
