"""The layer network: energy and number of hit cells of every layer, drawn layer by layer, trained by likelihood.

E_tot / E_inc comes first. Then, for each layer along depth, the number of hit cells n_l given everything in front, and
ln(E_l / (n_l cut)) given n_l too. Each is a quantile function (`quantiles.py`) whose parameters a small network gives;
counts are drawn on Anscombe's scale 2 sqrt(n + 3/8), where their spread is about one, and rounded. At the end the layer
energies are scaled to the total. So the distributions of E_tot, E_l and occupancy, and their correlations, come from
likelihood, not from an adversary.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from . import quantiles
from .data import CELLS_PER_LAYER, CUT_MEV, LAYERS
from .layers import CUT_FLOAT32, LARGEST_SCORE, condition

CAPS = (1.0, 3.0, 8.0, 20.0, 96.0)
"""A count enters the network as min(n, cap): a function of n with kinks where few cells become many."""

LARGEST_ROOT = math.sqrt(CELLS_PER_LAYER + 0.375)
"""Half the Anscombe number of a layer that is full."""

FEATURES = len(CAPS) + 2
"""Of a layer, for those behind it: its capped counts, log energy per hit cell and share of the incident energy."""

NORMALS = 1 + 2 * LAYERS
"""Normal numbers of a shower: of the total, of every count, of every energy."""

LOG_CELL_MEAN = 6.6
"""Mean of ln(E_cell / cut) over hit cells of the training set; only a shift of scale."""

FIRST_EDGES_MEV = (
    *(CUT_MEV, 1.0, 2.5, 5.0, 5.2, 5.225, 5.25, 5.275, 5.3, 5.5, 5.55, 5.6, 5.7, 5.85, 6.1, 6.5, 7.0, 7.7, 8.5, 9.5, 10.4),
    *(10.6, 11.0, 11.5, 12.2, 13.0, 14.0, 15.5, 17.5, 20.0, 23.0, 27.0, 32.0, 38.0, 45.0, 55.0, 68.0, 85.0, 105.0),
    *(130.0, 170.0, 220.0, 300.0, 450.0, 800.0, 2000.0, 20000.0),
)
"""Bins of the energy of the first layer. The electron crosses its silicon before much has happened: a line at 5.25 MeV
(no delta ray), a gap up to the production threshold, then the rest. Pieces that move cannot follow that."""

TOTAL_SPREAD = 0.12
"""About sigma(E_tot) / E_tot times sqrt(E / GeV): the stochastic term of the calorimeter, to make the target of order
one at every energy."""

TOTAL_BLUR = 0.002
"""Relative noise on the total that the layers are told of in training: they may steer by it, not close the sum to the
last cell, which a sampled prefix cannot do."""


class LayerNetwork(nn.Module):
    """Draws (layer_energy, layer_count), each [B, 45], from incident energy and absorber thickness."""

    def __init__(self, hidden: int = 96, total_hidden: int = 48, dropout: float = 0.0, window: float = 0.03) -> None:
        super().__init__()
        self.dropout, self.window = dropout, window
        self.total = nn.Sequential(nn.Linear(2, total_hidden), nn.SiLU(), nn.Linear(total_hidden, quantiles.RAW))
        # Weights from layer m to layer l: one by distance, shared by all layers, plus one of the pair's own.
        self.by_distance = nn.Parameter(torch.randn(LAYERS, FEATURES, hidden) * (0.5 / math.sqrt(FEATURES * 4)))
        with torch.no_grad():
            self.by_distance.mul_(torch.exp(-torch.arange(LAYERS) / 4.0).view(-1, 1, 1))
        self.by_pair = nn.Parameter(torch.zeros(LAYERS, LAYERS, FEATURES, hidden))
        self.from_condition = nn.Parameter(torch.randn(LAYERS, 3, hidden) * 0.3)
        self.bias = nn.Parameter(torch.zeros(LAYERS, hidden))
        self.middle = LayerLinear(hidden, hidden)
        self.count_head = LayerLinear(hidden, quantiles.RAW, small=True)
        self.energy_hidden = LayerLinear(hidden, hidden)
        self.from_count = LayerLinear(len(CAPS), hidden)
        self.energy_head = LayerLinear(hidden, quantiles.RAW, small=True)
        self.first = FirstLayer()
        distance = torch.arange(LAYERS).view(-1, 1) - torch.arange(LAYERS).view(1, -1) - 1
        self.register_buffer("distance", distance.clamp(min=0), persistent=False)
        self.register_buffer("in_front", (distance >= 0).float().view(LAYERS, LAYERS, 1, 1), persistent=False)
        self.register_buffer("caps", torch.tensor(CAPS), persistent=False)
        self.register_buffer("cap_scale", 1.0 / torch.tensor(CAPS).sqrt(), persistent=False)

    def log_likelihood(
        self,
        energy_mev: torch.Tensor,
        thickness_mm: torch.Tensor,
        layer_energy: torch.Tensor,
        layer_count: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """ln p of the total [B], and of counts and energies [B, 45] (zero for the energy of an empty layer)."""
        told = condition(energy_mev, thickness_mm)
        total = total_target(energy_mev, layer_energy.sum(-1))
        log_total = quantiles.log_density(self.total(told), total, self.window)
        if self.training:
            blur = TOTAL_BLUR * torch.randn_like(energy_mev) * torch.sqrt(energy_mev / 1000.0) / TOTAL_SPREAD
            total = total + blur
        told = torch.cat([told, total.unsqueeze(-1)], -1)
        counts, energies, target = self.distributions(told, energy_mev, layer_energy, layer_count)
        low, high = anscombe(layer_count - 0.5), anscombe(layer_count + 0.5)
        log_count = quantiles.log_mass(counts, low, high, layer_count < 0.5)
        log_energy = quantiles.log_density(energies, target, self.window)
        first = self.first.log_density(told, layer_count[:, :1], layer_energy[:, :1])
        log_energy = torch.cat([first, log_energy[:, 1:]], -1) * (layer_count > 0)
        return log_total, log_count, log_energy

    def distributions(
        self, told: torch.Tensor, energy_mev: torch.Tensor, layer_energy: torch.Tensor, layer_count: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Raw parameters [B, 45, 13] of every count and of every energy given what lies in front, all layers at once;
        and ln(E / (n cut)) less its mean [B, 45], which the latter are of. `told` is [B, 3]: conditions and total."""
        filled = (layer_count > 0).float()
        log_cell = torch.log((layer_energy / (layer_count * CUT_FLOAT32).clamp(min=1e-6)).clamp(min=1.0))
        target = (log_cell - LOG_CELL_MEAN) * filled
        count_features = torch.minimum(layer_count.unsqueeze(-1), self.caps) * self.cap_scale
        share = 10.0 * layer_energy / energy_mev.view(-1, 1)
        known = torch.cat([count_features, target.unsqueeze(-1), share.unsqueeze(-1)], -1)
        weights = self.layer_weights().permute(1, 2, 0, 3).reshape(LAYERS * FEATURES, -1)
        hidden = (known.flatten(1) @ weights).view(len(known), LAYERS, -1)
        hidden = hidden + torch.einsum("bc,lch->blh", told, self.from_condition) + self.bias
        hidden = self.drop(F.relu(self.middle(self.drop(F.relu(hidden)))))
        given_count = self.drop(F.relu(self.energy_hidden(hidden) + self.from_count(count_features)))
        return self.count_head(hidden), self.energy_head(given_count), target

    def drop(self, hidden: torch.Tensor) -> torch.Tensor:
        return F.dropout(hidden, self.dropout, self.training)

    def layer_weights(self) -> torch.Tensor:
        """[to, from, feature, hidden], zero unless `from` lies in front of `to`."""
        return (self.by_distance[self.distance] + self.by_pair) * self.in_front

    def sample(
        self, energy_mev: torch.Tensor, thickness_mm: torch.Tensor, normal: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """[B, 1], [B, 1] and N(0, 1) numbers [B, 91] to layer energies [B, 45] in MeV and counts [B, 45] as float."""
        total, energy, count = self.draw(energy_mev, thickness_mm, normal)
        wanted = energy_mev * torch.exp(total * TOTAL_SPREAD * torch.sqrt(1000.0 / energy_mev))
        # The first layer keeps its line; the others share the rest.
        first, others = energy[:, :1], energy[:, 1:]
        scale = (wanted - first).clamp(min=0.0) / (others @ energy.new_ones(LAYERS - 1, 1)).clamp(min=1e-6)
        energy = torch.cat([first, others * scale], -1)
        # A layer cannot hold less than its hits at the cut; the margin keeps that true after rounding.
        return torch.maximum(energy, count * (CUT_FLOAT32 * 1.0001)), count

    def draw(
        self, energy_mev: torch.Tensor, thickness_mm: torch.Tensor, normal: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The total (on the scale of `total_target`, [B, 1]), and layers that are not yet scaled to it. Unrolled over
        the layers: some twenty-five small operators each."""
        told = condition(energy_mev, thickness_mm)
        for_total, *functions = quantiles.basis(normal).flatten(1).split(quantiles.RAW, -1)
        for_count, for_energy = functions[:LAYERS], functions[LAYERS:]
        total = quantiles.quantile(self.total(told), for_total)
        prefix = torch.cat([told, total], -1)
        # Scales are in the weights, which makes fewer operators.
        scale = torch.cat([self.cap_scale, self.caps.new_ones(FEATURES - len(CAPS))])
        weights = self.layer_weights() * scale.unsqueeze(-1)
        share = 10.0 * CUT_FLOAT32 / energy_mev
        counts, energies = [], []
        for layer in range(LAYERS):
            in_front = weights[layer, :layer].reshape(layer * FEATURES, self.bias.shape[1]) if layer else None
            given = self.from_condition[layer] if in_front is None else torch.cat([self.from_condition[layer], in_front])
            hidden = F.relu(torch.addmm(self.bias[layer], prefix, given))
            hidden = F.relu(self.middle.one(hidden, layer))
            root = quantiles.quantile(self.count_head.one(hidden, layer), for_count[layer], 0.5).clamp(0.0, LARGEST_ROOT)
            count = F.relu(torch.round(root * root - 0.375))
            features = torch.minimum(count, self.caps)
            both = [self.energy_hidden.of(layer), self.from_count.of(layer, self.cap_scale)]
            weight, bias = torch.cat([both[0][0], both[1][0]]), both[0][1] + both[1][1]
            given_count = F.relu(torch.addmm(bias, torch.cat([hidden, features], -1), weight))
            if layer == 0:
                log_cell = self.first(prefix, count, normal[:, 1 + LAYERS : 2 + LAYERS])
            else:
                log_cell = quantiles.quantile(self.energy_head.one(given_count, layer), for_energy[layer])
            log_cell = log_cell.clamp(-LOG_CELL_MEAN, LARGEST_SCORE - LOG_CELL_MEAN)
            energy = torch.exp(log_cell + LOG_CELL_MEAN) * count
            prefix = torch.cat([prefix, features, log_cell * count.clamp(max=1.0), energy * share], -1)
            counts.append(count)
            energies.append(energy)
        return total, torch.cat(energies, -1) * CUT_FLOAT32, torch.cat(counts, -1)

    forward = sample


class FirstLayer(nn.Module):
    """Energy of the first layer given the conditions, the total and the number of hits: a histogram with fixed bins."""

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(3 + len(CAPS), hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, len(FIRST_EDGES_MEV) - 1),
        )  # fmt: skip
        edges = torch.log(torch.tensor(FIRST_EDGES_MEV))
        self.register_buffer("edges", edges, persistent=False)
        self.register_buffer("widths", edges[1:] - edges[:-1], persistent=False)
        self.register_buffer("below", torch.triu(torch.ones(len(self.widths), len(self.widths)), 1), persistent=False)

    def logits(self, told: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        features = torch.minimum(count, count.new_tensor(CAPS)) / 3.0
        return self.network(torch.cat([told, features], -1))

    def log_density(self, told: torch.Tensor, count: torch.Tensor, energy_mev: torch.Tensor) -> torch.Tensor:
        """ln p of ln E, [B, 1] of [B, 3], [B, 1] and [B, 1]."""
        log_bins = torch.log_softmax(self.logits(told, count), -1) - torch.log(self.widths)
        bins = torch.bucketize(torch.log(energy_mev.clamp(min=CUT_MEV)), self.edges[1:-1], right=True)
        return torch.gather(log_bins, -1, bins)

    def forward(self, told: torch.Tensor, count: torch.Tensor, normal: torch.Tensor) -> torch.Tensor:
        """ln(E / (n cut)) less its mean, [B, 1], of N(0, 1) numbers [B, 1]."""
        inside = torch.softmax(self.logits(told, count), -1).clamp(min=1e-7)
        uniform = 0.5 + 0.5 * torch.erf(normal * math.sqrt(0.5))
        rises = ((uniform - inside @ self.below) / inside).clamp(0.0, 1.0)
        log_energy = math.log(CUT_MEV) + rises @ self.widths.unsqueeze(-1)
        return log_energy - torch.log(count.clamp(min=1.0)) - (LOG_CELL_MEAN + math.log(CUT_FLOAT32))


class LayerLinear(nn.Module):
    """A linear map for each layer: one shared by all, plus a correction of the layer's own that starts at zero."""

    def __init__(self, inputs: int, outputs: int, small: bool = False) -> None:
        super().__init__()
        scale = 0.1 if small else math.sqrt(2.0)
        self.shared = nn.Parameter(torch.randn(inputs, outputs) * (scale / math.sqrt(inputs)))
        self.own = nn.Parameter(torch.zeros(LAYERS, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(LAYERS, outputs))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """[B, 45, inputs] to [B, 45, outputs]."""
        product = torch.bmm(values.transpose(0, 1), self.shared + self.own)
        return product.transpose(0, 1) + self.bias

    def of(self, layer: int, scale: torch.Tensor | float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight and bias of one layer, for inputs that are still to be scaled."""
        return (self.shared + self.own[layer]) * torch.as_tensor(scale).unsqueeze(-1), self.bias[layer]

    def one(self, values: torch.Tensor, layer: int) -> torch.Tensor:
        """The map of one layer: [B, inputs] to [B, outputs]."""
        return torch.addmm(self.bias[layer], values, self.shared + self.own[layer])


def anscombe(count: torch.Tensor) -> torch.Tensor:
    """2 sqrt(n + 3/8): a Poisson number on this scale has a spread of about one (Anscombe 1948)."""
    return 2.0 * torch.sqrt((count + 0.375).clamp(min=0.0))


def total_target(energy_mev: torch.Tensor, total_mev: torch.Tensor) -> torch.Tensor:
    """ln(E_tot / E_inc) in units of the resolution."""
    return torch.log(total_mev / energy_mev) * torch.sqrt(energy_mev / 1000.0) / TOTAL_SPREAD
