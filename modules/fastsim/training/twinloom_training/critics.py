"""Critics of showers, for the GAN and for the one-step distillation of the transformer.

The shape networks are trained on the layer energies and counts of the data, so every generated shower has a real
partner under the same conditions. The loss is the relativistic pairing loss with zero-centred gradient penalties on
both sides (RpGAN + R1 + R2, Huang et al., arXiv:2501.05441): stable, and it punishes dropped modes. The penalties
are estimated from first differences along a random direction, |D(x + s n) - D(x)|^2 / s^2 with n ~ N(0, 1), whose
mean is the squared gradient norm to first order: no second derivative is needed.

Two critics look at a shower:
- `FeatureCritic`: the 362 high-level features and the energy share, count and azimuthal moments of every ring.
- `CellCritic`: all cells, by sectors of alpha that share their weights, with circular mixing; so it cannot waste its
  strength on telling rotated showers apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data import ALPHA, CUT_MEV, LAYERS, SECTOR_CELLS
from .features import FEATURES, features

CONDITIONS = 2 + 2 * LAYERS
"""Numbers of `condition_vector`."""

RING_FEATURES = 5
"""Of one ring; `ring_features` has them for all."""

CENTRE_FEATURES = 3 * LAYERS - 3
"""Numbers of `centre_features`."""


class View(NamedTuple):
    """What the critics see of showers."""

    showers: Tensor  # [B, 45, 16, 9] MeV
    image: Tensor  # [B, 45, 16, 9]: 0 for an empty cell, 1 at the cut, about 3 at 10^4 times the cut


def image_of(showers: Tensor) -> Tensor:
    """The cells on a logarithmic scale with a step at the cut: gate * (1 + log(E / cut) / 4)."""
    return (showers > 0).to(showers.dtype) * (1 + torch.log(showers.clamp(min=CUT_MEV) / CUT_MEV) / 4)


def view(showers: Tensor) -> View:
    """Of showers as they are. A generator that knows a smooth gate gives its own image (`gate.decode`), whose gradient
    then also moves empty cells."""
    return View(showers, image_of(showers))


class Condition(NamedTuple):
    """Any tuple with these fields does: `data.Batch` has them too."""

    energy_mev: Tensor  # [B]
    thickness_mm: Tensor  # [B]
    layer_energy: Tensor  # [B, 45] MeV
    layer_count: Tensor  # [B, 45]


def near_log(value: Tensor) -> Tensor:
    """`layers.near_log` in whole numbers. The exporter keeps the two apart, so that a trained GAN is exported to the
    same bytes as the file that is shipped."""
    return 32 * (torch.pow(value, 1 / 32) - 1)


def condition_vector(condition: Any) -> Tensor:
    """[B, 92]: incident energy, thickness, layer energies and counts, on scales of order one."""
    energy = (near_log(condition.energy_mev.reshape(-1, 1) / 1e4)) / 1.4
    thickness = (condition.thickness_mm.reshape(-1, 1) - 1.4) / 0.15
    layers = near_log(condition.layer_energy / CUT_MEV + 1) / 5 - 1
    counts = torch.sqrt(condition.layer_count) / 3 - 1
    return torch.cat([energy, thickness, layers, counts], dim=1)


def ring_features(seen: View) -> Tensor:
    """[B, 2025]: per ring (layer, r) its share of the layer's energy, its count, the sum of its image and the moduli of
    the first two azimuthal moments of the image.

    Nothing here takes a logarithm of a sum that may be empty: the slope there would be that of one cell's energy over
    the cut, and would drown the rest of the gradient.
    """
    energy = seen.showers.sum(dim=2)
    share = energy / energy.detach().sum(dim=2, keepdim=True).clamp(min=CUT_MEV)
    count = seen.image.clamp(max=1).sum(dim=2)
    angle = 2 * math.pi * torch.arange(ALPHA, device=energy.device, dtype=energy.dtype) / ALPHA
    basis = torch.stack([f(order * angle) for order in (1, 2) for f in (torch.cos, torch.sin)], dim=0)
    moments = torch.matmul(basis, seen.image)  # [B, 45, 4, 9]
    square = moments * moments
    moduli = torch.sqrt(square[:, :, 0::2] + square[:, :, 1::2] + 0.05)
    parts = [2 * share, count / 4, seen.image.sum(dim=2) / 8, moduli[:, :, 0] / 2, moduli[:, :, 1] / 2]
    return torch.cat([part.reshape(-1, SECTOR_CELLS) for part in parts], dim=1)


def centre_features(high: Tensor) -> Tensor:
    """[B, 132]: how far each layer's centre lies off the axis, and the scalar products of the centres of layers one and
    two apart. A critic would have to learn these even functions of the centres before it could see their spread."""
    eta, phi = high[:, 1 + LAYERS : 1 + 2 * LAYERS] * 10, high[:, 1 + 2 * LAYERS : 1 + 3 * LAYERS] * 10
    parts = [torch.sqrt(eta * eta + phi * phi + 1e-3)]
    for apart in (1, 2):
        product = eta[:, apart:] * eta[:, :-apart] + phi[:, apart:] * phi[:, :-apart]
        parts.append(product / (1 + product.abs()))
    return torch.cat(parts, dim=1)


class FeatureCritic(nn.Module):
    """An MLP on standardised features and the conditions."""

    def __init__(self, width: int = 384, depth: int = 3, rings: bool = True) -> None:
        super().__init__()
        self.rings = rings
        inputs = FEATURES + CENTRE_FEATURES + (RING_FEATURES * SECTOR_CELLS if rings else 0)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        sizes = [inputs + CONDITIONS] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(width, 1)

    def describe(self, seen: View, condition: Any) -> Tensor:
        """What the MLP sees, before standardisation.

        Widths are smoothed over 2 mm (see `features`), or layers of one cell would rule the gradient. Energies and
        counts of the layers are given, not generated: what rounding leaves of their gradient is dropped.
        """
        high = features(seen.showers, condition.energy_mev, smooth_mm2=4.0)
        parts = (1 + LAYERS, 4 * LAYERS, 1 + LAYERS, 2 * LAYERS)
        energy, shape, sparsity, radius = high.split(parts, dim=1)
        high = torch.cat([energy.detach(), shape, sparsity.detach(), radius], dim=1)
        parts = [high, centre_features(high)] + ([ring_features(seen)] if self.rings else [])
        return torch.cat(parts, dim=1)

    def prepare(self, seen: View, condition: Any) -> Tensor:
        standard = (self.describe(seen, condition) - self.mean) * self.scale
        # Beyond 8 standard deviations the slope ends: a rare, huge outlier must not rule a step.
        return torch.cat([standard.clamp(-8, 8), condition_vector(condition)], dim=1)

    @torch.no_grad()
    def fit(self, seen: View, condition: Any) -> None:
        """Standardise on real showers."""
        described = self.describe(seen, condition)
        self.mean.copy_(described.mean(dim=0))
        spread = described.std(dim=0).clamp(min=1e-3)
        # Rings that are hardly ever hit keep a small voice; the features themselves all count.
        spread[FEATURES + CENTRE_FEATURES :] = spread[FEATURES + CENTRE_FEATURES :].clamp(min=0.1)
        spread[FEATURES:] = spread[FEATURES:].clamp(min=0.02)
        self.scale.copy_(1 / spread)

    def forward(self, prepared: Tensor) -> Tensor:
        for layer in self.hidden:
            prepared = F.leaky_relu(layer(prepared), 0.2)
        return self.out(prepared)[:, 0]


class CellCritic(nn.Module):
    """16 sectors of 405 cells with shared weights, mixed with their neighbours on the circle, then pooled."""

    def __init__(self, width: int = 128, blocks: int = 2, head: int = 256) -> None:
        super().__init__()
        self.embed = nn.Linear(SECTOR_CELLS, width)
        self.condition = nn.Linear(CONDITIONS, width)
        self.mix = nn.ModuleList(nn.Linear(3 * width, width) for _ in range(blocks))
        self.join = nn.Linear(2 * width + CONDITIONS, head)
        self.out = nn.Linear(head, 1)

    def prepare(self, seen: View, condition: Any) -> Tensor:
        sectors = seen.image.transpose(1, 2).reshape(-1, ALPHA, SECTOR_CELLS)
        code = condition_vector(condition)[:, None].expand(-1, ALPHA, -1)
        return torch.cat([sectors, code], dim=2)

    def fit(self, seen: View, condition: Any) -> None:
        """Nothing to standardise: the image is of order one."""

    def forward(self, prepared: Tensor) -> Tensor:
        sectors, code = prepared[..., :SECTOR_CELLS], prepared[:, 0, SECTOR_CELLS:]
        hidden = F.leaky_relu(self.embed(sectors) + self.condition(code)[:, None], 0.2)
        for mix in self.mix:
            around = torch.cat([hidden.roll(1, 1), hidden, hidden.roll(-1, 1)], dim=2)
            hidden = hidden + F.leaky_relu(mix(around), 0.2)
        pooled = torch.cat([hidden.mean(dim=1), (hidden * hidden).mean(dim=1).add(1e-6).sqrt(), code], dim=1)
        return self.out(F.leaky_relu(self.join(pooled), 0.2))[:, 0]


class Critics(nn.Module):
    """The critics of a configuration and their losses.

    Keys of the configuration: `feature_width`, `feature_depth`, `feature_weight`, `cell_width`, `cell_blocks`,
    `cell_weight`, `penalty` (gamma of R1 and R2), `penalty_step` (s above), `penalty_every` (steps).
    """

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        super().__init__()
        config = config or {}
        self.penalty = float(config.get("penalty", 0.5))
        self.penalty_step = float(config.get("penalty_step", 0.02))
        self.penalty_every = int(config.get("penalty_every", 4))
        self.critics = nn.ModuleDict()
        self.weights: dict[str, float] = {}
        if config.get("feature_weight", 1.0) > 0:
            self.critics["feature"] = FeatureCritic(config.get("feature_width", 384), config.get("feature_depth", 3))
            self.weights["feature"] = float(config.get("feature_weight", 1.0))
        if config.get("cell_weight", 1.0) > 0:
            self.critics["cell"] = CellCritic(config.get("cell_width", 128), config.get("cell_blocks", 2))
            self.weights["cell"] = float(config.get("cell_weight", 1.0))

    def fit(self, real: Tensor, condition: Any) -> None:
        """Once, before training, on a thousand or more real showers."""
        for critic in self.critics.values():
            critic.fit(view(real), condition)

    def _slope(self, critic: nn.Module, prepared: Tensor, value: Tensor) -> Tensor:
        step = self.penalty_step
        moved = critic(prepared + step * torch.randn_like(prepared))
        return ((moved - value) / step).square().mean()

    def discriminator_loss(
        self, real: Tensor, fake: View, condition: Any, step: int
    ) -> tuple[Tensor, dict[str, float]]:
        """Showers `real` [B, 45, 16, 9] in MeV and `fake` share the condition row by row. Returns the loss and, per
        critic, how often it is right.

        The penalty enters every `penalty_every` steps with that much more weight, for speed.
        """
        real = view(real)
        total, seen = torch.zeros((), device=real.showers.device), {}
        for name, critic in self.critics.items():
            with torch.no_grad():
                good = critic.prepare(real, condition)
                bad = critic.prepare(View(fake.showers.detach(), fake.image.detach()), condition)
            value = critic(torch.cat([good, bad]))
            of_real, of_fake = value.chunk(2)
            loss = F.softplus(of_fake - of_real).mean()
            if self.penalty > 0 and step % self.penalty_every == 0:
                # gamma / 2 (R1 + R2), the two means taken as one over both sides.
                slope = self._slope(critic, torch.cat([good, bad]), value)
                loss = loss + self.penalty_every * self.penalty * slope
            total = total + loss
            seen["right_" + name] = float((of_real > of_fake).float().mean())
        return total, seen

    def generator_loss(self, real: Tensor, fake: View, condition: Any) -> Tensor:
        """The same pairing with the signs exchanged; gradients reach `fake` only."""
        real = view(real)
        total = torch.zeros((), device=real.showers.device)
        for name, critic in self.critics.items():
            with torch.no_grad():
                of_real = critic(critic.prepare(real, condition))
            of_fake = critic(critic.prepare(fake, condition))
            total = total + self.weights[name] * F.softplus(of_real - of_fake).mean()
        return total

    def learn(
        self, optimizer: torch.optim.Optimizer, real: Tensor, fake: View, condition: Any, step: int
    ) -> dict[str, float]:
        """A step of the critics; what is to be shown of it."""
        loss, seen = self.discriminator_loss(real, fake, condition, step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return {"critic": float(loss), **seen}

    @contextmanager
    def fixed(self) -> Iterator[None]:
        """While the generator learns, the critics need no gradients of their own weights."""
        self.requires_grad_(False)
        try:
            yield
        finally:
            self.requires_grad_(True)
