"""
Two sets of showers compared: distances first, then the judges, with what is finished kept for a run that was stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import numpy as np

from . import classifiers, distances, provenance
from .errors import RecipeError
from .observables import Observables, observe
from .samples import ShowerFile

JUDGES = [("trees", "high"), ("trees", "low"), ("network", "high"), ("network", "low")]
"""In the order in which they run: the sharpest for its cost first."""

Say = Callable[[str], None]


class Comparison:
    """Two sets of showers before the judges. The voxels of one block at a time are in memory.

    `samples` are the descriptions of both files, `blocks` the rows of `ours` that repetitions are judged on in turn,
    `generated_rows` those that distances are of; `paired` says that both have the same energies row by row."""

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
        self._done = provenance.read_json(path) if os.path.exists(path) else {}

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
