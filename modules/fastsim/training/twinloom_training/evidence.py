"""
Evidence: how well a judge can tell generated showers from the reference, in a file that others can check.

Everything is measured twice by the same code with the same counts: generated against reference, and (the floor) one
reference against another. The files are named by digests, so that the evidence is worth nothing for any other showers.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

import numpy as np

from . import classifiers, distances, provenance
from .data import CUT_MEV
from .errors import RecipeError
from .observables import Observables, observe
from .samples import ShowerFile

SCHEMA = "twinloom.evidence/1"
DEFAULTS = {
    "per_class": 0,  # showers per class in one repetition; 0 means as many as both have
    "network_low": 10,  # repetitions; 0 leaves a judge out
    "network_high": 10,
    "trees_low": 10,
    "trees_high": 10,
    "network_epochs": 50,
    "network_patience": 50,
    "trees_low_iterations": 300,
    "trees_high_iterations": 300,
    "trees_low_learning_rate": 0.1,
    "trees_high_learning_rate": 0.1,
    "fpd_sizes": [int(1 / x) for x in np.linspace(1 / 10000, 1 / 50000, 10)],
    "fpd_draws": 20,
    "prdc_per_class": 10000,
    "seed": 1,
}
JUDGES = [("trees", "high"), ("trees", "low"), ("network", "high"), ("network", "low")]
"""In the order in which they run: the sharpest for its cost first."""

Say = Callable[[str], None]


def evidence(
    generated: str,
    reference: str,
    out: str,
    settings: dict,
    *,
    name: str,
    model: str | None = None,
    floor: dict | None = None,
    device: str = "cpu",
    command: str = "",
    remarks: tuple[str, ...] = (),
    say: Say = print,
) -> dict:
    """Judges the file `generated` against the file `reference`. `out` is written anew after every judge, so a run that
    is stopped leaves what it has. `floor` comes from `reference_floor`; `remarks` stand first among the limits."""
    started = time.monotonic()
    ours, theirs = ShowerFile(generated), ShowerFile(reference)
    size = _per_class(ours, theirs, settings)
    samples = ours.describe(), theirs.describe()
    blocks = [np.arange(first, first + size) for first in range(0, ours.count - size + 1, size)]
    paired = all(np.array_equal(ours.energy_mev[block], theirs.energy_mev[:size]) for block in blocks)
    about = {
        "schema": SCHEMA,
        "name": name,
        "model": None if model is None else {"file": os.path.basename(model), "sha256": provenance.digest(model)},
        "generated": {**samples[0], "rows": [0, ours.count]},
        "reference": {**samples[1], "rows": [0, size]},
        "comparison": {
            "per_class": size,
            "blocks": len(blocks),
            "energies": "equal" if paired else "independent",
            "cut_mev": CUT_MEV,
        },
    }

    def write(judges: list[dict], measured: dict) -> dict:
        document = {**about, "judges": judges, "distances": measured, "floor": None}
        limits = [*remarks, *_limits(settings, size, ours.count, judges)]
        document |= {"limits": limits, "made": provenance.made(started, command)}
        return write_with_floor(document, floor, out)

    every = np.arange(ours.count)
    comparison = Comparison(ours, theirs, samples, blocks, np.arange(size), every, paired, settings, device, say)
    return comparison.run(out + ".judged", write)


def reference_floor(
    second: str, reference: str, out: str, settings: dict, *, device: str = "cpu", command: str = "", say: Say = print
) -> dict:
    """Reference against reference: as many showers of `second`, chosen by the seed, in the place of generated ones."""
    started = time.monotonic()
    ours, theirs = ShowerFile(second), ShowerFile(reference)
    size = _per_class(ours, theirs, settings)
    chosen = np.sort(np.random.default_rng(settings["seed"]).choice(ours.count, size, replace=False))
    samples = ours.describe(), theirs.describe()
    choice = {"seed": settings["seed"], "of": ours.count, "count": size}
    about = {
        "schema": "twinloom.evidence-floor/1",
        "sample": {**samples[0], "rows": [0, ours.count], "choice": choice},
        "reference": {**samples[1], "rows": [0, size]},
        "energies": "independent",
        "settings": settings,
    }

    def write(judges: list[dict], measured: dict) -> dict:
        document = {**about, "judges": judges, "distances": measured, "made": provenance.made(started, command)}
        provenance.write_json(out, document)
        return document

    comparison = Comparison(ours, theirs, samples, [chosen], np.arange(size), chosen, False, settings, device, say)
    return comparison.run(out + ".judged", write)


def write_with_floor(document: dict, floor: dict | None, out: str) -> dict:
    """Writes evidence with a floor, which must be of the same reference and as many showers per class."""
    if floor is not None:
        for what, wanted, found in (
            ("reference", document["reference"]["content_sha256"], floor["reference"]["content_sha256"]),
            ("number of showers per class", document["comparison"]["per_class"], floor["sample"]["choice"]["count"]),
        ):
            if wanted != found:
                raise RecipeError(
                    f"The floor has another {what} ({found}) than the evidence ({wanted}): make it again."
                )
        of_floor = {(judge["judge"], judge["features"]): judge["settings"] for judge in floor["judges"]}
        for judge in document["judges"]:
            kind = judge["judge"], judge["features"]
            if of_floor.get(kind, judge["settings"]) != judge["settings"]:
                raise RecipeError(f"The floor was judged with other settings of {'/'.join(kind)}: make it again.")
        document = {**document, "floor": {key: floor[key] for key in ("sample", "energies", "judges", "distances")}}
    provenance.write_json(out, document)
    return document


def _per_class(ours: ShowerFile, theirs: ShowerFile, settings: dict) -> int:
    smallest = min(ours.count, theirs.count)
    size = settings["per_class"] or smallest
    if smallest < 50:
        raise RecipeError(
            f"{ours.path} has {ours.count} showers, {theirs.path} has {theirs.count}: judges need at least 50 of each."
        )
    if not 50 <= size <= smallest:
        raise RecipeError(
            f"{size} showers per class cannot be compared: {ours.path} has {ours.count}, {theirs.path} has "
            f"{theirs.count}; wanted are 50 to {smallest} (`per_class` of [evidence])."
        )
    return size


class Comparison:
    """Two sets of showers before the judges. The voxels of one block at a time are in memory."""

    def __init__(
        self,
        ours: ShowerFile,
        theirs: ShowerFile,
        samples: tuple[dict, dict],
        blocks: list[np.ndarray],
        reference_rows: np.ndarray,
        generated_rows: np.ndarray,
        paired: bool,
        settings: dict,
        device: str,
        say: Say,
    ):
        self.ours, self.theirs = ours, theirs
        self.blocks, self.reference_rows, self.generated_rows = blocks, reference_rows, generated_rows
        self.paired, self.settings, self.device, self.say = paired, settings, device, say
        # What makes a finished training the one that is wanted.
        self.key = [samples[0]["content_sha256"], samples[1]["content_sha256"], len(reference_rows), paired]
        self._voxels: dict[str, tuple[int, np.ndarray]] = {}

    def run(self, journal: str, write: Callable[[list[dict], dict], dict]) -> dict:
        """Distances, then every judge; `write` is called after each. Finished trainings are kept in `journal`."""
        progress = Progress(journal)
        self.say(f"reading {self.theirs.path} and {self.ours.path}")
        reference = observe(self.theirs, self.reference_rows)
        generated = observe(self.ours, self.generated_rows, reference.voxel_edges)
        chosen = {name: self.settings[name] for name in ("fpd_sizes", "fpd_draws", "prdc_per_class")}
        measured = progress.once([*self.key, "distances", chosen], lambda: self._distances(generated, reference))
        parts = (f"{name} {measured['prdc'][name]:.3f}" for name in ("precision", "recall", "density", "coverage"))
        self.say(f"FPD {measured['fpd']['extrapolated']['value']:.5f}, " + ", ".join(parts))
        judges: list[dict] = []
        document: dict = {}
        for kind, level in JUDGES:
            if self.settings[f"{kind}_{level}"] > 0:
                judges.append(self._judge(kind, level, generated, reference, progress))
                document = write(judges, measured)
        if not judges:
            raise RecipeError("No judge is wanted: [evidence] has no repetitions of any of them.")
        return document

    def _judge(self, kind: str, level: str, generated: Observables, reference: Observables, progress: Progress) -> dict:
        used, runs = _settings(kind, level, self.settings), []
        repetitions = self.settings[f"{kind}_{level}"]
        size = len(self.reference_rows)
        for repetition in range(repetitions):
            seed, block = self.settings["seed"] + repetition, repetition % len(self.blocks)
            parts = classifiers.split(size, seed, self.paired)

            def train(seed: int = seed, block: int = block, parts: classifiers.Parts = parts) -> dict:
                if level == "high":
                    at = np.searchsorted(self.generated_rows, self.blocks[block])
                    pair = generated.features[at], reference.features
                else:
                    pair = self._low("generated", block), self._low("reference", 0)
                result = classifiers.judge(kind, *pair, parts, seed, used, self.device)
                return {"block": block, "inputs": pair[0].shape[1], **result}

            run = progress.once([*self.key, kind, level, used, seed, block], train)
            runs.append(run)
            self.say(
                f"{kind}/{level} {repetition + 1} of {repetitions}: AUC {run['auc']:.4f}, JSD {run['jsd']:.4f}, "
                f"epoch {run['best_epoch']} of {run['epochs']}, {run['seconds']:.0f} s"
            )
        return _summary(kind, level, used, parts.counts, runs)

    def _low(self, side: str, block: int) -> np.ndarray:
        """The `low` features of one block; the last one of each side is kept."""
        if self._voxels.get(side, (None,))[0] != block:
            self._voxels.pop(side, None)
            file, rows = (self.ours, self.blocks[block]) if side == "generated" else (self.theirs, self.reference_rows)
            self._voxels[side] = block, classifiers.low_features(file.energy_mev[rows], file.cut_rows(rows))
        return self._voxels[side][1]

    def _distances(self, generated: Observables, reference: Observables) -> dict:
        count = min(self.settings["prdc_per_class"], len(self.reference_rows))
        pair = self.ours.cut_rows(self.blocks[0][:count]), self.theirs.cut_rows(self.reference_rows[:count])
        sizes, draws = self.settings["fpd_sizes"], self.settings["fpd_draws"]
        return {
            "fpd": distances.fpd(generated.features, reference.features, sizes, draws, 42),
            "prdc": {**distances.prdc(*pair), "block": 0},
            "separations": distances.separations(generated, reference),
            "n": {"generated": len(generated.energy_mev), "reference": len(reference.energy_mev)},
        }


class Progress:
    """Finished trainings beside the output, so that a run which was stopped goes on where it was."""

    def __init__(self, path: str):
        self.path = path
        self._done = json.load(open(path)) if os.path.exists(path) else {}

    def once(self, key: list, make: Callable[[], dict]) -> dict:
        name = json.dumps(key, sort_keys=True)
        if name not in self._done:
            self._done[name] = make()
            provenance.write_json(self.path, self._done)
        return self._done[name]


def _settings(kind: str, level: str, settings: dict) -> dict:
    if kind == "network":
        return {**classifiers.NETWORK, "epochs": settings["network_epochs"], "patience": settings["network_patience"]}
    return {
        **classifiers.TREES,
        "iterations": settings[f"trees_{level}_iterations"],
        "learning_rate": settings[f"trees_{level}_learning_rate"],
    }


def _summary(kind: str, level: str, used: dict, counts: dict, runs: list[dict]) -> dict:
    def spread(name: str) -> dict:
        values = [run[name] for run in runs]
        return {
            "mean": float(np.mean(values)),
            "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "values": values,
        }

    return {
        "judge": kind,
        "features": level,
        "inputs": runs[0]["inputs"],
        "counts": counts,
        "repetitions": len(runs),
        "seeds": [run["seed"] for run in runs],
        "auc": spread("auc"),
        "jsd": spread("jsd"),
        "auc_uncalibrated": spread("auc_uncalibrated"),
        "auc_sigma": classifiers.auc_sigma(counts["validation"], counts["validation"]),
        "settings": used,
        "runs": [{key: value for key, value in run.items() if key != "inputs"} for run in runs],
        "seconds": round(sum(run["seconds"] for run in runs), 1),
    }


def _limits(settings: dict, size: int, generated: int, judges: list[dict]) -> list[str]:
    """How this differs from the published protocol, in words."""
    patience, epochs = settings["network_patience"], settings["network_epochs"]
    kinds = {(judge["judge"], judge["features"]) for judge in judges}
    result = ["The reference is that of the file named here: published figures have another reference and range."]
    if size < 100_000:
        result.append(
            f"{size} showers per class in each repetition instead of 100,000: a judge with few showers sees less, so "
            "its AUC is a lower bound."
        )
    if generated > size:
        result.append(
            f"FPD and separations are of all {generated} generated showers, their floor is of {size}: more of "
            "them bias FPD less, so it may come out below its floor."
        )
    if {("network", "low"), ("network", "high")} & kinds:
        result.append("The network is trained in float32 instead of float64.")
        if patience < epochs or epochs < 50:
            result.append(
                f"The network has at most {epochs} epochs and stops when its accuracy has not risen for {patience}, "
                "instead of 50 epochs."
            )
    for judge in judges:
        if judge["repetitions"] < 10:
            what = f"{judge['judge']}/{judge['features']}"
            result.append(f"{judge['repetitions']} instead of 10 repetitions of {what}.")
    if ("trees", "low") in kinds:
        result.append(f"The trees on voxels stop at {settings['trees_low_iterations']}, for their cost.")
    result.append("The calibration is never surer than 1 / (n + 2), n the showers of the test part: JSD stays finite.")
    return result
