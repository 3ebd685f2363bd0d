"""The reference readers: reads damaged files as told, one JSON line a file, and says what became of each."""

import hashlib
import json
import math
import sys

import numpy as np

MAX_ELEMENTS = 1_000_000
KINDS = {"b": "bool", "i": "int", "u": "uint", "f": "float"}


def digest(values):
    """As digest.ts does."""
    sha = hashlib.sha1()
    if values.dtype.kind in "OSU":
        for value in values.ravel().tolist():
            sha.update(text(value).split("\0")[0].rstrip(" ").encode() + b"\0")
        return "string", sha.hexdigest()[:12]
    name = "bool" if values.dtype.kind == "b" else f"{KINDS[values.dtype.kind]}{values.dtype.itemsize * 8}"
    values = np.ascontiguousarray(values)
    if name == "bool":
        values = (values.view("u1") != 0).astype("u1")
    if values.dtype.itemsize == 2 and values.dtype.kind == "f":
        values = values.astype("f4")
    values = values.astype(values.dtype.newbyteorder("<"))
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
        values = np.where(np.isnan(values), np.abs(values), values)
    sha.update(values.tobytes())
    return name, sha.hexdigest()[:12]


def text(value):
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin1")
    return str(value)


def told(values, shape=None):
    name, digested = digest(values)
    return f"{name} [{','.join(map(str, values.shape if shape is None else shape))}] {digested}"


def part(variable, shape):
    """All values, or one of too many."""
    return variable[...] if math.prod(shape) <= MAX_ELEMENTS else np.asarray(variable[(0,) * len(shape)])


def attempt(out, name, read):
    try:
        values = read()
        if values is not None:
            out[name] = {"values": values if isinstance(values, list) else [values]}
    except Exception as error:
        out[name] = {"refused": f"{type(error).__name__}: {error}"[:200]}


def columns(out, name, values, shape):
    """Members of compounds one by one."""
    if values.dtype.names:
        for member in values.dtype.names:
            inner = values.dtype[member].shape
            columns(out, f"{name}/{member}", values[member], tuple(shape) + inner)
    elif values.dtype.kind == "V":
        size = values.dtype.itemsize
        columns(out, name, np.frombuffer(values.tobytes(), "u1").reshape((*values.shape, size)), (*shape, size))
    elif values.dtype.kind in "biufSU":
        attempt(out, name, lambda: told(values, shape))


def hdf5(path):
    import h5py

    out = {}
    seen = set()

    def visit(group, prefix):
        # Damaged links lead in circles.
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            return
        seen.add(address)
        for key in group:
            name = f"{prefix}/{key}"
            try:
                link = group.get(key, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    continue
                item = group[key]
            except Exception as error:
                out[name] = {"refused": str(error)[:200]}
                continue
            if isinstance(item, h5py.Group):
                visit(item, name)
            elif isinstance(item, h5py.Dataset):
                attempt(out, name, lambda: dataset(name, item))

    def dataset(name, item):
        shape = item.shape
        if shape is None:
            return None
        sequence = h5py.check_vlen_dtype(item.dtype)
        if h5py.check_ref_dtype(item.dtype):
            return None
        values = np.asarray(part(item, shape))
        if sequence is not None:
            # h5py gives big-endian sequences as they are stored, and calls them little-endian.
            if sequence.kind not in "iuf" or sequence.byteorder == ">" or values.size != math.prod(shape):
                return None
            counts = np.array([len(v) for v in values.ravel()], "u4").reshape(shape)
            out[f"{name}/counts"] = {"values": [told(counts)]}
            joined = np.concatenate([np.asarray(v, sequence) for v in values.ravel()] or [np.zeros(0, sequence)])
            out[f"{name}/values"] = {"values": [told(joined)]}
        elif values.dtype.kind == "O":
            return told(values, shape) if h5py.check_string_dtype(item.dtype) else None
        else:
            columns(out, name, values, shape)

    with h5py.File(path, "r") as f:
        visit(f, "")
    return out


def netcdf(path):
    import netCDF4

    out = {}

    def visit(group, prefix):
        for key, variable in group.variables.items():
            name = f"{prefix}/{key}"
            attempt(out, name, lambda: read(variable))
        for key, child in group.groups.items():
            visit(child, f"{prefix}/{key}")

    def read(variable):
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        values = np.asarray(part(variable, variable.shape))
        if values.dtype.kind == "S":
            values = values.view("u1").reshape(values.shape)
        if values.dtype.kind == "O" and variable.dtype is not str:
            return None
        return None if values.dtype.kind == "V" else told(values, variable.shape)

    with netCDF4.Dataset(path) as f:
        visit(f, "")
    return out


def root(path):
    import uproot

    out = {}
    with uproot.open(path) as f:
        for key in f.keys(recursive=True, cycle=False):
            item = f[key]
            if isinstance(item, uproot.TTree):
                for branch in item.branches:
                    attempt(out, f"/{key}/{branch.name}", lambda: told_branch(out, f"/{key}/{branch.name}", branch))
    return out


def told_branch(out, name, branch):
    values = branch.array(library="np")
    if values.dtype.kind in "biuf":
        return told(values)
    if values.dtype.kind == "O" and all(getattr(v, "dtype", None) is not None and v.dtype.kind in "biuf" for v in values):
        counts = np.array([len(v) for v in values], "u4")
        out[f"{name}/counts"] = {"values": [told(counts), told(counts.astype("i4")), told(counts.astype("i8"))]}
        if len(values):
            out[f"{name}/values"] = {"values": [told(np.concatenate(list(values)))]}
    return None


MISSING = {"", "NA", "N/A", "NaN", "nan", "NULL", "null"}


def csv(path):
    import csv as reader

    reader.field_size_limit(10_000_000)
    with open(path, newline="", encoding="utf-8-sig") as f:
        rows = [row for row in reader.reader(f, strict=True) if row]
    if not rows:
        return {}
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("records of unequal length")
    out = {}
    for i in range(len(rows[0])):
        column = [row[i] for row in rows[1:]]
        # How a column is taken is ours to choose: as texts, numbers, or integers, which are compared as texts.
        ways = [told(np.array(column, object))]
        try:
            ways.append(told(np.array([math.nan if field in MISSING else float(field) for field in column])))
            ways.append(told(np.array(["" if field in MISSING else str(int(field)) for field in column], object)))
        except ValueError:
            pass
        out[f"#{i}"] = {"values": ways}
    return out


def zarr(path):
    import zarr as reader

    out = {}

    def read(array):
        return told(np.asarray(part(array, array.shape)), array.shape)

    def visit(group, prefix):
        for key in sorted(group.keys()):
            name = f"{prefix}/{key}"
            try:
                item = group[key]
            except Exception as error:
                out[name] = {"refused": str(error)[:200]}
                continue
            if isinstance(item, reader.Group):
                visit(item, name)
            else:
                attempt(out, name, lambda: read(item))

    opened = reader.open(path, mode="r")
    if isinstance(opened, reader.Group):
        visit(opened, "")
    else:
        attempt(out, "/", lambda: read(opened))
    return out


READERS = {"hdf5": hdf5, "netcdf3": netcdf, "netcdf4": netcdf, "root": root, "csv": csv, "zarr": zarr}

print("ready", flush=True)
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"variables": READERS[command["format"]](command["location"])}
    except BaseException as error:
        answer = {"refused": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(answer), flush=True)
