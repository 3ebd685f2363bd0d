"""The GAN as a whole: its stages of training, and the generator that goes into the ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from .adversarial import AdversarialLearner
from .checkpoints import load_average, load_state
from .critics import Condition
from .data import CELLS, load
from .layer_network import NORMALS, LayerNetwork
from .layer_training import load_layers
from .learner import choose_device
from .shape_network import ShapeNetwork
from .train_loop import train_stage
from .warm import WarmLearner


class GanGenerator(nn.Module):
    """Layer network and shape network in one: conditions and noise in, showers [B, 45, 16, 9] in MeV out."""

    def __init__(self, layers: LayerNetwork, shape: ShapeNetwork) -> None:
        super().__init__()
        self.layers, self.shape = layers, shape
        self.segments = {
            "incident_energy": [{"condition": "incident_energy"}],
            "absorber_thickness": [{"condition": "absorber_thickness"}],
            "normal": [{"noise": "normal", "length": NORMALS + shape.normals}],
            "uniform": [{"noise": "uniform", "length": CELLS}],
        }

    def forward(self, incident_energy: Tensor, absorber_thickness: Tensor, normal: Tensor, uniform: Tensor) -> Tensor:
        """[B, 1] MeV, [B, 1] mm, [B, .] and [B, 6480]."""
        layer_energy, layer_count = self.layers(incident_energy, absorber_thickness, normal[:, : NORMALS])
        condition = Condition(incident_energy, absorber_thickness, layer_energy, layer_count)
        return self.shape(condition, normal[:, NORMALS :], uniform)


def train_shape(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str) -> bool:
    """The warm start by likelihood in `run_dir/warm`, then the critics in `run_dir/adversarial`, each resumed where it
    stopped; whether the budgets are spent."""
    where = choose_device(device)
    sets = [load(data_dir, split, config).to(where) for split in ("train", "validation")]
    if not train_stage(WarmLearner(config, *sets, where), config, "warm", run_dir):
        return False
    start = load_state(Path(run_dir) / "warm" / "checkpoint.pt")["learner"]
    return train_stage(AdversarialLearner(config, *sets, where, start), config, "adversarial", run_dir)


def build_generator(run_dir: str | Path) -> GanGenerator:
    """The generator of a finished run."""
    folder = Path(run_dir)
    config = json.loads((folder / "config.json").read_text())
    shape = load_average(ShapeNetwork(config.get("shape")), folder / "adversarial" / "best.pt")
    return GanGenerator(load_layers(config, folder), shape).eval()
