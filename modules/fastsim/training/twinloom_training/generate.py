"""Showers from an exported file by ONNX Runtime, at the energies of a reference."""

import json
import os
import time
from collections.abc import Callable

import numpy as np
import onnx

from . import provenance
from .data import open_showers
from .errors import RecipeError
from .export import example_inputs
from .onnx_check import session
from .samples import ShowerWriter


def metadata_of(path: str) -> dict:
    """The document `twinloom.generator` of a file."""
    for entry in onnx.load(path, load_external_data=False).metadata_props:
        if entry.key == "twinloom.generator":
            return json.loads(entry.value)
    raise RecipeError(f"{path} has no metadata twinloom.generator: it was not made by this recipe.")


def generate(
    model: str,
    energy_mev: np.ndarray,
    out: str,
    *,
    thickness_mm: float = 1.4,
    seed: int = 1,
    batch: int = 100,
    threads: int = 1,
    say: Callable[[str], None] = print,
) -> float:
    """Writes one shower per energy. Every batch has a seed of its own, so a row depends on its place only. Returns the
    seconds that generation took, without writing."""
    about = metadata_of(model)
    low, high = (about["conditions"]["incident_energy"][end] for end in ("min", "max"))
    if energy_mev.min() < low or energy_mev.max() > high:
        raise RecipeError(
            f"{model} is valid from {low:g} to {high:g} MeV; wanted are {energy_mev.min():g} to {energy_mev.max():g}."
        )
    running = session(model, threads)
    attributes = {
        "generator": about["name"],
        "model_sha256": provenance.digest(model),
        "seed": seed,
        "absorber_thickness_mm": thickness_mm,
    }
    spent, told = 0.0, time.monotonic()
    with ShowerWriter(out, energy_mev, attributes) as writer:
        for start in range(0, len(energy_mev), batch):
            wanted = energy_mev[start : start + batch]
            fixed = {"incident_energy": wanted, "absorber_thickness": np.float32(thickness_mm)}
            seeds = np.random.SeedSequence([seed, start // batch])
            inputs = example_inputs(about["inputs"], about["conditions"], len(wanted), seeds, fixed)
            began = time.perf_counter()
            showers = running.run(["showers"], inputs)[0]
            spent += time.perf_counter() - began
            writer.append(showers)
            if time.monotonic() - told > 10:
                told, done = time.monotonic(), start + len(wanted)
                say(f"{about['name']}: {done} of {len(energy_mev)} showers, {spent * 1e3 / done:.2f} ms each")
    return spent


def is_made(generated: str, model: str, energy_mev: np.ndarray) -> bool:
    """Whether showers made earlier are this model's, at these energies."""
    if not os.path.exists(generated):
        return False
    with open_showers(generated) as file:
        same = np.array_equal(file["incident_energies"][:, 0], energy_mev.astype("<f4"))
        return same and file.attrs.get("model_sha256") == provenance.digest(model)
