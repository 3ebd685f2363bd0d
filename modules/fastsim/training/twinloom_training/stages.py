"""The stages of a run, from data to evidence. Each goes on where it was stopped and needs what the one before left."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from . import baselines, card, checkpoints, data, evidence, export, gan, generate, onnx_check, provenance
from . import shower_transformer as transformer
from .config import evidence_settings
from .errors import RecipeError
from .layer_training import train_layers
from .learner import choose_device
from .samples import ShowerFile
from .train_loop import loop_settings

TEST_FILE = "showers-test.h5"

FAMILIES = {"gan": gan, "transformer": transformer}
"""The module of each family has `build_generator(run_dir, **arguments)` and, for each of its stages, `train_STAGE`."""

TRAINING = {"gan": ("shape",), "transformer": ("shape", "distil")}
"""The stages of training of each family after `layers`."""

BUDGETS = {
    "gan": ("layers", "warm", "adversarial"),
    "transformer": ("layers", "marginals", "flow", "distil"),
}
"""The sections that must have one. That of the transformer's critics, `adversarial`, may be absent as a whole."""


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

    @property
    def family(self) -> ModuleType:
        return FAMILIES[self.config["family"]]

    def path(self, *parts: str) -> str:
        return os.path.join(self.out, *parts)


class Stopped(Exception):
    """A stage was told to stop before its budget was spent."""


def begin(run: Run) -> None:
    """Checks the data and remembers the configuration; a run folder belongs to one configuration."""
    missing = [name for name in data.files_of(run.config) if not os.path.exists(os.path.join(run.data_dir, name))]
    if missing:
        raise RecipeError(
            f"{run.data_dir} has no {', '.join(missing)}. Name their folder with --data, or other files in [data]."
        )
    choose_device(run.device)
    os.makedirs(run.out, exist_ok=True)
    kept = run.path("config.json")
    if os.path.exists(kept):
        changed = _changed(provenance.read_json(kept), run.config, ("evidence", "export"))
        if changed:
            raise RecipeError(
                f"{run.out} was begun with another configuration (different: {', '.join(changed)}). Take another --out."
            )
    provenance.write_json(kept, run.config)


def _changed(before: dict, now: dict, free: tuple[str, ...]) -> list[str]:
    """The sections in which two configurations differ, but for those that are `free` to."""
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key) and key not in free)


def layers(run: Run) -> None:
    """Energy and hit count of every layer, by likelihood; or those of another run, which the families may share."""
    if run.layers_from is not None:
        _take_layers(run, run.layers_from)
    _require(train_layers(run.config, run.data_dir, run.out, run.device), "layers")


def _take_layers(run: Run, other: str) -> None:
    """Copies the layer network of the run folder `other`, which must be what this run would train."""
    theirs = Path(other, "config.json")
    if not theirs.exists() or not Path(other, "layers", "checkpoint.pt").exists():
        raise RecipeError(f"--layers: {other} is not a run folder with a layer network (config.json and layers/).")
    config, ours = ({"seed": 1, **each} for each in (provenance.read_json(theirs), run.config))
    for key in ("layers", "data", "seed"):
        if config.get(key) != ours.get(key):
            raise RecipeError(
                f"--layers: {other} has another `{key}` than this configuration: its layer network is not ours."
            )
    if not os.path.exists(run.path("layers")):
        part = run.path("layers.part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(Path(other, "layers"), part)
        os.replace(part, run.path("layers"))


def train_stage(run: Run, stage: str) -> None:
    """A stage of the family: `shape`, `distil`. It needs no layer network: it is trained at the layers of the data."""
    _set_random_numbers(run)
    train = getattr(run.family, f"train_{stage}")
    _require(train(run.config, run.data_dir, run.out, run.device), stage)


def _set_random_numbers(run: Run) -> None:
    """First weights are the same whether a stage is called alone or by `all`, where it begins with the random numbers that
    the layer network left."""
    before = Path(run.path("layers", "checkpoint.pt"))
    if before.exists():
        checkpoints.set_random_state(checkpoints.load_state(before)["random"])
    else:
        checkpoints.seed_everything(run.config.get("seed", 1))


def _require(finished: bool, stage: str) -> None:
    if not finished:
        raise Stopped(f"The stage {stage} was stopped before its budget was spent.")


def variants(run: Run) -> dict[str, dict]:
    """The files of a family: their names and the arguments of `build_generator`."""
    if run.config["family"] == "gan":
        return {run.name: {}}
    return {run.name: {"mode": "fast"}, f"{run.name}-quality": {"mode": "quality"}}


def export_stage(run: Run) -> None:
    """ONNX and card of every variant, checked against PyTorch."""
    generators = {name: run.family.build_generator(run.out, **arguments) for name, arguments in variants(run).items()}
    conditions, splits = _of_data(run)
    spent = sum(stage["seconds"] for stage in card.stages(run.out))
    for name, generator in generators.items():
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


def _of_data(run: Run) -> tuple[dict, dict]:
    """Of the data, for the card: the range of its conditions, and how it was split."""
    train, validation = (data.load(run.data_dir, split, run.config) for split in ("train", "validation"))
    every = [
        np.concatenate([getattr(part, name).numpy() for part in (train, validation)])
        for name in ("energy_mev", "thickness_mm")
    ]
    settings = run.config.get("data", {})
    splits = {
        "train_showers": len(train),
        "validation_showers": len(validation),
        "validation_fraction": settings.get("validation_fraction", 0.1),
        "split_seed": settings.get("seed", 1),
    }
    return export.validity(*every), splits


def _remarks(run: Run, reference: str) -> tuple[str, ...]:
    """Says so where a judge's reference is what was trained on: such numbers prove nothing."""
    known = data.digests(run.data_dir, run.config)
    if provenance.digest(reference) not in known.values():
        return ()
    return ("The reference is one of the training files: a generator that had learned it by heart would seem perfect.",)


def floor_stage(run: Run, reference: str) -> dict | None:
    """Reference against reference: the first training file against the reference. Made again where the settings of the
    judges or the reference are others."""
    second = os.path.join(run.data_dir, data.files_of(run.config)[0])
    if os.path.samefile(second, reference):
        run.say("no floor: the reference is the training file itself")
        return None
    path, settings = run.path("floor.json"), evidence_settings(run.config)
    if os.path.exists(path):
        floor = provenance.read_json(path)
        if floor["settings"] == settings and floor["reference"]["sha256"] == provenance.digest(reference):
            return floor
    return evidence.reference_floor(
        second, reference, path, settings, device=_device(run), command=run.command, say=run.say
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
        if not generate.is_made(generated, model, wanted):
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
    if model is not None and not os.path.exists(model):
        raise RecipeError(f"--model: there is no file {model}. Leave it out for showers that no model made.")
    ShowerFile(generated)  # what cannot be judged is told before the floor, which takes long
    evidence.evidence(
        generated, reference, run.path(f"evidence-{name}.json"), evidence_settings(run.config), name=name, model=model,
        floor=floor_stage(run, reference), device=_device(run), command=run.command,
        remarks=_remarks(run, reference), say=run.say,
    )  # fmt: skip


def baseline_stage(run: Run, reference: str, repeat: int) -> str:
    """The resampling baseline at the energies of the reference, from the first training file."""
    library = os.path.join(run.data_dir, data.files_of(run.config)[0])
    out = run.path("resampling.h5")
    wanted = np.tile(ShowerFile(reference).energy_mev, repeat)
    baselines.resample(library, wanted, out, run.config.get("seed", 1))
    run.say(f"{out}: {len(wanted)} showers")
    return out


def _device(run: Run) -> str:
    return str(choose_device(run.device))


def everything(run: Run, reference: str | None, repeat: int) -> None:
    """From data to ONNX files, cards and, where there is a reference, evidence."""
    started = time.monotonic()
    optional = {"adversarial"} & run.config.keys()
    sections = (*BUDGETS[run.config["family"]], *sorted(optional - set(BUDGETS[run.config["family"]])))
    run.say(f"plan {run.name}: {' '.join(sections)}")
    for section in sections:
        loop_settings(run.config, section)  # told now, not after the hours of the stages before
    layers(run)
    for stage in TRAINING[run.config["family"]]:
        train_stage(run, stage)
    export_stage(run)
    if reference is None:
        run.say(f"no evidence: {run.data_dir} has no {TEST_FILE}; name another reference with --reference")
    else:
        evidence_stage(run, reference, repeat)
    run.say(f"{run.out} is complete after {time.monotonic() - started:.0f} s")
