"""Showers in memory, per-layer quantities, decoding, and the layer network."""

import unittest

import numpy as np
import torch
from tests.synthetic import batch, shower_set, showers

from twinloom_training import features, layer_network, layers, quantiles
from twinloom_training.data import CELLS_PER_LAYER, CUT_MEV, LAYERS, turn_cells


class Showers(unittest.TestCase):
    def test_batch_is_the_dense_shower(self) -> None:
        dense, made = showers(7), shower_set(7).batch(torch.tensor([4, 0, 4]))
        self.assertTrue(torch.equal(made.showers, dense[[4, 0, 4]]))
        self.assertTrue(torch.equal(made.layer_count, (dense[[4, 0, 4]] > 0).sum((2, 3)).float()))

    def test_augmentation_moves_cells_and_keeps_what_does_not_depend_on_alpha(self) -> None:
        plain = batch(20)
        turned = shower_set(20).batch(torch.arange(20), torch.Generator().manual_seed(3))
        self.assertFalse(torch.equal(plain.showers, turned.showers))
        self.assertTrue(torch.equal(plain.layer_count, turned.layer_count))
        for name in ("energy", "centre_r", "width_r", "sparsity"):
            before, after = (features.layer_observables(b.showers.double())[name] for b in (plain, turned))
            self.assertLess((before - after).abs().max().item(), 1e-4, name)

    def test_turns_and_mirrors_are_32_different_permutations(self) -> None:
        cell = torch.arange(LAYERS * CELLS_PER_LAYER)
        seen = set()
        for turn in range(16):
            for mirror in range(2):
                moved = turn_cells(cell, torch.tensor(turn), torch.tensor(mirror))
                self.assertTrue(torch.equal(moved.sort()[0], cell))
                self.assertTrue(torch.equal(moved % 9, cell % 9))
                seen.add(tuple(moved[:CELLS_PER_LAYER].tolist()))
        self.assertEqual(len(seen), 32)


class Decoding(unittest.TestCase):
    def test_energies_and_counts_are_honoured_whatever_the_scores(self) -> None:
        made, rng = batch(30), torch.Generator().manual_seed(2)
        for scale in (0.0, 1.0, 1000.0):
            scores = scale * torch.randn(30, LAYERS, CELLS_PER_LAYER, generator=rng)
            decoded = layers.decode_showers(scores, made.layer_energy, made.layer_count)
            self.assertTrue(torch.equal((decoded > 0).sum((2, 3)).float(), made.layer_count))
            self.assertTrue(bool((decoded[decoded > 0].double() >= CUT_MEV).all()))
            error = (decoded.sum((2, 3)) - made.layer_energy).abs() / made.layer_energy.clamp(min=1.0)
            self.assertLess(error.max().item(), 2e-6)

    def test_scores_of_real_showers_decode_to_them(self) -> None:
        made = batch(10)
        scores = torch.log(made.showers.reshape(-1, LAYERS, CELLS_PER_LAYER) / CUT_MEV)  # minus infinity where empty
        back = layers.decode_showers(scores, made.layer_energy, made.layer_count)
        self.assertTrue(torch.allclose(back, made.showers, rtol=1e-4, atol=1e-3))


class Quantiles(unittest.TestCase):
    def setUp(self) -> None:
        self.raw = 0.7 * torch.randn(40, quantiles.RAW, generator=torch.Generator().manual_seed(4))

    def test_inverse(self) -> None:
        normal = torch.linspace(-4, 4, 40)
        value = quantiles.quantile(self.raw, quantiles.basis(normal)).squeeze(-1)
        self.assertLess((quantiles.to_normal(self.raw, value) - normal).abs().max().item(), 1e-4)

    def test_density_is_normalised(self) -> None:
        grid = torch.linspace(-60, 60, 24001).expand(40, -1)
        density = quantiles.log_density(self.raw.unsqueeze(1).expand(-1, grid.shape[1], -1), grid, 0.05).exp()
        total = torch.trapezoid(density, grid, dim=1)
        self.assertLess((total - 1).abs().max().item(), 2e-3)

    def test_probabilities_of_counts_sum_to_one(self) -> None:
        count = torch.arange(0, 400.0).expand(40, -1)
        raw = self.raw.unsqueeze(1).expand(-1, 400, -1)
        low, high = layer_network.anscombe(count - 0.5), layer_network.anscombe(count + 0.5)
        total = quantiles.log_mass(raw, low, high, count < 0.5).exp().sum(1)
        self.assertLess((total - 1).abs().max().item(), 1e-3)


class LayerNetwork(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(5)
        self.network = layer_network.LayerNetwork(16, 8).eval()
        with torch.no_grad():  # somewhere in the middle of a training: counts of a few, energies near the mean
            self.network.count_head.bias[:, -2] = np.log(5.0)
            for parameter in (self.network.by_pair, self.network.middle.own):
                parameter.normal_(0, 0.01)
        self.energy = torch.tensor([[1e3], [2e4], [1e5]])
        self.thickness = torch.tensor([[1.2], [1.4], [1.6]])
        self.normal = torch.randn(3, layer_network.NORMALS)

    @torch.no_grad()
    def test_sampling_and_likelihood_are_one_distribution(self) -> None:
        """The normal numbers that drew a shower are found again by what the likelihood is computed with."""
        total, layer_energy, count = self.network.draw(self.energy, self.thickness, self.normal)
        told = torch.cat([layers.condition(self.energy, self.thickness), total], -1)
        counts, energies, target = self.network.distributions(told, self.energy[:, 0], layer_energy, count)
        filled = count > 0
        self.assertGreater(int(filled.sum()), 50)
        found = quantiles.to_normal(energies, target)
        filled[:, 0] = False  # the first layer has a distribution of its own: see below
        self.assertLess((found - self.normal[:, 1 + LAYERS :])[filled].abs().max().item(), 1e-2)
        low, high = (quantiles.to_normal(counts, layer_network.anscombe(count + half)) for half in (-0.5, 0.5))
        drawn = self.normal[:, 1 : 1 + LAYERS]
        self.assertTrue(bool(((drawn >= low - 1e-3) | (count == 0)).all() and (drawn <= high + 1e-3).all()))

    @torch.no_grad()
    def test_first_layer_is_drawn_as_its_density_says(self) -> None:
        told, count = torch.zeros(20_000, 3), torch.full((20_000, 1), 4.0)
        normal = torch.randn(20_000, 1)
        log_energy = self.network.first(told, count, normal) + layer_network.LOG_CELL_MEAN + np.log(4.0 * layers.CUT_FLOAT32)
        edges = self.network.first.edges
        seen = torch.histogram(log_energy.clamp(edges[0], edges[-1]).flatten(), edges)[0] / 20_000
        middle = torch.exp(0.5 * (edges[1:] + edges[:-1])).unsqueeze(-1)
        few = len(middle)
        wanted = self.network.first.log_density(told[:few], count[:few], middle).exp()[:, 0] * self.network.first.widths
        self.assertLess((wanted.sum() - 1).abs().item(), 1e-4)
        self.assertLess((seen - wanted).abs().max().item(), 5 * (wanted.max() / 20_000).sqrt().item())
        self.assertTrue(bool((torch.diff(log_energy[normal.flatten().argsort()].flatten()) >= -1e-5).all()))

    @torch.no_grad()
    def test_a_layer_depends_on_those_in_front_only(self) -> None:
        made = batch(4)
        told = torch.zeros(4, 3)
        changed = made.layer_energy.clone()
        changed[:, 20] *= 1.5
        before = self.network.distributions(told, made.energy_mev, made.layer_energy, made.layer_count)[0]
        after = self.network.distributions(told, made.energy_mev, changed, made.layer_count)[0]
        self.assertTrue(torch.equal(before[:, :21], after[:, :21]))
        self.assertFalse(torch.equal(before[:, 21:], after[:, 21:]))

    @torch.no_grad()
    def test_samples_are_possible_layers(self) -> None:
        layer_energy, count = self.network.sample(self.energy, self.thickness, self.normal)
        self.assertTrue(torch.equal(count, count.round()))
        self.assertTrue(bool((layer_energy >= count * CUT_MEV).all()))
        self.assertTrue(torch.equal(count > 0, layer_energy > 0))


if __name__ == "__main__":
    unittest.main()
