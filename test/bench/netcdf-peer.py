"""netCDF4-python as the peer of test/bench/netcdf.ts: one JSON command a line, one JSON answer a line. Times are taken here."""

import json
import sys
import time

import netCDF4
import numpy as np

files = {}


def field(shape):
    """Smooth with some noise, as measured fields are."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0 : shape[1], 0 : shape[2]]
    block = np.stack([np.sin(x / 30 + k / 7) * np.cos(y / 20) for k in range(shape[0])]).astype("f4")
    return block + np.round(rng.normal(0, 0.05, block.shape), 3).astype("f4")


def make(path, data_model, shape, chunks=None):
    """One field as floats and as shorts, on fixed dimensions and on records."""
    with netCDF4.Dataset(path, "w", format=data_model) as f:
        f.createDimension("step", shape[0])
        f.createDimension("lat", shape[1])
        f.createDimension("lon", shape[2])
        how = {"zlib": True, "complevel": 4, "chunksizes": chunks} if chunks else {}
        values = field(shape)
        f.createVariable("float", "f4", ("step", "lat", "lon"), **how)[:] = values
        f.createVariable("short", "i2", ("step", "lat", "lon"), **how)[:] = np.round(values * 1000).astype("i2")


def make_records(path, records, shape):
    """Three record variables, so that the records of one do not follow each other."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as f:
        f.createDimension("time", None)
        f.createDimension("lat", shape[0])
        f.createDimension("lon", shape[1])
        values = field([8, *shape])
        variables = [f.createVariable(name, "f4", ("time", "lat", "lon")) for name in ("tas", "pr", "ps")]
        for record in range(records):
            for variable in variables:
                variable[record] = values[record % 8]


def read(path, name, slabs, decoded):
    data = files[path][name]
    data.set_auto_maskandscale(decoded)
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
    elif op == "make_records":
        make_records(**command)
    elif op == "open":
        files[command["path"]] = netCDF4.Dataset(command["path"])
    elif op == "close":
        files.pop(command["path"]).close()
    elif op == "read":
        answer = read(**command)
    print(json.dumps(answer), flush=True)
