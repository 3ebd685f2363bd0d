"""The model card: where a shipped file comes from, what it was measured to be, and where it is valid."""

import json
import os
import time
from pathlib import Path
from typing import Any

from . import data, onnx_check, provenance
from .errors import RecipeError
from .export import OPSET, example_inputs

SCHEMA = "twinloom.model-card/1"
CURVE_POINTS = 20

DESCRIPTIONS = {
    "gan": "Energy and hit count of every layer by likelihood, layer by layer; which cells are hit and how they share "
    "the energy by a generator that was trained against critics.",
    "transformer": "Energy and hit count of every layer by likelihood, layer by layer; the cells by a transformer over "
    "the layers, trained by flow matching and distilled.",
}


def make_card(
    out: str,
    exported: dict,
    *,
    config: dict[str, Any],
    data_dir: str,
    run_dir: str,
    splits: dict,
    conditions: dict,
    check: dict,
    seconds: float,
    command: str,
) -> dict:
    """Writes the card beside the file. `exported` is what `export.export` returned, `check` what `onnx_check.check`
    did; `seconds` is the time of training. Evidence is added later with `add_evidence`."""
    files = data.digests(data_dir, config)
    card = {
        "schema": SCHEMA,
        "name": exported["metadata"]["name"],
        "family": config["family"],
        "model": {key: exported[key] for key in ("file", "sha256", "bytes")},
        "description": DESCRIPTIONS[config["family"]],
        "reference": exported["metadata"]["facts"]["reference"],
        "validity": {
            "conditions": conditions,
            "particle": "electron, at a right angle on the axis",
            "geometry": exported["metadata"]["facts"]["geometry"]["name"],
            "held_out": "absorber 1.5 mm and the test set were never trained or chosen on",
        },
        "data": {"files": [{"file": name, "sha256": digest} for name, digest in files.items()], **splits},
        "seed": config.get("seed", 1),
        "config": config,
        "training": stages(run_dir),
        "onnx": {"opset": OPSET, "against_pytorch": check},
        "speed": speed(exported, os.path.dirname(os.path.abspath(out)), conditions),
        "metrics": [],
        "made": provenance.made(time.monotonic() - seconds, command),
    }
    provenance.write_json(out, card)
    return card


def stages(run_dir: str) -> list[dict]:
    """What the logs of a run say, stage by stage: length, hardware time, and the curve of the validation score."""
    result = []
    for log in sorted(Path(run_dir).rglob("metrics.jsonl"), key=lambda path: path.stat().st_mtime):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        scored = [line for line in lines if "score" in line]
        if not scored:
            continue
        best = min(scored, key=lambda line: line["score"])
        every = max(1, -(-len(scored) // CURVE_POINTS))
        result.append(
            {
                "stage": str(log.parent.relative_to(run_dir)),
                "steps": lines[-1]["step"],
                "seconds": lines[-1]["seconds"],
                "chosen": best,
                "curve": [{"step": line["step"], "score": line["score"]} for line in scored[::every]],
            }
        )
    return result


def speed(exported: dict, folder: str, conditions: dict) -> dict:
    """Milliseconds per shower of the ONNX file on one thread of this machine; the TypeScript bench measures more."""
    path = os.path.join(folder, exported["file"])
    inputs = example_inputs(exported["metadata"]["inputs"], conditions, 100, 5)
    return {
        "provider": "CPUExecutionProvider",
        "threads": 1,
        "milliseconds_per_shower": {str(batch): round(onnx_check.speed(path, inputs, batch), 3) for batch in (1, 100)},
    }


def add_evidence(card_path: str, evidence_path: str) -> None:
    """Puts the numbers of an evidence file, with their floors, into the card of the model that it judges."""
    card = provenance.read_json(card_path)
    found = provenance.read_json(evidence_path)
    digest = (found["model"] or {}).get("sha256")
    if digest != card["model"]["sha256"]:
        raise RecipeError(
            f"{evidence_path} judges the model {digest}, {card_path} describes {card['model']['sha256']}: "
            "make the evidence again."
        )
    floor = found["floor"]
    entry = {
        "evidence": os.path.basename(evidence_path),
        "evidence_sha256": provenance.digest(evidence_path),
        "generated": found["generated"]["showers"],
        "reference": {key: found["reference"][key] for key in ("file", "sha256", "showers")},
        "classifiers": [
            {
                "judge": judge["judge"],
                "features": judge["features"],
                "per_class": found["comparison"]["per_class"],
                "repetitions": judge["repetitions"],
                "auc": {key: judge["auc"][key] for key in ("mean", "std")},
                "auc_sigma": judge["auc_sigma"],
                "auc_floor": _floor_auc(floor, judge),
            }
            for judge in found["judges"]
        ],
        "distances": found["distances"],
        "distances_floor": floor and floor["distances"],
    }
    card["metrics"] = [old for old in card["metrics"] if old["evidence"] != entry["evidence"]] + [entry]
    provenance.write_json(card_path, card)


def _floor_auc(floor: dict | None, judge: dict) -> float | None:
    for other in (floor or {}).get("judges", []):
        if (other["judge"], other["features"]) == (judge["judge"], judge["features"]):
            return other["auc"]["mean"]
    return None
