"""uproot as the peer of test/bench/root.ts: one JSON command a line, one JSON answer a line. Times are taken here."""

import json
import sys
import time

import awkward as ak
import numpy as np
import uproot


def make(path, compression, entries):
    """A tree as analyses have them: whole numbers, smooth fields with noise, and jagged ones. `uproot.writing` is slow."""
    rng = np.random.default_rng(11)
    how = {"zlib": uproot.ZLIB(1), "lz4": uproot.LZ4(1), "zstd": uproot.ZSTD(3)}[compression]
    with uproot.recreate(path, compression=how) as f:
        f.mktree("events", {"run": "int32", "pt": "float32", "mass": "float64", "jet_pt": "var * float32"})
        step = entries // 10
        for start in range(0, entries, step):
            counts = rng.poisson(3, step)
            total = int(counts.sum())
            f["events"].extend(
                {
                    "run": np.full(step, 148029 + start // step, np.int32),
                    "pt": np.round(rng.exponential(30, step), 2).astype(np.float32),
                    "mass": np.round(rng.normal(91.2, 2.5, step), 3),
                    "jet_pt": ak.unflatten(np.round(rng.exponential(50, total), 1).astype(np.float32), counts),
                }
            )


def make_wide(path, branches):
    """As many branches as a nanoAOD has, half of them jagged, each of these with a counter of its own."""
    counts = np.arange(200) % 4
    flat = {f"flat_{i}": np.arange(200, dtype=np.float32) for i in range(branches // 2)}
    jagged = {
        f"jagged_{i}": ak.unflatten(np.arange(counts.sum(), dtype=np.float32), counts) for i in range(branches // 2)
    }
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as f:
        f.mktree("events", {name: "float32" for name in flat} | {name: "var * float32" for name in jagged})
        f["events"].extend({**flat, **jagged})


def open_wide(path):
    """Until the types of all branches are known, as they are there."""
    start = time.perf_counter()
    with uproot.open(path) as f:
        tree = f["events"]
        names = [str(tree[key].interpretation) for key in tree.keys()]
    return {"ms": (time.perf_counter() - start) * 1000, "branches": len(names)}


def read(path, name, library):
    """Opened anew each time, as there; `np` gives a jagged branch as an array of arrays."""
    with uproot.open(path) as f:
        tree = f["events"]
        start = time.perf_counter()
        array = tree.arrays([name], library=library)[name]
        ms = (time.perf_counter() - start) * 1000
    values = np.concatenate(array) if library == "np" and array.dtype == object else array if library == "np" else ak.flatten(array)
    return {"ms": ms, "elements": len(values), "sum": float(np.sum(np.asarray(values), dtype=np.float64))}


for line in sys.stdin:
    command = json.loads(line)
    op = command.pop("op")
    answer = {"make": make, "make_wide": make_wide, "open": open_wide, "read": read}[op](**command)
    print(json.dumps(answer or {}), flush=True)
