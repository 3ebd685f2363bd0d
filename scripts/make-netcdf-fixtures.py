"""Makes the fixtures in test/fixtures/netcdf by netCDF4-python, and truth.json: what it reads from them.

    scripts/python-venv.sh && .venv/bin/python scripts/make-netcdf-fixtures.py
"""

import json
from pathlib import Path

import netCDF4
import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "netcdf"
CLASSIC = {"cdf1": "NETCDF3_CLASSIC", "cdf2": "NETCDF3_64BIT_OFFSET", "cdf5": "NETCDF3_64BIT_DATA"}


def conformance(path, data_model):
    """A slab of air; test/modules/netcdf/conformance.test.ts knows what is in it."""
    with netCDF4.Dataset(path, "w", format=data_model) as f:
        f.title = "a slab of air"
        f.levels = np.int32([1, 2, 3])
        f.createDimension("time", None)
        f.createDimension("level", 4)
        time = f.createVariable("time", "f8", ("time",))
        time.units = "s"
        time[:] = np.arange(9) * 0.5
        level = f.createVariable("level", "f4", ("level",))
        level.units = "hPa"
        level[:] = [1000, 850, 500, 100]
        temperature = f.createVariable("temperature", "f8", ("time", "level"))
        temperature.units = "K"
        temperature.long_name = "air temperature"
        temperature[:] = np.arange(36).reshape(9, 4) * 0.25
        count = f.createVariable("count", "i1", ("time", "level"))
        count[:] = np.arange(36).reshape(9, 4) - 18


def classic_types(path, data_model):
    """Every type with record and fixed variables of odd sizes, whose padding is easily got wrong."""
    types = ["i1", "S1", "i2", "i4", "f4", "f8"]
    if data_model == "NETCDF3_64BIT_DATA":
        types += ["u1", "u2", "u4", "i8", "u8"]
    with netCDF4.Dataset(path, "w", format=data_model) as f:
        f.text = "Gr\u00f6\u00dfe"
        f.empty = ""
        f.one = np.float32(0.5)
        f.many = np.int16([1, -2, 3])
        f.createDimension("t", None)
        f.createDimension("x", 3)
        f.createDimension("y", 5)
        for name in types:
            kind = name.lower()
            fixed = f.createVariable(f"fixed_{kind}", name, ("y", "x"))
            record = f.createVariable(f"record_{kind}", name, ("t", "x"))
            if name == "S1":
                fixed[:] = np.array([chr(97 + i) for i in range(15)], "S1").reshape(5, 3)
                record[:] = np.array([chr(65 + i) for i in range(12)], "S1").reshape(4, 3)
            else:
                shift = 0 if name.startswith("u") else -5
                fixed[:] = (np.arange(15) + shift).reshape(5, 3)
                record[:] = (np.arange(12) + shift).reshape(4, 3)
        f.createVariable("scalar", "f8", ())[...] = 7.25
        f.createVariable("square", "i4", ("x", "x"))[:] = np.arange(9).reshape(3, 3)


def sole_record(path, kind):
    """One record variable: its records are not padded."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as f:
        f.createDimension("t", None)
        f.createDimension("x", 3)
        f.createVariable("fixed", "i2", ("x",))[:] = [7, 8, 9]
        f.createVariable("only", kind, ("t", "x"))[:] = np.arange(15).reshape(5, 3)


def features(path):
    """What NetCDF-4 adds, and what it leaves implicit."""
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("time", None)
        f.createDimension("lat", 4)
        f.createDimension("lon", 6)
        f.createDimension("letter", 5)
        f.createDimension("place", 3)
        f.createDimension("nowhere", 2)
        f.createVariable("time", "f8", ("time",))[:] = np.arange(5)
        f.createVariable("lat", "f4", ("lat",))[:] = [10, 20, 30, 40]
        short = f.createVariable("short", "i2", ("time", "lat"), zlib=True, chunksizes=(2, 4))
        short.scale_factor = np.float32(0.5)
        short[0:3] = np.arange(12).reshape(3, 4)
        hole = f.createVariable("hole", "f4", ("lat", "lon"), fill_value=-999.0, chunksizes=(2, 3))
        hole[0:2, 0:3] = [[1, 2, 3], [4, 5, 6]]
        f.createVariable("untouched", "i4", ("lat",))
        unfilled = f.createVariable("unfilled", "u2", ("lat",), fill_value=False)
        unfilled[:] = [0, 1, 65535, 2]
        f.createVariable("big_endian", ">i4", ("lat",), endian="big")[:] = [1, -2, 3, -4]
        f.createVariable("text", str, ("lat",))[:] = np.array(["a", "Gr\u00f6\u00dfe", "", "ccc"], object)
        # A coordinate of two dimensions, and a variable named as a dimension that it does not have.
        place = f.createVariable("place", "S1", ("place", "letter"))
        place[:] = np.array([list("Alpha"), list("Beta\0"), list("C\0\0\0\0")], "S1")
        f.createVariable("lon", "f4", ("lat", "lon"))[:] = np.arange(24).reshape(4, 6)
        f.createVariable("square", "i4", ("lat", "lat"))[:] = np.arange(16).reshape(4, 4)
        cloud = f.createEnumType(np.uint8, "cloud_t", {"clear": 0, "cumulus": 1, "missing": 255})
        f.createVariable("cloud", cloud, ("lat",), fill_value=255)[:] = [0, 1, 255, 0]
        pair = f.createCompoundType(np.dtype([("a", "i4"), ("b", "f8")]), "pair_t")
        f.createVariable("pair", pair, ("place",))[:] = np.array([(1, 0.5), (2, 1.5), (3, 2.5)], [("a", "i4"), ("b", "f8")])
        ragged = f.createVLType(np.int32, "ragged_t")
        rows = f.createVariable("rows", ragged, ("place",))
        for i in range(3):
            rows[i] = np.arange(i + 1, dtype=np.int32)
        inner = f.createGroup("inner")
        inner.note = "sees time and lat"
        inner.createDimension("lon", 2)
        inner.createVariable("own", "i8", ("lat", "lon"))[:] = np.arange(8).reshape(4, 2)
        inner.createGroup("deeper").createVariable("flag", "i1", ("time",))[:] = [1, 0, 1, 0, 1]


def plain_hdf5(path):
    """HDF5 that knows nothing of NetCDF."""
    import h5py

    with h5py.File(path, "w") as f:
        f["grid"] = np.arange(6.0).reshape(2, 3)
        f["group/line"] = np.arange(3, dtype="i2")


def described(group, path=""):
    found = {}
    group.set_auto_maskandscale(False)
    group.set_auto_chartostring(False)
    for name, variable in group.variables.items():
        entry = {"dims": list(variable.dimensions), "shape": list(variable.shape)}
        values = variable[...]
        if variable.dtype is str:
            entry["values"] = [str(v) for v in np.asarray(values, object).ravel()]
        elif np.asarray(values).dtype.kind == "S":
            entry["values"] = np.asarray(values).view("u1").ravel().tolist()
        elif np.asarray(values).dtype.kind in "iuf":
            entry["values"] = [v if abs(v) < 2**53 else str(v) for v in np.asarray(values).ravel().tolist()]
        found[f"{path}/{name}"] = entry
    for name, child in group.groups.items():
        found.update(described(child, f"{path}/{name}"))
    return found


FOLDER.mkdir(parents=True, exist_ok=True)
for name, data_model in {**CLASSIC, "nc4": "NETCDF4", "nc4-classic": "NETCDF4_CLASSIC"}.items():
    conformance(FOLDER / f"conformance-{name}.nc", data_model)
for name, data_model in CLASSIC.items():
    classic_types(FOLDER / f"types-{name}.nc", data_model)
for kind in ("i1", "i2", "f8"):
    sole_record(FOLDER / f"sole-record-{kind}.nc", kind)
features(FOLDER / "features.nc")
plain_hdf5(FOLDER / "plain-hdf5.nc")
truth = {}
for path in sorted(FOLDER.glob("*.nc")):
    with netCDF4.Dataset(path) as f:
        truth[path.name] = described(f)
(FOLDER / "truth.json").write_text(json.dumps(truth, separators=(",", ":")) + "\n")
