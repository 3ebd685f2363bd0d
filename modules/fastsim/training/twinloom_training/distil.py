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

from .critics import Critics, View
from .data import ALPHA, LAYERS, R, Batch, ShowerSet
from .flow import EMPTY_WEIGHT, OUTER, Told, integrate, told_of
from .gate import decode
from .marginals import CellMarginals
from .muon import Optimizers
from .quick_judge import judge
from .train_loop import Average, autocast, learning_rate, load_state, save_state, set_learning_rate
from .transformer import ShapeTransformer, transformer_of


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


class _Student:
    """What both stages share: the network, its average, and validation in one step."""

    def __init__(
        self,
        config: dict[str, Any],
        settings: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        start: ShapeTransformer,
        device: torch.device,
    ) -> None:
        self.train, self.marginals, self.device = train.to(device), marginals.to(device), device
        self.network = transformer_of(config).to(device)
        self.network.load_state_dict(start.state_dict())
        self.average = Average(self.network, float(settings.get("average", 0.998)))
        self.batch, self.rate = int(settings.get("batch", 96)), float(settings.get("rate", 5e-4))
        self.warm_up = int(settings.get("warm_up", 100))
        self.bfloat16 = bool(settings.get("bfloat16", False))
        count = min(len(validation), int(settings.get("validation_showers", 2000)))
        chosen = torch.randperm(len(validation), generator=torch.Generator().manual_seed(5))[:count]
        self.reference = validation.to(device).batch(chosen)
        self.rng = torch.Generator().manual_seed(int(settings.get("seed", 1)))

    def validate(self, step: int) -> dict[str, float]:
        generator = torch.Generator().manual_seed(11)
        showers = one_step(self.average.network, self.marginals, self.reference, generator, self.bfloat16)
        return judge(showers, self.reference)

    def state_dict(self) -> dict[str, Any]:
        names = ("network", "optimizers", "critics", "critic_optimizer")
        state = {name: getattr(self, name).state_dict() for name in names if hasattr(self, name)}
        return state | {"average": self.average.network.state_dict(), "rng": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in ("network", "optimizers", "critics", "critic_optimizer"):
            if hasattr(self, name):
                getattr(self, name).load_state_dict(state[name])
        self.average.network.load_state_dict(state["average"])
        self.rng.set_state(state["rng"])


@torch.no_grad()
def one_step(
    network: nn.Module, marginals: CellMarginals, batch: Batch, generator: torch.Generator, bfloat16: bool = False
) -> torch.Tensor:
    """Showers of the student at the layer energies and counts of a batch."""
    parts = []
    for first in range(0, len(batch.energy_mev), 200):
        part = Batch(*(column[first : first + 200] for column in batch))
        noise = torch.randn(len(part.energy_mev), LAYERS, ALPHA, R, generator=generator).to(batch.showers.device)
        with autocast(noise.device, bfloat16):
            cells = displacement(network, noise, told_of(part)).float()
        parts.append(marginals.to_showers(cells, *marginals(*part[1:]), part.layer_energy, part.layer_count))
    return torch.cat(parts)


class PairLearner(_Student):
    """Regression on the teacher's pairs, made once and kept in the run folder; each is turned and mirrored anew."""

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
        settings = config.get("distil", {})
        super().__init__(config, settings, train, validation, marginals, teacher, device)
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


class AdversarialLearner(_Student):
    """The critics' turn: real showers and the student's at the same layers."""

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        student: ShapeTransformer,
        device: torch.device,
    ) -> None:
        settings = config.get("adversarial", {})
        super().__init__(config, settings, train, validation, marginals, student, device)
        self.alone = int(settings.get("critic_warm_up", 150))
        self.temperature = float(settings.get("temperature", 0.5))
        self.critic_rate = float(settings.get("critic_rate", 4e-4))
        self.critics = Critics(config.get("critics")).to(device)
        self.critics.fit(self.reference.showers, self.reference)
        self.optimizers = torch.optim.Adam(self.network.parameters(), self.rate, betas=(0.5, 0.99))
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
        since = max(0, step - self.alone)
        set_learning_rate(self.optimizers, learning_rate(self.rate, progress, since, self.warm_up, 0.1))
        set_learning_rate(self.critic_optimizer, learning_rate(self.critic_rate, progress, step, self.warm_up, 0.1))
        rows = torch.randint(len(self.train), (self.batch,), generator=self.rng)
        batch = self.train.batch(rows, self.rng)
        generating = step >= self.alone
        with torch.set_grad_enabled(generating):
            fake = self.fake(batch)
        loss, seen = self.critics.discriminator_loss(batch.showers, fake, batch, step)
        self.critic_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_optimizer.step()
        seen = {"critic": float(loss), **seen}
        if generating:
            self.critics.requires_grad_(False)
            loss = self.critics.generator_loss(batch.showers, fake, batch)
            self.optimizers.zero_grad(set_to_none=True)
            loss.backward()
            self.critics.requires_grad_(True)
            nn.utils.clip_grad_norm_(self.network.parameters(), 1e9)
            self.optimizers.step()
            self.average.update(self.network, step - self.alone)
            seen["generator"] = float(loss)
        return seen
