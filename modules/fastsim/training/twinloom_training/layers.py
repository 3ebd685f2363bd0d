"""Per-layer quantities: what shape networks are conditioned on, and how their scores become energies.

Everything here is made of operators that export to ONNX (opset 17).
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from .data import ALPHA, CELLS_PER_LAYER, CUT_MEV, LAYERS, R

CUT_FLOAT32 = float(np.nextafter(np.float32(CUT_MEV), np.float32(np.inf)))
"""A float32 just above the cut: a cell at the cut survives a comparison in double precision too."""

LARGEST_SCORE = 14.0
"""exp(14) cuts are 18 GeV in one cell: twice the largest cell of a 100 GeV shower."""

MIDDLE_ENERGY = 10_000.0  # MeV: middle of 1 to 100 GeV on a logarithmic scale
HALF_RANGE = math.log(10.0)
MIDDLE_THICKNESS = 1.4  # mm
HALF_THICKNESS = 0.2
LAYER_FEATURES = 5


def near_log(value: torch.Tensor) -> torch.Tensor:
    """32 (x^(1/32) - 1), nearly ln x near one: ONNX Runtime's power is bit-identical in every batch, its logarithm is
    not. Good for what a network is told, which need not be a logarithm exactly."""
    return 32.0 * (torch.pow(value, 1.0 / 32.0) - 1.0)


def condition(energy_mev: torch.Tensor, thickness_mm: torch.Tensor) -> torch.Tensor:
    """[B] or [B, 1] MeV and mm to [B, 2], each from -1 to 1 over the trained range."""
    energy = near_log(energy_mev.reshape(-1, 1) / MIDDLE_ENERGY) / HALF_RANGE
    return torch.cat([energy, (thickness_mm.reshape(-1, 1) - MIDDLE_THICKNESS) / HALF_THICKNESS], -1)


def layer_features(layer_energy: torch.Tensor, layer_count: torch.Tensor) -> torch.Tensor:
    """What a network is told of each layer: [B, 45] MeV and counts to [B, 45, 5], of order one: log energy, root of
    the count, log energy per hit cell, an empty layer, log count."""
    filled = (layer_count > 0).to(layer_energy.dtype)
    energy = 1.2 * near_log((layer_energy + CUT_MEV) / 100.0)
    count = near_log(layer_count + 1.0)
    return torch.stack(
        [
            energy / 4.0 + filled - 0.5,
            torch.sqrt(layer_count) / 4.0 - 0.5,
            (energy - count + 1.5) * filled,
            1.0 - filled,
            count / 2.0 - 1.0,
        ],
        -1,
    )


def decode_showers(
    scores: torch.Tensor,
    layer_energy: torch.Tensor,
    layer_count: torch.Tensor,
    log_energy: torch.Tensor | None = None,
) -> torch.Tensor:
    """Showers [B, 45, 16, 9] in MeV from one score per cell [B, 45, 144].

    The `layer_count` cells of a layer with the highest scores are hit. Each gets the cut and its share of what is left
    of `layer_energy`: the layer energies and the counts are honoured, and every hit is above the cut. The share follows
    `log_energy`, ln(E / cut) before that rescaling, which is the score itself unless given.
    """
    ordered, order = torch.topk(scores, CELLS_PER_LAYER, dim=-1)
    value = ordered if log_energy is None else torch.gather(log_energy, -1, order)
    place = torch.arange(CELLS_PER_LAYER, device=scores.device, dtype=scores.dtype)
    hit = (place < layer_count.unsqueeze(-1)).to(scores.dtype)
    # The small constant shares the energy equally where every score of a layer is below the cut.
    excess = (torch.exp(value.clamp(0.0, LARGEST_SCORE)) - 1.0 + 1e-4) * hit
    spare = (layer_energy - layer_count * CUT_FLOAT32).clamp(min=0.0).unsqueeze(-1)
    energy = CUT_FLOAT32 * hit + spare * (excess / excess.sum(-1, keepdim=True).clamp(min=1e-6))
    cells = torch.zeros_like(scores).scatter(-1, order, energy)
    return cells.reshape(-1, LAYERS, ALPHA, R)


def pad_layers(values: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """Zero layers in front of and behind [B, 45, C]."""
    return F.pad(values, (0, 0, before, after))
