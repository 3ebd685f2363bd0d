"""Checkpoints, resume, signals and the log of the training loop."""

import json
import os
import signal
import tempfile
import unittest
from pathlib import Path

import torch
from tests.synthetic import shower_set

from twinloom_training import checkpoints, flow, train_loop
from twinloom_training.errors import RecipeError
from twinloom_training.learner import Average, Learner
from twinloom_training.marginals import CellMarginals


class Walk(Learner):
    """A weight that takes random steps; its score falls, then rises."""

    parts = ("network", "average", "rng")

    def __init__(self) -> None:
        torch.manual_seed(3)
        self.network = torch.nn.Linear(2, 1)
        self.average = Average(self.network, 0.9)
        self.rng = torch.Generator().manual_seed(4)
        self.at: dict[int, str] = {}

    @torch.no_grad()
    def step(self, step: int, progress: float) -> dict[str, float]:
        self.network.weight += torch.randn(1, 2, generator=self.rng) + torch.rand(1)
        self.average.update(self.network, step)
        what = self.at.get(step)
        if what == "crash":
            raise ZeroDivisionError
        if what == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        return {"loss": float("nan") if what == "diverge" else float(step)}

    def validate(self, step: int) -> dict[str, float]:
        torch.rand(7)  # must not change what training draws
        return {"score": float((step - 6) ** 2)}


class Loop(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.settings = train_loop.LoopSettings(steps=10, validate_every=3, checkpoint_every=4, print_every=5)

    def run_once(self, name: str, **at: str) -> tuple[Walk, bool]:
        learner = Walk()
        learner.at = {int(step[1:]): what for step, what in at.items()}
        return learner, train_loop.train_loop(learner, self.settings, self.folder / name)

    def log(self, name: str) -> list[dict]:
        lines = (self.folder / name / "metrics.jsonl").read_text().splitlines()
        return [{k: v for k, v in json.loads(line).items() if "second" not in k and "_s" not in k} for line in lines]

    def test_stopped_and_crashed_runs_end_as_one_that_was_not(self) -> None:
        whole, done = self.run_once("whole")
        self.assertTrue(done)
        self.assertFalse(self.run_once("stopped", _4="stop")[1])
        with self.assertRaises(ZeroDivisionError):
            self.run_once("crashed", _8="crash")
        for name in ("stopped", "crashed"):
            again, done = self.run_once(name)
            self.assertTrue(done)
            for mine, theirs in zip(again.state_dict().values(), whole.state_dict().values()):
                torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
            self.assertEqual(checkpoints.load_state(self.folder / name / "best.pt")["step"], 6)
        # The crash lost no step that was logged: nothing is in the log twice.
        self.assertEqual(self.log("crashed"), self.log("whole"))
        self.assertTrue(self.run_once("whole")[1])
        self.assertEqual(self.log("crashed"), self.log("whole"))

    def test_means_of_the_log_are_of_the_steps_that_were_made(self) -> None:
        self.run_once("one", _2="stop")
        self.run_once("one")
        losses = {line["step"]: line["loss"] for line in self.log("one") if "loss" in line}
        self.assertEqual(losses, {5: 2.0, 10: 7.0})

    def test_lines_of_steps_that_are_made_again_are_dropped(self) -> None:
        self.run_once("cut", _4="stop")
        with (self.folder / "cut" / "metrics.jsonl").open("a") as log:
            log.write('{"step": 9, "seconds": 1.0, "score": -1.0}\n{"step": 10, "sec')
        self.run_once("cut")
        self.run_once("whole")
        self.assertEqual(self.log("cut"), self.log("whole"))

    def test_divergence_is_told_and_not_saved(self) -> None:
        with self.assertRaisesRegex(RecipeError, "loss is nan at step 8.*diverged"):
            self.run_once("far", _7="diverge")
        self.assertEqual(checkpoints.load_state(self.folder / "far" / "checkpoint.pt")["step"], 6)

    def test_a_second_signal_stops_at_once(self) -> None:
        with train_loop.StopSignal() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            self.assertTrue(stop.told)
            with self.assertRaises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)

    def test_a_stage_without_a_budget_is_refused(self) -> None:
        for section, name in (("warm", "warm"), ("layers", "layers.loop")):
            with self.assertRaisesRegex(RecipeError, rf"\[{name}\] of the configuration has no budget"):
                train_loop.loop_settings({}, section)
        self.assertEqual(train_loop.loop_settings({"seed": 5, "warm": {"steps": 2, "rate": 1.0}}, "warm").seed, 5)


class Checkpoints(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "checkpoint.pt"

    def test_a_full_disk_leaves_the_old_one(self) -> None:
        checkpoints.save_state(self.path, {"step": 1})
        if not os.path.exists("/dev/full"):
            self.skipTest("needs /dev/full")
        os.symlink("/dev/full", f"{self.path}.part")
        with self.assertRaisesRegex(RecipeError, "checkpoint.pt could not be written.*make room"):
            checkpoints.save_state(self.path, {"step": 2, "weights": torch.ones(100_000)})
        self.assertEqual(checkpoints.load_state(self.path)["step"], 1)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_damaged_and_absent_ones(self) -> None:
        with self.assertRaisesRegex(RecipeError, "There is no checkpoint"):
            checkpoints.load_state(self.path)
        checkpoints.save_state(self.path, {"learner": {"average": torch.nn.Linear(2, 3).state_dict()}})
        with self.assertRaisesRegex(RecipeError, "has not the weights"):
            checkpoints.load_average(torch.nn.Linear(2, 2), self.path)
        with self.assertRaisesRegex(RecipeError, "not of this configuration and version"):
            train_loop.train_loop(Walk(), train_loop.LoopSettings(steps=1), self.path.parent)
        whole = self.path.read_bytes()
        for cut in (0, 1, len(whole) // 2, len(whole) - 1):
            self.path.write_bytes(whole[:cut])
            with self.assertRaisesRegex(RecipeError, "not a whole checkpoint.*Delete the folder"):
                checkpoints.load_state(self.path)


class Flow(unittest.TestCase):
    def test_resume_of_a_real_learner_is_exact(self) -> None:
        small = {"width": 16, "blocks": 1, "heads": 2, "mlp": 2, "local": 4}
        config = {"transformer": small, "flow": {"batch": 4, "validation_showers": 6, "validation_steps": 2}}
        data, marginals = shower_set(12), CellMarginals(8)

        def run(folder: Path, *budgets: int) -> dict[str, torch.Tensor]:
            for steps in budgets:
                # The schedule looks at the whole budget: only the loop's end differs.
                checkpoints.seed_everything(9)
                learner = flow.FlowLearner(config, data, data, marginals, torch.device("cpu"))
                learner.step = lambda step, progress, plain=learner.step: plain(step, step / 6)
                settings = train_loop.LoopSettings(steps=steps, validate_every=2, checkpoint_every=3, print_every=2)
                train_loop.train_loop(learner, settings, folder)
            return learner.average.state_dict()

        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            whole, parts = run(Path(one), 6), run(Path(two), 3, 6)
        for name, value in whole.items():
            self.assertTrue(torch.equal(value, parts[name]), name)


if __name__ == "__main__":
    unittest.main()
