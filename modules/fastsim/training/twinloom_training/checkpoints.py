"""Checkpoints: files that are whole or not there, and the state of the random generators that goes into them."""

from __future__ import annotations

import io
import os
import pickle
import random
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from .errors import RecipeError, first_line

Network = TypeVar("Network", bound=torch.nn.Module)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Writes beside the file, then renames: a crash or a full disk leaves the old checkpoint whole."""
    part = path.with_name(path.name + ".part")
    # By way of memory: where the disk is full, PyTorch's own writer ends the process.
    whole = io.BytesIO()
    torch.save(state, whole)
    try:
        with part.open("wb") as file:
            file.write(whole.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecipeError(
            f"{path} could not be written: {error}. What was there before is whole: make room on the disk (or take "
            "another --out), then call the same command again."
        ) from error


def load_state(path: Path) -> dict[str, Any]:
    """Reads a checkpoint of this recipe. It is a pickle: open only what you trained yourself."""
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except FileNotFoundError:
        raise RecipeError(f"There is no checkpoint {path}: run the stage that trains it first.") from None
    except (OSError, EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise RecipeError(
            f"{path} is not a whole checkpoint ({first_line(error)}). Delete the folder {path.parent} to train its stage "
            "anew."
        ) from error


def load_average(network: Network, path: Path) -> Network:
    """Puts the averaged weights of a checkpoint into a network of the same shape, ready to generate."""
    state = load_state(path)
    try:
        network.load_state_dict(state["learner"]["average"])
    except (KeyError, RuntimeError) as error:
        raise RecipeError(
            f"{path} has not the weights of the network that the configuration describes ({first_line(error)}). Take the "
            "configuration it was trained with, or another --out."
        ) from error
    return network.eval().requires_grad_(False)


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """The state of every global generator."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
