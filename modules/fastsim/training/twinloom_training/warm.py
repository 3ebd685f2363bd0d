"""The warm start of the GAN's shape network by likelihood: a variational autoencoder whose decoder is the shape network.

The encoder sees a shower and gives a mean and a width for each of the network's normals; the decoder's likelihood is a
Bernoulli per cell (logistic noise against a threshold) times a two-sided logistic for ln(E / cut) of hit cells, through
psi (see `shape_noise.py`). So the normals come to mean what makes cells vary together, and the critics start from a network
that is already right on average.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .critics import CONDITIONS, condition_vector, image_of
from .data import ALPHA, CELLS_PER_LAYER, CUT_MEV, LAYERS, SECTOR_CELLS, Batch, R, ShowerSet
from .features import physics_score
from .learner import Average, Learner, learning_rate, set_learning_rate
from .shape_network import TAIL, Fields, ShapeNetwork, mix_around
from .shape_noise import random_uniform

VALIDATION_SEED = 20
PIECE = 500
"""Showers that are generated at a time: what fits in memory."""


class Encoder(nn.Module):
    """Mean and log variance of the normals, from sectors with shared weights."""

    def __init__(self, network: ShapeNetwork, width: int = 128, blocks: int = 2) -> None:
        super().__init__()
        self.network_normals = (network.global_normals, network.sector_normals)
        self.embed = nn.Linear(SECTOR_CELLS, width)
        self.condition = nn.Linear(CONDITIONS, width)
        self.mix = nn.ModuleList(nn.Linear(4 * width, width) for _ in range(blocks))
        self.sector = nn.Linear(width, 2 * network.sector_normals)
        self.pool = nn.Linear(2 * width + CONDITIONS, 256)
        self.whole = nn.Linear(256, 2 * network.global_normals)
        with torch.no_grad():
            for last in (self.sector, self.whole):
                last.weight.mul_(0.1)
                last.bias.zero_()

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        code = condition_vector(batch)
        sectors = image_of(batch.showers).transpose(1, 2).reshape(-1, ALPHA, SECTOR_CELLS)
        state = F.leaky_relu(self.embed(sectors) + self.condition(code)[:, None], 0.1)
        for mix in self.mix:
            state = state + F.leaky_relu(mix_around(mix, state), 0.1)
        pooled = torch.cat([state.mean(dim=1), state.amax(dim=1), code], dim=1)
        mean, log_variance = self.whole(F.leaky_relu(self.pool(pooled), 0.1)).chunk(2, dim=1)
        sector_mean, sector_log_variance = self.sector(state).chunk(2, dim=2)
        return (
            torch.cat([mean, sector_mean.flatten(1)], dim=1),
            torch.cat([log_variance, sector_log_variance.flatten(1)], dim=1).clamp(-8, 2),
        )


def log_likelihood(network: ShapeNetwork, fields: Fields, showers: Tensor) -> tuple[Tensor, Tensor]:
    """Per shower [B]: of which cells are hit, and of the energies of the hit cells."""
    flat = showers.reshape(-1, LAYERS, CELLS_PER_LAYER)
    hit = (flat > 0).to(flat.dtype)
    # The gate only compares the cells of a layer; a likelihood wants logits, whose layer mean is known.
    count = hit.sum(dim=2, keepdim=True)
    logit = fields.score + torch.log((count + 0.5) / (CELLS_PER_LAYER + 0.5 - count))
    occupancy = -F.binary_cross_entropy_with_logits(logit, hit, reduction="none").sum(dim=(1, 2))
    row, layer, cell = torch.nonzero(flat, as_tuple=True)
    ring = cell % R
    value, log_slope = network.curve.inverse(torch.log(flat[row, layer, cell] / CUT_MEV))
    away = value - fields.log_energy[row, layer, cell]
    low, high = fields.low_scale[row, layer, ring], fields.high_scale[row, layer, ring]
    scale = torch.where(away < 0, low, high)
    noise = away / scale
    above = noise.clamp(min=0)
    logistic = noise + above**2 / (2 * TAIL)
    # The density of the logistic, in the form that does not overflow. Each side has a share of the probability as
    # large as its scale, so the density is continuous at the location: no gradient could see a jump there.
    density = -logistic.abs() - 2 * torch.log1p(torch.exp(-logistic.abs()))
    density = density + torch.log1p(above / TAIL) + math.log(2) - torch.log(low + high) + log_slope
    return occupancy, torch.zeros_like(occupancy).index_add(0, row, density)


def evidence_bound(
    network: ShapeNetwork, encoder: Encoder, batch: Batch, divergence_weight: float = 1.0
) -> tuple[Tensor, dict[str, float]]:
    """Minus the evidence lower bound per shower, in nats per hit cell so that all energies weigh alike."""
    mean, log_variance = encoder(batch)
    normal = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
    occupancy, energy = log_likelihood(network, network.fields(batch, normal), batch.showers)
    divergence = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(dim=1)
    hits = batch.layer_count.sum(dim=1).clamp(min=1)
    weight = 1 / (hits + 100)
    loss = (weight * (divergence_weight * divergence - occupancy - energy)).mean()
    return loss, {
        "loss": float(loss),
        "cells": float(-(weight * occupancy).mean()),
        "energy": float(-(weight * energy).mean()),
        "divergence": float(divergence.mean()),
    }


@torch.no_grad()
def generate(network: ShapeNetwork, batch: Batch, seed: int = VALIDATION_SEED) -> Tensor:
    """Showers [B, 45, 16, 9] in MeV for the conditions of a batch, the noise from a seed of its own."""
    network.eval()
    rng = torch.Generator().manual_seed(seed)
    pieces = []
    for first in range(0, len(batch.energy_mev), PIECE):
        part = Batch(*(value[first : first + PIECE] for value in batch))
        size = len(part.energy_mev)
        normal = torch.randn(size, network.normals, generator=rng).to(part.showers.device)
        uniform = random_uniform(size, generator=rng).to(part.showers.device)
        pieces.append(network(part, normal, uniform))
    return torch.cat(pieces)


class ShapeLearner(Learner):
    """What both stages of the shape network have: the data, the random numbers of the batches, the validation. The score
    is physics on the validation split, with the layer energies and counts of the data: of the shape network alone.

    Key of both sections: `validation_showers` (default 4000)."""

    network: ShapeNetwork
    average: Average

    def __init__(
        self,
        config: dict[str, Any],
        settings: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        device: torch.device,
    ) -> None:
        self.train_set, self.device = train, device
        self.rng = torch.Generator().manual_seed(int(config.get("seed", 1)))
        count = min(len(validation), int(settings.get("validation_showers", 4000)))
        chosen = torch.linspace(0, len(validation) - 1, count).long()
        self.reference = validation.batch(chosen)

    def next_batch(self, size: int) -> Batch:
        return self.train_set.batch(torch.randint(len(self.train_set), (size,), generator=self.rng), self.rng)

    def validate(self, step: int) -> dict[str, float]:
        showers = generate(self.average.network, self.reference)
        return physics_score(self.reference._replace(showers=showers), self.reference)


class WarmLearner(ShapeLearner):
    """The variational warm start. Keys of `warm`: `batch`, `rate`, `average`, `encoder_width`."""

    parts = ("network", "encoder", "average", "optimizer", "rng")

    def __init__(self, config: dict[str, Any], train: ShowerSet, validation: ShowerSet, device: torch.device) -> None:
        settings = config.get("warm", {})
        super().__init__(config, settings, train, validation, device)
        self.size, self.rate = int(settings.get("batch", 128)), float(settings.get("rate", 2e-3))
        self.network = ShapeNetwork(config.get("shape")).to(device)
        self.encoder = Encoder(self.network, int(settings.get("encoder_width", 128))).to(device)
        self.average = Average(self.network, float(settings.get("average", 0.999)))
        self.parameters = [*self.network.parameters(), *self.encoder.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, self.rate, betas=(0.9, 0.99))

    def step(self, step: int, progress: float) -> dict[str, float]:
        set_learning_rate(self.optimizer, learning_rate(self.rate, progress, step, warm_up=100))
        # Cheap normals at first, so that they are used at all; the true bound from half-way on.
        weight = min(1.0, 0.2 + 1.6 * progress)
        loss, seen = evidence_bound(self.network, self.encoder, self.next_batch(self.size), weight)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 5.0)
        self.optimizer.step()
        self.average.update(self.network, step)
        return seen
