"""The stages of a run, from data to evidence. Each goes on where it was stopped and needs what the one before left."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from . import baselines, card, data, energy, evidence, export, generate, onnx_check, provenance
from .config import evidence_settings
from .errors import RecipeError
from .samples import ShowerFile
from .train_loop import LoopSettings, load_state

TEST_FILE = "showers-test.h5"

TRAINING: dict[str, dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "gan": {"shape": ("adversarial", "train", ("warm", "adversarial"))},
    "transformer": {
        "shape": ("shower_transformer", "train_shape", ("marginals", "flow")),
        "distil": ("shower_transformer", "train_distil", ("distil", "adversarial")),
    },
}
"""Of each family and stage: module, function, and the folders below the run that it trains in, each named after the
section of the configuration that has its budget."""

GENERATOR = {"gan": "gan", "transformer": "shower_transformer"}
"""The module of each family that has `build_generator(run_dir, **arguments)`."""


@dataclass(frozen=True)
class Run:
    """What every stage is told."""

    config: dict[str, Any]
    data_dir: str
    out: str
    layers_from: str | None = None
    device: str = "auto"
    command: str = ""
    say: Callable[[str], None] = print

    @property
    def name(self) -> str:
        return self.config["name"]

    def path(self, *parts: str) -> str:
        return os.path.join(self.out, *parts)


class Stopped(Exception):
    """A stage was told to stop before its budget was spent."""


def begin(run: Run) -> None:
    """Checks the data and remembers the configuration; a run folder belongs to one configuration."""
    missing = [
        name
        for name in run.config.get("data", {}).get("files", data.DEFAULT_FILES)
        if not os.path.exists(os.path.join(run.data_dir, name))
    ]
    if missing:
        raise RecipeError(
            f"{run.data_dir} has no {', '.join(missing)}. Name their folder with --data, or other files in [data]."
        )
    os.makedirs(run.out, exist_ok=True)
    kept = Path(run.path("config.json"))
    if kept.exists():
        before, now = json.loads(kept.read_text()), json.loads(json.dumps(run.config))
        changed = sorted(
            key
            for key in before.keys() | now.keys()
            if before.get(key) != now.get(key) and key not in ("evidence", "export")
        )
        if changed:
            raise RecipeError(
                f"{run.out} was begun with another configuration (different: {', '.join(changed)}). Take another --out."
            )
    provenance.write_json(str(kept), run.config)


def layers(run: Run) -> None:
    """Energy and hit count of every layer, by likelihood; or those of another run, which the families may share."""
    folder = run.path("layers")
    if run.layers_from is not None:
        _take_layers(run, run.layers_from)
    energy.train(run.config, run.data_dir, folder, run.device)
    _require_finished(folder, run.config.get("layers", {}).get("loop", {"steps": 3000}))


def _take_layers(run: Run, other: str) -> None:
    """Copies the layer network of the run folder `other`, which must be what this run would train."""
    theirs = Path(other, "config.json")
    if not theirs.exists():
        raise RecipeError(f"{other} is not a run folder: it has no config.json.")
    config = json.loads(theirs.read_text())
    for section in ("layers", "data"):
        if config.get(section) != json.loads(json.dumps(run.config.get(section))):
            raise RecipeError(f"{other} has another [{section}] than this configuration: its layer network is not ours.")
    if not os.path.exists(run.path("layers")):
        shutil.copytree(Path(other, "layers"), run.path("layers"))


def train_stage(run: Run, stage: str) -> None:
    """A stage of the family: `shape`, `distil`. It needs no layer network: it is trained at the layers of the data."""
    module, function, folders = TRAINING[run.config["family"]][stage]
    getattr(import_module(f".{module}", __package__), function)(run.config, run.data_dir, run.out, run.device)
    for folder in (name for name in folders if name in run.config):
        _require_finished(run.path(folder), run.config.get(folder, {}))


def _require_finished(folder: str, settings: dict) -> None:
    known = LoopSettings(**{key: settings[key] for key in LoopSettings.__dataclass_fields__ if key in settings})
    checkpoint = Path(folder) / "checkpoint.pt"
    if checkpoint.exists():
        state = load_state(checkpoint)
        if known.progress(state["step"], state["seconds"]) >= 1.0:
            return
    raise Stopped(f"{folder} was stopped before its budget was spent.")


def variants(run: Run) -> dict[str, dict]:
    """The files of a family: their names and the arguments of `build_generator`."""
    if run.config["family"] == "gan":
        return {run.name: {}}
    return {run.name: {"mode": "fast"}, f"{run.name}-quality": {"mode": "quality"}}


def export_stage(run: Run) -> list[str]:
    """ONNX and card of every variant, checked against PyTorch."""
    module = import_module(f".{GENERATOR[run.config['family']]}", __package__)
    needed = run.path("layers", "best.pt")
    if not os.path.exists(needed):
        raise RecipeError(f"The stage export needs {needed}: run the stage layers first.")
    train, validation = (data.load(run.data_dir, split, run.config) for split in ("train", "validation"))
    every = [
        np.concatenate([getattr(part, name).numpy() for part in (train, validation)])
        for name in ("energy_mev", "thickness_mm")
    ]
    conditions = export.validity(*every)
    settings = run.config.get("data", {})
    splits = {
        "train_showers": len(train),
        "validation_showers": len(validation),
        "validation_fraction": settings.get("validation_fraction", 0.1),
        "split_seed": settings.get("seed", 1),
    }
    spent = sum(stage["seconds"] for stage in card.stages(run.out))
    written = []
    for name, arguments in variants(run).items():
        generator = module.build_generator(run.out, **arguments)
        out = run.path(f"{name}.onnx")
        exported = export.export(generator, out, name, conditions)
        check = onnx_check.check(generator, out, conditions, run.config.get("export", {}).get("check_showers", 1000))
        alike = "independent" if check["rows_independent"] else "NOT independent of each other"
        run.say(f"{out}: {exported['bytes'] / 1e6:.1f} MB, flipped cells {check['flipped_cells']:.1e}, rows {alike}")
        made = card.make_card(
            run.path(f"{name}.card.json"), exported, config=run.config, data_dir=run.data_dir, run_dir=run.out,
            splits=splits, conditions=conditions, check=check, seconds=spent, command=run.command,
        )  # fmt: skip
        run.say(f"{name}: {made['speed']['milliseconds_per_shower']} ms per shower (batch: time) on one thread")
        written.append(out)
    return written


def _remarks(run: Run, reference: str) -> tuple[str, ...]:
    """Says so where a judge's reference is what was trained on: such numbers prove nothing."""
    known = data.digests(run.data_dir, run.config)
    if provenance.digest(reference) not in known.values():
        return ()
    return ("The reference is one of the training files: a generator that had learned it by heart would seem perfect.",)


def floor_stage(run: Run, reference: str) -> dict | None:
    """Reference against reference: the first training file against the reference. Made once per run folder."""
    second = os.path.join(run.data_dir, run.config.get("data", {}).get("files", data.DEFAULT_FILES)[0])
    if os.path.samefile(second, reference):
        run.say("no floor: the reference is the training file itself")
        return None
    path = run.path("floor.json")
    if os.path.exists(path):
        return json.loads(Path(path).read_text())
    return evidence.reference_floor(
        second, reference, path, evidence_settings(run.config), device=_device(run), command=run.command, say=run.say
    )


def evidence_stage(run: Run, reference: str, repeat: int) -> None:
    """Generates at the energies of the reference, `repeat` times over, judges, and completes the cards."""
    wanted = np.tile(ShowerFile(reference).energy_mev, repeat)
    for name in variants(run):
        if not os.path.exists(run.path(f"{name}.onnx")):
            raise RecipeError(f"There is no {run.path(f'{name}.onnx')}: run the stage export first.")
    floor = floor_stage(run, reference)
    for name in variants(run):
        model, generated = run.path(f"{name}.onnx"), run.path(f"{name}.h5")
        if not _is_of(generated, model, len(wanted)):
            seconds = generate.generate(model, wanted, generated, seed=run.config.get("seed", 1), say=run.say)
            run.say(f"{generated}: {len(wanted)} showers, {seconds * 1e3 / len(wanted):.2f} ms each")
        out = run.path(f"evidence-{name}.json")
        evidence.evidence(
            generated, reference, out, evidence_settings(run.config), name=name, model=model, floor=floor,
            device=_device(run), command=run.command, remarks=_remarks(run, reference), say=run.say,
        )  # fmt: skip
        card.add_evidence(run.path(f"{name}.card.json"), out)


def judge_stage(run: Run, generated: str, reference: str, name: str, model: str | None = None) -> None:
    """Evidence for showers that came from elsewhere: a baseline, another program, `twinloom detector simulate`."""
    ShowerFile(generated)  # what cannot be judged is told before the floor, which takes long
    evidence.evidence(
        generated, reference, run.path(f"evidence-{name}.json"), evidence_settings(run.config), name=name, model=model,
        floor=floor_stage(run, reference), device=_device(run), command=run.command,
        remarks=_remarks(run, reference), say=run.say,
    )  # fmt: skip


def baseline_stage(run: Run, reference: str, repeat: int) -> str:
    """The resampling baseline at the energies of the reference, from the first training file."""
    files = run.config.get("data", {}).get("files", data.DEFAULT_FILES)
    out = run.path("resampling.h5")
    wanted = np.tile(ShowerFile(reference).energy_mev, repeat)
    baselines.resample(os.path.join(run.data_dir, files[0]), wanted, out, run.config.get("seed", 1))
    run.say(f"{out}: {len(wanted)} showers")
    return out


def _is_of(generated: str, model: str, count: int) -> bool:
    """Whether showers made earlier are this model's."""
    if not os.path.exists(generated):
        return False
    with h5py.File(generated) as file:
        return len(file["showers"]) == count and file.attrs.get("model_sha256") == provenance.digest(model)


def _device(run: Run) -> str:
    return ("cuda" if torch.cuda.is_available() else "cpu") if run.device == "auto" else run.device


def everything(run: Run, reference: str | None, repeat: int) -> None:
    """From data to ONNX files, cards and, where there is a reference, evidence."""
    started = time.monotonic()
    layers(run)
    for stage in TRAINING[run.config["family"]]:
        train_stage(run, stage)
    export_stage(run)
    if reference is None:
        run.say(f"no evidence: {run.data_dir} has no {TEST_FILE}; name another reference with --reference")
    else:
        evidence_stage(run, reference, repeat)
    run.say(f"{run.out} is complete after {time.monotonic() - started:.0f} s")
