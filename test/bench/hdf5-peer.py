"""h5py as the peer of test/bench/hdf5.ts: one JSON command a line, one JSON answer a line. Times are taken here."""

import json
import sys
import time

import h5py
import numpy as np

files = {}


def make(path, shape, chunks):
    """One field, stored contiguous and in gzip chunks: smooth with some noise, as measured fields are."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0 : shape[1], 0 : shape[2]]
    with h5py.File(path, "w") as f:
        plain = f.create_dataset("contiguous", shape, "f4")
        packed = f.create_dataset("gzip", shape, "f4", chunks=tuple(chunks), compression=4, shuffle=True)
        step = chunks[0]
        for t in range(0, shape[0], step):
            block = np.stack([np.sin(x / 30 + k / 7) * np.cos(y / 20) for k in range(t, min(t + step, shape[0]))])
            block += np.round(rng.normal(0, 0.05, block.shape), 3)
            plain[t : t + step] = block
            packed[t : t + step] = block


def make_large(path, gibibytes):
    """Two variables of so many GiB: one contiguous (a hole in the file), one in gzip chunks."""
    with h5py.File(path, "w") as f:
        rows = gibibytes * 2**30 // (4 * 2**20)
        dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        dcpl.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        dcpl.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((rows, 2**20))
        h5py.h5d.create(f.id, b"contiguous", h5py.h5t.NATIVE_FLOAT, space, dcpl)
        packed = f.create_dataset("gzip", (rows, 2**20), "f4", chunks=(1, 2**20), compression=1)
        for row in range(rows):
            packed[row] = row


def read(path, name, slabs):
    data = files[path][name]
    parts = [tuple(slice(*part) for part in slab) for slab in slabs]
    start = time.perf_counter()
    total = 0
    for part in parts:
        total += data[part].size
    return {"ms": (time.perf_counter() - start) * 1000, "elements": total}


for line in sys.stdin:
    command = json.loads(line)
    op = command.pop("op")
    answer = {}
    if op == "make":
        make(**command)
    elif op == "make_large":
        make_large(**command)
    elif op == "open":
        files[command["path"]] = h5py.File(command["path"])
    elif op == "close":
        files.pop(command["path"]).close()
    elif op == "read":
        answer = read(**command)
    elif op == "version":
        answer = {"h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version}
    print(json.dumps(answer), flush=True)
