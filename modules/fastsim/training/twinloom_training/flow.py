"""Flow matching of the shape network, and its integration.

The path is a quarter of a circle: x(a) = cos(a) noise + sin(a) data, a from 0 to pi/2 (trigonometric flow matching;
Albergo and Vanden-Eijnden 2023, arXiv:2209.15571; Lu and Song 2024, arXiv:2410.11081). Noise and data both are
normal numbers cell by cell (`marginals.py`), so every x(a) is too, and the velocity of independent cells is zero: what
the network learns is only how cells depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .checkpoints import load_average
from .data import ALPHA, LAYERS, Batch, R, ShowerSet
from .errors import RecipeError
from .learner import Average, Learner, autocast, learning_rate
from .marginals import CellMarginals
from .muon import Optimizers
from .quick_judge import judge
from .transformer import ShapeTransformer, tell, transformer_of

OUTER = ("cells_in", "layers_in", "depth", "cells_out", "local_out", "last_told", "told.0")
"""Parameters that AdamW trains: inputs, outputs and codes."""

EMPTY_WEIGHT = 0.05
"""Weight of a cell that is never hit, beside the probability of a hit: its number carries nothing to learn."""

PIECE = 200
"""Showers that are generated at a time: what fits in memory."""

Told = tuple[torch.Tensor, torch.Tensor]
"""What `transformer.tell` makes of the layers."""


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
    to_cells: Callable[[torch.Tensor, Told], torch.Tensor],
    marginals: CellMarginals,
    batch: Batch,
    generator: torch.Generator,
    bfloat16: bool = False,
) -> torch.Tensor:
    """Showers [B, 45, 16, 9] in MeV at the layer energies and counts of a batch. `to_cells` makes cells of noise and of
    what the network is told of the layers."""
    parts = []
    for first in range(0, len(batch.energy_mev), PIECE):
        part = Batch(*(column[first : first + PIECE] for column in batch))
        noise = torch.randn(len(part.energy_mev), LAYERS, ALPHA, R, generator=generator).to(batch.showers.device)
        with autocast(noise.device, bfloat16):
            cells = to_cells(noise, told_of(part)).float()
        parts.append(marginals.to_showers(cells, *marginals(*part[1:]), part.layer_energy, part.layer_count))
    return torch.cat(parts)


class TransformerLearner(Learner):
    """What all stages of the shape network have: the network and its average, the data, the reference to validate on.

    Keys of their sections: `average`, `batch`, `rate`, `warm_up`, `bfloat16`, `validation_showers` (default 2000)."""

    def __init__(
        self,
        config: dict[str, Any],
        settings: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        device: torch.device,
        start: ShapeTransformer | None = None,
    ) -> None:
        self.train, self.marginals, self.device = train.to(device), marginals.to(device), device
        self.network = transformer_of(config).to(device)
        if start is not None:
            self.network.load_state_dict(start.state_dict())
        self.average = Average(self.network, float(settings["average"]))
        self.batch, self.rate = int(settings["batch"]), float(settings["rate"])
        self.warm_up = int(settings["warm_up"])
        self.bfloat16 = bool(settings.get("bfloat16", False))
        count = min(len(validation), int(settings.get("validation_showers", 2000)))
        chosen = torch.randperm(len(validation), generator=torch.Generator().manual_seed(5))[:count]
        self.reference = validation.to(device).batch(chosen)
        self.rng = torch.Generator().manual_seed(config.get("seed", 1))

    def judge(self, to_cells: Callable[[torch.Tensor, Told], torch.Tensor], bfloat16: bool) -> dict[str, float]:
        """Physics of showers at the conditions of the reference, always of the same noise."""
        generator = torch.Generator().manual_seed(11)
        return judge(generate(to_cells, self.marginals, self.reference, generator, bfloat16), self.reference)


class FlowLearner(TransformerLearner):
    """Trains the velocity. The score is the physics of generated showers on the validation split. Keys of `flow`, beside
    those of `TransformerLearner`: `decay`, `muon`, `compile` (PyTorch 2), `validation_steps`."""

    parts = ("network", "average", "optimizers", "rng")

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        marginals: CellMarginals,
        device: torch.device,
    ) -> None:
        settings = {"average": 0.999, "batch": 128, "rate": 2e-3, "warm_up": 200, **config.get("flow", {})}
        super().__init__(config, settings, train, validation, marginals, device)
        decay, muon = float(settings.get("decay", 0.0)), bool(settings.get("muon", True))
        self.optimizers = Optimizers(self.network, self.rate, decay, OUTER, muon)
        self.steps = int(settings.get("validation_steps", 6))
        if settings.get("compile") and not hasattr(torch, "compile"):
            raise RecipeError(
                f"[flow] has compile = true, which PyTorch {torch.__version__} cannot: take PyTorch 2, or false."
            )
        self.forward = torch.compile(self.network) if settings.get("compile") else self.network

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
        # In float32, as the exported network is evaluated.
        return self.judge(lambda noise, told: integrate(self.average.network, noise, told, self.steps), bfloat16=False)


def load_shape(config: dict[str, Any], path: Path) -> ShapeTransformer:
    """The averaged network of a checkpoint."""
    return load_average(transformer_of(config), path)
