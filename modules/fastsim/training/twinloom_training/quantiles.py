"""Distributions given by their quantile function: a piecewise linear function of a standard normal number.

A network gives the logarithm of each slope, and two logarithms whose difference is the median; so the function rises
and has an inverse in closed form. Sampling is then `sum(exp(raw) * basis(normal))`, three cheap operators in ONNX (and
among those that are bit-identical in every batch), and the probability of an interval is exact. (A spline flow of one
dimension; Durkan et al. 2019, arXiv:1906.04032, with linear pieces.)
"""

from __future__ import annotations

import math

import torch

KNOTS = (-2.5, -1.8, -1.2, -0.7, -0.25, 0.25, 0.7, 1.2, 1.8, 2.5)
PIECES = len(KNOTS) + 1
RAW = PIECES + 2
"""Raw parameters of one distribution, all logarithms: the slopes of the pieces, then two numbers whose difference is
the median."""

FAR = 30.0


def basis(normal: torch.Tensor) -> torch.Tensor:
    """What each parameter is multiplied with: [...] to [..., 13]. Zero slopes at zero, so the offset is the median."""
    low = normal.new_tensor((-FAR, *KNOTS))
    high = normal.new_tensor((*KNOTS, FAR))
    pieces = torch.minimum(torch.maximum(normal.unsqueeze(-1), low), high) - torch.minimum(high, low.clamp(min=0.0))
    one = torch.ones_like(pieces[..., :1])
    return torch.cat([pieces, one, -one], -1)


def quantile(raw: torch.Tensor, functions: torch.Tensor, unit: float = 1.0) -> torch.Tensor:
    """The value at the normal number whose `basis` is given, times `unit`: [..., 13] twice to [..., 1]. The sum is a
    product with equal numbers: a reduction over 13 would depend on where they lie in memory."""
    return (torch.exp(raw) * functions) @ functions.new_full((RAW, 1), unit)


def to_normal(raw: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The normal number of a value."""
    positive = torch.exp(raw)
    knots = value.new_tensor(KNOTS)
    at_knots = positive @ basis(knots).T
    piece = (value.unsqueeze(-1) > at_knots).sum(-1, keepdim=True)
    anchor = (piece - 1).clamp(min=0)
    slope = torch.gather(positive, -1, piece).squeeze(-1)
    start = torch.gather(at_knots, -1, anchor).squeeze(-1)
    return knots[anchor.squeeze(-1)] + (value - start) / slope


def log_density(raw: torch.Tensor, value: torch.Tensor, window: float) -> torch.Tensor:
    """ln of the mean density within `window` of the value. The density itself jumps where the slope changes; a value
    that a moving knot passes would change its likelihood in a way that no gradient tells of."""
    never = torch.zeros_like(value, dtype=torch.bool)
    return log_mass(raw, value - window, value + window, never) - math.log(2.0 * window)


def log_mass(raw: torch.Tensor, low: torch.Tensor, high: torch.Tensor, at_lowest: torch.Tensor) -> torch.Tensor:
    """ln of the probability between two values; everything below `high` where `at_lowest` holds."""
    a, b = to_normal(raw, low), to_normal(raw, high)
    log_b = torch.special.log_ndtr(b)
    # Phi(b) - Phi(a) = Phi(-a) - Phi(-b): taken on the side where the numbers are small.
    flip = a + b > 0
    x, y = torch.where(flip, -b, a), torch.where(flip, -a, b)
    log_x, log_y = torch.special.log_ndtr(x), torch.special.log_ndtr(y)
    between = log_y + torch.log1p(-torch.exp((log_x - log_y).clamp(max=-1e-6)))
    return torch.where(at_lowest, log_b, between)
