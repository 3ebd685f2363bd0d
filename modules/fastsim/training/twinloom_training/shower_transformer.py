"""The transformer family as a whole: its stages of training, and the generator that goes into the ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .data import ALPHA, CELLS, LAYERS, R, load
from .distil import AdversarialLearner, PairLearner, displacement
from .flow import FlowLearner, integrate, load_shape
from .layer_network import NORMALS, LayerNetwork
from .layer_training import load_layers
from .learner import choose_device
from .marginals import CellMarginals, MarginalLearner, load_marginals
from .train_loop import train_stage
from .transformer import ShapeTransformer, tell


class TransformerGenerator(nn.Module):
    """Conditions and noise in, showers in MeV out.

    `steps` = 1 is the distilled network; more is the flow itself, integrated in that many evaluations."""

    def __init__(
        self, layers: LayerNetwork, marginals: CellMarginals, shape: ShapeTransformer, steps: int
    ) -> None:
        super().__init__()
        self.layers, self.marginals, self.shape, self.steps = layers, marginals, shape, steps

    segments: dict[str, list[dict[str, Any]]] = {
        "incident_energy": [{"condition": "incident_energy"}],
        "absorber_thickness": [{"condition": "absorber_thickness"}],
        "layer_normal": [{"noise": "normal", "length": NORMALS}],
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
        threshold, logits = self.marginals(incident_energy, absorber_thickness, layer_energy, layer_count)
        noise = normal.reshape(-1, LAYERS, ALPHA, R)
        if self.steps == 1:
            cells = displacement(self.shape, noise, told)
        else:
            cells = integrate(self.shape, noise, told, self.steps)
        return self.marginals.to_showers(cells, threshold, logits, layer_energy, layer_count)


def train_shape(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str) -> bool:
    """The cells' own distributions in `run_dir/marginals`, then the flow in `run_dir/flow`, each resumed where it
    stopped; whether the budgets are spent."""
    where = choose_device(device)
    sets = [load(data_dir, split, config) for split in ("train", "validation")]
    if not train_stage(MarginalLearner(config, *sets, where), config, "marginals", run_dir):
        return False
    marginals = load_marginals(config, run_dir)
    return train_stage(FlowLearner(config, *sets, marginals, where), config, "flow", run_dir)


def train_distil(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str) -> bool:
    """One step: the teacher's pairs in `run_dir/distil`, then, if the configuration has a section `adversarial`, the
    critics in `run_dir/adversarial`; whether the budgets are spent."""
    folder, where = Path(run_dir), choose_device(device)
    sets = [load(data_dir, split, config) for split in ("train", "validation")]
    marginals = load_marginals(config, folder)
    teacher = load_shape(config, folder / "flow" / "best.pt")
    pairs = PairLearner(config, *sets, marginals, teacher, where, folder / "distil")
    if not train_stage(pairs, config, "distil", folder):
        return False
    if "adversarial" not in config:
        return True
    student = load_shape(config, folder / "distil" / "best.pt")
    return train_stage(AdversarialLearner(config, *sets, marginals, student, where), config, "adversarial", folder)


def build_generator(run_dir: str | Path, mode: str = "fast") -> TransformerGenerator:
    """The generator of a finished run: "fast" takes one step, "quality" the steps of `[quality]`."""
    if mode not in ("fast", "quality"):
        raise ValueError(f'mode is "{mode}"; allowed are "fast" and "quality"')
    folder = Path(run_dir)
    config = json.loads((folder / "config.json").read_text())
    last = "flow" if mode == "quality" else "adversarial" if "adversarial" in config else "distil"
    steps = int(config.get("quality", {}).get("steps", 6)) if mode == "quality" else 1
    shape = load_shape(config, folder / last / "best.pt")
    return TransformerGenerator(load_layers(config, folder), load_marginals(config, folder), shape, steps).eval()
