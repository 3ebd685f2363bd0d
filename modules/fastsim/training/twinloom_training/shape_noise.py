"""The noise of the GAN's shape network: from uniform numbers to what cells differ by, and the curve of their energies.

Uniforms lie on the grid of the runtime's generator, (k + 1/2) / 2^23. See `shape_network.py` for what the noise is for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data import ALPHA, CELLS, CELLS_PER_LAYER, R

SLOPE_KNOTS = (4.2, 4.7, 5.0, 5.15, 5.3, 5.55, 5.9, 6.4, 7.2)
"""ln(E / cut) where the slope of phi may change; one plane's minimum ionising particle deposits 5.1 there."""


def near_logit(uniform: Tensor) -> Tensor:
    """16 sinh(logit(u) / 16), a logistic variate but for its far tails, from roots: cheap, and the same bits anywhere,
    which ONNX Runtime's logarithm does not give."""
    root = uniform / (1 - uniform)
    for _ in range(4):
        root = torch.sqrt(root)
    return 8 * (root - 1 / root)


def random_uniform(size: int, device: torch.device | str = "cpu", generator: torch.Generator | None = None) -> Tensor:
    """[size, 6480] on the grid of the runtime's generator: (k + 1/2) / 2^23."""
    integers = torch.randint(1 << 23, (size, CELLS), generator=generator, device=device)
    return integers.float().add_(0.5).mul_(2.0**-23)


class Curve(nn.Module):
    """psi = phi^-1: slope one outside the knots, exp(parameter) between them."""

    def __init__(self) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.zeros(len(SLOPE_KNOTS) - 1))

    def inverse(self, log_energy: Tensor) -> tuple[Tensor, Tensor]:
        """psi(y) and ln psi'(y): what the likelihood needs."""
        knots = SLOPE_KNOTS
        value = log_energy.clamp(max=knots[0]) + (log_energy - knots[-1]).clamp(min=0)
        log_slope = torch.zeros_like(log_energy)
        for number in range(len(knots) - 1):
            first, last = knots[number], knots[number + 1]
            slope = self.slopes[number]
            value = value + slope.exp() * (log_energy.clamp(first, last) - first)
            log_slope = log_slope + slope * ((log_energy >= first) & (log_energy < last)).to(log_energy.dtype)
        return value, log_slope

    def forward(self, value: Tensor) -> Tensor:
        """phi(x). Without gradients its knots are plain numbers, which makes a smaller and faster graph."""
        slopes = self.slopes.exp()
        edges = [torch.as_tensor(SLOPE_KNOTS[0], dtype=slopes.dtype, device=slopes.device)]
        for number in range(len(slopes)):
            edges.append(edges[-1] + slopes[number] * (SLOPE_KNOTS[number + 1] - SLOPE_KNOTS[number]))
        steep = [1 / slope for slope in slopes]
        if not torch.is_grad_enabled():
            edges, steep = [float(edge) for edge in edges], [float(slope) for slope in steep]
            result = value.clamp(max=edges[0]) + F.relu(value - edges[-1])
            for number, slope in enumerate(steep):
                result = result + value.clamp(edges[number], edges[number + 1]) * slope
            return result - sum(edge * slope for edge, slope in zip(edges, steep))
        result, before = value, torch.ones_like(slopes[0])
        for edge, slope in zip(edges, [*steep, torch.ones_like(before)]):
            result, before = result + (slope - before) * F.relu(value - edge), slope
        return result


class Neighbours(nn.Module):
    """Mixes the noise of a layer's cells with that of their neighbours, equally all around the circle, and keeps its
    spread: a particle that crosses a border leaves energy on both sides.

    `start` has the weights of (ring, ring, distance in alpha); `side` is that of the next cell of a ring where `start`
    says nothing, `up` that of the next ring.
    """

    def __init__(self, start: dict[tuple[int, int, int], float], side: float, up: float) -> None:
        super().__init__()
        weights = torch.zeros(R, R, ALPHA // 2 + 1)
        for ring in range(R):
            weights[ring, ring, 1] = side
            if ring + 1 < R:
                weights[ring, ring + 1, 0] = weights[ring + 1, ring, 0] = up
        for place, weight in start.items():
            weights[place] = weight
        self.weights = nn.Parameter(weights)
        turn = (torch.arange(ALPHA)[:, None] - torch.arange(ALPHA)).abs()
        self.register_buffer("distance", torch.minimum(turn, ALPHA - turn), persistent=False)

    def matrix(self) -> Tensor:
        """[144, 144], from the cells of a layer to the cells of the same layer, columns of norm one."""
        spread = self.weights[:, :, self.distance].permute(2, 0, 3, 1).reshape(CELLS_PER_LAYER, CELLS_PER_LAYER)
        mixed = torch.eye(CELLS_PER_LAYER, device=spread.device) + spread
        return mixed / mixed.norm(dim=0, keepdim=True)

    def forward(self, noise: Tensor) -> Tensor:
        return noise @ self.matrix()
