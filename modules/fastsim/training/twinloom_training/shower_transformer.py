"""The transformer family as a whole: its stages of training, and the generator that goes into the ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from . import energy
from .data import ALPHA, CELLS, LAYERS, R, load
from .distil import AdversarialLearner, PairLearner, displacement
from .flow import FlowLearner, integrate, load_shape
from .marginals import CellMarginals, MarginalLearner, load_marginals
from .train_loop import Learner, LoopSettings, choose_device, load_state, train_loop
from .transformer import ShapeTransformer, tell


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
        threshold, logits = self.marginals(incident_energy, absorber_thickness, layer_energy, layer_count)
        noise = normal.reshape(-1, LAYERS, ALPHA, R)
        if self.steps == 1:
            cells = displacement(self.shape, noise, told)
        else:
            cells = integrate(self.shape, noise, told, self.steps)
        return self.marginals.to_showers(cells, threshold, logits, layer_energy, layer_count)


def train_shape(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str = "auto") -> None:
    """The cells' own distributions, then the flow."""
    folder, where = Path(run_dir), choose_device(device)
    sets = [load(data_dir, split, config) for split in ("train", "validation")]
    if trained(MarginalLearner(config, *sets, where), config, "marginals", folder):
        marginals = load_marginals(config, folder / "marginals")
        trained(FlowLearner(config, *sets, marginals, where), config, "flow", folder)


def train_distil(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: str = "auto") -> None:
    """One step: the teacher's pairs, then, if the configuration has a section `adversarial`, the critics."""
    folder, where = Path(run_dir), choose_device(device)
    sets = [load(data_dir, split, config) for split in ("train", "validation")]
    marginals = load_marginals(config, folder / "marginals")
    teacher = load_shape(config, folder / "flow" / "best.pt")
    pairs = PairLearner(config, *sets, marginals, teacher, where, folder / "distil")
    if trained(pairs, config, "distil", folder) and "adversarial" in config:
        student = load_shape(config, folder / "distil" / "best.pt")
        trained(AdversarialLearner(config, *sets, marginals, student, where), config, "adversarial", folder)


def trained(learner: Learner, config: dict[str, Any], stage: str, folder: Path) -> bool:
    """Trains a stage with the budget in its section; false if it was told to stop before that was spent."""
    section = config[stage]
    settings = LoopSettings(**{key: section[key] for key in LoopSettings.__dataclass_fields__ if key in section})
    train_loop(learner, settings, folder / stage)
    state = load_state(folder / stage / "checkpoint.pt")
    return settings.progress(state["step"], state["seconds"]) >= 1.0


def build_generator(run_dir: str | Path, mode: str = "fast") -> TransformerGenerator:
    """The generator of a finished run: "fast" takes one step, "quality" the steps of `[quality]`."""
    folder = Path(run_dir)
    config = json.loads((folder / "config.json").read_text())
    layers = energy.load_network(config, folder / "layers")
    marginals = load_marginals(config, folder / "marginals")
    if mode == "fast":
        last = "adversarial" if "adversarial" in config else "distil"
        return TransformerGenerator(layers, marginals, load_shape(config, folder / last / "best.pt"), 1).eval()
    if mode != "quality":
        raise ValueError(f'mode is "{mode}"; allowed are "fast" and "quality"')
    steps = int(config.get("quality", {}).get("steps", 6))
    return TransformerGenerator(layers, marginals, load_shape(config, folder / "flow" / "best.pt"), steps).eval()
