"""From the flow to one step: regression on the teacher's pairs and, if wanted, fine-tuning against critics.

The student has the teacher's shape and starts from its weights; its output is the displacement from noise to cells.
Noise and cells differ by little (`marginals.py`), so the flow's map is gentle and regression on (noise, what the flow
makes of it) nearly reproduces it. Where it blurs, critics (`critics.py`) that see the decoded showers can repair that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from .checkpoints import load_state, save_state
from .critics import Critics, View
from .data import ALPHA, LAYERS, Batch, R, ShowerSet
from .flow import EMPTY_WEIGHT, OUTER, Told, TransformerLearner, integrate, told_of
from .gate import decode
from .learner import autocast, learning_rate, set_learning_rate
from .marginals import CellMarginals
from .muon import Optimizers
from .transformer import ShapeTransformer


def displacement(network: nn.Module, noise: torch.Tensor, told: Told) -> torch.Tensor:
    """The student's cells in one evaluation, [B, 45, 16, 9]."""
    return noise + network(noise, torch.zeros_like(told[1][:, :1]), told)


@torch.no_grad()
def make_pairs(
    teacher: nn.Module, train: ShowerSet, count: int, steps: int, device: torch.device, bfloat16: bool, seed: int
) -> dict[str, torch.Tensor]:
    """Rows of the training set, noise, and what the teacher makes of it at their layers; halves, to fit in memory."""
    rng = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(train), generator=rng).repeat(count // len(train) + 1)[:count]
    noise, cells = [], []
    for part in rows.split(250):
        start = torch.randn(len(part), LAYERS, ALPHA, R, generator=rng).half()
        with autocast(device, bfloat16):
            made = integrate(teacher, start.float().to(device), told_of(train.batch(part)), steps)
        noise.append(start)
        cells.append(made.half().cpu())
    return {"rows": rows, "noise": torch.cat(noise), "cells": torch.cat(cells)}


def turned(cells: torch.Tensor, turn: int, mirror: int) -> torch.Tensor:
    """[B, 45, 16, 9] after a mirror and a turn, as `data.turn_cells` does it."""
    return (cells.flip(2) if mirror else cells).roll(turn, 2)


STUDENT = {"average": 0.998, "batch": 96, "rate": 5e-4, "warm_up": 100}
"""Defaults of both sections, `distil` and `adversarial`."""


class StudentLearner(TransformerLearner):
    """What both stages share: validation in one step."""

    def validate(self, step: int) -> dict[str, float]:
        return self.judge(lambda noise, told: displacement(self.average.network, noise, told), self.bfloat16)


class PairLearner(StudentLearner):
    """Regression on the teacher's pairs, made once and kept in the run folder; each is turned and mirrored anew. Keys of
    `distil`, beside those of `TransformerLearner`: `pairs`, `teacher_steps`, `muon`."""

    parts = ("network", "average", "optimizers", "rng")

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        teacher: ShapeTransformer,
        device: torch.device,
        folder: Path,
    ) -> None:
        settings = {**STUDENT, **config.get("distil", {})}
        super().__init__(config, settings, train, validation, marginals, device, teacher)
        muon = bool(settings.get("muon", False))
        self.optimizers = Optimizers(self.network, self.rate, 0.0, OUTER, muon)
        path = folder / "pairs.pt"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            count, steps = int(settings.get("pairs", 20000)), int(settings.get("teacher_steps", 8))
            save_state(path, make_pairs(teacher.to(device), self.train, count, steps, device, self.bfloat16, seed=7))
        self.pairs = load_state(path)

    def step(self, step: int, progress: float) -> dict[str, float]:
        chosen = torch.randint(len(self.pairs["rows"]), (self.batch,), generator=self.rng)
        turn, mirror = (int(torch.randint(n, (1,), generator=self.rng)) for n in (ALPHA, 2))
        noise, cells = (
            turned(self.pairs[name][chosen].float(), turn, mirror).to(self.device) for name in ("noise", "cells")
        )
        batch = self.train.batch(self.pairs["rows"][chosen])
        with torch.no_grad():
            weight = (torch.special.ndtr(-self.marginals(*batch[1:])[0]) + EMPTY_WEIGHT).unsqueeze(2)
        with autocast(self.device, self.bfloat16):
            made = displacement(self.network, noise, told_of(batch))
        loss = (weight * (made.float() - cells).square()).mean() / weight.mean()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizers.step(learning_rate(self.rate, progress, step, self.warm_up))
        self.average.update(self.network, step)
        return {"loss": loss.item()}


class AdversarialLearner(StudentLearner):
    """The critics' turn: real showers and the student's at the same layers. Keys of `adversarial`, beside those of
    `TransformerLearner`: `critic_warm_up` (steps of the critics alone), `critic_rate`, `temperature` of the gate."""

    parts = ("network", "critics", "average", "optimizer", "critic_optimizer", "rng")

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        student: ShapeTransformer,
        device: torch.device,
    ) -> None:
        settings = {**STUDENT, **config.get("adversarial", {})}
        super().__init__(config, settings, train, validation, marginals, device, student)
        self.critic_warm_up = int(settings.get("critic_warm_up", 150))
        self.temperature = float(settings.get("temperature", 0.5))
        self.critic_rate = float(settings.get("critic_rate", 4e-4))
        self.critics = Critics(config.get("critics")).to(device)
        self.critics.fit(self.reference.showers, self.reference)
        self.optimizer = torch.optim.Adam(self.network.parameters(), self.rate, betas=(0.5, 0.99))
        self.critic_optimizer = torch.optim.Adam(self.critics.parameters(), self.critic_rate, betas=(0.5, 0.99))

    def fake(self, batch: Batch) -> View:
        """Showers of the student, with gradients to its weights."""
        noise = torch.randn(batch.showers.shape, generator=self.rng).to(self.device)
        with autocast(self.device, self.bfloat16):
            cells = displacement(self.network, noise, told_of(batch)).float()
        with torch.no_grad():
            threshold, logits = self.marginals(*batch[1:])
        scores, values = self.marginals.scores_and_energies(cells, threshold, logits, batch.layer_count)
        return View(*decode(scores, values, batch.layer_energy, batch.layer_count, self.temperature))

    def step(self, step: int, progress: float) -> dict[str, float]:
        since = max(0, step - self.critic_warm_up)
        set_learning_rate(self.optimizer, learning_rate(self.rate, progress, since, self.warm_up, 0.1))
        set_learning_rate(self.critic_optimizer, learning_rate(self.critic_rate, progress, step, self.warm_up, 0.1))
        rows = torch.randint(len(self.train), (self.batch,), generator=self.rng)
        batch = self.train.batch(rows, self.rng)
        generating = step >= self.critic_warm_up
        with torch.set_grad_enabled(generating):
            fake = self.fake(batch)
        seen = self.critics.learn(self.critic_optimizer, batch.showers, fake, batch, step)
        if generating:
            with self.critics.fixed():
                loss = self.critics.generator_loss(batch.showers, fake, batch)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
            self.optimizer.step()
            self.average.update(self.network, since)
            seen["generator"] = float(loss)
        return seen
