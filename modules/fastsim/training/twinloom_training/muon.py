"""Muon: steps along the orthogonalised momentum of weight matrices (K. Jordan et al. 2024, "Muon: an optimizer for
hidden layers in neural networks"), and AdamW for everything else.

A short training is where it helps most: every direction of a matrix moves at the same speed from the first steps on.
"""

from __future__ import annotations

import torch
from torch import nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration: they bring singular values near one fast, not exactly to one."""


def orthogonalise(matrix: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """About U V^T of matrix = U S V^T."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """For matrices only. The step is scaled so that a rate means the same root mean square change as with AdamW
    (Liu et al. 2025, arXiv:2502.16982)."""

    def __init__(
        self, matrices: list[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(matrix)
                state["momentum"].mul_(group["momentum"]).add_(matrix.grad)
                ahead = matrix.grad + group["momentum"] * state["momentum"]
                scale = 0.2 * max(matrix.shape) ** 0.5
                matrix.mul_(1.0 - group["lr"] * group["weight_decay"])
                matrix.add_(orthogonalise(ahead), alpha=-group["lr"] * scale)


class Optimizers:
    """Muon for the matrices inside a network, AdamW for inputs, outputs, biases and codes."""

    def __init__(
        self, network: nn.Module, rate: float, decay: float, outer: tuple[str, ...], muon: bool = True
    ) -> None:
        inner, rest = [], []
        for name, parameter in network.named_parameters():
            is_inner = muon and parameter.ndim == 2 and not name.startswith(outer)
            (inner if is_inner else rest).append(parameter)
        self.all = [torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.99), weight_decay=decay)]
        if inner:
            self.all.append(Muon(inner, lr=rate, weight_decay=decay))

    def step(self, rate: float) -> None:
        for optimizer in self.all:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict]:
        return [optimizer.state_dict() for optimizer in self.all]

    def load_state_dict(self, states: list[dict]) -> None:
        for optimizer, state in zip(self.all, states):
            optimizer.load_state_dict(state)
