"""The 362 high-level features of the CaloChallenge and a physics score for choosing checkpoints.

Definitions: CaloChallenge `code/HighLevelFeatures.py` and `code/evaluate.py` (arXiv:2410.21611), as listed in
`fastsim.md`, sections 2.2 to 2.5. Energies in MeV, lengths in mm, angles in radians. All of it is written in torch,
so that a critic can follow the gradient of every feature back to the cells.

Order of the features: log10 E_inc (1), log10(E_l + 1e-8) (45), EC_eta / 100 (45), EC_phi / 100 (45),
width_eta / 100 (45), width_phi / 100 (45), log10(E_tot + 1e-8) (1), sparsity (45), EC_r / 100 (45), width_r / 100 (45).
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

from .data import ALPHA, CUT_MEV, LAYERS, R, R_STEP_MM
from .data import CELLS_PER_LAYER as CELLS

FEATURES = 2 + 8 * LAYERS
EPSILON = 1e-16


class Showers(Protocol):
    """What a score needs of a set: `data.Batch` has it, and so has any small class with these two fields."""

    showers: Tensor  # [N, 45, 16, 9], MeV
    energy_mev: Tensor  # [N], MeV


def cell_centres(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """eta = r cos(alpha), phi = r sin(alpha) and r of the 144 cells of a layer, in mm; cell index = alpha * 9 + r."""
    radius = R_STEP_MM * (torch.arange(R, dtype=torch.float64) + 0.5)
    angle = -math.pi + 2 * math.pi * (torch.arange(ALPHA, dtype=torch.float64) + 0.5) / ALPHA
    eta = (torch.cos(angle)[:, None] * radius).reshape(CELLS)
    phi = (torch.sin(angle)[:, None] * radius).reshape(CELLS)
    return eta.to(dtype), phi.to(dtype), radius.repeat(ALPHA).to(dtype)


def moment_basis(dtype: torch.dtype = torch.float64) -> Tensor:
    """[144, 7]: the weights whose sums over the cells are E, E eta, E phi, E r, E eta^2, E phi^2 and E r^2."""
    eta, phi, radius = cell_centres(dtype)
    return torch.stack([torch.ones_like(eta), eta, phi, radius, eta**2, phi**2, radius**2], dim=1)


def layer_observables(showers: Tensor, smooth_mm2: float = 0.0) -> dict[str, Tensor]:
    """The observables of each layer, each [N, 45]. An empty layer has centre and width zero.

    `smooth_mm2` > 0 replaces sqrt(variance) by sqrt(variance + smooth) - sqrt(smooth), whose slope stays finite where
    a layer has a single cell: for training only, never for a score.
    """
    flat = showers.reshape(-1, LAYERS, CELLS)
    moments = flat @ moment_basis(flat.dtype).to(flat.device)
    energy = moments[..., 0]
    means = moments[..., 1:] / (energy[..., None] + (EPSILON if smooth_mm2 == 0 else CUT_MEV * 1e-3))
    centre = means[..., :3]
    variance = (means[..., 3:] - centre**2).clamp(min=0)
    if smooth_mm2 == 0:
        width = torch.where(variance > 1e-9, variance, torch.zeros_like(variance)).sqrt()
    else:
        width = (variance + smooth_mm2).sqrt() - math.sqrt(smooth_mm2)
    occupied = (flat > 0).to(flat.dtype).mean(dim=-1)
    return {
        "energy": energy,
        "centre_eta": centre[..., 0], "centre_phi": centre[..., 1], "centre_r": centre[..., 2],
        "width_eta": width[..., 0], "width_phi": width[..., 1], "width_r": width[..., 2],
        "sparsity": 1 - occupied,
    }  # fmt: skip


def features(
    showers: Tensor, energy_mev: Tensor, smooth_mm2: float = 0.0, occupancy: Tensor | None = None
) -> Tensor:
    """[N, 362] of showers [N, 45, 16, 9] and E_inc [N], in the dtype of the showers.

    `occupancy` [N, 45], the mean of a soft gate over a layer's cells, gives the sparsity a gradient; without it the
    sparsity is the hard count, which has none.
    """
    seen = layer_observables(showers, smooth_mm2)
    sparsity = seen["sparsity"] if occupancy is None else 1 - occupancy
    total = seen["energy"].sum(dim=1, keepdim=True)
    incident = energy_mev.reshape(-1, 1).to(showers.dtype)
    return torch.cat(
        [
            torch.log10(incident),
            torch.log10(seen["energy"].clamp(min=0) + 1e-8),
            seen["centre_eta"] / 100, seen["centre_phi"] / 100,
            seen["width_eta"] / 100, seen["width_phi"] / 100,
            torch.log10(total + 1e-8),
            sparsity,
            seen["centre_r"] / 100, seen["width_r"] / 100,
        ],
        dim=1,
    )  # fmt: skip


def _histogram(values: Tensor, edges: Tensor) -> Tensor:
    """Counts by numpy's convention: out-of-range values are dropped and the last bin is closed on the right."""
    values = values.reshape(-1)
    values = values[(values >= edges[0]) & (values <= edges[-1])]
    place = (torch.bucketize(values, edges, right=True) - 1).clamp(max=len(edges) - 2)
    return torch.bincount(place, minlength=len(edges) - 1).to(torch.float64)


def separation(generated: Tensor, reference: Tensor, edges: Tensor) -> tuple[float, float]:
    """The separation power of two samples and its noise floor, (K - 1) / 4 (1 / N1 + 1 / N2) for K occupied bins."""
    ours, theirs = _histogram(generated, edges), _histogram(reference, edges)
    ours_in, theirs_in = float(ours.sum()), float(theirs.sum())
    if theirs_in == 0:
        return math.nan, math.nan
    if ours_in == 0:
        return 1.0, 0.0
    p, q = ours / ours_in, theirs / theirs_in
    power = 0.5 * float(((p - q) ** 2 / (p + q + EPSILON)).sum())
    occupied = int(((ours + theirs) > 0).sum())
    return power, (occupied - 1) / 4 * (1 / ours_in + 1 / theirs_in)


def _excess_by_layer(generated: Tensor, reference: Tensor, edges: Tensor | None) -> float:
    """Separation minus floor, mean over the layers; without edges, logarithmic ones up to the reference's maximum."""
    excesses = []
    for layer in range(LAYERS):
        ours, theirs = generated[:, layer], reference[:, layer]
        if edges is None:
            top = float(theirs.max())
            if top <= CUT_MEV:
                continue
            layer_edges = torch.logspace(math.log10(CUT_MEV), math.log10(top), 40, dtype=torch.float64)
        else:
            layer_edges = edges
        power, floor = separation(ours, theirs, layer_edges)
        if not math.isnan(power):
            excesses.append(power - floor)
    return sum(excesses) / max(1, len(excesses))


def frechet_distance(generated: Tensor, reference: Tensor) -> float:
    """Squared Frechet distance of two feature sets [N, F], each feature scaled by max |reference|.

    Sample covariances, one size, no extrapolation to infinite size: comparable between checkpoints of equal N, not
    with a published FPD. Tr sqrt(S1 S2) = sum sqrt eig(S1^1/2 S2 S1^1/2).
    """
    scale = reference.abs().max(dim=0).values
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    ours, theirs = generated / scale, reference / scale
    first, second = torch.cov(ours.T), torch.cov(theirs.T)
    values, vectors = torch.linalg.eigh(first)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    shift = ((ours.mean(dim=0) - theirs.mean(dim=0)) ** 2).sum()
    return float(shift + torch.trace(first) + torch.trace(second) - 2 * cross)


def physics_score(generated: Showers, reference: Showers) -> dict[str, float]:
    """Separations minus floors (means over the layers), an FPD-like distance, and one number to rank checkpoints by.

    Both sets must be drawn at the same incident energies. `score` (lower is better) is the mean of the separations
    plus 0.02 times the Frechet distance: on published models the two terms are then of one size.
    """
    with torch.no_grad():
        ours, theirs = generated.showers.detach().double().cpu(), reference.showers.detach().double().cpu()
        ours, theirs = ours * (ours >= CUT_MEV), theirs * (theirs >= CUT_MEV)
        ours_energy, theirs_energy = generated.energy_mev.cpu().double(), reference.energy_mev.cpu().double()
        a, b = layer_observables(ours), layer_observables(theirs)

        def line(low: float, high: float, count: int) -> Tensor:
            return torch.linspace(low, high, count, dtype=torch.float64)

        result: dict[str, float] = {}
        power, floor = separation(
            a["energy"].sum(1) / ours_energy, b["energy"].sum(1) / theirs_energy, line(0.5, 1.5, 101)
        )
        result["s_total"] = power - floor
        result["s_layer"] = _excess_by_layer(a["energy"], b["energy"], None)
        cell_edges = torch.logspace(math.log10(CUT_MEV), math.log10(float(theirs.max())), 50, dtype=torch.float64)
        power, floor = separation(ours, theirs, cell_edges)
        result["s_cell"] = power - floor
        for name, edges in (
            ("centre_eta", line(-30, 30, 101)), ("centre_phi", line(-30, 30, 101)), ("centre_r", line(0, 42, 101)),
            ("width_eta", line(0, 30, 101)), ("width_phi", line(0, 30, 101)), ("width_r", line(0, 20, 101)),
            ("sparsity", line(0, 1, 21)),
        ):  # fmt: skip
            result["s_" + name] = _excess_by_layer(a[name], b[name], edges)
        mean = sum(result.values()) / len(result)
        result["fpd"] = frechet_distance(features(ours, ours_energy), features(theirs, theirs_energy))
        result["score"] = mean + 0.02 * result["fpd"]
        return result
