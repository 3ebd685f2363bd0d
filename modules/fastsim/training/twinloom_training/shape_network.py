"""The shape network of the GAN: which cells are hit and how a layer's energy is shared among them.

Given the energy and the hit count of every layer (drawn by the layer network, see `layer_network.py`), a cell's *score*
decides whether it is hit (`gate.py`) and its *log energy* how much it holds:

    score      = f(l, r) + g(alpha; l, r) + noise,               noise logistic, from one uniform per cell
    log energy = phi(a(l, r) + b(alpha; l, r) + s(l, r) noise')  noise' logistic below zero, nearly Gaussian above,
                                                     from the low bits of the same uniform

f, a and s come from an MLP of the conditions and of 32 normals; g and b from a small network that treats the 16 sectors
of alpha alike, each with normals of its own, mixed with its neighbours on the circle. So the cylindrical symmetry is
built in, and a sector's normals can let a track go through all layers of the sector. phi is a monotone piecewise linear
curve common to all cells: it holds the edge at the energy of one minimum ionising particle in one silicon plane.

With the noise independent from cell to cell, the network given its normals is a proper likelihood. It is fitted first,
as a variational autoencoder (`warm.py`), and then trained against the critics (`adversarial.py`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .critics import CONDITIONS, condition_vector, near_log
from .data import ALPHA, CELLS, CELLS_PER_LAYER, CUT_MEV, LAYERS, SECTOR_CELLS, R
from .gate import hit_cells, share_energy
from .shape_noise import Curve, Neighbours, near_logit

MOST = 39.9
"""Scores lie within, less than `gate.LARGEST`."""

FINE = 2048
"""Values of the uniform that the energies are drawn with."""

TAIL = 2.5
"""Above its location, a cell's log energy falls off as a Gaussian does, c (sqrt(1 + 2 q / c) - 1) of the logistic q:
an exponential tail would make the mean energy depend on the rarest cells."""


def mix_around(mix: nn.Linear, state: Tensor) -> Tensor:
    """[B, 16, C] to [B, 16, C]: a linear map of the sector before, the sector, the one after, and the mean and dipole of
    the circle. These last are three numbers a channel, which are mapped before they are spread over the sectors."""
    width = mix.out_features
    ends = torch.cat([state[:, -1:], state, state[:, :1]], dim=1)
    near = torch.cat([ends[:, :-2], state, ends[:, 2:]], dim=2)
    turn = 2 * math.pi * torch.arange(ALPHA, device=state.device, dtype=state.dtype) / ALPHA
    circle = torch.stack([torch.ones_like(turn), math.sqrt(2) * torch.cos(turn), math.sqrt(2) * torch.sin(turn)]) / 4
    far = torch.matmul(circle.T, torch.matmul(torch.matmul(circle, state), mix.weight[:, 3 * width :].t()))
    return torch.matmul(near, mix.weight[:, : 3 * width].t()) + mix.bias + far


def pick(values: Tensor, places: Tensor) -> Tensor:
    """Single values out of a tensor, by their places in it."""
    return values.reshape(-1).gather(0, places)


class Fields(NamedTuple):
    """What a shower's cells are drawn from, given its normals; all but the noise."""

    score: Tensor  # [B, 45, 144]: logit of a hit, up to a constant per layer
    log_energy: Tensor  # [B, 45, 144]: location
    low_scale: Tensor  # [B, 45, 9]: scale of the energy below its location, the same all around a ring
    high_scale: Tensor  # [B, 45, 9]: and above


class ShapeNetwork(nn.Module):
    """Keys of the configuration: `global_normals`, `sector_normals`, `width` of the MLP, `sector_width`, `blocks`."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        super().__init__()
        config = config or {}
        self.global_normals = int(config.get("global_normals", 32))
        self.sector_normals = int(config.get("sector_normals", 12))
        width, sector = int(config.get("width", 384)), int(config.get("sector_width", 128))
        blocks = int(config.get("blocks", 2))
        self.first = nn.Linear(CONDITIONS + self.global_normals, width)
        self.second = nn.Linear(width, width)
        self.rings = nn.Linear(width, 4 * SECTOR_CELLS)
        self.embed = nn.Linear(self.sector_normals, sector)
        self.film = nn.Linear(width, 2 * sector * (blocks + 1))
        self.mix = nn.ModuleList(nn.Linear(4 * sector, sector) for _ in range(blocks))
        self.cells = nn.Linear(sector, 2 * SECTOR_CELLS)
        self.curve = Curve()
        # Where these start: the correlations of neighbouring cells in the training data that independent noise leaves
        # over. Only the critics train them.
        self.score_plane = Neighbours({(0, 0, 1): 0.3, (0, 0, 2): 0.09, (1, 1, 1): 0.1}, 0.045, 0.08)
        self.energy_plane = Neighbours({(0, 0, 1): 0.14, (0, 0, 2): 0.03, (1, 1, 1): 0.04}, 0.01, 0.02)
        apart = (torch.arange(LAYERS)[:, None] - torch.arange(LAYERS)).abs().float()
        off = (apart > 0).float()
        self.score_depth = nn.Parameter(0.1 * torch.exp(-apart) * off)
        self.energy_depth = nn.Parameter(0.05 * torch.exp(-apart / 5) * off)
        """The score's noise, and that of the energy in the inner rings, run on into the same cell of other layers."""
        self.register_buffer("fine_logit", near_logit((torch.arange(FINE) + 0.5) / FINE), persistent=False)
        self.register_buffer("ring_of_cell", torch.eye(R).repeat(1, ALPHA), persistent=False)
        self.register_buffer("inner", 4.0 ** -torch.arange(R).float().repeat(ALPHA), persistent=False)
        # Of each cell, layer by layer and ring by ring: its place in [45, 16, 9], in [45, 9] and in [16, 45, 9].
        layer, ring, alpha = torch.meshgrid(*map(torch.arange, (LAYERS, R, ALPHA)), indexing="ij")
        for name, at in (
            ("cell_at", (layer * ALPHA + alpha) * R + ring),
            ("ring_at", layer * R + ring),
            ("sector_at", (alpha * LAYERS + layer) * R + ring),
        ):
            self.register_buffer(name, at.reshape(-1), persistent=False)
        self.register_buffer("ring_by_ring", self.cell_at[:CELLS_PER_LAYER], persistent=False)
        self.register_buffer("inner_at", self.inner[self.ring_by_ring].repeat(LAYERS), persistent=False)
        with torch.no_grad():
            self.rings.weight.mul_(0.3)
            self.cells.weight.mul_(0.5)
            self.rings.bias.zero_()
            self.cells.bias.zero_()

    @property
    def normals(self) -> int:
        """Normals per shower."""
        return self.global_normals + ALPHA * self.sector_normals

    def code(self, condition: Any, normal: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """What is the same all around a ring, four of [B, 45, 9] as in `Fields`, and the state of the sectors [B, 16, .].
        `condition` as `critics.Condition`; `normal` [B, normals]."""
        code = condition_vector(condition)
        hidden = F.leaky_relu(self.first(torch.cat([code, normal[:, : self.global_normals]], dim=1)), 0.1)
        hidden = F.leaky_relu(self.second(hidden), 0.1)
        score, log_energy, *scales = self.rings(hidden).reshape(-1, 4, LAYERS, R).unbind(1)
        films = self.film(hidden).unsqueeze(1).chunk(2 * (len(self.mix) + 1), dim=2)
        sectors = normal[:, self.global_normals :].reshape(-1, ALPHA, self.sector_normals)
        state = F.leaky_relu(self.embed(sectors) * (1 + films[0]) + films[1], 0.1)
        for number, mix in enumerate(self.mix):
            mixed = mix_around(mix, state)
            gain, shift = films[2 * number + 2], films[2 * number + 3]
            state = state + F.leaky_relu(mixed * (1 + gain) + shift, 0.1)
        # A layer's mean log energy is known: the network learns what differs from cell to cell.
        base_energy = 0.85 * near_log(condition.layer_energy / CUT_MEV / condition.layer_count.clamp(min=1) + 1)
        low, high = (torch.exp(scale.clamp(-4, 2)) for scale in scales)
        return (score, log_energy + base_energy.unsqueeze(-1), low, high), state

    def fields(self, condition: Any, normal: Tensor) -> Fields:
        """Of all cells."""
        (score, log_energy, low, high), state = self.code(condition, normal)
        cells = self.cells(state).reshape(-1, ALPHA, 2, LAYERS, R).permute(0, 2, 3, 1, 4)
        cells = cells.reshape(-1, 2, LAYERS, CELLS_PER_LAYER)
        score = (self.all_around(score) + cells[:, 0]).clamp(-20, 20)
        return Fields(score, self.all_around(log_energy) + cells[:, 1], low, high)

    def all_around(self, rings: Tensor) -> Tensor:
        """[B, 45, 9] to all cells [B, 45, 144]. As a product, which is cheaper than to broadcast rows of nine."""
        return rings @ self.ring_of_cell

    def draw(self, fields: Fields, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and log energies [B, 45, 144] from `uniform` [B, 6480], odd multiples of 2^-24 in (0, 1)."""
        scores = fields.score + self.score_noise(uniform, self.score_plane.matrix())
        noise, other_layers = self.energy_noise(uniform)
        low, high = self.all_around(fields.low_scale), self.all_around(fields.high_scale)
        log_energy = self.log_energy(fields.log_energy, low, high, noise + other_layers * self.inner)
        return scores.clamp(-MOST, MOST), log_energy

    def score_noise(self, uniform: Tensor, plane: Tensor) -> Tensor:
        """[B, 45, 144], mixed within the layers and then among them."""
        noise = near_logit(uniform.reshape(-1, LAYERS, CELLS_PER_LAYER)) @ plane
        return torch.matmul(self.score_depth + torch.eye(LAYERS, device=noise.device), noise)

    def energy_noise(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 45, 144]: mixed within the layers, and what runs on from other layers, to be weighted with `inner`."""
        # The low 11 of its 23 bits are a uniform of their own, as good as independent of the number itself; of so few
        # values the logits are looked up.
        fine = uniform * 4096
        fine = ((fine - torch.floor(fine)) * FINE).long().reshape(-1)
        noise = self.energy_plane(self.fine_logit.gather(0, fine).reshape(-1, LAYERS, CELLS_PER_LAYER))
        return noise, torch.matmul(self.energy_depth, noise)

    def log_energy(self, location: Tensor, low_scale: Tensor, high_scale: Tensor, noise: Tensor) -> Tensor:
        """Of cells in any shape: ln(E / cut) before it is scaled to the energy of the layer."""
        fine = torch.sigmoid(noise)
        # Below the location lies a share of the probability that makes the density continuous there.
        low = low_scale / (low_scale + high_scale)
        beyond = F.relu(fine - low)
        other = near_logit((fine - beyond) * (0.5 / low) + beyond * (0.5 / (1 - low)))
        above = TAIL * (torch.sqrt(1 + other.clamp(min=0) * (2 / TAIL)) - 1)
        return self.curve(location + other.clamp(max=0) * low_scale + above * high_scale)

    def forward(self, condition: Any, normal: Tensor, uniform: Tensor) -> Tensor:
        """Showers [B, 45, 16, 9] in MeV: what `draw` and `gate.decode` make, without gradients. One cell in ten is hit,
        and only hit cells get an energy here, which halves the time."""
        (score, location, *scales), state = self.code(condition, normal)
        score_map, energy_map = self.cells.weight.chunk(2)
        score_bias, energy_bias = self.cells.bias.reshape(2, LAYERS, R)
        # Scores lie ring by ring in a layer, as the product gives them: to turn them costs as much as to draw them.
        turned = self.ring_by_ring
        field = torch.matmul(score_map, state.transpose(1, 2)).reshape(-1, LAYERS, CELLS_PER_LAYER)
        field = field + (score + score_bias) @ self.ring_of_cell[:, turned]
        scores = field.clamp(-20, 20) + self.score_noise(uniform, self.score_plane.matrix()[:, turned])
        hits = hit_cells(scores.clamp(-MOST, MOST), condition.layer_count)
        cell, ring, sector = (
            hits.shower * length + table.gather(0, hits.place)
            for length, table in ((CELLS, self.cell_at), (SECTOR_CELLS, self.ring_at), (CELLS, self.sector_at))
        )
        location = pick(location + energy_bias, ring) + pick(torch.matmul(state, energy_map.t()), sector)
        low_scale, high_scale = (pick(scale, ring) for scale in scales)
        noise, other_layers = (pick(part, cell) for part in self.energy_noise(uniform))
        noise = noise + other_layers * self.inner_at.gather(0, hits.place)
        log_energy = self.log_energy(location, low_scale, high_scale, noise)
        return share_energy(hits, cell, log_energy, condition.layer_energy, condition.layer_count)
