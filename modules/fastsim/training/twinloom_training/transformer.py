"""The shape network: a transformer over the 45 layers, with a convolution in the cells.

One token per layer holds its 144 cells; attention along depth and the learned depth code see the shower as a whole.
Tracks are finer than that: they join a cell to its neighbours in alpha and in the next layers. A small network that
looks at 3 layers x 3 sectors, with the same weights for all sectors, does this part; it is told the token's state.

Cells are the normal numbers of `marginals.py`, so a network whose output is zero is already a good start.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .data import ALPHA, CELLS_PER_LAYER, LAYERS, R
from .layers import LAYER_FEATURES, condition, layer_features, pad_layers

FREQUENCIES = 8
SEEN_LAYERS = 3
SEEN_SECTORS = 3


class ShapeTransformer(nn.Module):
    """Velocity (or displacement) of the cells [B, 45, 16, 9] at a time of the flow."""

    def __init__(self, width: int = 128, blocks: int = 4, heads: int = 4, mlp: int = 3, local: int = 48) -> None:
        super().__init__()
        self.cells_in = nn.Linear(CELLS_PER_LAYER, width)
        self.layers_in = nn.Linear(3 * LAYER_FEATURES, width)
        self.depth = nn.Parameter(torch.randn(LAYERS, width) * 0.2)
        self.told = nn.Sequential(nn.Linear(2 + 2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.blocks = nn.ModuleList(Block(width, heads, mlp) for _ in range(blocks))
        self.last_norm = Norm(width)
        self.last_told = nn.Linear(width, 2 * width)
        self.cells_out = nn.Linear(width, CELLS_PER_LAYER)
        self.local = local
        self.local_in = nn.Linear(SEEN_LAYERS * SEEN_SECTORS * R, local)
        self.local_token = nn.Linear(width, ALPHA * local, bias=False)
        self.local_out = nn.Linear(local, R)
        for zero in (self.last_told, self.cells_out, self.local_out):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)

    def forward(self, cells: torch.Tensor, time: torch.Tensor, told: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """`time` [B, 1] from 0 to 1; `told` is what `tell` made of the layers."""
        layers, conditions = told
        angles = time * (math.pi * torch.arange(1, FREQUENCIES + 1, device=time.device, dtype=time.dtype) / 2)
        signal = self.told(torch.cat([conditions, torch.sin(angles), torch.cos(angles)], -1)).unsqueeze(1)
        tokens = self.cells_in(cells.flatten(2)) + self.layers_in(layers) + self.depth
        for block in self.blocks:
            tokens = block(tokens, signal)
        shift, scale = self.last_told(signal).chunk(2, -1)
        tokens = self.last_norm(tokens) * (1.0 + scale) + shift
        hidden = self.local_in(neighbourhood(cells)) + self.local_token(tokens).reshape(-1, LAYERS, ALPHA, self.local)
        return self.local_out(F.relu(hidden)) + self.cells_out(tokens).reshape(-1, LAYERS, ALPHA, R)


def tell(
    energy_mev: torch.Tensor, thickness_mm: torch.Tensor, layer_energy: torch.Tensor, layer_count: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network is told: each layer and its two neighbours [B, 45, 15], and the conditions [B, 2]."""
    padded = pad_layers(layer_features(layer_energy, layer_count), 1, 1)
    layers = torch.cat([padded[:, shift : shift + LAYERS] for shift in range(3)], -1)
    return layers, condition(energy_mev, thickness_mm)


def neighbourhood(cells: torch.Tensor) -> torch.Tensor:
    """Each sector (layer, alpha) with those around it: [B, 45, 16, 9] to [B, 45, 16, 81]. Alpha is a circle."""
    size = cells.shape[0]
    padded = F.pad(cells.reshape(size, LAYERS, CELLS_PER_LAYER), (0, 0, 1, 1)).reshape(size, LAYERS + 2, ALPHA, R)
    rows = torch.cat([padded[:, shift : shift + LAYERS] for shift in range(SEEN_LAYERS)], -1)
    before = torch.cat([rows[:, :, -1:], rows[:, :, :-1]], 2)
    behind = torch.cat([rows[:, :, 1:], rows[:, :, :1]], 2)
    return torch.cat([before, rows, behind], -1)


class Norm(nn.Module):
    """Layer normalisation without weights of its own: the conditions scale and shift it. (Ones and zeros are given
    because ONNX wants them.)"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("ones", torch.ones(width), persistent=False)
        self.register_buffer("zeros", torch.zeros(width), persistent=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(tokens, self.ones.shape, self.ones, self.zeros, 1e-5)


class Block(nn.Module):
    """Attention along depth, then an MLP, each gated by the conditions and the time and closed at first
    (adaLN-zero: Peebles and Xie 2023, arXiv:2212.09748)."""

    def __init__(self, width: int, heads: int, mlp: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = Norm(width)
        self.told = nn.Linear(width, 6 * width)
        self.qkv = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.up = nn.Linear(width, mlp * width)
        self.down = nn.Linear(mlp * width, width)
        nn.init.zeros_(self.told.weight)
        nn.init.zeros_(self.told.bias)

    def forward(self, tokens: torch.Tensor, signal: torch.Tensor) -> torch.Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.told(signal).chunk(6, -1)
        tokens = tokens + gate1 * self.attend(self.norm(tokens) * (1.0 + scale1) + shift1)
        inner = F.relu(self.up(self.norm(tokens) * (1.0 + scale2) + shift2))
        return tokens + gate2 * self.down(inner)

    def attend(self, tokens: torch.Tensor) -> torch.Tensor:
        size, length, width = tokens.shape
        split = self.qkv(tokens).view(size, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = split[0], split[1], split[2]
        if tokens.is_cuda and hasattr(F, "scaled_dot_product_attention"):
            mixed = F.scaled_dot_product_attention(query, key, value)
        else:
            weights = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
            mixed = torch.softmax(weights, -1) @ value
        return self.joined(mixed.transpose(1, 2).reshape(size, length, width))


def transformer_of(config: dict[str, Any]) -> ShapeTransformer:
    """The network of `config["transformer"]`: width, blocks, heads, mlp, local."""
    names = ("width", "blocks", "heads", "mlp", "local")
    settings = config.get("transformer", {})
    return ShapeTransformer(**{name: int(settings[name]) for name in names if name in settings})
