"""Cells as normal numbers, the flow and its integration, distillation, and the whole generator."""

import json
import math
import tempfile
import unittest
from pathlib import Path

import torch
from tests.synthetic import batch, shower_set

from twinloom_training import distil, flow, muon, shower_transformer
from twinloom_training.checkpoints import save_state
from twinloom_training.data import ALPHA, CELLS, CUT_MEV, LAYERS, R, turn_cells
from twinloom_training.layer_network import NORMALS, LayerNetwork
from twinloom_training.marginals import EDGES, CellMarginals, MarginalLearner
from twinloom_training.transformer import ShapeTransformer, neighbourhood, tell

SMALL = {"width": 16, "blocks": 1, "heads": 2, "mlp": 2, "local": 4}


class Marginals(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(1)
        self.network = CellMarginals(16)
        self.batch = batch(12)

    @torch.no_grad()
    def test_normal_numbers_give_back_the_showers(self) -> None:
        threshold, logits = self.network(*self.batch[1:])
        normal = self.network.to_normal(self.batch, threshold, logits, torch.Generator().manual_seed(1))
        back = self.network.to_showers(normal, threshold, logits, *self.batch[3:])
        self.assertTrue(torch.equal(back > 0, self.batch.showers > 0))
        self.assertLess(((back - self.batch.showers).abs() / (self.batch.showers + 1.0)).max().item(), 0.02)
        hit = self.batch.showers > 0
        self.assertTrue(bool((normal >= threshold.unsqueeze(2))[hit].all()))
        self.assertTrue(bool((normal <= threshold.unsqueeze(2))[~hit].all()))

    @torch.no_grad()
    def test_any_numbers_give_possible_showers(self) -> None:
        threshold, logits = self.network(*self.batch[1:])
        for scale in (0.0, 1.0, 5.0):
            normal = scale * torch.randn(self.batch.showers.shape)
            made = self.network.to_showers(normal, threshold, logits, *self.batch[3:])
            self.assertTrue(torch.equal((made > 0).sum((2, 3)).float(), self.batch.layer_count))
            self.assertTrue(bool((made[made > 0].double() >= CUT_MEV).all()))

    @torch.no_grad()
    def test_probabilities_of_a_cell_sum_to_one(self) -> None:
        threshold, logits = self.network(*self.batch[1:])
        inside, tail = self.network.tails(threshold, logits)
        empty = torch.special.ndtr(threshold)
        self.assertLess((inside.sum(-1) + empty - 1).abs().max().item(), 1e-4)
        self.assertLess((tail[..., 0] + empty - 1).abs().max().item(), 1e-5)
        self.assertLess((tail[..., -1] - inside[..., -1]).abs().max().item(), 2e-7)
        self.assertEqual(inside.shape[-1], len(EDGES) - 1)

    def test_likelihood_learns_occupancy(self) -> None:
        data = shower_set(200)
        settings = {"marginals": {"hidden": 16, "batch": 50, "rate": 1e-2}}
        learner = MarginalLearner(settings, data, data, torch.device("cpu"))
        first = learner.validate(0)["score"]
        for step in range(150):
            learner.step(step, step / 150)
        self.assertLess(learner.validate(150)["score"], first - 1.0)
        with torch.no_grad():
            made = data.batch(torch.arange(200))
            chance = torch.special.ndtr(-learner.average.network(*made[1:])[0]).mean(0)
        seen = (made.showers > 0).float().mean((0, 2))
        self.assertLess((chance - seen).abs().mean().item(), 0.03)


class Flow(unittest.TestCase):
    def test_integration_arrives_at_second_order(self) -> None:
        """With a single point as data the velocity is known; the error must fall with the square of the steps."""
        made = batch(2)
        goal = torch.randn(2, LAYERS, ALPHA, R)

        def velocity(x: torch.Tensor, time: torch.Tensor, told: flow.Told) -> torch.Tensor:
            angle = (0.5 * math.pi * time).view(-1, 1, 1, 1)
            noise = (x - torch.sin(angle) * goal) / torch.cos(angle)
            return torch.cos(angle) * goal - torch.sin(angle) * noise

        noise = torch.randn_like(goal)
        ends = [flow.integrate(velocity, noise, flow.told_of(made), steps) for steps in (8, 16, 32)]
        errors = [(end - goal).abs().max().item() for end in ends]
        self.assertLess(errors[2], 0.02)
        self.assertLess(errors[1], errors[0] / 3)
        self.assertLess(errors[2], errors[1] / 3)

    def test_a_new_network_is_the_identity(self) -> None:
        made, noise = batch(2), torch.randn(2, LAYERS, ALPHA, R)
        network = ShapeTransformer(**SMALL)
        self.assertTrue(torch.equal(flow.integrate(network, noise, flow.told_of(made), 4), noise))
        self.assertTrue(torch.equal(distil.displacement(network, noise, flow.told_of(made)), noise))

    def test_neighbourhood_turns_with_the_shower(self) -> None:
        cells = torch.randn(2, LAYERS, ALPHA, R)
        self.assertTrue(torch.equal(neighbourhood(cells.roll(3, 2)), neighbourhood(cells).roll(3, 2)))
        seen = neighbourhood(cells)[0, 7, 0]
        self.assertTrue(torch.equal(seen[:9], cells[0, 6, 15]))
        self.assertTrue(torch.equal(seen[-9:], cells[0, 8, 1]))

    def test_pairs_turn_as_showers_do(self) -> None:
        data = shower_set(3)
        plain = data.batch(torch.arange(3))
        for turn, mirror in ((5, 0), (0, 1), (11, 1)):
            where = turn_cells(torch.arange(CELLS), torch.tensor(turn), torch.tensor(mirror))
            wanted = torch.zeros(3, CELLS)
            wanted[:, where] = plain.showers.flatten(1)
            self.assertTrue(torch.equal(distil.turned(plain.showers, turn, mirror).flatten(1), wanted))

    def test_orthogonalised_matrices_have_singular_values_near_one(self) -> None:
        for shape in ((8, 24), (24, 8)):
            values = torch.linalg.svdvals(muon.orthogonalise(torch.randn(shape)))
            self.assertGreater(values.min().item(), 0.5)
            self.assertLess(values.max().item(), 1.4)


class Generator(unittest.TestCase):
    @torch.no_grad()
    def test_showers_follow_from_conditions_and_noise(self) -> None:
        torch.manual_seed(3)
        parts = LayerNetwork(16, 8), CellMarginals(8), ShapeTransformer(**SMALL)
        for part in parts[2].parameters():
            part.add_(0.05 * torch.randn_like(part))
        conditions = [torch.tensor([[5e3], [5e4]]), torch.tensor([[1.4], [1.3]])]
        inputs = [*conditions, torch.randn(2, NORMALS), torch.randn(2, CELLS)]
        segments = shower_transformer.TransformerGenerator.segments.values()
        lengths = [sum(piece.get("length", 1) for piece in pieces) for pieces in segments]
        self.assertEqual(lengths, [value.shape[1] for value in inputs])
        for steps in (1, 3):
            generator = shower_transformer.TransformerGenerator(*parts, steps).eval()
            made = generator(*inputs)
            layer_energy, count = parts[0].sample(*inputs[:3])
            self.assertTrue(torch.equal((made > 0).sum((2, 3)).float(), count))
            self.assertTrue(torch.allclose(made.sum((2, 3)), layer_energy, rtol=1e-5, atol=1e-5))
            other = generator(*inputs[:3], inputs[3].flip(0))
            self.assertFalse(torch.equal(made, other))

    def test_stages_from_data_to_generator(self) -> None:
        """Every stage with a budget of two steps, and a generator of what they leave."""
        loop = {"steps": 2, "validate_every": 2, "checkpoint_every": 2, "print_every": 1, "batch": 4}
        config = {
            "transformer": SMALL, "marginals": {"hidden": 8, **loop}, "flow": {"validation_showers": 6, **loop},
            "distil": {"pairs": 8, "teacher_steps": 2, "validation_showers": 6, **loop},
            "critics": {"feature_width": 8, "cell_width": 8},
            "adversarial": {"critic_warm_up": 1, "validation_showers": 6, **loop},
            "layers": {"hidden": 8, "total_hidden": 8},
        }  # fmt: skip
        original, shower_transformer.load = shower_transformer.load, lambda folder, split, settings: shower_set(12)
        try:
            with tempfile.TemporaryDirectory() as folder:
                for stage in (shower_transformer.train_shape, shower_transformer.train_distil):
                    self.assertTrue(stage(config, "nowhere", folder, "cpu"))
                (Path(folder) / "config.json").write_text(json.dumps(config))
                (Path(folder) / "layers").mkdir()
                average = {"learner": {"average": LayerNetwork(8, 8).state_dict()}}
                save_state(Path(folder) / "layers" / "best.pt", average)
                for mode, steps in (("fast", 1), ("quality", 6)):
                    self.assertEqual(shower_transformer.build_generator(folder, mode).steps, steps)
                with self.assertRaisesRegex(ValueError, "allowed are"):
                    shower_transformer.build_generator(folder, "best")
        finally:
            shower_transformer.load = original


if __name__ == "__main__":
    unittest.main()
