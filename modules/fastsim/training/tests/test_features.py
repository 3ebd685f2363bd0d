"""The 362 features, the separation and the checkpoint score, against plain numpy."""

import math
import unittest
from types import SimpleNamespace

import numpy as np
import torch

from twinloom_training.features import FEATURES, features, frechet_distance, physics_score, separation


def toy_showers(count: int, seed: int, spread: float = 1.0) -> torch.Tensor:
    """Sparse showers [N, 45, 16, 9] in MeV with empty layers and lonely cells among them."""
    rng = np.random.default_rng(seed)
    energy = np.exp(rng.normal(1, 2 * spread, (count, 45, 16, 9)))
    depth = np.exp(-(((np.arange(45) - 10) / 10) ** 2))[None, :, None, None]
    showers = energy * (rng.random((count, 45, 16, 9)) < 0.15 * depth)
    return torch.from_numpy(showers * (showers >= 0.5e-3 / 0.033))


def by_the_book(showers: np.ndarray, energy_mev: np.ndarray) -> np.ndarray:
    """Section 2.2 and 2.4 written down cell by cell, without tricks."""
    rows = []
    for shower, incident in zip(showers, energy_mev):
        columns: dict[str, list[float]] = {
            name: [] for name in ("energy", "eta", "phi", "w_eta", "w_phi", "sparsity", "r", "w_r")
        }
        for layer in shower:
            total = layer.sum()
            columns["energy"].append(math.log10(total + 1e-8))
            columns["sparsity"].append(1 - np.count_nonzero(layer) / 144)
            for name in ("eta", "phi", "r"):
                first = second = 0.0
                for alpha in range(16):
                    for ring in range(9):
                        radius = 4.65 * (ring + 0.5)
                        angle = -math.pi + 2 * math.pi * (alpha + 0.5) / 16
                        x = {"eta": radius * math.cos(angle), "phi": radius * math.sin(angle), "r": radius}[name]
                        first += x * layer[alpha, ring]
                        second += x * x * layer[alpha, ring]
                centre = first / (total + 1e-16)
                variance = second / (total + 1e-16) - centre**2
                columns[name].append(centre / 100)
                columns["w_" + name].append(math.sqrt(variance) / 100 if variance > 1e-9 else 0.0)
        head, tail = [math.log10(incident)], [math.log10(shower.sum() + 1e-8)]
        order = ("energy", "eta", "phi", "w_eta", "w_phi")
        rows.append(head + sum((columns[n] for n in order), []) + tail + sum((columns[n] for n in ("sparsity", "r", "w_r")), []))
    return np.array(rows)


class Features(unittest.TestCase):
    def test_equal_the_definition(self) -> None:
        showers, energy = toy_showers(4, 1), torch.tensor([1e3, 5e3, 2e4, 1e5], dtype=torch.float64)
        showers[0, 20] = 0
        showers[1, 21] = 0
        showers[1, 21, 3, 4] = 7.0
        found = features(showers, energy).numpy()
        self.assertEqual(found.shape, (4, FEATURES))
        np.testing.assert_allclose(found, by_the_book(showers.numpy(), energy.numpy()), rtol=1e-9, atol=1e-9)

    def test_smooth_features_have_finite_slopes_where_a_layer_is_empty_or_has_one_cell(self) -> None:
        showers = toy_showers(2, 2).float()
        showers[0, 5:9] = 0
        showers[1, 5:9] = 0
        showers[1, 5, 0, 0] = 1.0
        showers.requires_grad_()
        features(showers, torch.tensor([1e4, 1e4]), smooth_mm2=0.05).sum().backward()
        self.assertTrue(bool(torch.isfinite(showers.grad).all()))
        self.assertGreater(float(showers.grad.abs().max()), 0)


class Separation(unittest.TestCase):
    def test_equals_numpy(self) -> None:
        rng = np.random.default_rng(3)
        ours, theirs = rng.normal(0.1, 1, 3000), rng.normal(0, 1, 2000)
        edges = np.linspace(-2, 2, 41)
        p, q = np.histogram(ours, edges)[0], np.histogram(theirs, edges)[0]
        floor = (np.count_nonzero(p + q) - 1) / 4 * (1 / p.sum() + 1 / q.sum())
        p, q = p / p.sum(), q / q.sum()
        wanted = 0.5 * np.sum((p - q) ** 2 / (p + q + 1e-16))
        found = separation(*(torch.from_numpy(x) for x in (ours, theirs, edges)))
        np.testing.assert_allclose(found, (wanted, floor), rtol=1e-12)

    def test_the_last_bin_is_closed_and_strangers_are_dropped(self) -> None:
        edges = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
        power, _ = separation(torch.tensor([0.5, 2.0, 9.0]), torch.tensor([0.0, 1.0]), edges)
        self.assertEqual(power, 0.0)

    def test_disjoint_samples_have_separation_one(self) -> None:
        edges = torch.linspace(0, 1, 11, dtype=torch.float64)
        power, _ = separation(torch.full((50,), 0.1), torch.full((50,), 0.9), edges)
        self.assertAlmostEqual(power, 1.0, places=9)


class Score(unittest.TestCase):
    def test_a_wrong_model_scores_worse_than_another_sample_of_the_truth(self) -> None:
        energy = torch.full((400,), 1e4)
        sets = [SimpleNamespace(showers=toy_showers(400, seed), energy_mev=energy) for seed in (4, 5)]
        wrong = SimpleNamespace(showers=toy_showers(400, 6, spread=1.3), energy_mev=energy)
        same, other = physics_score(sets[0], sets[1]), physics_score(wrong, sets[1])
        self.assertLess(abs(same["s_layer"]), 0.06)
        self.assertLess(same["score"] * 2, other["score"])
        self.assertLess(same["fpd"], other["fpd"])

    def test_the_frechet_distance_of_two_gaussians(self) -> None:
        rng = np.random.default_rng(7)
        first = rng.normal(0, 1, (20000, 3))
        second = rng.normal(0, 2, (20000, 3)) + np.array([1, 0, 0])
        scale = np.abs(second).max(0)
        wanted = (1 / scale[0]) ** 2 + np.sum((1 / scale) ** 2)
        found = frechet_distance(torch.from_numpy(first), torch.from_numpy(second))
        self.assertAlmostEqual(found / wanted, 1, delta=0.05)


if __name__ == "__main__":
    unittest.main()
