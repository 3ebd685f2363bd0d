"""The shape network of the GAN: which cells are hit and how a layer's energy is shared among them.

Given the energy and the hit count of every layer (drawn by the layer network, see `energy.py`), a cell's *score*
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

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import energy
from .critics import CONDITIONS, Condition, condition_vector, near_log
from .data import ALPHA, CELLS, CELLS_PER_LAYER, CUT_MEV, LAYERS, R
from .gate import hit_cells, share_energy
from .train_loop import load_state

SECTOR_CELLS = LAYERS * R
MOST = 39.9
"""Scores lie within, less than `gate.LARGEST`."""

SLOPE_KNOTS = (4.2, 4.7, 5.0, 5.15, 5.3, 5.55, 5.9, 6.4, 7.2)
"""ln(E / cut) where the slope of phi may change; one plane's minimum ionising particle deposits 5.1 there."""

TAIL = 2.5
"""Above its location, a cell's log energy falls off as a Gaussian does, c (sqrt(1 + 2 q / c) - 1) of the logistic q:
an exponential tail would make the mean energy depend on the rarest cells."""


def near_logit(uniform: Tensor) -> Tensor:
    """16 sinh(logit(u) / 16), a logistic variate but for its far tails, from roots: cheap, and the same bits anywhere,
    which ONNX Runtime's logarithm does not give."""
    root = uniform / (1 - uniform)
    for _ in range(4):
        root = torch.sqrt(root)
    return 8 * (root - 1 / root)


FINE = 2048
"""Values of the uniform that the energies are drawn with."""


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


def random_uniform(size: int, device: torch.device | str = "cpu", generator: torch.Generator | None = None) -> Tensor:
    """[size, 6480] on the grid of the runtime's generator: (k + 1/2) / 2^23."""
    integers = torch.randint(1 << 23, (size, CELLS), generator=generator, device=device)
    return integers.float().add_(0.5).mul_(2.0**-23)


class GanGenerator(nn.Module):
    """Layer network and shape network in one: conditions and noise in, showers [B, 45, 16, 9] in MeV out."""

    def __init__(self, layers: energy.LayerNetwork, shape: ShapeNetwork) -> None:
        super().__init__()
        self.layers, self.shape = layers, shape
        self.segments = {
            "incident_energy": [{"condition": "incident_energy"}],
            "absorber_thickness": [{"condition": "absorber_thickness"}],
            "normal": [{"noise": "normal", "length": energy.NORMALS + shape.normals}],
            "uniform": [{"noise": "uniform", "length": CELLS}],
        }

    def forward(self, incident_energy: Tensor, absorber_thickness: Tensor, normal: Tensor, uniform: Tensor) -> Tensor:
        """[B, 1] MeV, [B, 1] mm, [B, .] and [B, 6480]."""
        layer_energy, layer_count = self.layers(incident_energy, absorber_thickness, normal[:, : energy.NORMALS])
        condition = Condition(incident_energy, absorber_thickness, layer_energy, layer_count)
        return self.shape(condition, normal[:, energy.NORMALS :], uniform)


def build_generator(run_dir: str | Path, config: dict[str, Any] | None = None, stage: str = "adversarial") -> GanGenerator:
    """The best checkpoint of a run folder, which holds `config.json`, `layers`, `warm` and `adversarial`."""
    folder = Path(run_dir)
    config = config if config is not None else json.loads((folder / "config.json").read_text())
    shape = ShapeNetwork(config.get("shape"))
    shape.load_state_dict(load_state(folder / stage / "best.pt")["learner"]["average"])
    return GanGenerator(energy.load_network(config, folder / "layers"), shape).eval().requires_grad_(False)
