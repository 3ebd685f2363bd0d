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


def read(path, name):
    """Opened anew each time, as there. A jagged branch as offsets and content, which is what is compared."""
    with uproot.open(path) as f:
        branch = f["events"][name]
        jagged = name.startswith("jet")
        start = time.perf_counter()
        array = branch.array(library="ak" if jagged else "np")
        ms = (time.perf_counter() - start) * 1000
        values = ak.flatten(array) if jagged else array
        return {"ms": ms, "elements": len(values), "sum": float(np.sum(np.asarray(values), dtype=np.float64))}


def read_np(path, name):
    """As `library="np"` gives it: a jagged branch is an array of arrays."""
    with uproot.open(path) as f:
        start = time.perf_counter()
        array = f["events"].arrays([name], library="np")[name]
        return {"ms": (time.perf_counter() - start) * 1000, "elements": len(array)}


for line in sys.stdin:
    command = json.loads(line)
    op = command.pop("op")
    answer = {"make": make, "read": read, "read_np": read_np}[op](**command)
    print(json.dumps(answer or {}), flush=True)
