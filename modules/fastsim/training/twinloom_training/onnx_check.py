"""
Whether an exported file is the network that was trained: the same noise through PyTorch and ONNX Runtime, and the same
rows in other batches and with other threads.
"""

import time
from collections.abc import Iterator

import numpy as np
import onnxruntime
import torch

from .errors import RecipeError
from .export import example_inputs

FLIPPED_LIMIT = 5e-3
"""Largest fraction of hit cells that may be hit in one runtime and not in the other. A cell flips when a number lies
within the rounding of a threshold; a wrong graph flips nearly all of them."""


def session(path: str, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check(generator: torch.nn.Module, path: str, conditions: dict, count: int = 1000, seed: int = 11) -> dict:
    """Compares; a file that differs by more than rounding is an error."""
    inputs = example_inputs(generator.segments, conditions, count, seed)
    generator.eval()
    ours, theirs = [], []
    running = session(path)
    for part in _pieces(inputs, 100):
        with torch.no_grad():
            ours.append(generator(*(torch.from_numpy(value) for value in part.values())).numpy())
        theirs.append(running.run(["showers"], part)[0])
    result = compare(np.concatenate(ours), np.concatenate(theirs))
    result["rows_independent"] = rows_independent(path, _first(inputs, 100))
    if result["flipped_cells"] > FLIPPED_LIMIT or not np.isfinite(result["largest_difference_mev"]):
        raise RecipeError(
            f"{path} is not the network that was trained: {result['flipped_cells']:.2%} of the hit cells are hit in "
            f"only one of PyTorch and ONNX Runtime (allowed {FLIPPED_LIMIT:.2%}), largest difference "
            f"{result['largest_difference_mev']:.3g} MeV."
        )
    return result


def compare(ours: np.ndarray, theirs: np.ndarray) -> dict:
    """Two arrays of showers [N, 45, 16, 9] made of the same noise."""
    hit, also = ours > 0, theirs > 0
    both = hit & also
    relative = np.abs(ours[both] - theirs[both]) / ours[both]
    whole = (hit == also).reshape(len(hit), -1).all(1)
    return {
        "showers": len(ours),
        "largest_difference_mev": float(np.abs(ours - theirs).max()),
        "median_relative_difference": float(np.median(relative)),
        "p99_relative_difference": float(np.quantile(relative, 0.99)),
        "flipped_cells": float((hit != also).sum() / max(1, (hit | also).sum())),
        "showers_with_the_same_cells": float(whole.mean()),
    }


def rows_independent(path: str, inputs: dict[str, np.ndarray]) -> bool:
    """Whether every row is the same bits in batches of 2 (the least that is run), 3, 7 and all, on 1 and 2 threads."""
    wanted = None
    count = len(next(iter(inputs.values())))
    for threads in (1, 2):
        running = session(path, threads)
        for size in (count, 2, 3, 7):
            found = np.concatenate(
                [running.run(["showers"], _padded(part))[0][: _rows(part)] for part in _pieces(inputs, size)]
            )
            wanted = found if wanted is None else wanted
            if not np.array_equal(found.view(np.uint32), wanted.view(np.uint32)):
                return False
    return True


def speed(path: str, inputs: dict[str, np.ndarray], batch: int, seconds: float = 1.0) -> float:
    """Milliseconds per shower in batches of this size on one thread, the first call not counted."""
    running = session(path)
    part = _first(inputs, batch)
    running.run(["showers"], part)
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        running.run(["showers"], part)
        calls += 1
    return (time.perf_counter() - started) * 1e3 / (calls * batch)


def _pieces(inputs: dict[str, np.ndarray], size: int) -> Iterator[dict[str, np.ndarray]]:
    for start in range(0, _rows(inputs), size):
        yield {name: value[start : start + size] for name, value in inputs.items()}


def _first(inputs: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    return next(_pieces(inputs, count))


def _rows(inputs: dict[str, np.ndarray]) -> int:
    return len(next(iter(inputs.values())))


def _padded(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return inputs if _rows(inputs) > 1 else {name: np.repeat(value, 2, 0) for name, value in inputs.items()}
