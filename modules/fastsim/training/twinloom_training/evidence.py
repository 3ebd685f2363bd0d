"""
Evidence: how well a judge can tell generated showers from the reference, in a file that others can check.

Everything is measured twice by the same code with the same counts: generated against reference, and (the floor) one
reference against another. The files are named by digests, so that the evidence is worth nothing for any other showers.
"""

import json
import os
import time
from collections.abc import Callable

import numpy as np

from . import classifiers, distances, provenance
from .data import CUT_MEV
from .errors import RecipeError
from .observables import observe
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
JUDGES = [("trees", "high"), ("network", "high"), ("trees", "low"), ("network", "low")]


class Progress:
    """Finished trainings beside the output, so that a run which was stopped goes on where it was."""

    def __init__(self, path: str, say: Callable[[str], None]):
        self.path, self.say = path, say
        self._done = json.load(open(path)) if os.path.exists(path) else {}

    def once(self, key: list, make: Callable[[], dict]) -> dict:
        name = json.dumps(key, sort_keys=True)
        if name not in self._done:
            self._done[name] = make()
            provenance.write_json(self.path, self._done)
        return self._done[name]

    def remove(self) -> None:
        if os.path.exists(self.path):
            os.remove(self.path)


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
    say: Callable[[str], None] = print,
) -> dict:
    """Judges the file `generated` against the file `reference` and writes `out`. `floor` comes from `reference_floor`."""
    started = time.monotonic()
    ours, theirs = ShowerFile(generated), ShowerFile(reference)
    size = _per_class(ours, theirs, settings)
    if floor is not None:
        _check_floor(floor, theirs, size, settings)
    progress = Progress(out + ".progress", say)
    blocks = ours.count // size
    rows = [np.arange(block * size, (block + 1) * size) for block in range(blocks)]
    paired = all(np.array_equal(ours.energy_mev[block], theirs.energy_mev[:size]) for block in rows)
    samples = ours.describe(), theirs.describe()
    judges, measured = _compare(ours, theirs, rows, np.arange(size), np.arange(ours.count), paired, settings, progress, samples, device)
    document = {
        "schema": SCHEMA,
        "name": name,
        "model": None if model is None else {"file": os.path.basename(model), "sha256": provenance.digest(model)},
        "generated": {**samples[0], "rows": [0, ours.count]},
        "reference": {**samples[1], "rows": [0, size]},
        "comparison": {
            "per_class": size,
            "blocks": blocks,
            "energies": "equal" if paired else "independent",
            "cut_mev": CUT_MEV,
        },
        "judges": judges,
        "distances": measured,
        "floor": floor and {key: floor[key] for key in ("sample", "energies", "judges", "distances")},
        "limits": _limits(settings, size, judges),
        "made": provenance.made(started, command),
    }
    provenance.write_json(out, document)
    progress.remove()
    return document


def reference_floor(
    second: str, reference: str, out: str, settings: dict, *, device: str = "cpu", command: str = "", say=print
) -> dict:
    """Reference against reference: as many showers of `second` (chosen by the seed) in the place of the generated ones."""
    started = time.monotonic()
    ours, theirs = ShowerFile(second), ShowerFile(reference)
    size = _per_class(ours, theirs, settings)
    chosen = np.sort(np.random.default_rng(settings["seed"]).choice(ours.count, size, replace=False))
    samples = ours.describe(), theirs.describe()
    progress = Progress(out + ".progress", say)
    judges, measured = _compare(ours, theirs, [chosen], np.arange(size), chosen, False, settings, progress, samples, device)
    choice = {"seed": settings["seed"], "of": ours.count, "count": size}
    document = {
        "schema": "twinloom.evidence-floor/1",
        "sample": {**samples[0], "rows": [0, ours.count], "choice": choice},
        "reference": {**samples[1], "rows": [0, size]},
        "energies": "independent",
        "settings": settings,
        "judges": judges,
        "distances": measured,
        "made": provenance.made(started, command),
    }
    provenance.write_json(out, document)
    progress.remove()
    return document


def _per_class(ours: ShowerFile, theirs: ShowerFile, settings: dict) -> int:
    size = settings["per_class"] or min(ours.count, theirs.count)
    smallest = min(ours.count, theirs.count)
    if size > smallest or size < 50:
        raise RecipeError(
            f"{size} showers per class cannot be compared: {ours.path} has {ours.count}, {theirs.path} has "
            f"{theirs.count}; wanted are 50 to {smallest} (`per_class` of [evidence])."
        )
    return size


def _check_floor(floor: dict, reference: ShowerFile, size: int, settings: dict) -> None:
    """A floor of other showers, another count or other judges is none."""
    for what, wanted, found in (
        ("reference", reference.content_digest(), floor["reference"]["content_sha256"]),
        ("showers per class", size, floor["sample"]["choice"]["count"]),
        ("settings", _judging(settings), _judging(floor["settings"])),
    ):
        if wanted != found:
            raise RecipeError(f"The floor was made with another {what} ({found}) than this evidence ({wanted}). Make it again.")


def _judging(settings: dict) -> dict:
    """The settings on which a result depends: repetitions and seeds may differ."""
    counts = {f"{kind}_{level}" for kind, level in JUDGES} | {"seed", "per_class"}
    return {key: value for key, value in settings.items() if key not in counts}


def _compare(ours, theirs, blocks, reference_rows, generated_rows, paired, settings, progress, samples, device):
    """Every judge, then the distances. The voxels of one block at a time are in memory."""
    key = [samples[0]["content_sha256"], samples[1]["content_sha256"], _judging(settings), len(reference_rows), settings["seed"]]
    progress.say(f"reading {theirs.path} and {ours.path}")
    reference = observe(theirs, reference_rows)
    generated = observe(ours, generated_rows, reference.voxel_edges)
    judges = []
    for kind, level in JUDGES:
        repetitions = settings[f"{kind}_{level}"]
        if repetitions == 0:
            continue
        used = _settings(kind, level, settings)
        cache: dict = {}
        runs = []
        for repetition in range(repetitions):
            seed, block = settings["seed"] + repetition, repetition % len(blocks)
            parts = classifiers.split(len(reference_rows), seed, paired)

            def train() -> dict:
                if level == "high":
                    at = np.searchsorted(generated_rows, blocks[block])
                    pair = generated.features[at], reference.features
                else:
                    if cache.get("block") != block:
                        cache["generated"] = classifiers.low_features(ours.energy_mev[blocks[block]], ours.cut_rows(blocks[block]))
                        cache["block"] = block
                    if "reference" not in cache:
                        cache["reference"] = classifiers.low_features(reference.energy_mev, theirs.cut_rows(reference_rows))
                    pair = cache["generated"], cache["reference"]
                return {"block": block, "inputs": pair[0].shape[1], **classifiers.judge(kind, *pair, parts, seed, used, device)}

            run = progress.once([*key, kind, level, used, seed, block, paired], train)
            progress.say(
                f"{kind}/{level} {repetition + 1}/{repetitions}: AUC {run['auc']:.4f}, JSD {run['jsd']:.4f}, "
                f"epoch {run['best_epoch']} of {run['epochs']}, {run['seconds']:.0f} s"
            )
            runs.append(run)
        judges.append(_summary(kind, level, used, parts.counts, runs))
    measured = progress.once([*key, "distances"], lambda: _distances(ours, theirs, generated, reference, blocks[0], reference_rows, settings))
    progress.say(f"FPD {measured['fpd']['extrapolated']['value']:.5f}, PRDC " + ", ".join(f"{measured['prdc'][name]:.3f}" for name in ("precision", "recall", "density", "coverage")))
    return judges, measured


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
        return {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)) if len(values) > 1 else None, "values": values}

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


def _distances(ours, theirs, generated, reference, block, reference_rows, settings: dict) -> dict:
    count = min(settings["prdc_per_class"], len(block))
    pair = ours.cut_rows(block[:count]), theirs.cut_rows(reference_rows[:count])
    return {
        "fpd": distances.fpd(generated.features, reference.features, settings["fpd_sizes"], settings["fpd_draws"], 42),
        "prdc": {**distances.prdc(*pair), "block": 0},
        "separations": distances.separations(generated, reference),
        "n": {"generated": len(generated.energy_mev), "reference": len(reference.energy_mev)},
    }


def _limits(settings: dict, size: int, judges: list[dict]) -> list[str]:
    """How this differs from the published protocol, in words."""
    result = ["The reference is EGSnrc at the energies of its file: published figures have another reference and range."]
    if size < 100_000:
        result.append(f"{size} showers per class in each repetition instead of 100,000: a judge with few showers sees less, so its AUC is a lower bound.")
    if any(judge["judge"] == "network" for judge in judges):
        result.append("The network is trained in float32 instead of float64.")
        if settings["network_patience"] < settings["network_epochs"]:
            result.append(f"The network stops when its accuracy has not risen for {settings['network_patience']} of at most {settings['network_epochs']} epochs, instead of after 50.")
    for judge in judges:
        if judge["repetitions"] < 10:
            result.append(f"{judge['repetitions']} repetitions of {judge['judge']}/{judge['features']} instead of 10.")
    if any(judge["judge"] == "trees" and judge["features"] == "low" for judge in judges):
        result.append(f"The trees on voxels stop at {settings['trees_low_iterations']}, for their cost.")
    return result
