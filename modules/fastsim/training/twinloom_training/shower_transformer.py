"""The transformer family as a whole: its stages of training, and the generator that goes into the ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from . import energy
from .data import ALPHA, CELLS, LAYERS, R, load
from .distil import DistilLearner, displacement, load_student
from .flow import FlowLearner, integrate, load_shape
from .marginals import CellMarginals, MarginalLearner, load_marginals, to_showers
from .train_loop import LoopSettings, choose_device, train_loop
from .transformer import ShapeTransformer, tell

STAGES = ("layers", "marginals", "flow", "distil")


class TransformerGenerator(nn.Module):
    """Conditions and noise in, showers in MeV out.

    `steps` = 1 is the distilled network; more is the flow itself, integrated in that many evaluations."""

    def __init__(
        self, layers: energy.LayerNetwork, marginals: CellMarginals, shape: ShapeTransformer, steps: int
    ) -> None:
        super().__init__()
        self.layers, self.marginals, self.shape, self.steps = layers, marginals, shape, steps

    segments: dict[str, list[dict[str, Any]]] = {
        "incident_energy": [{"condition": "incident_energy"}],
        "absorber_thickness": [{"condition": "absorber_thickness"}],
        "layer_normal": [{"noise": "normal", "length": energy.NORMALS}],
        "normal": [{"noise": "normal", "length": CELLS}],
    }
    """The `inputs` of the metadata, in the order of `forward`."""

    def forward(
        self,
        incident_energy: torch.Tensor,
        absorber_thickness: torch.Tensor,
        layer_normal: torch.Tensor,
        normal: torch.Tensor,
    ) -> torch.Tensor:
        """[B, 1] MeV, [B, 1] mm, [B, 91] and [B, 6480] N(0, 1) to [B, 45, 16, 9] MeV."""
        layer_energy, layer_count = self.layers.sample(incident_energy, absorber_thickness, layer_normal)
        told = tell(incident_energy, absorber_thickness, layer_energy, layer_count)
        threshold, log_slopes = self.marginals(incident_energy, absorber_thickness, layer_energy, layer_count)
        noise = normal.reshape(-1, LAYERS, ALPHA, R)
        if self.steps == 1:
            cells = displacement(self.shape, noise, told)
        else:
            cells = integrate(self.shape, noise, told, self.steps)
        return to_showers(cells, threshold, log_slopes, layer_energy, layer_count)


def train(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str = "auto") -> None:
    """Every stage in order, each in its own folder of the run; a stage that is done is not repeated."""
    folder, where = Path(run_dir), choose_device(device)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    energy.train(config, data_dir, folder / "layers", device)
    sets = [load(data_dir, split, config) for split in ("train", "validation")]
    train_loop(MarginalLearner(config, *sets, where), loop_of(config, "marginals"), folder / "marginals")
    marginals = load_marginals(config, folder / "marginals")
    train_loop(FlowLearner(config, *sets, marginals, where), loop_of(config, "flow"), folder / "flow")
    teacher = load_shape(config, folder / "flow" / "best.pt")
    train_loop(DistilLearner(config, *sets, marginals, teacher, where), loop_of(config, "distil"), folder / "distil")


def loop_of(config: dict[str, Any], stage: str) -> LoopSettings:
    """The budget of a stage: the table `<stage>.loop` of the configuration."""
    return LoopSettings(**config[stage]["loop"])


def build_generator(run_dir: str | Path, mode: str = "one-step") -> TransformerGenerator:
    """The generator of a finished run: mode "one-step" or "quality"."""
    folder = Path(run_dir)
    config = json.loads((folder / "config.json").read_text())
    layers = energy.load_network(config, folder / "layers")
    marginals = load_marginals(config, folder / "marginals")
    if mode == "one-step":
        return TransformerGenerator(layers, marginals, load_student(config, folder / "distil" / "best.pt"), 1).eval()
    steps = int(config.get("quality", {}).get("steps", 6))
    return TransformerGenerator(layers, marginals, load_shape(config, folder / "flow" / "best.pt"), steps).eval()
