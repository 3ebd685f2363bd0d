"""Every cell on a common scale: a standard normal number, whatever the layer, ring and energy.

A small network, trained by likelihood, gives for each ring of each layer the probability of a hit and the distribution
of ln(E / cut) of hit cells, given what is known of the layers. A cell is then mapped through its own distribution to a
normal number z (a Gaussian copula): a hit lies above the ring's threshold, an empty cell is drawn anew below it. So

- independent normal numbers, mapped back, already are showers with the right profile, occupancy and spectrum, and the
  shape network has only correlations to learn, from a start that is nothing but the identity;
- the boundary between empty and hit is smooth, and every cell has the same spread.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .data import ALPHA, CELLS_PER_LAYER, CUT_MEV, LAYERS, R, Batch, ShowerSet
from .layers import LAYER_FEATURES, condition, decode_showers, layer_features, pad_layers
from .train_loop import Average, learning_rate, load_state, set_learning_rate

KNOTS = (0.0, 0.05, 0.12, 0.25, 0.45, 0.7, 1.0, 1.35, 1.8, 2.5)
"""Where the slope of ln(E / cut) changes, in units of the mean distance of a hit from the threshold."""

FAR = 40.0
PIECES = len(KNOTS)
WINDOW = 2
"""Layers on each side that the distribution of a cell may depend on."""

LOWEST, HIGHEST = -4.5, 4.5
"""Thresholds stay in this range: beyond it a ring is simply always hit or always empty."""


class CellMarginals(nn.Module):
    """Distribution of each cell given the layers; the same for the sixteen cells of a ring."""

    def __init__(self, hidden: int = 96, code: int = 16) -> None:
        super().__init__()
        inputs = LAYER_FEATURES * (2 * WINDOW + 1) + 2
        self.first = nn.Linear(inputs, hidden)
        self.depth = nn.Parameter(torch.randn(LAYERS, hidden) * 0.1)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, R * (1 + PIECES))
        nn.init.normal_(self.last.weight, std=0.02)
        # At first: ln(E / cut) is 5 just above the threshold (few hits are below a minimum ionising particle), then rises.
        start = torch.tensor([1.0, math.log(5.0 / KNOTS[1]), *[math.log(1.5)] * (PIECES - 1)])
        with torch.no_grad():
            self.last.bias.copy_(start.repeat(R))

    def forward(
        self, energy_mev: torch.Tensor, thickness_mm: torch.Tensor, layer_energy: torch.Tensor, layer_count: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Thresholds [B, 45, 9] and logarithms of the slopes [B, 45, 9, 10]."""
        features = layer_features(layer_energy, layer_count)
        padded = pad_layers(features, WINDOW, WINDOW)
        window = [padded[:, shift : shift + LAYERS] for shift in range(2 * WINDOW + 1)]
        told = condition(energy_mev, thickness_mm).unsqueeze(1).expand(-1, LAYERS, -1)
        hidden = F.silu(self.first(torch.cat([*window, told], -1)) + self.depth)
        out = self.last(F.silu(self.second(hidden))).unflatten(-1, (R, 1 + PIECES))
        threshold = out[..., 0].clamp(LOWEST, HIGHEST)
        return threshold, out[..., 1:].clamp(-6.0, 6.0)

    def log_likelihood(self, batch: Batch) -> torch.Tensor:
        """ln p of all cells of each shower, [B]: of which cells are hit, then of the energies of the hits. The second
        part does not move the thresholds: given the chance, it narrows spectra at the cost of occupancy first."""
        threshold, log_slopes = self(batch.energy_mev, batch.thickness_mm, batch.layer_energy, batch.layer_count)
        rings = (batch.showers > 0).sum(2)
        empty = ((ALPHA - rings) * torch.special.log_ndtr(threshold)).sum((1, 2))
        row, layer, alpha, ring = batch.showers.nonzero(as_tuple=True)
        value = torch.log(batch.showers[row, layer, alpha, ring] / CUT_MEV)
        own = threshold[row, layer, ring]
        log_hit = torch.special.log_ndtr(-own)
        fixed = own.detach()
        distance, log_slope = place(log_slopes[row, layer, ring], value)
        scale = distance_scale(fixed)
        normal = fixed + distance * scale
        log_density = -0.5 * normal * normal - 0.5 * math.log(2 * math.pi) - log_slope + torch.log(scale)
        return empty.index_add(0, row, log_hit + (log_density - log_hit.detach()))


def distance_scale(threshold: torch.Tensor) -> torch.Tensor:
    """About the mean of z - threshold over hits: like 1 / threshold where hits are rare, -threshold where they are
    certain. Only a scale: the slopes take up what it misses."""
    half = 0.5 * threshold
    return torch.sqrt(1.0 + half * half) - half


def place(log_slopes: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance from the threshold (in its scale) of a value of ln(E / cut), and the log of the slope there."""
    knots = value.new_tensor(KNOTS)
    slopes = torch.exp(log_slopes)
    rises = slopes[..., :-1] * (knots[1:] - knots[:-1])
    at_knots = F.pad(rises.cumsum(-1), (1, 0))
    piece = ((value.unsqueeze(-1) >= at_knots).sum(-1, keepdim=True) - 1).clamp(min=0)
    slope = torch.gather(slopes, -1, piece).squeeze(-1)
    start = torch.gather(at_knots, -1, piece).squeeze(-1)
    return knots[piece.squeeze(-1)] + (value - start) / slope, torch.gather(log_slopes, -1, piece).squeeze(-1)


def to_normal(
    batch: Batch, threshold: torch.Tensor, log_slopes: torch.Tensor, generator: torch.Generator | None = None
) -> torch.Tensor:
    """The normal number of every cell [B, 45, 16, 9]; empty cells are drawn below their threshold, anew each time."""
    broad = threshold.unsqueeze(2)
    uniform = torch.rand(batch.showers.shape, generator=generator, device="cpu").to(threshold.device)
    below = torch.special.ndtri((torch.special.ndtr(broad) * uniform).clamp(1e-6, 1 - 1e-6))
    row, layer, alpha, ring = batch.showers.nonzero(as_tuple=True)
    value = torch.log(batch.showers[row, layer, alpha, ring] / CUT_MEV).clamp(min=0.0)
    own = threshold[row, layer, ring]
    distance = place(log_slopes[row, layer, ring], value)[0]
    normal = torch.minimum(below, broad)
    normal[row, layer, alpha, ring] = (own + distance * distance_scale(own)).clamp(max=6.0)
    return normal


def scores_and_energies(
    normal: torch.Tensor, threshold: torch.Tensor, log_slopes: torch.Tensor, layer_count: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """How far each cell lies above its threshold, and its ln(E / cut): [B, 45, 16, 9] to [B, 45, 144] twice.

    Hits are the `layer_count` cells with the highest scores. Where that is not the set of cells above, the thresholds
    of the layer are shifted together, as little as makes it so, before energies are read off."""
    score = normal - threshold.unsqueeze(2)
    flat = score.reshape(-1, LAYERS, CELLS_PER_LAYER)
    ordered = torch.topk(flat, CELLS_PER_LAYER, dim=-1)[0]
    count = layer_count.long().unsqueeze(-1)
    last_hit = torch.gather(ordered, -1, (count - 1).clamp(min=0)).squeeze(-1)
    first_empty = torch.gather(ordered, -1, count.clamp(max=CELLS_PER_LAYER - 1)).squeeze(-1)
    shift = torch.where(last_hit <= 0.0, 0.5 * (last_hit + first_empty), first_empty.clamp(min=0.0))
    distance = F.relu(score - shift.view(-1, LAYERS, 1, 1)) / distance_scale(threshold).unsqueeze(2)
    slopes = torch.exp(log_slopes)
    value = torch.zeros_like(distance)
    for piece, (low, high) in enumerate(zip(KNOTS, (*KNOTS[1:], FAR))):
        value = value + (distance - low).clamp(0.0, high - low) * slopes[..., piece].unsqueeze(2)
    return flat, value.reshape(-1, LAYERS, CELLS_PER_LAYER)


def to_showers(
    normal: torch.Tensor,
    threshold: torch.Tensor,
    log_slopes: torch.Tensor,
    layer_energy: torch.Tensor,
    layer_count: torch.Tensor,
) -> torch.Tensor:
    """The showers of normal numbers [B, 45, 16, 9]; energies and counts of the layers are honoured."""
    scores, values = scores_and_energies(normal, threshold, log_slopes, layer_count)
    return decode_showers(scores, layer_energy, layer_count, values)


class MarginalLearner:
    """Trains `CellMarginals`; the score is the negative log-likelihood per hit of the validation split."""

    def __init__(self, config: dict[str, Any], train: ShowerSet, validation: ShowerSet, device: torch.device) -> None:
        settings = config.get("marginals", {})
        self.train, self.validation = train.to(device), validation.to(device)
        self.network = CellMarginals(int(settings.get("hidden", 96))).to(device)
        self.average = Average(self.network, float(settings.get("average", 0.99)))
        self.batch = int(settings.get("batch", 128))
        self.rate = float(settings.get("rate", 3e-3))
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.rate, betas=(0.9, 0.99))
        self.rng = torch.Generator().manual_seed(int(settings.get("seed", 1)))

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.set_state(state["rng"])

    def step(self, step: int, progress: float) -> dict[str, float]:
        set_learning_rate(self.optimizer, learning_rate(self.rate, progress, step, warm_up=50))
        batch = self.train.batch(torch.randint(len(self.train), (self.batch,), generator=self.rng))
        loss = -self.network.log_likelihood(batch).sum() / batch.layer_count.sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.network, step)
        return {"loss": loss.item()}

    @torch.no_grad()
    def validate(self, step: int) -> dict[str, float]:
        loss, hits = 0.0, 0.0
        for rows in torch.arange(min(2000, len(self.validation))).split(500):
            batch = self.validation.batch(rows)
            loss -= self.average.network.log_likelihood(batch).sum().item()
            hits += batch.layer_count.sum().item()
        return {"score": loss / hits}


def load_marginals(config: dict[str, Any], run_dir: str | Path) -> CellMarginals:
    """The best network of a run: averaged weights."""
    network = CellMarginals(int(config.get("marginals", {}).get("hidden", 96)))
    network.load_state_dict(load_state(Path(run_dir) / "best.pt")["learner"]["average"])
    return network.eval().requires_grad_(False)
