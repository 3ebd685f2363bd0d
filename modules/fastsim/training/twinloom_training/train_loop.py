"""The training loop of every family: schedule, averaged weights, checkpoints, live metrics, resume.

A family gives a `Learner`; the loop calls it, writes `metrics.jsonl` and `checkpoint.pt` in the run folder and keeps
the best state by the validation score (physics, not loss) in `best.pt`. A run stopped by SIGTERM, by its time budget or
by a crash goes on from its last checkpoint; with a budget in steps, exactly as if it had never stopped.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import signal
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch


class Learner(Protocol):
    """What a family gives to the loop."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that training changes: networks, averages, optimizers, own random generators."""

    def load_state_dict(self, state: dict[str, Any]) -> None: ...

    def step(self, step: int, progress: float) -> dict[str, float]:
        """One step at `progress` (0 to 1) of the budget; the losses to show."""

    def validate(self, step: int) -> dict[str, float]:
        """Metrics on the validation split; `score`, lower is better, chooses the checkpoint."""


@dataclass(frozen=True)
class LoopSettings:
    """Budget and rhythm. At least one of `steps` and `minutes` ends the run."""

    steps: int = 0  # 0: no limit
    minutes: float = 0.0  # of training over all resumptions; 0: no limit
    validate_every: int = 1000
    checkpoint_every: int = 1000
    print_every: int = 100
    seed: int = 1

    def progress(self, step: int, seconds: float) -> float:
        parts = [step / self.steps if self.steps else 0.0, seconds / (60 * self.minutes) if self.minutes else 0.0]
        return min(1.0, max(parts))


def train_loop(learner: Learner, settings: LoopSettings, run_dir: str | Path, resume: bool = True) -> dict[str, Any]:
    """Trains until the budget is spent or the process is told to stop. Returns the last validation metrics."""
    if not settings.steps and not settings.minutes:
        raise ValueError("a run needs a budget: `steps`, `minutes` or both")
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    seed_everything(settings.seed)
    step, seconds, best, metrics = 0, 0.0, math.inf, {}
    if resume and checkpoint.exists():
        state = load_state(checkpoint)
        learner.load_state_dict(state["learner"])
        set_random_state(state["random"])
        step, seconds, best, metrics = state["step"], state["seconds"], state["best"], state["metrics"]
    stop = StopSignal()
    since, shown = time.monotonic() - seconds, time.monotonic()
    sums: dict[str, float] = {}
    with (folder / "metrics.jsonl").open("a") as log, stop:

        def save() -> None:
            save_state(
                checkpoint,
                {
                    "learner": learner.state_dict(),
                    "random": random_state(),
                    "step": step,
                    "seconds": seconds,
                    "best": best,
                    "metrics": metrics,
                },
            )

        while settings.progress(step, seconds) < 1.0 and not stop.told:
            losses = learner.step(step, settings.progress(step, seconds))
            step += 1
            seconds = time.monotonic() - since
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value)
            done = settings.progress(step, seconds) >= 1.0
            if step % settings.print_every == 0 or done:
                steps = (step - 1) % settings.print_every + 1
                line = {"step": step, "seconds": round(seconds, 1)} | {k: v / steps for k, v in sums.items()}
                rate = steps / max(time.monotonic() - shown, 1e-9)
                sums, shown = {}, time.monotonic()
                report(log, line | {"steps_per_s": rate})
            if step % settings.validate_every == 0 or done:
                # Validation draws random numbers of its own: they must not change what training draws.
                kept = random_state()
                metrics = learner.validate(step)
                set_random_state(kept)
                report(log, {"step": step, "seconds": round(seconds, 1)} | metrics)
                if metrics["score"] < best:
                    best = metrics["score"]
                    save_state(folder / "best.pt", {"learner": learner.state_dict(), "step": step, "metrics": metrics})
                since = time.monotonic() - seconds  # the budget is of training alone
                shown = time.monotonic()
            if step % settings.checkpoint_every == 0 or done:
                save()
        if stop.told:
            save()
    return metrics


def report(log: Any, line: dict[str, Any]) -> None:
    """One JSON line in the log and one for people."""
    log.write(json.dumps(line) + "\n")
    log.flush()
    text = (f"{name} {value:.5g}" if isinstance(value, float) else f"{name} {value}" for name, value in line.items())
    print("  ".join(text), flush=True)


class StopSignal:
    """Turns SIGTERM and SIGINT into a flag while the loop runs, so that the step in hand ends and is saved."""

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
        self.told = True


class Average:
    """Exponential moving average of a network's weights: what is validated and exported."""

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: torch.nn.Module, step: int) -> None:
        """Follows quickly at first: the weights of the start are not worth remembering."""
        decay = min(self.decay, (1.0 + step) / (10.0 + step))
        own, other = list(self.network.parameters()), [p.detach() for p in network.parameters()]
        torch._foreach_mul_(own, decay)
        torch._foreach_add_(own, other, alpha=1.0 - decay)
        for mine, theirs in zip(self.network.buffers(), network.buffers()):
            mine.copy_(theirs)


def learning_rate(peak: float, progress: float, step: int, warm_up: int = 500, last: float = 0.01) -> float:
    """Linear warm-up over steps, then a half cosine over the budget down to `last` of the peak."""
    rise = min(1.0, (step + 1) / warm_up)
    return peak * rise * (last + (1.0 - last) * 0.5 * (1.0 + math.cos(math.pi * progress)))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def choose_device(name: str = "auto") -> torch.device:
    """The device by name; "auto" takes a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
    else:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch.device(name)


def autocast(device: torch.device, on_cpu: bool = False) -> AbstractContextManager[None]:
    """bfloat16 products on a GPU; plain float32 on a CPU unless asked (processors with bfloat16 instructions train
    about twice as fast with it)."""
    wanted = device.type == "cuda" or on_cpu
    return torch.autocast(device.type, torch.bfloat16) if wanted else nullcontext()


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """The state of every global generator."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Writes beside the file, then renames: a crash leaves the old checkpoint whole."""
    part = path.with_name(path.name + ".part")
    torch.save(state, part)
    os.replace(part, path)


def load_state(path: Path) -> dict[str, Any]:
    """Reads a checkpoint of this recipe. It is a pickle: open only what you trained yourself."""
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except TypeError:  # torch before 1.13 has no such argument
        return torch.load(path, map_location="cpu")
