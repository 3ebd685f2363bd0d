"""Observables, distances, judges and digests, each against another way to get the same number."""

import dataclasses
import hashlib
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
import torch
from scipy.linalg import sqrtm

from twinloom_training import baselines, classifiers, distances, evidence, generate, provenance, stages
from twinloom_training.data import CUT_MEV, read_file
from twinloom_training.errors import RecipeError
from twinloom_training.features import features as torch_features
from twinloom_training.observables import layer_observables, observe
from twinloom_training.samples import ShowerFile, ShowerWriter

SAMPLE = str(Path(__file__).parent.parent / "data" / "showers-sample.h5")


class TestObservables(unittest.TestCase):
    def test_agree_with_those_that_train(self):
        file = ShowerFile(SAMPLE)
        rows = np.arange(0, 200, 3)
        ours = observe(file, rows).features
        batch = read_file(SAMPLE, rows)
        showers = batch.batch(np.arange(len(rows))).showers.double()
        theirs = torch_features(showers, torch.from_numpy(file.energy_mev[rows]).double()).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-6)

    def test_of_one_hit_are_its_place(self):
        showers = np.zeros((1, 45, 16, 9), np.float32)
        showers[0, 3, 4, 2] = 7.0
        layers = layer_observables(showers.reshape(1, -1))
        r, alpha = 4.65 * 2.5, -np.pi + 2 * np.pi * 4.5 / 16
        self.assertAlmostEqual(layers["ec_r"][0, 3], r)
        self.assertAlmostEqual(layers["ec_eta"][0, 3], r * np.cos(alpha))
        self.assertEqual(layers["width_r"][0, 3], 0)
        self.assertAlmostEqual(layers["sparsity"][0, 3], 143 / 144)
        self.assertEqual(layers["layer_energy"].sum(), 7)


class TestDistances(unittest.TestCase):
    def test_frechet_is_that_of_the_matrix_square_root(self):
        rng = np.random.default_rng(1)
        first, second = rng.normal(size=(500, 6)), rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6)) + 0.3
        (m1, c1), (m2, c2) = pair = distances.moments(first), distances.moments(second)
        wanted = np.sum((m1 - m2) ** 2) + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
        self.assertAlmostEqual(distances.frechet(*pair), wanted, places=9)

    def test_weighted_moments_are_those_of_the_repeated_rows(self):
        rng = np.random.default_rng(2)
        rows, weights = rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
        found, wanted = distances.moments(rows, weights), distances.moments(np.repeat(rows, weights, 0))
        np.testing.assert_allclose(found[0], wanted[0])
        np.testing.assert_allclose(found[1], wanted[1])

    def test_prdc_is_that_of_the_definition(self):
        rng = np.random.default_rng(3)
        ours, theirs = (
            np.where(rng.random((60, 40)) < 0.5, rng.exponential(size=(60, 40)), 0).astype(np.float32) for _ in range(2)
        )
        found = distances.prdc(ours, theirs, 5)
        left, right = (np.log10(np.where(part > 0, part, 0.1)).astype(np.float64) for part in (ours, theirs))
        between = np.linalg.norm(right[:, None] - left[None], axis=2)
        radius = lambda part: np.sort(np.linalg.norm(part[:, None] - part[None], axis=2), 1)[:, 5]  # noqa: E731
        inside = between < radius(right)[:, None]
        self.assertAlmostEqual(found["precision"], inside.any(0).mean())
        self.assertAlmostEqual(found["recall"], (between < radius(left)[None]).any(1).mean())
        self.assertAlmostEqual(found["density"], inside.sum(0).mean() / 5)
        self.assertAlmostEqual(found["coverage"], (between.min(1) < radius(right)).mean())

    def test_the_floor_is_what_equal_samples_give(self):
        rng = np.random.default_rng(4)
        entries = []
        for _ in range(200):
            counts = [np.bincount(rng.integers(20, size=size), minlength=20) for size in (500, 2000)]
            entries.append(distances._entry(*counts, 500, 2000))
        self.assertAlmostEqual(np.mean([entry["excess"] for entry in entries]), 0, delta=3e-4)

    def test_a_histogram_that_only_one_fills_is_wholly_different(self):
        # The floor of no entries at all would be endless, and what is left above it far below zero.
        filled, empty = np.arange(10), np.zeros(10, int)
        for pair in ((filled, empty), (empty, filled)):
            entry = distances._entry(*pair, *(max(1, int(part.sum())) for part in pair))
            self.assertEqual((entry["value"], entry["excess"]), (1, 1))


class TestJudges(unittest.TestCase):
    def test_pairs_share_their_part(self):
        parts = classifiers.split(100, 1, paired=True)
        self.assertEqual(parts.counts, {"train": 60, "test": 20, "validation": 20})
        self.assertTrue(all(np.array_equal(*getattr(parts, name)) for name in parts.counts))
        self.assertFalse(np.array_equal(*classifiers.split(100, 1, paired=False).train))
        every = np.concatenate([getattr(parts, name)[0] for name in parts.counts])
        self.assertEqual(sorted(every), list(range(100)))

    def test_find_a_difference_and_only_where_there_is_one(self):
        rng = np.random.default_rng(5)
        first, second = rng.normal(size=(2000, 8)), rng.normal(size=(2000, 8))
        parts = classifiers.split(2000, 1, paired=False)
        network = {**classifiers.NETWORK, "layers": [32, 32], "batch": 100, "epochs": 6, "learning_rate": 2e-3}
        for kind, settings in (("trees", {**classifiers.TREES, "iterations": 40}), ("network", network)):
            same = classifiers.judge(kind, first, second, parts, 1, settings)
            other = classifiers.judge(kind, first, second + [1, 0, 0, 0, 0, 0, 0, 0], parts, 1, settings)
            # Two normal distributions one sigma apart: AUC = Phi(1 / sqrt 2) = 0.760.
            self.assertAlmostEqual(same["auc"], 0.5, delta=5 * classifiers.auc_sigma(400, 400))
            self.assertAlmostEqual(other["auc"], 0.760, delta=5 * classifiers.auc_sigma(400, 400))
            self.assertLess(abs(same["jsd"]), 0.1)

    def test_the_same_seed_gives_the_same_number(self):
        rng = np.random.default_rng(6)
        pair = rng.normal(size=(300, 5)), rng.normal(size=(300, 5)) + 0.2
        parts = classifiers.split(300, 1, paired=False)
        settings = {**classifiers.NETWORK, "layers": [16], "epochs": 3, "batch": 50}
        once, again = (classifiers.judge("network", *pair, parts, 7, settings)["auc"] for _ in range(2))
        self.assertEqual(once, again)


class TestFiles(unittest.TestCase):
    def test_content_digest_is_that_of_the_bytes(self):
        with h5py.File(SAMPLE) as file:
            data = file["incident_energies"][:].astype("<f4").tobytes() + file["showers"][:].astype("<f4").tobytes()
        self.assertEqual(ShowerFile(SAMPLE).content_digest(), hashlib.sha256(data).hexdigest())

    def test_a_file_that_is_not_whole_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/a.h5"
            with self.assertRaises(RecipeError):
                with ShowerWriter(path, np.ones(3, np.float32)) as writer:
                    writer.append(np.zeros((2, 6480), np.float32))
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_showers_made_earlier_are_taken_for_the_same_model_and_energies_only(self):
        energy = np.array([1000, 2000], np.float32)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "m.onnx").write_bytes(b"model")
            Path(folder, "n.onnx").write_bytes(b"another")
            with ShowerWriter(f"{folder}/a.h5", energy, {"model_sha256": provenance.digest(f"{folder}/m.onnx")}) as writer:
                writer.append(np.zeros((2, 6480), np.float32))
            made = [
                generate.is_made(f"{folder}/{file}", f"{folder}/{model}", wanted)
                for file, model, wanted in (
                    ("a.h5", "m.onnx", energy), ("b.h5", "m.onnx", energy),
                    ("a.h5", "n.onnx", energy), ("a.h5", "m.onnx", energy + 1),
                )
            ]  # fmt: skip
        self.assertEqual(made, [True, False, False, False])

    def test_other_files_are_refused(self):
        with self.assertRaisesRegex(RecipeError, "There is no file"):
            ShowerFile("/nowhere.h5")
        with tempfile.TemporaryDirectory() as folder:
            with h5py.File(f"{folder}/b.h5", "w") as file:
                file["showers"], file["incident_energies"] = np.zeros((2, 7)), np.ones((2, 1))
            with self.assertRaisesRegex(RecipeError, r"shape \(2, 7\)"):
                ShowerFile(f"{folder}/b.h5")


class TestEvidence(unittest.TestCase):
    def test_says_so_when_it_is_judged_by_what_was_trained_on(self):
        folder = str(Path(SAMPLE).parent)
        run = stages.Run(config={"family": "gan", "data": {"files": [Path(SAMPLE).name]}}, data_dir=folder, out="")
        settings = {**evidence.DEFAULTS, "network_low": 0, "network_high": 0, "trees_low": 0, "trees_high": 1}
        settings |= {"trees_high_iterations": 2, "fpd_sizes": [50, 100], "fpd_draws": 1}
        with tempfile.TemporaryDirectory() as out:
            baselines.resample(SAMPLE, ShowerFile(SAMPLE).energy_mev, f"{out}/r.h5", 1)
            told = stages._remarks(run, SAMPLE)
            found = evidence.evidence(
                f"{out}/r.h5", SAMPLE, f"{out}/e.json", settings, name="r", remarks=told, say=lambda _: None
            )
            self.assertIn("one of the training files", found["limits"][0])
            self.assertEqual(stages._remarks(run, f"{out}/r.h5"), ())

    def test_a_floor_that_was_stopped_is_not_taken_for_a_whole_one(self):
        settings = {**evidence.DEFAULTS, "network_low": 0, "network_high": 1, "trees_low": 0, "trees_high": 1}
        settings |= {"trees_high_iterations": 2, "network_epochs": 1, "fpd_sizes": [50, 100], "fpd_draws": 1}
        with tempfile.TemporaryDirectory() as folder:
            run = stages.Run(config={"family": "gan", "evidence": settings}, data_dir=folder, out=folder)
            Path(folder, "showers-train.h5").symlink_to(SAMPLE)
            baselines.resample(SAMPLE, ShowerFile(SAMPLE).energy_mev, f"{folder}/other.h5", 1)
            told: list[str] = []
            run = dataclasses.replace(run, device="cpu", say=told.append)
            with mock.patch.object(classifiers, "_network", side_effect=KeyboardInterrupt):
                with self.assertRaises(KeyboardInterrupt):
                    stages.floor_stage(run, f"{folder}/other.h5")
            self.assertFalse(Path(folder, "floor.json").exists())
            with mock.patch.object(classifiers, "_trees", side_effect=AssertionError):  # finished before the stop
                floor = stages.floor_stage(run, f"{folder}/other.h5")
            self.assertEqual([judge["judge"] for judge in floor["judges"]], ["trees", "network"])
            told.clear()
            self.assertEqual(stages.floor_stage(run, f"{folder}/other.h5"), floor)
            self.assertEqual(told, [])

    def test_what_cannot_be_judged_is_told_before_the_floor_is_made(self):
        run = stages.Run(config={"family": "gan", "name": "gan"}, data_dir="", out="/nowhere")
        with mock.patch.object(stages, "floor_stage", side_effect=AssertionError):
            with self.assertRaisesRegex(RecipeError, "There is no file"):
                stages.judge_stage(run, "/nowhere.h5", SAMPLE, "r")
            with self.assertRaisesRegex(RecipeError, "run the stage export first"):
                stages.evidence_stage(run, SAMPLE, 1)


class TestResampling(unittest.TestCase):
    def test_the_nearest_row_is_found(self):
        ladder, wanted = np.array([3.0, 1.0, 7.0]), np.array([0.0, 1.9, 2.1, 6.0, 9.0])
        self.assertEqual(baselines.nearest(ladder, wanted).tolist(), [1, 1, 0, 2, 2])
        self.assertEqual(baselines.nearest(np.array([5.0]), wanted).tolist(), [0] * 5)

    def test_keeps_the_response_of_the_nearest_shower(self):
        library = ShowerFile(SAMPLE)
        wanted = np.append(library.energy_mev[:20], library.energy_mev.max() * np.float32(1.5))
        rows = np.append(np.arange(20), library.energy_mev.argmax())
        with tempfile.TemporaryDirectory() as folder:
            baselines.resample(SAMPLE, wanted, f"{folder}/r.h5", 1)
            ours = ShowerFile(f"{folder}/r.h5").cut_rows(np.arange(21))
        theirs = np.concatenate([library.cut_rows(rows[i : i + 1]) for i in range(21)])
        np.testing.assert_allclose(ours.sum(1) / theirs.sum(1), [1.0] * 20 + [1.5], rtol=1e-5)
        self.assertFalse(np.array_equal(ours > 0, theirs > 0))
        self.assertTrue(((ours == 0) | (ours >= np.float32(CUT_MEV))).all())


if __name__ == "__main__":
    unittest.main()
