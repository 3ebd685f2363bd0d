"""Writes the Zarr stores of test/fixtures/zarr, and expected.json: what zarr-python reads from them. Run with the
interpreter of .venv.

Values are listed flat; floats that JSON cannot hold and 64-bit integers as strings.
"""

import json
import shutil
import warnings
from pathlib import Path

import numcodecs
import numpy as np
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

warnings.simplefilter("ignore")
FOLDER = Path(__file__).parent.parent / "test" / "fixtures" / "zarr"


def conformance(version):
    """What a connector's conformance suite reads; the truth is in test/modules/zarr/conformance.test.ts."""
    path = FOLDER / f"conformance-v{version}.zarr"
    root = zarr.create_group(path, zarr_format=version, attributes={"title": "a slab of air"})
    values = {
        "time": (np.arange(9) * 0.5, (4,), ["time"], "s"),
        "level": (np.array([1000, 850, 500, 100], "f4"), (4,), ["level"], "hPa"),
        "temperature": (np.arange(36).reshape(9, 4) * 0.25, (4, 3), ["time", "level"], "K"),
    }
    for name, (data, chunks, dims, unit) in values.items():
        array(root, name, data, chunks, dims, version, attributes={"units": unit})
    group = root.create_group("group")
    array(group, "flags", np.arange(9) % 3 == 0, (5,), ["time"], version)
    zarr.consolidate_metadata(path)


def array(group, name, data, chunks, dims, version, attributes=None, **more):
    attributes = dict(attributes or {})
    if version == 3:
        more["dimension_names"] = dims
        more.setdefault("fill_value", np.nan if data.dtype.kind == "f" else 0)
    else:
        attributes["_ARRAY_DIMENSIONS"] = dims
        more.setdefault("fill_value", None)
    made = group.create_array(name, shape=data.shape, dtype=data.dtype, chunks=chunks, attributes=attributes, **more)
    made[...] = data
    return made


DTYPES = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?"]


def hard(dtype):
    """The ends of the range, and NaN and infinity."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([True, False, True, True, False, False])
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return np.array([0, -0.0, info.max, info.min, np.nan, -np.inf], dtype)
    info = np.iinfo(dtype)
    return np.array([0, 1, info.max, info.min, info.max // 3, 2], dtype)


def types(version):
    """Every dtype, little- and big-endian, in C and Fortran order, and texts."""
    path = FOLDER / f"types-v{version}.zarr"
    root = zarr.create_group(path, zarr_format=version)
    for code in DTYPES:
        data = hard(code).reshape(2, 3)
        name = np.dtype(code).name
        array(root, name, data, (2, 2), ["y", "x"], version)
        if version == 2:
            if np.dtype(code).itemsize > 1:
                array(root, f"{name}_big", data.astype(np.dtype(code).newbyteorder(">")), (2, 2), ["y", "x"], 2)
            array(root, f"{name}_fortran", data, (2, 2), ["y", "x"], 2, order="F")
        else:
            if np.dtype(code).itemsize > 1:
                array(root, f"{name}_big", data, (2, 2), ["y", "x"], 3, serializer=BytesCodec(endian="big"))
            array(root, f"{name}_fortran", data, (2, 2), ["y", "x"], 3, filters=[TransposeCodec(order=(1, 0))])
    texts = np.array(["", "calorimeter", "Größe µ", "粒子", "🌍", "two\nlines"])
    array(root, "fixed", texts, (4,), ["text"], version, fill_value="")
    array(root, "bytes", np.array([b"", b"muon", b"tau"]), (2,), ["particle"], version, fill_value=b"none")
    text = root.create_array("text", shape=(6,), dtype="string", chunks=(4,), fill_value="")
    text[...] = texts.astype(object if version == 2 else np.dtypes.StringDType())
    date = np.array(["2000-01-01", "2026-11-21", "NaT"], "M8[D]")
    array(root, "date", date, (3,), ["date"], version, fill_value=np.datetime64("NaT"))
    cube = np.arange(24, dtype="i4").reshape(2, 3, 4)
    if version == 3:
        array(root, "cube", cube, (2, 2, 3), ["a", "b", "c"], 3, filters=[TransposeCodec(order=(2, 0, 1))])
    else:
        array(root, "cube", cube, (2, 2, 3), ["a", "b", "c"], 2, order="F")
    array(root, "scalar", np.array(2.5), (), [], version)
    # Chunks that were never written.
    sparse = array(root, "sparse", np.arange(3, dtype="f8"), (1,), ["s"], version, fill_value=-1.5)
    sparse.resize((9,))
    big = array(root, "sparse_big", np.zeros(1, "u8"), (1,), ["t"], version, fill_value=2**64 - 1)
    big.resize((3,))
    zarr.consolidate_metadata(path)


def codecs(version):
    """One array by every codec."""
    path = FOLDER / f"codecs-v{version}.zarr"
    root = zarr.create_group(path, zarr_format=version)
    data = (np.arange(600) % 97).reshape(30, 20).astype("f4") / 4
    ints = np.cumsum(np.arange(600) % 7).reshape(30, 20).astype("i4")

    def add(name, values, **more):
        array(root, name, values, (16, 16), ["y", "x"], version, **more)

    if version == 2:
        for name, codec in {
            "none": None,
            "gzip": numcodecs.GZip(5),
            "zlib": numcodecs.Zlib(5),
            "zstd": numcodecs.Zstd(3),
            "lz4": numcodecs.LZ4(),
            **{f"blosc_{c}": numcodecs.Blosc(c, 5, 1) for c in ("lz4", "lz4hc", "zstd", "zlib", "blosclz")},
            "blosc_bit": numcodecs.Blosc("zstd", 3, 2),
        }.items():
            add(name, data, compressors=codec)
        add("shuffle", data, filters=[numcodecs.Shuffle(4)], compressors=numcodecs.Zlib(1))
        add("delta", ints, filters=[numcodecs.Delta("<i4")], compressors=numcodecs.Zlib(1))
        add("scaled", data, filters=[numcodecs.FixedScaleOffset(0, 4, "<f4", "<i2")], compressors=numcodecs.Zlib(1))
        add("bitround", data, filters=[numcodecs.BitRound(10)], compressors=numcodecs.Zlib(1))
        add("lzma", data, compressors=numcodecs.LZMA())
        add("bz2", data, compressors=numcodecs.BZ2())
    else:
        for name, codec in {
            "none": [],
            "gzip": [GzipCodec(level=5)],
            "zstd": [ZstdCodec(level=3, checksum=True)],
            "crc32c": [Crc32cCodec()],
            "gzip_crc32c": [GzipCodec(level=1), Crc32cCodec()],
            "blosc_lz4": [BloscCodec(cname="lz4", shuffle="shuffle")],
            "blosc_zstd": [BloscCodec(cname="zstd", shuffle="bitshuffle")],
        }.items():
            add(name, data, compressors=codec)
        root.create_array("sharded", shape=data.shape, dtype="f4", chunks=(8, 5), shards=(16, 10), dimension_names=["y", "x"], fill_value=-1.0)[:20] = data[:20]
        first = ShardingCodec(chunk_shape=(8, 5), codecs=[BytesCodec(), GzipCodec(level=1)], index_location="start")
        made = root.create_array("sharded_first", shape=data.shape, dtype="f4", chunks=(16, 10), dimension_names=["y", "x"], fill_value=-1.0, serializer=first, compressors=None)
        made[:20] = data[:20]
    zarr.consolidate_metadata(path)


def plain(version):
    """Without consolidated metadata or names of dimensions, with a group and attributes of all kinds."""
    path = FOLDER / f"plain-v{version}.zarr"
    attributes = {
        "text": "Größe",
        "whole": 3,
        "float": 0.5,
        "huge": 2**53 + 1,
        "flag": True,
        "nan": float("nan"),
        "ints": [1, 2],
        "floats": [1.0, 2.0],
        "longs": [2**40],
        "texts": ["a", "b"],
        "nothing": None,
        "object": {"a": [1]},
    }
    root = zarr.create_group(path, zarr_format=version, attributes=attributes)
    group = root.create_group("outer").create_group("inner")
    more = {} if version == 3 else {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
    group.create_array("values", shape=(3, 2), dtype="i2", chunks=(2, 2), fill_value=0, **more)[...] = np.arange(6).reshape(3, 2)
    root.create_array("packed", shape=(3,), dtype="i2", chunks=(3,), fill_value=-1, attributes={"scale_factor": 0.5, "add_offset": 10.0, "_FillValue": -1, "units": "K"})[...] = [0, 1, -1]
    one = FOLDER / f"one-v{version}.zarr"
    zarr.create_array(one, shape=(4,), dtype="f8", chunks=(2,), zarr_format=version, fill_value=0.0)[...] = [1, 2, 3, 4]


def plain_value(value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return str(value.astype("i8"))
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.integer):
        return str(value) if value.dtype.itemsize == 8 else int(value)
    if isinstance(value, np.floating):
        return float(value) if np.isfinite(value) and not (value == 0 and np.signbit(value)) else repr(float(value))
    return str(value)


def expected():
    """What zarr-python reads, array by array; nothing where it has no codec."""
    stores = {}
    for path in sorted(FOLDER.glob("*.zarr")):
        node = zarr.open(path, mode="r")
        arrays = {"": node} if isinstance(node, zarr.Array) else dict(zarr.open_group(path, mode="r").members(max_depth=None))
        stores[path.name] = {
            name: {"shape": list(a.shape), "dtype": str(a.dtype), "values": [plain_value(v) for v in np.asarray(a[...]).ravel()]}
            for name, a in sorted(arrays.items())
            if isinstance(a, zarr.Array)
        }
    (FOLDER / "expected.json").write_text(json.dumps(stores, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    for each in (2, 3):
        for make in (conformance, types, codecs, plain):
            make(each)
    expected()
