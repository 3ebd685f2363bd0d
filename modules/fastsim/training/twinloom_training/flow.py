"""Flow matching of the shape network, and its integration.

The path is a quarter of a circle: x(a) = cos(a) noise + sin(a) data, a from 0 to pi/2 (trigonometric flow matching;
Albergo and Vanden-Eijnden 2023, arXiv:2209.15571; Lu and Song 2024, arXiv:2410.11081). Noise and data both are
normal numbers cell by cell (`marginals.py`), so every x(a) is too, and the velocity of independent cells is zero: what
the network learns is only how cells depend on each other.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .data import ALPHA, LAYERS, R, Batch, ShowerSet
from .marginals import CellMarginals
from .muon import Optimizers
from .quick_judge import judge
from .train_loop import Average, autocast, learning_rate, load_state
from .transformer import ShapeTransformer, tell, transformer_of

OUTER = ("cells_in", "layers_in", "depth", "cells_out", "local_out", "last_told", "told.0")
"""Parameters that AdamW trains: inputs, outputs and codes."""

EMPTY_WEIGHT = 0.05
"""Weight of a cell that is never hit, beside the probability of a hit: its number carries nothing to learn."""

Told = tuple[torch.Tensor, torch.Tensor]


def integrate(network: nn.Module, noise: torch.Tensor, told: Told, steps: int) -> torch.Tensor:
    """Noise [B, 45, 16, 9] to cells in `steps` evaluations: Adams-Bashforth of second order, which costs no more
    evaluations than Euler's method."""
    x, before = noise, None
    for step in range(steps):
        velocity = network(x, torch.full_like(told[1][:, :1], step / steps), told)
        x = x + (0.5 * math.pi / steps) * (velocity if before is None else 1.5 * velocity - 0.5 * before)
        before = velocity
    return x


def told_of(batch: Batch) -> Told:
    return tell(batch.energy_mev, batch.thickness_mm, batch.layer_energy, batch.layer_count)


@torch.no_grad()
def generate(
    network: nn.Module, marginals: CellMarginals, batch: Batch, steps: int, generator: torch.Generator, rows: int = 200
) -> torch.Tensor:
    """Showers at the layer energies and counts of a batch."""
    parts = []
    for first in range(0, len(batch.energy_mev), rows):
        part = Batch(*(column[first : first + rows] for column in batch))
        noise = torch.randn(len(part.energy_mev), LAYERS, ALPHA, R, generator=generator).to(batch.showers.device)
        with autocast(noise.device):
            cells = integrate(network, noise, told_of(part), steps).float()
        parts.append(marginals.to_showers(cells, *marginals(*part[1:]), part.layer_energy, part.layer_count))
    return torch.cat(parts)


class FlowLearner:
    """Trains the velocity. The score is the physics of generated showers on the validation split."""

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        device: torch.device,
    ) -> None:
        settings = config.get("flow", {})
        self.train, self.marginals, self.device = train.to(device), marginals.to(device), device
        self.network = transformer_of(config).to(device)
        self.average = Average(self.network, float(settings.get("average", 0.999)))
        self.batch = int(settings.get("batch", 128))
        self.rate = float(settings.get("rate", 2e-3))
        self.bfloat16 = bool(settings.get("bfloat16", False))
        self.warm_up = int(settings.get("warm_up", 200))
        self.optimizers = Optimizers(
            self.network, self.rate, float(settings.get("decay", 0.0)), OUTER, bool(settings.get("muon", True))
        )
        self.steps = int(settings.get("validation_steps", 6))
        count = min(len(validation), int(settings.get("validation_showers", 2000)))
        chosen = torch.randperm(len(validation), generator=torch.Generator().manual_seed(5))[:count]
        self.reference = validation.to(device).batch(chosen)
        self.forward = torch.compile(self.network) if settings.get("compile") else self.network
        self.rng = torch.Generator().manual_seed(int(settings.get("seed", 1)))

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimizers": self.optimizers.state_dict(),
            "rng": self.rng.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimizers.load_state_dict(state["optimizers"])
        self.rng.set_state(state["rng"])

    def draw(self) -> tuple[Batch, torch.Tensor, torch.Tensor]:
        """A turned and mirrored batch, its cells as normal numbers, and the weight of each cell."""
        rows = torch.randint(len(self.train), (self.batch,), generator=self.rng)
        batch = self.train.batch(rows, self.rng)
        with torch.no_grad():
            threshold, logits = self.marginals(*batch[1:])
            cells = self.marginals.to_normal(batch, threshold, logits, self.rng)
            weight = (torch.special.ndtr(-threshold) + EMPTY_WEIGHT).unsqueeze(2)
        return batch, cells, weight

    def step(self, step: int, progress: float) -> dict[str, float]:
        batch, cells, weight = self.draw()
        noise = torch.randn(cells.shape, generator=self.rng).to(self.device)
        time = torch.rand(len(cells), 1, generator=self.rng).to(self.device)
        angle = (0.5 * math.pi * time).view(-1, 1, 1, 1)
        cosine, sine = torch.cos(angle), torch.sin(angle)
        with autocast(self.device, self.bfloat16):
            velocity = self.forward(cosine * noise + sine * cells, time, told_of(batch))
        error = (velocity.float() - (cosine * cells - sine * noise)).square()
        loss = (weight * error).mean() / weight.mean()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizers.step(learning_rate(self.rate, progress, step, self.warm_up))
        self.average.update(self.network, step)
        return {"loss": loss.item(), "norm": norm.item()}

    def validate(self, step: int) -> dict[str, float]:
        generator = torch.Generator().manual_seed(11)
        showers = generate(self.average.network, self.marginals, self.reference, self.steps, generator)
        return judge(showers, self.reference)


def load_shape(config: dict[str, Any], path: Path) -> ShapeTransformer:
    """The averaged network of a checkpoint."""
    network = transformer_of(config)
    network.load_state_dict(load_state(path)["learner"]["average"])
    return network.eval().requires_grad_(False)
