"""Which cells of a layer are hit, and what they hold: exact counts and energies at the price of a few comparisons.

Sorting 144 scores of 45 layers costs ONNX Runtime 0.3 ms a shower, more than the whole rest of the GAN. Here the
threshold between the n-th and the (n + 1)-th score is found by bisection (three cheap operators a step), and the few
cells that are left between the two ends of the interval are taken in the order of their numbers, so that the count is
exact whatever the number of steps.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .data import ALPHA, CELLS, CELLS_PER_LAYER, LAYERS, R
from .layers import CUT_FLOAT32

LARGEST = 40.0
"""Scores lie within +-40: a logit within +-20 and logistic noise within +-16.7 (23 random bits)."""
STEPS = 12
"""The interval ends 80 / 2^12 = 0.02 wide: of cells whose logits differ by less, the first is taken. Its ends are exact in
float32 up to 20 steps."""
STEEP = 2.0**100
"""Differences of scores this much larger and clipped to 0..1 are comparisons: in ONNX Runtime four times faster than a
comparison and a cast. A power of two, so that nothing is rounded."""


def top_cells(scores: Tensor, count: Tensor, steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """One for the `count` highest scores of a layer and zero for the rest, [B, 45, 144], and the threshold [B, 45, 1]."""
    scores = scores * STEEP
    low, high = threshold(scores, count, steps)
    sure = _above(scores, high)
    between = _above(scores, low) - sure
    missing = count.unsqueeze(-1) - sure.sum(dim=-1, keepdim=True)
    # A running sum over the cells, ring by ring, as a product: there are 144 of them.
    number = torch.arange(CELLS_PER_LAYER, device=scores.device).reshape(R, ALPHA).T.reshape(-1)
    place = between @ (number.unsqueeze(1) <= number).to(scores.dtype)
    return sure + between * (missing + 1 - place).clamp(0, 1), high / STEEP


def threshold(scores: Tensor, count: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Bisection: `low` and `high`, [B, 45, 1], such that more than `count` scores lie above the one, or just as many,
    and at most `count` above the other. All of them are in units of 1 / `STEEP`."""
    wanted = count.unsqueeze(-1)
    low, width = torch.zeros_like(wanted) - LARGEST * STEEP, 2 * LARGEST * STEEP
    for _ in range(steps):
        width = width / 2
        above = _above(scores, low + width).sum(dim=-1, keepdim=True)
        low = low + width * (above - wanted).clamp(0, 1)
    return low, low + width


class Hits(NamedTuple):
    """Cells of a batch as a list [N]."""

    shower: Tensor
    layer: Tensor  # counted through all showers: 45 times the shower and the layer
    place: Tensor  # in the shower
    gate: Tensor  # one; zero where the last step of `threshold` took in a cell too many


def hit_cells(scores: Tensor, count: Tensor, steps: int = STEPS) -> Hits:
    """The cells of `top_cells`, where those of a layer [B, 45, 144] are in the order in which they are taken.

    The running sum goes over all layers of all showers: it counts, and so it is exact.
    """
    scores = scores * STEEP
    low, high = threshold(scores, count, steps)
    possible, sure = _above(scores, low), _above(scores, high).sum(dim=-1)
    shower, place = possible.reshape(-1, CELLS).nonzero().t()
    layer_of_place = torch.arange(LAYERS, device=scores.device).repeat_interleave(CELLS_PER_LAYER)
    layer = shower * LAYERS + layer_of_place.gather(0, place)
    between = possible.sum(dim=-1) - sure
    before = (between.reshape(-1).cumsum(0) - between.reshape(-1)).reshape(between.shape)
    last = (before + count - sure).reshape(-1).gather(0, layer)
    cell = shower * CELLS + place
    unsure = 1 - _above(scores.reshape(-1).gather(0, cell), high.reshape(-1).gather(0, layer))
    return Hits(shower, layer, place, 1 - unsure * (unsure.cumsum(0) - last).clamp(0, 1))


def _above(scores: Tensor, edge: Tensor) -> Tensor:
    """One where a score is larger, else zero."""
    return (scores - edge).clamp(0, 1)


class Decoded(NamedTuple):
    showers: Tensor  # [B, 45, 16, 9] MeV
    image: Tensor  # [B, 45, 16, 9] as `critics.image_of`


def smooth_gate(scores: Tensor, count: Tensor, temperature: float = 1.0) -> Tensor:
    """The hard gate, whose gradient is that of sigmoid((score - threshold) / temperature) (straight-through).

    The threshold moves with the scores so that the sum of the gate stays the count: raising every score of a layer
    changes nothing, and the gradient says so.
    """
    with torch.no_grad():
        hard, edge = top_cells(scores, count)
        soft = torch.sigmoid((scores - edge) / temperature)
        weight = soft * (1 - soft) + 1e-9
        weight = weight / weight.sum(dim=-1, keepdim=True)
    moving = scores - scores.detach()
    shifted = (scores - edge - (weight * moving).sum(dim=-1, keepdim=True)) / temperature
    # An empty layer stays empty: switching a cell on there is nothing that the critics should see.
    soft = torch.sigmoid(shifted) * (count.unsqueeze(-1) > 0).to(scores.dtype)
    return hard + soft - soft.detach()


def share_energy(hits: Hits, cell: Tensor, log_energy: Tensor, layer_energy: Tensor, layer_count: Tensor) -> Tensor:
    """Showers [B, 45, 16, 9] in MeV: the cut and a share of the rest for hit cells, zero elsewhere.

    `cell` is their place in all showers; `log_energy` is ln(E / cut) before the rescaling to the energy of the layer.
    """
    excess = hits.gate * (torch.exp(log_energy.clamp(0.01, 12.0)) - 1.0)
    nothing = layer_count.new_zeros(layer_count.shape[0] * CELLS)
    total = nothing.scatter(0, cell, excess).reshape(-1, LAYERS, CELLS_PER_LAYER).sum(dim=-1).clamp(min=1e-6)
    share = (layer_energy - layer_count * CUT_FLOAT32).clamp(min=0.0) / total
    energy = hits.gate * CUT_FLOAT32 + excess * share.reshape(-1).gather(0, hits.layer)
    return nothing.scatter(0, cell, energy).reshape(-1, LAYERS, ALPHA, R)


def share_smoothly(gate: Tensor, log_energy: Tensor, layer_energy: Tensor, layer_count: Tensor) -> tuple[Tensor, Tensor]:
    """The same energies, and what every cell would hold if it were hit, with slopes that an empty cell can be moved by.

    The plain slope to the gate of an empty cell is its excess over the total of the hit ones, which has no bound; if
    it were hit, it would hold at most the layer's energy. So an empty cell counts with what switching it on would do.
    """
    excess = torch.exp(log_energy.clamp(0.01, 12.0)) - 1.0
    with torch.no_grad():
        empty = 1 - gate
        total_now = (gate * excess).sum(dim=-1, keepdim=True).clamp(min=1e-6)
        bound = torch.where(empty > 0.5, (total_now / excess).clamp(max=1.0), torch.ones_like(excess))
    total = (gate * (excess * bound)).sum(dim=-1, keepdim=True).clamp(min=1e-6)
    spare = (layer_energy - layer_count * CUT_FLOAT32).clamp(min=0.0).unsqueeze(-1)
    if_hit = CUT_FLOAT32 + excess * (spare / (total + empty * excess))
    return gate * if_hit, if_hit


def decode(
    scores: Tensor, log_energy: Tensor, layer_energy: Tensor, layer_count: Tensor, temperature: float = 1.0
) -> Decoded:
    """For training: showers and image with gradients to the scores and the energies."""
    gate = smooth_gate(scores, layer_count, temperature)
    energy, if_hit = share_smoothly(gate, log_energy, layer_energy, layer_count)
    image = gate * (1 + torch.log(if_hit / CUT_FLOAT32) / 4)
    return Decoded(energy.reshape(-1, LAYERS, ALPHA, R), image.reshape(-1, LAYERS, ALPHA, R))
