"""Files of showers that are not what is wanted: one line says what, where and what to do."""

import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

from twinloom_training.data import load
from twinloom_training.errors import RecipeError
from twinloom_training.samples import ShowerFile

CONFIG = {"data": {"files": ["a.h5"], "validation_fraction": 0.5}}


class Data(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, cells: int = 6480, energies: tuple[float, ...] = (1e3, 2e3, 3e3), thickness: bool = True) -> None:
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["showers"] = np.ones((len(energies), cells), np.float32)
            file["incident_energies"] = np.array(energies, np.float32)[:, None]
            if thickness:
                file.attrs["absorber_thickness_mm"] = 1.4

    def refused(self, message: str, split: str = "train", config: dict = CONFIG) -> None:
        with self.assertRaisesRegex(RecipeError, message):
            load(self.folder, split, config)

    def test_a_whole_file_is_split(self) -> None:
        self.write()
        self.assertEqual([len(load(self.folder, split, CONFIG)) for split in ("train", "validation")], [1, 2])

    def test_absent_and_damaged_files(self) -> None:
        self.refused("There is no file .*a.h5")
        (self.folder / "a.h5").write_bytes(b"not HDF5")
        self.refused("a.h5 cannot be read as showers.*Wanted: HDF5")
        self.write()
        whole = (self.folder / "a.h5").read_bytes()
        (self.folder / "a.h5").write_bytes(whole[: len(whole) // 2])
        self.refused("a.h5 cannot be read as showers")

    def test_another_geometry(self) -> None:
        self.write(cells=368)
        self.refused(r"showers of shape \(3, 368\).*showers \(N, 6480\)")
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["energies"] = [1.0]
        self.refused("no data set showers and no incident_energies")

    def test_what_a_shower_needs(self) -> None:
        self.write(thickness=False)
        self.refused("no attribute absorber_thickness_mm")
        self.write(energies=(1000.0, -5.0, 3000.0))
        self.refused(r"incident_energies\[1\] is -5.0 MeV")
        with self.assertRaisesRegex(RecipeError, "must be positive"):
            ShowerFile(str(self.folder / "a.h5"))

    def test_splits_have_showers(self) -> None:
        self.write()
        config = {"data": {"files": ["a.h5"], "validation_fraction": 0.1}}
        self.refused("none of its 3 showers are in the validation split", "validation", config)

    def test_held_out_files_are_refused(self) -> None:
        for name in ("showers-test.h5", "showers-drift-w1.5.h5"):
            self.refused("held out", config={"data": {"files": [name]}})


if __name__ == "__main__":
    unittest.main()
