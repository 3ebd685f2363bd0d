"""
Configurations: TOML files whose every key is known and every number possible. A misspelt key would otherwise train the
default for hours. What a key means is told where it is read: the class of the section's learner or network.
"""

import difflib
import math
import os
import tomllib
from typing import Any

from . import evidence
from .errors import RecipeError

LOOP = {"steps": int, "minutes": float, "validate_every": int, "checkpoint_every": int, "print_every": int}
"""Of `train_loop.LoopSettings`."""

CRITICS = {
    "penalty": float, "penalty_step": float, "penalty_every": int, "feature_weight": float, "feature_width": int,
    "feature_depth": int, "cell_weight": float, "cell_width": int, "cell_blocks": int,
}  # fmt: skip

FAMILIES = ("gan", "transformer")

KEYS: dict[str, dict] = {
    "": {"family": str, "name": str, "seed": int},
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
        "warm": {
            "batch": int, "rate": float, "average": float, "encoder_width": int, "validation_showers": int, **LOOP,
        },
        "critics": CRITICS,
        "adversarial": {
            "batch": int, "rate": float, "critic_rate": float, "average": float, "temperature": float,
            "critic_warm_up": int, "anchor": float, "energies_only": bool, "validation_showers": int, **LOOP,
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
        "critics": CRITICS,
        "adversarial": {
            "batch": int, "rate": float, "critic_rate": float, "average": float, "temperature": float,
            "bfloat16": bool, "warm_up": int, "critic_warm_up": int, "validation_showers": int, **LOOP,
        },
    },
}  # fmt: skip


MAY_BE_ZERO = {
    "seed", "steps", "minutes", "decay", "decay_own", "dropout", "window", "blocks", "cell_blocks", "penalty",
    "feature_weight", "cell_weight", "critic_warm_up", "anchor", "per_class", "network_low", "network_high", "trees_low",
    "trees_high",
}  # fmt: skip
"""Every other number is positive, and none is negative."""

BELOW_ONE = {"validation_fraction", "average", "dropout"}

ITEMS = {"files": str, "fpd_sizes": int}
"""Of what the lists are; none may be empty."""


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not TOML: {error}.") from None
    family = config.get("family")
    if family not in FAMILIES:
        raise RecipeError(f"{path}: family is {family!r}; allowed are {', '.join(FAMILIES)}.")
    allowed = {**KEYS[""], **{name: keys for name, keys in KEYS.items() if name}, **FAMILY_KEYS[family]}
    _check(config, allowed, path, "")
    shape = {"width": 128, "heads": 4, **config.get("transformer", {})}
    if shape["width"] % shape["heads"]:
        raise RecipeError(f"{path}: [transformer] width {shape['width']} is no multiple of heads {shape['heads']}.")
    config.setdefault("name", family)
    if os.path.basename(config["name"]) != config["name"] or not config["name"]:
        raise RecipeError(f"{path}: name is {config['name']!r}; wanted is a name that files can have, without folders.")
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
        else:
            _check_range(key, value, where)


def _check_range(key: str, value: Any, where: str) -> None:
    if isinstance(value, list):
        if not value or not all(_fits(item, ITEMS[key]) for item in value):
            raise RecipeError(f"{where} {key} is {value!r}; wanted is a list of one or more {ITEMS[key].__name__}.")
        for item in value:
            _check_range(key, item, where)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        low = value >= 0 if key in MAY_BE_ZERO else value > 0
        high = value < 1 if key in BELOW_ONE else value < math.inf
        if not (low and high):
            wanted = ("zero or more" if key in MAY_BE_ZERO else "more than zero") + (
                " and less than one" if key in BELOW_ONE else ""
            )
            raise RecipeError(f"{where} {key} is {value!r}; wanted is {wanted}.")


def _fits(value: Any, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
