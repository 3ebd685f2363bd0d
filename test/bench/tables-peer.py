"""zarr-python and pandas as the peers of test/bench/zarr.ts and csv.ts: one JSON command a line, one JSON answer a line.
Times are taken here."""

import json
import sys
import time
import warnings

import numcodecs
import numpy as np
import pandas as pd
import zarr
from zarr.codecs import GzipCodec, ZstdCodec

warnings.simplefilter("ignore")
stores = {}


def make_zarr(path, shape, chunks):
    """One field by several codecs: smooth with some noise, as measured fields are."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0 : shape[1], 0 : shape[2]]
    block = np.stack([np.sin(x / 30 + k / 7) * np.cos(y / 20) for k in range(shape[0])]).astype("f4")
    block += np.round(rng.normal(0, 0.05, block.shape), 3).astype("f4")
    for version, codecs in {
        2: {"blosc": numcodecs.Blosc("lz4", 5, 1)},
        3: {"none": [], "zstd": [ZstdCodec(level=3)], "gzip": [GzipCodec(level=4)]},
    }.items():
        group = zarr.create_group(f"{path}/v{version}.zarr", zarr_format=version)
        for name, codec in codecs.items():
            group.create_array(name, shape=shape, dtype="f4", chunks=tuple(chunks), compressors=codec)[...] = block
        if version == 3:
            shards = tuple(4 * length for length in chunks)
            group.create_array("sharded", shape=shape, dtype="f4", chunks=tuple(chunks), shards=shards)[...] = block
        zarr.consolidate_metadata(f"{path}/v{version}.zarr")


def make_csv(path, rows):
    """Integers, floats of many and of few digits, and texts."""
    rng = np.random.default_rng(7)
    pd.DataFrame(
        {
            "event": np.arange(rows),
            **{f"x{i}": rng.normal(size=rows) for i in range(4)},
            **{f"y{i}": np.round(rng.normal(size=rows), 3) for i in range(4)},
            "name": rng.choice(["muon", "electron", "photon"], rows),
        }
    ).to_csv(path, index=False)


def read_zarr(path, name, slabs):
    data = stores[path][name]
    parts = [tuple(slice(*part) for part in slab) for slab in slabs]
    start = time.perf_counter()
    total = sum(data[part].size for part in parts)
    return {"ms": (time.perf_counter() - start) * 1000, "elements": total}


def read_csv(path):
    start = time.perf_counter()
    table = pd.read_csv(path)
    return {"ms": (time.perf_counter() - start) * 1000, "elements": int(table.size)}


for line in sys.stdin:
    command = json.loads(line)
    op = command.pop("op")
    answer = {}
    if op == "make_zarr":
        make_zarr(**command)
    elif op == "make_csv":
        make_csv(**command)
    elif op == "open":
        stores[command["path"]] = zarr.open_group(command["path"], mode="r")
    elif op == "close":
        stores.pop(command["path"])
    elif op == "read_zarr":
        answer = read_zarr(**command)
    elif op == "read_csv":
        answer = read_csv(**command)
    print(json.dumps(answer), flush=True)
