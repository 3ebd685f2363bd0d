"""The gate, the shape network, its likelihood and the critics."""

import tempfile
import unittest

import numpy as np
import torch

from tests.test_features import toy_showers
from twinloom_training.adversarial import AdversarialLearner
from twinloom_training.critics import Critics, View, image_of
from twinloom_training.data import CUT_MEV, Batch
from twinloom_training.export import export, validity
from twinloom_training.gan import GanGenerator
from twinloom_training.gate import decode, hit_cells, top_cells
from twinloom_training.layer_network import LayerNetwork
from twinloom_training.onnx_check import check
from twinloom_training.shape_network import ShapeNetwork
from twinloom_training.shape_noise import Curve, near_logit, random_uniform
from twinloom_training.warm import Encoder, evidence_bound, log_likelihood

SMALL = {"global_normals": 4, "sector_normals": 3, "width": 24, "sector_width": 16, "blocks": 1}


def toy_batch(count: int = 6, seed: int = 1) -> Batch:
    showers = toy_showers(count, seed).float()
    return Batch(
        showers=showers,
        energy_mev=torch.logspace(3, 5, count),
        thickness_mm=torch.full((count,), 1.4),
        layer_energy=showers.sum((2, 3)),
        layer_count=(showers > 0).sum((2, 3)).float(),
    )


def noise(network: ShapeNetwork, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(2)
    return torch.randn(count, network.normals), random_uniform(count)


class Gate(unittest.TestCase):
    def test_takes_exactly_the_highest_scores_whatever_the_steps(self) -> None:
        torch.manual_seed(1)
        scores = 6 * torch.randn(5, 45, 144)
        count = torch.randint(0, 145, (5, 45)).float()
        count[0, :2] = torch.tensor([0.0, 144.0])
        gate, _ = top_cells(scores, count, 20)
        order = scores.argsort(dim=-1, descending=True).argsort(dim=-1)
        self.assertTrue(torch.equal(gate, (order < count[..., None]).float()))
        for steps in (1, 5, 15):
            self.assertTrue(torch.equal(top_cells(scores, count, steps)[0].sum(-1), count))

    def test_ties_do_not_break_the_count(self) -> None:
        gate, _ = top_cells(torch.zeros(1, 45, 144), torch.full((1, 45), 7.0))
        self.assertTrue(torch.equal(gate.sum(-1), torch.full((1, 45), 7.0)))

    def test_the_list_of_hits_has_the_same_cells(self) -> None:
        torch.manual_seed(2)
        # Full of ties, so that the running sum decides; ring by ring, as the list has a layer's cells.
        scores = torch.randint(-3, 3, (4, 45, 16, 9)).float()
        count = torch.randint(0, 145, (4, 45)).float()
        count[0], count[1], count[2, 44] = 0.0, 144.0, 0.0
        gate, _ = top_cells(scores.reshape(4, 45, 144), count)
        gate = gate.reshape(4, 45, 16, 9).transpose(2, 3).reshape(4, -1)
        hits = hit_cells(scores.transpose(2, 3).reshape(4, 45, 144), count)
        listed = torch.zeros_like(gate)
        listed[hits.shower, hits.place] = hits.gate
        self.assertTrue(torch.equal(listed, gate))
        self.assertTrue(torch.equal(hits.layer, hits.shower * 45 + hits.place // 144))
        self.assertEqual(len(hit_cells(torch.zeros(2, 45, 144) - 50, torch.zeros(2, 45)).place), 0)

    def test_the_gradient_knows_that_the_count_is_fixed(self) -> None:
        scores = torch.randn(1, 45, 144, requires_grad=True)
        count = torch.full((1, 45), 20.0)
        weight = torch.randn(45, 16, 9)
        made = decode(scores, torch.full_like(scores, 3.0), torch.full((1, 45), 500.0), count)
        (made.image * weight).sum().backward()
        self.assertGreater(float(scores.grad.abs().max()), 1e-3)
        self.assertLess(float(scores.grad.sum(-1).abs().max()), 1e-4)


class Network(unittest.TestCase):
    def test_honours_energy_and_count_of_every_layer(self) -> None:
        batch, network = toy_batch(), ShapeNetwork(SMALL)
        with torch.no_grad():
            showers = network(batch, *noise(network, 6))
        self.assertTrue(torch.equal((showers > 0).sum((2, 3)).float(), batch.layer_count))
        torch.testing.assert_close(showers.sum((2, 3)), batch.layer_energy, rtol=1e-5, atol=1e-4)
        self.assertGreater(float(showers[showers > 0].min().double()), CUT_MEV)

    def test_training_and_generation_make_the_same_showers(self) -> None:
        batch, network = toy_batch(), ShapeNetwork(SMALL)
        normal, uniform = noise(network, 6)
        with torch.no_grad():
            plain = network(batch, normal, uniform)
        made = decode(*network.draw(network.fields(batch, normal), uniform), batch.layer_energy, batch.layer_count)
        self.assertTrue(torch.equal(made.showers > 0, plain > 0))
        torch.testing.assert_close(made.showers, plain, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(made.image, image_of(plain), rtol=1e-4, atol=1e-4)

    def test_empty_and_full_showers(self) -> None:
        network = ShapeNetwork(SMALL)
        batch = toy_batch(3)
        count = torch.zeros(3, 45)
        count[1], count[2, 7] = 144.0, 1.0
        batch = batch._replace(layer_count=count, layer_energy=50.0 * count)
        normal, uniform = noise(network, 3)
        with torch.no_grad():
            showers = network(batch, normal, uniform)
            nothing = network(batch._replace(layer_count=0 * count, layer_energy=0 * count), normal, uniform)
        self.assertTrue(torch.equal((showers > 0).sum((2, 3)).float(), count))
        torch.testing.assert_close(showers.sum((2, 3)), batch.layer_energy, rtol=1e-5, atol=1e-4)
        self.assertTrue(torch.equal(nothing, torch.zeros_like(nothing)))

    def test_the_exported_graph_makes_the_same_showers_in_every_batch(self) -> None:
        torch.manual_seed(8)
        generator = GanGenerator(LayerNetwork(8, 8), ShapeNetwork(SMALL)).eval().requires_grad_(False)
        conditions = validity(np.array([1000.0, 100_000.0]), np.array([1.2, 1.6]))
        with tempfile.TemporaryDirectory() as folder:
            export(generator, f"{folder}/gan.onnx", "gan", conditions)
            found = check(generator, f"{folder}/gan.onnx", conditions, 30)
        self.assertTrue(found["rows_independent"])
        self.assertLess(found["p99_relative_difference"], 1e-3)

    def test_turning_the_noise_turns_the_shower(self) -> None:
        batch, network = toy_batch(), ShapeNetwork(SMALL)
        normal, uniform = noise(network, 6)
        sectors = normal[:, network.global_normals :].reshape(6, 16, -1).roll(5, 1).reshape(6, -1)
        turned = torch.cat([normal[:, : network.global_normals], sectors], dim=1)
        with torch.no_grad():
            first = network(batch, normal, uniform)
            second = network(batch, turned, uniform.reshape(6, 45, 16, 9).roll(5, 2).reshape(6, -1))
        # Scores closer than the last step of the gate are taken in the order of the cells, which does not turn.
        same = torch.isclose(second, first.roll(5, 2), rtol=1e-3, atol=1e-4)
        self.assertGreater(float(same.float().mean()), 0.999)

    def test_the_curve_is_the_inverse_of_its_inverse(self) -> None:
        torch.manual_seed(3)
        curve = Curve()
        with torch.no_grad():
            curve.slopes.normal_()
        log_energy = torch.linspace(0, 11, 300)
        value, log_slope = curve.inverse(log_energy)
        torch.testing.assert_close(curve(value), log_energy, rtol=1e-5, atol=1e-5)
        with torch.no_grad():
            torch.testing.assert_close(curve(value), log_energy, rtol=1e-4, atol=1e-4)
        steps = torch.diff(value) / torch.diff(log_energy)
        self.assertGreater(float(steps.min()), 0)
        inside = torch.diff(log_slope) == 0
        torch.testing.assert_close(steps[inside], log_slope[:-1][inside].exp(), rtol=1e-2, atol=1e-2)

    def test_the_noise_is_logistic(self) -> None:
        torch.manual_seed(4)
        uniform = random_uniform(50)
        self.assertGreater(float(uniform.min()), 0)
        self.assertLess(float(uniform.max()), 1)
        values = near_logit(uniform)
        self.assertAlmostEqual(float(values.mean()), 0, delta=0.02)
        self.assertAlmostEqual(float((values.sigmoid() < 0.1).float().mean()), 0.1, delta=0.003)


class Likelihood(unittest.TestCase):
    def test_the_energy_density_integrates_to_one(self) -> None:
        network = ShapeNetwork(SMALL)
        with torch.no_grad():
            network.curve.slopes.normal_()
        # One hit cell whose energy runs over a grid; everything else as it is.
        grid = torch.linspace(-20, 40, 6001)
        batch = toy_batch(1)
        fields = network.fields(batch, noise(network, 1)[0])
        places = torch.exp(grid.double()) * CUT_MEV
        showers = torch.zeros(len(grid), 45, 16, 9, dtype=torch.float64)
        showers[:, 3, 2, 1] = places
        wide = type(fields)(*(f.detach().double().expand(len(grid), *f.shape[1:]) for f in fields))
        _, energy = log_likelihood(network.double(), wide, showers)
        self.assertAlmostEqual(float(torch.trapezoid(energy.exp(), grid.double())), 1.0, delta=0.01)

    def test_fitting_raises_it(self) -> None:
        torch.manual_seed(5)
        batch, network = toy_batch(32), ShapeNetwork(SMALL)
        encoder = Encoder(network, 16, 1)
        optimizer = torch.optim.Adam([*network.parameters(), *encoder.parameters()], 5e-3)
        losses = []
        for _ in range(60):
            loss, _ = evidence_bound(network, encoder, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
        self.assertLess(losses[-1], losses[0] - 0.2)


class CriticsTest(unittest.TestCase):
    def test_learn_to_tell_and_pass_gradients_to_the_generator(self) -> None:
        torch.manual_seed(6)
        batch, network = toy_batch(64), ShapeNetwork(SMALL)
        critics = Critics({"feature_width": 32, "cell_width": 16})
        critics.fit(batch.showers, batch)
        optimizer = torch.optim.Adam(critics.parameters(), 2e-3)
        drawn = network.draw(network.fields(batch, noise(network, 64)[0]), noise(network, 64)[1])
        fake = View(*decode(*drawn, batch.layer_energy, batch.layer_count))
        for step in range(40):
            loss, seen = critics.discriminator_loss(batch.showers, fake, batch, step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        self.assertIsNone(network.cells.weight.grad)
        self.assertGreater(seen["right_feature"], 0.8)
        self.assertGreater(seen["right_cell"], 0.8)
        critics.generator_loss(batch.showers, fake, batch).backward()
        for name, parameter in network.named_parameters():
            self.assertTrue(bool(torch.isfinite(parameter.grad).all()), name)
            self.assertGreater(float(parameter.grad.abs().max()), 0, name)


class Energies(unittest.TestCase):
    def test_critics_that_train_the_energies_leave_the_gate_as_it_is(self) -> None:
        torch.manual_seed(7)
        batch = toy_batch(24)
        config = {
            "shape": SMALL, "critics": {"feature_width": 16, "cell_weight": 0.0}, "warm": {"encoder_width": 16},
            "adversarial": {"batch": 8, "critic_warm_up": 1, "energies_only": True, "rate": 1e-2},
        }  # fmt: skip
        learner = AdversarialLearner(config, ToySet(batch), ToySet(batch), torch.device("cpu"))
        normal, uniform = noise(learner.network, 24)
        before = learner.network.draw(learner.network.fields(batch, normal), uniform)
        for step in range(4):
            learner.step(step, 0.1)
        after = learner.network.draw(learner.network.fields(batch, normal), uniform)
        self.assertTrue(torch.equal(before[0], after[0]))
        self.assertGreater(float((before[1] - after[1]).abs().max()), 1e-4)


class ToySet:
    """As much of `data.ShowerSet` as a learner asks for."""

    def __init__(self, showers: Batch) -> None:
        self.showers = showers

    def __len__(self) -> int:
        return len(self.showers.energy_mev)

    def batch(self, indices: torch.Tensor, rng: torch.Generator | None = None) -> Batch:
        return Batch(*(value[indices] for value in self.showers))


if __name__ == "__main__":
    unittest.main()
