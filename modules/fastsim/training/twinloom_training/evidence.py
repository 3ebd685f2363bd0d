"""
Evidence: how well a judge can tell generated showers from the reference, in a file that others can check.

Everything is measured twice by the same code with the same counts: generated against reference, and (the floor) one
reference against another. The files are named by digests, so that the evidence is worth nothing for any other showers.
"""

from __future__ import annotations

import os
import time

import numpy as np

from . import provenance
from .comparison import Comparison, Say
from .data import CUT_MEV
from .errors import RecipeError
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
        return {**about, "judges": judges, "distances": measured, "made": provenance.made(started, command)}

    comparison = Comparison(ours, theirs, samples, [chosen], np.arange(size), chosen, False, settings, device, say)
    # Only a whole floor is written: evidence takes what is there.
    document = comparison.run(out + ".judged", write)
    provenance.write_json(out, document)
    return document


def write_with_floor(document: dict, floor: dict | None, out: str) -> dict:
    """Writes evidence with a floor, which must be of the same reference and as many showers per class."""
    if floor is not None:
        for what, wanted, found in (
            ("reference", document["reference"]["content_sha256"], floor["reference"]["content_sha256"]),
            ("number of showers per class", document["comparison"]["per_class"], floor["sample"]["choice"]["count"]),
        ):
            if wanted != found:
                raise RecipeError(
                    f"The floor has another {what} ({found}) than the evidence ({wanted}): delete floor.json and call again."
                )
        of_floor = {(judge["judge"], judge["features"]): judge["settings"] for judge in floor["judges"]}
        for judge in document["judges"]:
            kind = judge["judge"], judge["features"]
            if of_floor.get(kind, judge["settings"]) != judge["settings"]:
                raise RecipeError(
                    f"The floor was judged with other settings of {'/'.join(kind)}: delete floor.json and call again."
                )
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
