"""Writes test/fixtures/fuzz: small sound files of every format, from which test/fuzz makes damaged ones."""

from pathlib import Path

import awkward
import h5py
import netCDF4
import numpy as np
import uproot
import zarr

out = Path(__file__).parent.parent / "test/fixtures/fuzz"
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(3)


def classic(name, kind):
    with netCDF4.Dataset(out / name, "w", format=kind) as f:
        f.title = "damaged later"
        f.createDimension("time", None)
        f.createDimension("lat", 4)
        f.createDimension("name", 6)
        f.createVariable("time", "f8", ("time",))[:] = np.arange(5) * 0.5
        f["time"].units = "days since 2000-01-01"
        f.createVariable("lat", "f4", ("lat",))[:] = [-45, -15, 15, 45]
        t = f.createVariable("t", "i2", ("time", "lat"), fill_value=-999)
        t.set_auto_maskandscale(False)
        t.scale_factor = 0.01
        t[:] = rng.integers(-300, 300, (5, 4))
        f.createVariable("label", "S1", ("lat", "name"))[:] = netCDF4.stringtochar(np.array(["ab", "c", "", "defghi"], "S6"))
        f.createVariable("p", "f8", ("lat",))[:] = rng.normal(size=4)
        f.createVariable("scalar", "i4", ())[:] = 7


classic("classic-1.nc", "NETCDF3_CLASSIC")
classic("classic-2.nc", "NETCDF3_64BIT_OFFSET")
classic("classic-5.nc", "NETCDF3_64BIT_DATA")

with netCDF4.Dataset(out / "groups.nc", "w") as f:
    f.createDimension("time", None)
    f.createDimension("x", 12)
    f.createVariable("time", "i4", ("time",))[:] = np.arange(6)
    f.createVariable("x", "f8", ("x",))[:] = np.arange(12) / 4
    f.createVariable("packed", "i2", ("time", "x"), zlib=True, shuffle=True, chunksizes=(2, 5))[:] = rng.integers(0, 99, (6, 12))
    f.createVariable("checked", "f4", ("x",), fletcher32=True, chunksizes=(5,))[:] = rng.normal(size=12)
    g = f.createGroup("inner")
    g.createVariable("u", "f8", ("time", "x"))[:3] = rng.normal(size=(3, 12))
    g.createVariable("words", str, ("x",))[:] = np.array([f"w{i}" for i in range(12)], object)

for name, track in (("old.h5", "earliest"), ("new.h5", "latest")):
    with h5py.File(out / name, "w", libver=track) as f:
        f["plain"] = rng.normal(size=(6, 5)).astype("f4")
        f.create_dataset("gzip", data=rng.integers(0, 50, (20, 10)), chunks=(6, 4), compression="gzip", shuffle=True)
        f.create_dataset("checked", data=np.arange(40), chunks=(16,), fletcher32=True)
        f.create_dataset("grows", data=np.arange(9.0), maxshape=(None,), chunks=(4,))
        f.create_dataset("big", data=np.arange(7, dtype=">i4"))
        f["texts"] = np.array(["a", "bc", "def"], dtype=h5py.string_dtype())
        f["fixed"] = np.array([b"ab", b"cde", b""], dtype="S5")
        f["pairs"] = np.array([(1, 0.5), (2, 1.5)], dtype=[("n", "i4"), ("x", "f8")])
        ragged = f.create_dataset("ragged", (3,), dtype=h5py.vlen_dtype("i4"))
        for i in range(3):
            ragged[i] = np.arange(i + 1)
        f["group/inside"] = np.arange(4, dtype="u1")
        f["group"].attrs["note"] = "text"
        f["group"].attrs["numbers"] = np.arange(3)

with uproot.recreate(out / "flat.root", compression=uproot.ZLIB(4)) as f:
    f["events"] = {"x": rng.normal(size=300), "n": rng.integers(0, 9, 300).astype("i4"), "b": rng.integers(0, 2, 300).astype(bool)}
    f["h"] = np.histogram(rng.normal(size=100), 10)
for name, how in (("plain.root", None), ("lz4.root", uproot.LZ4(4)), ("zstd.root", uproot.ZSTD(4))):
    with uproot.recreate(out / name, compression=how) as f:
        tree = f.mktree("t", {"i8": "i8", "f4": "f4", "u2": "u2", "grid": np.dtype(("f8", (2, 3)))})
        for _ in range(3):
            tree.extend({"i8": rng.integers(-9, 9, 40), "f4": rng.normal(size=40).astype("f4"), "u2": rng.integers(0, 9, 40).astype("u2"), "grid": rng.normal(size=(40, 2, 3))})
with uproot.recreate(out / "jagged.root", compression=uproot.ZLIB(1)) as f:
    f["sub/jets"] = {"pt": awkward.Array([[1.5], [], [2.5, 3.5]] * 30), "n": np.arange(90, dtype="i2")}

(out / "numbers.csv").write_text("n,x,when,label\n" + "".join(f"{i},{i / 8},2020-01-{i % 28 + 1:02d},row {i}\n" for i in range(60)))
(out / "quoted.csv").write_text('"id","text [m]",v\r\n' + "".join(f'{i},"say ""{i}"", then\nmore",{i * 1.5e300}\r\n' for i in range(20)))
(out / "gaps.csv").write_text("a,b,c\n1,,x\n,2.5,\n9007199254740993,NaN,\n-3,1e-320,ü\n")

for version in (2, 3):
    root = zarr.open_group(str(out / f"small-v{version}.zarr"), mode="w", zarr_format=version)
    root.create_array("plain", data=rng.normal(size=(6, 5)), chunks=(4, 3), compressors=None)
    root.create_array("packed", data=rng.integers(0, 99, (10, 8)), chunks=(4, 4))
    root.create_array("filled", shape=(5, 4), chunks=(2, 2), dtype="f4", fill_value=1.5)[0, 0] = 2
    root.create_group("inner").create_array("u1", data=np.arange(20, dtype="u1"), chunks=(7,))
