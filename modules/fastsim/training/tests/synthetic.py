"""Small made-up showers: the tests need no data files."""

import torch

from twinloom_training.data import ALPHA, CUT_MEV, LAYERS, R, Batch, ShowerSet


def showers(count: int, seed: int = 1) -> torch.Tensor:
    """[N, 45, 16, 9] MeV: sparse, some layers empty, energies over the cut."""
    rng = torch.Generator().manual_seed(seed)
    shape = (count, LAYERS, ALPHA, R)
    chance = 0.5 * torch.exp(-torch.arange(R) / 3.0) * torch.exp(-torch.arange(LAYERS) / 12.0).view(-1, 1, 1)
    hit = torch.rand(shape, generator=rng) < chance
    energy = CUT_MEV * (1.001 + torch.exp(6.0 + torch.randn(shape, generator=rng)))
    return torch.where(hit, energy, torch.zeros(shape))


def shower_set(count: int, seed: int = 1) -> ShowerSet:
    flat = showers(count, seed).flatten(1)
    row, cell = flat.nonzero(as_tuple=True)
    rng = torch.Generator().manual_seed(seed + 1)
    return ShowerSet(
        energy_mev=flat.sum(1) / 0.9,
        thickness_mm=1.2 + 0.1 * torch.randint(5, (count,), generator=rng).float(),
        indptr=torch.cat([torch.zeros(1, dtype=torch.int64), torch.bincount(row, minlength=count).cumsum(0)]),
        index=cell.to(torch.int16),
        value=flat[row, cell],
    )


def batch(count: int, seed: int = 1) -> Batch:
    return shower_set(count, seed).batch(torch.arange(count))
