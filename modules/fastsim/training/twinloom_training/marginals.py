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

from .checkpoints import load_average
from .data import ALPHA, CELLS_PER_LAYER, CUT_MEV, LAYERS, Batch, R, ShowerSet
from .layers import LAYER_FEATURES, condition, decode_showers, layer_features, pad_layers
from .learner import Average, Learner, learning_rate, set_learning_rate

EDGES = (
    *(0.0, 2.5, 4.0, 4.7, 5.0, 5.15, 5.3, 5.45, 5.6, 5.8, 6.0, 6.25, 6.5, 6.75, 7.0, 7.3, 7.6),
    *(8.0, 8.4, 8.8, 9.2, 9.6, 10.0, 10.4, 10.8, 12.0),
)
"""Bins of ln(E / cut), narrow where single particles peak (5 to 6). They are fixed, so that the likelihood is smooth:
with edges that move, data that cross one see a jump of the density that no gradient tells of."""

BINS = len(EDGES) - 1
WINDOW = 2
"""Layers on each side that the distribution of a cell may depend on."""

ROOT_HALF = math.sqrt(0.5)
LOWEST, HIGHEST = -4.5, 4.5
"""Thresholds stay in this range: beyond it a ring is simply always hit or always empty."""


class CellMarginals(nn.Module):
    """Distribution of each cell given the layers; the same for the sixteen cells of a ring."""

    def __init__(self, hidden: int = 96) -> None:
        super().__init__()
        inputs = LAYER_FEATURES * (2 * WINDOW + 1) + 2
        self.first = nn.Linear(inputs, hidden)
        self.depth = nn.Parameter(torch.randn(LAYERS, hidden) * 0.1)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, R * (1 + BINS))
        nn.init.normal_(self.last.weight, std=0.02)
        self.register_buffer("widths", torch.tensor(EDGES[1:]) - torch.tensor(EDGES[:-1]), persistent=False)
        self.register_buffer("above", torch.tril(torch.ones(BINS, BINS)), persistent=False)

    def forward(
        self,
        energy_mev: torch.Tensor,
        thickness_mm: torch.Tensor,
        layer_energy: torch.Tensor,
        layer_count: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Thresholds [B, 45, 9], and raw logits of the bins of a hit [B, 45, 9, 25]."""
        features = layer_features(layer_energy, layer_count)
        padded = pad_layers(features, WINDOW, WINDOW)
        window = [padded[:, shift : shift + LAYERS] for shift in range(2 * WINDOW + 1)]
        told = condition(energy_mev, thickness_mm).unsqueeze(1).expand(-1, LAYERS, -1)
        hidden = F.silu(self.first(torch.cat([*window, told], -1)) + self.depth)
        out = self.last(F.silu(self.second(hidden))).reshape(-1, LAYERS, R, 1 + BINS)
        return out[..., 0].clamp(LOWEST, HIGHEST), out[..., 1:]

    def log_likelihood(self, batch: Batch) -> torch.Tensor:
        """ln p of all cells of each shower, [B]: which cells are hit, then the bin of each hit."""
        threshold, logits = self(batch.energy_mev, batch.thickness_mm, batch.layer_energy, batch.layer_count)
        rings = (batch.showers > 0).sum(2)
        occupancy = (ALPHA - rings) * torch.special.log_ndtr(threshold) + rings * torch.special.log_ndtr(-threshold)
        row, layer, alpha, ring = batch.showers.nonzero(as_tuple=True)
        bins = bin_of(torch.log(batch.showers[row, layer, alpha, ring] / CUT_MEV))
        density = torch.log_softmax(logits, -1) - torch.log(self.widths)
        return occupancy.sum((1, 2)).index_add(0, row, density[row, layer, ring, bins])

    def tails(self, threshold: torch.Tensor, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Probability of each bin, and of this bin and all above, [B, 45, 9, 25]; an empty cell takes the rest."""
        hit = 0.5 - 0.5 * torch.erf(threshold * ROOT_HALF)
        inside = hit.unsqueeze(-1) * torch.softmax(logits, -1)
        return inside.clamp(min=1e-7), inside @ self.above

    @torch.no_grad()
    def to_normal(
        self, batch: Batch, threshold: torch.Tensor, logits: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """The normal number of every cell [B, 45, 16, 9]; empty cells are drawn below their threshold anew."""
        broad = threshold.unsqueeze(2)
        uniform = torch.rand(batch.showers.shape, generator=generator).to(threshold.device)
        below = torch.special.ndtri((torch.special.ndtr(broad) * uniform).clamp(1e-6, 1 - 1e-6))
        normal = torch.minimum(below, broad)
        row, layer, alpha, ring = batch.showers.nonzero(as_tuple=True)
        value = torch.log(batch.showers[row, layer, alpha, ring] / CUT_MEV).clamp(0.0, EDGES[-1])
        bins = bin_of(value)
        inside, tail = self.tails(threshold, logits)
        rise = (value - value.new_tensor(EDGES)[bins]) / self.widths[bins]
        above = tail[row, layer, ring, bins] - rise * inside[row, layer, ring, bins]
        normal[row, layer, alpha, ring] = -torch.special.ndtri(above.clamp(1e-6, 1 - 1e-6))
        return normal

    def scores_and_energies(
        self, normal: torch.Tensor, threshold: torch.Tensor, logits: torch.Tensor, layer_count: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """How far each cell lies above its threshold, and its ln(E / cut): [B, 45, 16, 9] to [B, 45, 144] twice.

        Hits are the `layer_count` cells with the highest scores. Where that is not the set of cells above, the
        thresholds of the layer are shifted together, as little as makes it so, before energies are read off."""
        scores = (normal - threshold.unsqueeze(2)).reshape(-1, LAYERS, CELLS_PER_LAYER)
        ordered = torch.topk(scores, CELLS_PER_LAYER, dim=-1)[0]
        count = layer_count.long().unsqueeze(-1)
        last_hit = torch.gather(ordered, -1, (count - 1).clamp(min=0)).squeeze(-1)
        first_empty = torch.gather(ordered, -1, count.clamp(max=CELLS_PER_LAYER - 1)).squeeze(-1)
        shift = torch.where(last_hit <= 0.0, 0.5 * (last_hit + first_empty), first_empty.clamp(min=0.0))
        above = 0.5 - 0.5 * torch.erf((normal - shift.reshape(-1, LAYERS, 1, 1)) * ROOT_HALF)
        inside, tail = self.tails(threshold, logits)
        steep = self.widths / inside
        start = tail * steep
        values = torch.zeros_like(normal)
        for number in range(BINS):
            rise = start[..., number].unsqueeze(2) - above * steep[..., number].unsqueeze(2)
            values = values + rise.clamp(0.0, EDGES[number + 1] - EDGES[number])
        return scores, values.reshape(-1, LAYERS, CELLS_PER_LAYER)

    def to_showers(
        self,
        normal: torch.Tensor,
        threshold: torch.Tensor,
        logits: torch.Tensor,
        layer_energy: torch.Tensor,
        layer_count: torch.Tensor,
    ) -> torch.Tensor:
        """The showers of normal numbers [B, 45, 16, 9]; energies and counts of the layers are honoured."""
        scores, values = self.scores_and_energies(normal, threshold, logits, layer_count)
        return decode_showers(scores, layer_energy, layer_count, values)


def bin_of(value: torch.Tensor) -> torch.Tensor:
    """The bin of each ln(E / cut)."""
    return torch.bucketize(value, value.new_tensor(EDGES[1:-1]), right=True)


class MarginalLearner(Learner):
    """Trains `CellMarginals`; the score is the negative log-likelihood per hit of the validation split."""

    parts = ("network", "average", "optimizer", "rng")

    def __init__(self, config: dict[str, Any], train: ShowerSet, validation: ShowerSet, device: torch.device) -> None:
        settings = config.get("marginals", {})
        self.train, self.validation = train.to(device), validation.to(device)
        self.network = CellMarginals(int(settings.get("hidden", 96))).to(device)
        self.average = Average(self.network, float(settings.get("average", 0.99)))
        self.batch = int(settings.get("batch", 128))
        self.rate = float(settings.get("rate", 3e-3))
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.rate, betas=(0.9, 0.99))
        self.rng = torch.Generator().manual_seed(config.get("seed", 1))

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
    return load_average(network, Path(run_dir) / "marginals" / "best.pt")
