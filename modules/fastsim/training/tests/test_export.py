"""Configurations, the graph's rewriting, the metadata, and errors that tell what to do."""

import dataclasses
import os
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper

from twinloom_training import checkpoints, config, export, onnx_check, stages
from twinloom_training.__main__ import main
from twinloom_training.errors import RecipeError
from twinloom_training.invariant import make_rows_independent

ROOT = Path(__file__).parent.parent
CONDITIONS = export.validity(np.array([1000.4, 99_870.0]), np.array([1.2, 1.6]))


class Toy(torch.nn.Module):
    """A generator with the operators that need rewriting: logarithm, softplus and sums over 45 and 9."""

    segments = {
        "incident_energy": [{"condition": "incident_energy"}],
        "absorber_thickness": [{"condition": "absorber_thickness"}],
        "uniform": [{"noise": "uniform", "length": 6480}],
    }

    def __init__(self, scale: float = 1.0):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(scale))

    def forward(self, energy, thickness, uniform):
        noise = torch.nn.functional.softplus(-torch.log(uniform)).view(-1, 45, 16, 9) * self.scale
        rings = noise.sum(-1, keepdim=True) + noise.mean(1, keepdim=True).sum(2, keepdim=True)
        return noise / rings * (energy * thickness).view(-1, 1, 1, 1) / 45


def toy_file(folder: str, module: torch.nn.Module | None = None) -> str:
    path = f"{folder}/toy.onnx"
    export.export(module or Toy(), path, "toy", CONDITIONS)
    return path


class TestExport(unittest.TestCase):
    def test_is_the_same_in_every_batch_and_as_in_pytorch(self):
        with tempfile.TemporaryDirectory() as folder:
            found = onnx_check.check(Toy(), toy_file(folder), CONDITIONS, 120)
        self.assertTrue(found["rows_independent"])
        self.assertEqual(found["flipped_cells"], 0)
        self.assertLess(found["p99_relative_difference"], 1e-5)

    def test_holds_its_own_description_and_no_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = toy_file(folder)
            model = onnx.load(path)
            self.assertNotIn(str(ROOT).encode(), Path(path).read_bytes())
        self.assertEqual([entry.key for entry in model.metadata_props], ["twinloom.generator"])
        self.assertEqual(model.graph.input[2].type.tensor_type.shape.dim[0].dim_param, "batch")
        self.assertEqual(model.graph.output[0].type.tensor_type.shape.dim[1].dim_value, 45)
        about = export.describe("toy", Toy.segments, CONDITIONS)
        self.assertEqual(about["conditions"]["incident_energy"], {"unit": "MeV", "min": 1000, "max": 100_000})
        self.assertEqual(about["conditions"]["absorber_thickness"]["nominal"], 1.4)
        self.assertEqual(about["facts"]["reference"], "EGSnrc, 1-100 GeV")

    def test_what_training_saw_at_one_value_is_a_constant(self):
        conditions = export.validity(np.array([1000.0, 5000.0]), np.array([1.4, 1.4]))
        about = export.describe("toy", Toy.segments, conditions)
        self.assertEqual(about["inputs"]["absorber_thickness"], [{"constant": 1.4}])
        self.assertEqual(list(about["conditions"]), ["incident_energy"])
        inputs = export.example_inputs(about["inputs"], about["conditions"], 3, 1)
        self.assertEqual(inputs["absorber_thickness"].tolist(), [[np.float32(1.4)]] * 3)

    def test_another_network_is_noticed(self):
        class Cut(Toy):
            def forward(self, *inputs):
                showers = super().forward(*inputs)
                return torch.where(showers < showers.mean(), torch.zeros_like(showers), showers)

        with tempfile.TemporaryDirectory() as folder:
            path = toy_file(folder)
            with self.assertRaisesRegex(RecipeError, "not the network that was trained"):
                onnx_check.check(Cut(), path, CONDITIONS, 50)

    def test_too_large_a_file_is_not_written(self):
        class Large(Toy):
            def __init__(self):
                super().__init__()
                self.wide = torch.nn.Parameter(torch.randn(800, 6480))

            def forward(self, energy, thickness, uniform):
                return super().forward(energy, thickness, uniform) + (uniform @ self.wide.T @ self.wide).view(
                    -1, 45, 16, 9
                )

        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(RecipeError, "up to 20 MB"):
                toy_file(folder, Large())
            self.assertEqual(list(Path(folder).iterdir()), [])


class TestRewriting(unittest.TestCase):
    def graph(self, node: onnx.NodeProto, shape: list[int], initializers=()) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *shape])]
        outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
        graph = helper.make_graph([node], "g", inputs, outputs, list(initializers))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def run_model(self, model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, {"x": x}
        )[0]

    def test_means_the_same(self):
        x = np.random.default_rng(1).uniform(1e-6, 3, (5, 45, 13)).astype(np.float32)
        for axis in (1, 2, -1):
            for keep in (0, 1):
                for kind in ("ReduceSum", "ReduceMean"):
                    with self.subTest(axis=axis, keep=keep, kind=kind):
                        if kind == "ReduceSum":
                            axes = onnx.numpy_helper.from_array(np.array([axis]), "axes")
                            model = self.graph(
                                helper.make_node(kind, ["x", "axes"], ["y"], keepdims=keep), [45, 13], [axes]
                            )
                        else:
                            model = self.graph(
                                helper.make_node(kind, ["x"], ["y"], axes=[axis], keepdims=keep), [45, 13]
                            )
                        wanted = self.run_model(model, x)
                        rewritten = make_rows_independent(model)
                        self.assertIn("MatMul", [node.op_type for node in rewritten.graph.node])
                        found = self.run_model(rewritten, x)
                        self.assertEqual(found.shape, wanted.shape)
                        np.testing.assert_allclose(found, wanted, rtol=1e-5)
        for kind in ("Log", "Softplus"):
            model = self.graph(helper.make_node(kind, ["x"], ["y"]), [45, 13])
            wanted = self.run_model(model, x)
            np.testing.assert_allclose(self.run_model(make_rows_independent(model), x), wanted, rtol=1e-5, atol=1e-6)

    def test_refuses_what_it_cannot_write(self):
        with self.assertRaisesRegex(RecipeError, "Elu"):
            make_rows_independent(self.graph(helper.make_node("Elu", ["x"], ["y"]), [4]))
        with self.assertRaisesRegex(RecipeError, "batch"):
            make_rows_independent(self.graph(helper.make_node("ReduceMean", ["x"], ["y"], axes=[0]), [4]))


class TestConfigurations(unittest.TestCase):
    def test_all_that_are_shipped_are_known(self):
        shipped = sorted((ROOT / "configs").glob("*.toml"))
        self.assertGreaterEqual(len(shipped), 3)
        for path in shipped:
            with self.subTest(path.name):
                self.assertIn(config.load_config(str(path))["family"], config.FAMILIES)

    def check(self, text: str, message: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "c.toml"
            path.write_text(text)
            with self.assertRaisesRegex(RecipeError, message):
                config.load_config(str(path))

    def test_wrong_keys_are_named_with_the_nearest(self):
        self.check(
            'family = "gan"\n[data]\nfile = []',
            r"\[data\] has the key file, .*Did you mean files\? Allowed are files, limit",
        )
        self.check('family = "gan"\n[layers.loop]\nstep = 1', "layers.loop.*Did you mean steps")
        self.check('family = "gan"\nsede = 1', "Did you mean seed")
        self.check('family = "gan"\nseed = "one"', "seed is 'one'; wanted is a value of type int")
        self.check('family = "vae"', "family is 'vae'; allowed are gan, transformer")
        self.check("family = ", "is not TOML")

    def test_impossible_numbers_are_refused(self):
        self.check('family = "gan"\n[warm]\nprint_every = 0', r"\[warm\] print_every is 0; wanted is more than zero")
        self.check('family = "gan"\n[adversarial]\nanchor = -1', "anchor is -1; wanted is zero or more")
        self.check('family = "gan"\n[warm]\nrate = nan', "rate is nan; wanted is more than zero")
        self.check('family = "gan"\n[data]\nvalidation_fraction = 1.5', "less than one")
        self.check('family = "gan"\n[data]\nfiles = []', "files is .*wanted is a list of one or more str")
        self.check('family = "transformer"\n[transformer]\nwidth = 30\nheads = 4', "width 30 is no multiple of heads 4")
        self.check('family = "gan"\nname = "../x"', "without folders")

    def test_missing_data_and_files_are_errors_of_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            smoke = str(ROOT / "configs" / "smoke-gan.toml")
            for config_path, data in ((smoke, folder), (f"{folder}/no.toml", str(ROOT / "data"))):
                self.assertEqual(main(["layers", "--config", config_path, "--data", data, "--out", f"{folder}/run"]), 2)
            # A checkpoint cut short, and a folder that cannot be written.
            os.makedirs(f"{folder}/run/layers")
            Path(f"{folder}/run/layers/checkpoint.pt").write_bytes(b"PK")
            Path(f"{folder}/file").write_text("")
            for out in (f"{folder}/run", f"{folder}/file/run"):
                self.assertEqual(main(["layers", "--config", smoke, "--data", str(ROOT / "data"), "--out", out]), 2)
            self.assertEqual(
                main(["export", "--config", smoke, "--data", str(ROOT / "data"), "--out", f"{folder}/run"]), 2
            )

    def test_a_budget_that_is_missing_is_told_before_the_first_stage(self):
        with tempfile.TemporaryDirectory() as folder:
            text = (ROOT / "configs" / "smoke-gan.toml").read_text()
            Path(folder, "c.toml").write_text(text.replace("steps = 10\ncritic_warm_up", "critic_warm_up"))
            run = stages.Run(config.load_config(f"{folder}/c.toml"), str(ROOT / "data"), f"{folder}/run")
            with self.assertRaisesRegex(RecipeError, r"\[adversarial\] of the configuration has no budget"):
                stages.everything(run, None, 1)
            self.assertFalse(Path(folder, "run").exists())

    def test_the_layer_network_of_another_run_is_taken_where_it_is_the_same(self):
        smoke = str(ROOT / "configs" / "smoke-gan.toml")
        with tempfile.TemporaryDirectory() as folder:
            run = stages.Run(config.load_config(smoke), str(ROOT / "data"), f"{folder}/one")
            stages.begin(run)
            os.makedirs(run.path("layers"))
            for name in ("best.pt", "checkpoint.pt"):
                Path(run.path("layers", name)).write_bytes(b"weights")
            taken = dataclasses.replace(run, out=f"{folder}/two")
            stages._take_layers(taken, run.out)
            self.assertEqual(Path(taken.path("layers", "best.pt")).read_bytes(), b"weights")
            other = dataclasses.replace(run, out=f"{folder}/three", config={**run.config, "layers": {"hidden": 7}})
            with self.assertRaisesRegex(RecipeError, "another `layers`"):
                stages._take_layers(other, run.out)
            with self.assertRaisesRegex(RecipeError, "not a run folder"):
                stages._take_layers(other, folder)

    def test_a_stage_called_alone_begins_with_the_random_numbers_that_it_has_after_the_layers(self):
        with tempfile.TemporaryDirectory() as folder:
            run = stages.Run({"family": "gan", "seed": 5}, "nowhere", folder)
            drawn = []
            for _ in range(2):
                stages._set_random_numbers(run)
                drawn.append(torch.rand(3).tolist())
            self.assertEqual(*drawn)
            state, wanted = checkpoints.random_state(), torch.rand(3).tolist()
            os.makedirs(run.path("layers"))
            checkpoints.save_state(Path(run.path("layers", "checkpoint.pt")), {"random": state})
            torch.rand(3)
            stages._set_random_numbers(run)
            self.assertEqual(torch.rand(3).tolist(), wanted)


if __name__ == "__main__":
    unittest.main()
