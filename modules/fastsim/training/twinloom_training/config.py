"""
Configurations: TOML files whose every key is known. A misspelt key would otherwise train the default for hours.
"""

import difflib
import os
import tomllib
from typing import Any

from . import evidence
from .errors import RecipeError

LOOP = {"steps": int, "minutes": float, "validate_every": int, "checkpoint_every": int, "print_every": int, "seed": int}

FAMILIES = ("gan", "transformer")

KEYS: dict[str, dict] = {
    "": {"family": str, "name": str, "seed": int, "validation_showers": int},
    "data": {"files": list, "validation_fraction": float, "seed": int, "limit": int},
    "layers": {
        "hidden": int, "total_hidden": int, "batch": int, "rate": float, "average": float, "decay": float,
        "decay_own": float, "dropout": float, "window": float, "loop": LOOP,
    },
    "export": {"check_showers": int},
    "evidence": {key: type(value) for key, value in evidence.DEFAULTS.items()},
}  # fmt: skip
"""Sections of every family, their keys and types."""

FAMILY_KEYS: dict[str, dict[str, dict]] = {
    "gan": {
        "shape": {"global_normals": int, "sector_normals": int, "width": int, "sector_width": int, "blocks": int},
        "warm": {"batch": int, "rate": float, "average": float, "encoder_width": int, **LOOP},
        "critics": {
            "penalty": float, "penalty_step": float, "penalty_every": int, "feature_weight": float,
            "feature_width": int, "feature_depth": int, "cell_weight": float, "cell_width": int, "cell_blocks": int,
        },
        "adversarial": {
            "batch": int, "rate": float, "critic_rate": float, "average": float, "temperature": float,
            "critic_warm_up": int, "anchor": float, "energies_only": bool, **LOOP,
        },
    },
    "transformer": {
        "transformer": {"width": int, "blocks": int, "heads": int, "mlp": int, "local": int},
        "marginals": {"hidden": int, "batch": int, "rate": float, "average": float, **LOOP},
        "flow": {
            "batch": int, "rate": float, "average": float, "decay": float, "muon": bool, "bfloat16": bool,
            "compile": bool, "warm_up": int, "validation_steps": int, "validation_showers": int, **LOOP,
        },
        "quality": {"steps": int},
        "distil": {
            "batch": int, "rate": float, "average": float, "muon": bool, "bfloat16": bool, "warm_up": int,
            "pairs": int, "teacher_steps": int, "validation_showers": int, **LOOP,
        },
        "critics": {
            "penalty": float, "penalty_step": float, "penalty_every": int, "feature_weight": float,
            "feature_width": int, "feature_depth": int, "cell_weight": float, "cell_width": int, "cell_blocks": int,
        },
        "adversarial": {
            "batch": int, "rate": float, "critic_rate": float, "average": float, "temperature": float,
            "bfloat16": bool, "warm_up": int, "critic_warm_up": int, "validation_showers": int, **LOOP,
        },
    },
}  # fmt: skip


def load_config(path: str) -> dict[str, Any]:
    """Reads and checks a configuration."""
    try:
        with open(path, "rb") as file:
            config = tomllib.load(file)
    except FileNotFoundError:
        folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "configs")
        raise RecipeError(
            f"There is no configuration {path}. Shipped are {', '.join(sorted(os.listdir(folder)))} in configs/."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is not TOML: {error}.") from None
    family = config.get("family")
    if family not in FAMILIES:
        raise RecipeError(f"{path}: family is {family!r}; allowed are {', '.join(FAMILIES)}.")
    allowed = {**KEYS[""], **{name: keys for name, keys in KEYS.items() if name}, **FAMILY_KEYS[family]}
    _check(config, allowed, path, "")
    config.setdefault("name", family)
    return config


def evidence_settings(config: dict[str, Any]) -> dict[str, Any]:
    return {**evidence.DEFAULTS, **config.get("evidence", {})}


def _check(table: dict, allowed: dict, path: str, section: str) -> None:
    where = f"{path}: [{section}]" if section else f"{path}:"
    for key, value in table.items():
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            guess = f"Did you mean {near[0]}? " if near else ""
            raise RecipeError(
                f"{where} has the key {key}, which is not known. {guess}Allowed are {', '.join(sorted(allowed))}."
            )
        wanted = allowed[key]
        if isinstance(wanted, dict):
            if not isinstance(value, dict):
                raise RecipeError(f"{where} {key} is {value!r}; wanted is a section [{key}].")
            _check(value, wanted, path, f"{section}.{key}" if section else key)
        elif not _fits(value, wanted):
            raise RecipeError(f"{where} {key} is {value!r}; wanted is a value of type {wanted.__name__}.")


def _fits(value: Any, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
