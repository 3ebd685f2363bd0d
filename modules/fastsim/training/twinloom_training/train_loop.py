"""The training loop of every family: budget, checkpoints, live metrics, resume.

A family gives a `Learner`; the loop calls it, writes `metrics.jsonl` and `checkpoint.pt` in the folder of the stage and
keeps the best state by the validation score (physics, not loss) in `best.pt`. A run stopped by a signal, by its time
budget or by a crash goes on from its last checkpoint; with a budget in steps, exactly as if it had never stopped.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .checkpoints import load_state, random_state, save_state, seed_everything, set_random_state
from .errors import RecipeError, first_line
from .learner import Learner


@dataclass(frozen=True)
class LoopSettings:
    """Budget and rhythm. At least one of `steps` and `minutes` ends the run."""

    steps: int = 0  # 0: no limit
    minutes: float = 0.0  # of training over all resumptions; 0: no limit
    validate_every: int = 1000  # steps, as the next two
    checkpoint_every: int = 1000
    print_every: int = 100
    seed: int = 1

    def progress(self, step: int, seconds: float) -> float:
        """How much of the budget is spent, 0 to 1."""
        parts = [step / self.steps if self.steps else 0.0, seconds / (60 * self.minutes) if self.minutes else 0.0]
        return min(1.0, max(parts))


def loop_settings(config: dict[str, Any], section: str) -> LoopSettings:
    """Of the stage whose section is `section`, with the seed of the configuration."""
    given = config.get(section, {})
    name, given = ("layers.loop", given.get("loop", {})) if section == "layers" else (section, given)
    known = {field.name: given[field.name] for field in fields(LoopSettings) if field.name in given}
    settings = LoopSettings(**known, seed=config.get("seed", 1))
    if not settings.steps and not settings.minutes:
        raise RecipeError(f"[{name}] of the configuration has no budget: give it `steps`, `minutes` or both.")
    return settings


def train_stage(learner: Learner, config: dict[str, Any], section: str, run_dir: str | Path) -> bool:
    """Trains a stage with the budget of its section, in the folder of that name; false if it was told to stop before
    the budget was spent."""
    return train_loop(learner, loop_settings(config, section), Path(run_dir) / section)


def train_loop(learner: Learner, settings: LoopSettings, folder: Path) -> bool:
    """Trains until the budget is spent or the process is told to stop; whether it is spent."""
    folder.mkdir(parents=True, exist_ok=True)
    seed_everything(settings.seed)
    loop = _Loop(learner, settings, folder)
    loop.resume()
    with (folder / "metrics.jsonl").open("a") as log, StopSignal() as stop:
        while not loop.done and not stop.told:
            loop.advance(log)
        if stop.told:
            loop.save()
    return loop.done


class _Loop:
    def __init__(self, learner: Learner, settings: LoopSettings, folder: Path) -> None:
        self.learner, self.settings, self.folder = learner, settings, folder
        self.checkpoint = folder / "checkpoint.pt"
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        self.metrics: dict[str, float] = {}
        self.sums: dict[str, float] = {}
        self.summed = 0
        self.started = self.shown = time.monotonic()

    @property
    def progress(self) -> float:
        return self.settings.progress(self.step, self.seconds)

    @property
    def done(self) -> bool:
        return self.progress >= 1.0

    def resume(self) -> None:
        """Goes back to the last checkpoint, where there is one. What the log says of later steps is dropped: they are
        done again."""
        if self.checkpoint.exists():
            state = load_state(self.checkpoint)
            try:
                self.learner.load_state_dict(state["learner"])
                set_random_state(state["random"])
                self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
                self.metrics, self.sums, self.summed = state["metrics"], state.get("sums", {}), state.get("summed", 0)
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise RecipeError(
                    f"{self.checkpoint} is not of this configuration and version of the recipe ({first_line(error)}). "
                    f"Delete the folder {self.folder} to train this stage anew, or take another --out."
                ) from error
        _cut_log(self.folder / "metrics.jsonl", self.step)
        self.started = time.monotonic() - self.seconds

    def advance(self, log: Any) -> None:
        """One step, and what is due after it."""
        losses = self.learner.step(self.step, self.progress)
        self.step += 1
        self.seconds = time.monotonic() - self.started
        self._add(losses)
        done = self.done
        validated = self.step % self.settings.validate_every == 0 or done
        if self.step % self.settings.print_every == 0 or done:
            self._show(log)
        if validated:
            self._validate(log)
        # After every validation too, so that `best.pt` and the log never know more than the checkpoint.
        if validated or self.step % self.settings.checkpoint_every == 0:
            self.save()

    def save(self) -> None:
        names = ("step", "seconds", "best", "metrics", "sums", "summed")
        state = {"learner": self.learner.state_dict(), "random": random_state()}
        save_state(self.checkpoint, state | {name: getattr(self, name) for name in names})

    def _add(self, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            if not math.isfinite(value):
                raise RecipeError(
                    f"{self.folder}: {name} is {value} at step {self.step}: the training has diverged. The last "
                    "checkpoint is of a step before; begin the stage anew in another --out with a lower `rate`."
                )
            self.sums[name] = self.sums.get(name, 0.0) + float(value)
        self.summed += 1

    def _show(self, log: Any) -> None:
        means = {name: value / self.summed for name, value in self.sums.items()}
        rate = self.summed / max(time.monotonic() - self.shown, 1e-9)
        self.sums, self.summed, self.shown = {}, 0, time.monotonic()
        report(log, {"step": self.step, "seconds": round(self.seconds, 1), **means, "steps_per_s": rate})
        print(f"progress {self.folder.name} {self.progress:.4f}", flush=True)

    def _validate(self, log: Any) -> None:
        # Validation draws random numbers of its own: they must not change what training draws.
        kept = random_state()
        self.metrics = self.learner.validate(self.step)
        set_random_state(kept)
        report(log, {"step": self.step, "seconds": round(self.seconds, 1), **self.metrics})
        if self.metrics["score"] < self.best:
            self.best = self.metrics["score"]
            state = {"learner": self.learner.state_dict(), "step": self.step, "metrics": self.metrics}
            save_state(self.folder / "best.pt", state)
        self.started = time.monotonic() - self.seconds  # the budget is of training alone
        self.shown = time.monotonic()


def _cut_log(path: Path, step: int) -> None:
    """Keeps the lines up to `step`; a line that a crash cut short ends the log."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        try:
            if json.loads(line)["step"] > step:
                break
        except json.JSONDecodeError:
            break
        kept.append(line)
    part = path.with_name(path.name + ".part")
    part.write_text("".join(kept))
    os.replace(part, path)


def report(log: Any, line: dict[str, Any]) -> None:
    """One JSON line in the log and one for people."""
    log.write(json.dumps(line) + "\n")
    log.flush()
    text = (f"{name} {value:.5g}" if isinstance(value, float) else f"{name} {value}" for name, value in line.items())
    print("  ".join(text), flush=True)


class StopSignal:
    """Turns SIGTERM and SIGINT into a flag while the loop runs, so that the step in hand ends and is saved. A second
    one stops at once."""

    def __init__(self) -> None:
        self.told = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignal:
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._tell)
        except ValueError:  # not in the main thread: nothing to catch there
            pass
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _tell(self, *_: object) -> None:
        if self.told:
            raise KeyboardInterrupt
        self.told = True
