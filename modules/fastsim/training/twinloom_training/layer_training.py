"""Training of the layer network by likelihood: the stage `layers` of both families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from .checkpoints import load_average
from .data import ShowerSet, load
from .layer_network import LayerNetwork
from .learner import Average, Learner, choose_device, learning_rate, set_learning_rate
from .train_loop import loop_settings, train_stage


class LayerTable:
    """Conditions, layer energies and counts of a whole set: 0.4 kB a shower, dense from the start. The columns are
    those of `data.Batch` without the showers."""

    def __init__(self, showers: ShowerSet, device: torch.device) -> None:
        parts = [showers.batch(rows) for rows in torch.arange(len(showers)).split(2000)]
        names = ("energy_mev", "thickness_mm", "layer_energy", "layer_count")
        self.columns = [torch.cat([getattr(part, name) for part in parts]).to(device) for name in names]

    def __len__(self) -> int:
        return len(self.columns[0])

    def rows(self, indices: torch.Tensor) -> list[torch.Tensor]:
        return [column[indices] for column in self.columns]


class LayerLearner(Learner):
    """Trains a `LayerNetwork` by likelihood; the score is the negative log-likelihood of the validation split."""

    parts = ("network", "average", "optimizer")

    def __init__(self, config: dict[str, Any], train: LayerTable, validation: LayerTable, device: torch.device) -> None:
        settings = config.get("layers", {})
        self.train, self.validation, self.device = train, validation, device
        self.network = network_of(config).to(device)
        self.average = Average(self.network, float(settings.get("average", 0.998)))
        self.batch = int(settings.get("batch", 512))
        self.rate = float(settings.get("rate", 2e-3))
        own = [p for name, p in self.network.named_parameters() if name.endswith("own") or name == "by_pair"]
        kept = {id(p) for p in own}
        shared = [p for p in self.network.parameters() if id(p) not in kept]
        groups = [
            {"params": shared, "weight_decay": float(settings.get("decay", 1e-3))},
            {"params": own, "weight_decay": float(settings.get("decay_own", 1.0))},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=self.rate, betas=(0.9, 0.99))

    def step(self, step: int, progress: float) -> dict[str, float]:
        set_learning_rate(self.optimizer, learning_rate(self.rate, progress, step, warm_up=200))
        rows = torch.randint(len(self.train), (self.batch,)).to(self.device)
        total, count, energy = self.network.log_likelihood(*self.train.rows(rows))
        loss = -(total + count.sum(-1) + energy.sum(-1)).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 20.0)
        self.optimizer.step()
        self.average.update(self.network, step)
        return {"loss": loss.item()}

    @torch.no_grad()
    def validate(self, step: int) -> dict[str, float]:
        sums = torch.zeros(3)
        for rows in torch.arange(len(self.validation), device=self.device).split(2000):
            parts = self.average.network.log_likelihood(*self.validation.rows(rows))
            sums += torch.stack([part.sum() for part in parts]).cpu()
        total, count, energy = (-sums / len(self.validation)).tolist()
        return {"score": total + count + energy, "total": total, "count": count, "energy": energy}


def network_of(config: dict[str, Any]) -> LayerNetwork:
    """The network of `config["layers"]`: hidden, total_hidden, dropout, window."""
    settings = config.get("layers", {})
    hidden, total_hidden = int(settings.get("hidden", 96)), int(settings.get("total_hidden", 48))
    dropout, window = float(settings.get("dropout", 0.0)), float(settings.get("window", 0.03))
    return LayerNetwork(hidden, total_hidden, dropout, window)


def train_layers(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str) -> bool:
    """Trains the layer network of a configuration in `run_dir/layers`; whether the budget is spent."""
    where = choose_device(device)
    tables = [LayerTable(load(data_dir, split, config), where) for split in ("train", "validation")]
    torch.manual_seed(loop_settings(config, "layers").seed)
    return train_stage(LayerLearner(config, *tables, where), config, "layers", run_dir)


def load_layers(config: dict[str, Any], run_dir: str | Path) -> LayerNetwork:
    """The best network of a run: averaged weights, ready to sample."""
    return load_average(network_of(config), Path(run_dir) / "layers" / "best.pt")
