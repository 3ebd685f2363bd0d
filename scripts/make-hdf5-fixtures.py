"""Writes test/fixtures/hdf5/*.h5 and expected.json, what h5py reads from them. Run with the interpreter of .venv.

Values of datasets are listed flat; floats that JSON cannot hold as strings; 64-bit integers as strings.
"""

import json
import math
import pathlib

import h5py
import numpy as np

OUT = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "hdf5"
OUT.mkdir(parents=True, exist_ok=True)


def integer(size, order="LE", precision=None, signed=True):
    tid = h5py.h5t.STD_I64LE.copy() if order == "LE" else h5py.h5t.STD_I64BE.copy()
    tid.set_size(size)
    tid.set_sign(h5py.h5t.SGN_2 if signed else h5py.h5t.SGN_NONE)
    if precision:
        tid.set_precision(precision)
    return tid


def raw(group, name, tid, data, memory=None):
    """A dataset of a low-level type."""
    space = h5py.h5s.create_simple(data.shape)
    dsid = h5py.h5d.create(group.id, name.encode(), tid, space)
    dsid.write(h5py.h5s.ALL, h5py.h5s.ALL, data, mtype=memory)
    return dsid


def numbers():
    with h5py.File(OUT / "numbers.h5", "w") as f:
        for order, sign in (("<", "le"), (">", "be")):
            for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
                info = np.iinfo(kind)
                f[f"{sign}/{kind}"] = np.array([info.min, 0, 1, info.max], dtype=order + kind)
            for kind in ("f2", "f4", "f8"):
                values = [0, -1.5, 1 / 3, np.inf, -np.inf, np.nan, np.finfo(kind).tiny, np.finfo(kind).max]
                f[f"{sign}/{kind}"] = np.array(values, dtype=order + kind)
        f["bool"] = np.array([[True, False], [False, True]])
        f["scalar"] = np.float32(2.5)
        f["scalar_bool"] = True
        f["empty"] = h5py.Empty("f4")
        f["no_rows"] = np.zeros((0, 3), "i2")
        f["complex"] = np.array([1 + 2j, -3.5j])
        f["complex_be"] = np.array([1 + 2j, -3.5j], dtype=">c8")
        raw(f, "i3", integer(3), np.array([-(2**23), -1, 0, 2**23 - 1], "i8"))
        raw(f, "i3_be", integer(3, "BE"), np.array([-(2**23), -1, 0, 2**23 - 1], "i8"))
        raw(f, "u5", integer(5, signed=False), np.array([0, 1, 2**40 - 1], "i8"))
        raw(f, "i2_precision12", integer(2, precision=12), np.array([-2048, -1, 0, 2047], "i8"))
        raw(f, "bits", h5py.h5t.STD_B16LE, np.array([0, 1, 0x8001], "u2"), h5py.h5t.STD_B16LE)
        raw(f, "opaque", h5py.h5t.create(h5py.h5t.OPAQUE, 3), np.array([b"abc", b"\0\1\2"], "V3"))
        bfloat = h5py.h5t.IEEE_F32LE.copy()
        bfloat.set_fields(15, 7, 8, 0, 7)
        bfloat.set_ebias(127)
        bfloat.set_precision(16)
        bfloat.set_size(2)
        raw(f, "bfloat16", bfloat, np.array([1.0, -2.5], "f4"))


def text():
    with h5py.File(OUT / "text.h5", "w") as f:
        f["variable"] = np.array(["plain", "ünïcödé 漢字", ""], dtype=h5py.string_dtype())
        f["variable_ascii"] = np.array(["a", "bc"], dtype=h5py.string_dtype("ascii"))
        f.create_dataset("never_written", (3,), h5py.string_dtype())
        f["fixed"] = np.array([b"abc", b"de", b""], "S3")
        f["fixed_utf8"] = np.array(["é".encode(), b"x"], h5py.string_dtype("utf-8", 4))
        f["latin1"] = np.array(["é".encode("latin-1"), b"x"], "S2")
        spaces = h5py.h5t.C_S1.copy()
        spaces.set_size(6)
        spaces.set_strpad(h5py.h5t.STR_SPACEPAD)
        raw(f, "spaces", spaces, np.array([b"ab    ", b"a b   ", b"abcdef"], "S6"), spaces)
        terminated = h5py.h5t.C_S1.copy()
        terminated.set_size(4)
        raw(f, "terminated", terminated, np.array([b"ab\0z", b"abcd"], "V4").view("S4"), terminated)
        f["two_d"] = np.array([["a", "b"], ["c", "dd"]], dtype=h5py.string_dtype())
        f["scalar"] = "one"


def compound():
    with h5py.File(OUT / "compound.h5", "w") as f:
        n = 7
        parts = [("id", "<i4"), ("e", ">f8"), ("pos", "<f4", (3,)), ("tag", "S4"), ("ok", "?")]
        mixed = np.zeros(n, parts)
        mixed["id"] = np.arange(n)
        mixed["e"] = np.arange(n) / 2
        mixed["pos"] = np.arange(3 * n).reshape(n, 3)
        mixed["tag"] = [b"n%d" % i for i in range(n)]
        mixed["ok"] = np.arange(n) % 2 == 0
        f.create_dataset("mixed", data=mixed, chunks=(3,), compression="gzip")
        big = np.zeros(n, [("a", ">i2"), ("s", "S2"), ("b", ">f4"), ("v", ">u8", (2,))])
        big["a"] = np.arange(n) - 3
        big["s"] = b"x"
        big["b"] = np.arange(n) / 4
        big["v"] = np.arange(2 * n).reshape(n, 2)
        f["big"] = big
        colours = h5py.enum_dtype({"RED": 1, "GREEN": 2, "BLUE": 300}, basetype=">i2")
        with_enum = np.zeros(3, [("a", ">i4"), ("colour", colours), ("b", ">f8")])
        with_enum["a"] = [1, 2, 3]
        with_enum["colour"] = [1, 2, 300]
        with_enum["b"] = [0.5, 1.5, 2.5]
        f["big_with_enum"] = with_enum
        nested = np.zeros((2, 2), [("outer", [("x", "<f4"), ("y", ">i2")]), ("k", "<u1")])
        nested["outer"]["x"] = np.arange(4).reshape(2, 2)
        nested["outer"]["y"] = np.arange(4).reshape(2, 2) - 2
        nested["k"] = 9
        f["nested"] = nested
        words = np.zeros(2, [("name", h5py.string_dtype()), ("be", ">f4")])
        words["name"] = ["first", "zweite"]
        words["be"] = [1.5, 2.5]
        f["words"] = words
        f["enum"] = np.array([1, 300, 2], dtype=h5py.enum_dtype({"RED": 1, "GREEN": 2, "BLUE": 300}, basetype="<i2"))
        f["enum_be"] = np.array([1, 300, 2], dtype=colours)
        f.attrs["point"] = np.array((1.5, 2), [("x", "<f8"), ("n", ">i4")])


def sequences():
    with h5py.File(OUT / "sequences.h5", "w") as f:
        for name, dtype in (("f4", "<f4"), ("f4_be", ">f4"), ("i8", "<i8"), ("u1", "u1")):
            d = f.create_dataset(name, (5,), h5py.vlen_dtype(np.dtype(dtype)))
            for i, length in enumerate((3, 0, 1, 4, 2)):
                d[i] = (np.arange(length) + 10 * i).astype(dtype)
        d = f.create_dataset("grid", (2, 3), h5py.vlen_dtype(np.dtype("<i2")), chunks=(1, 2), compression="gzip")
        for i in range(2):
            for j in range(3):
                d[i, j] = np.arange(i + j) + 100 * i
        f.create_dataset("of_strings", (2,), h5py.vlen_dtype(h5py.string_dtype()))


def storage():
    rows = np.arange(12 * 10 * 6, dtype="<i4").reshape(12, 10, 6)
    with h5py.File(OUT / "storage.h5", "w", track_order=True) as f:
        f["contiguous"] = rows
        f.create_dataset("compact", data=np.arange(4, dtype="i2"))
        for name, options in {
            "chunked": {},
            "gzip": {"compression": "gzip"},
            "gzip_shuffle": {"compression": "gzip", "shuffle": True},
            "fletcher32": {"fletcher32": True},
            "scaleoffset": {"scaleoffset": 0},
            "szip": {"compression": "szip"} if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP) else {},
            "lzf": {"compression": "lzf", "shuffle": True},
        }.items():
            f.create_dataset(name, data=rows, chunks=(5, 4, 6), **options)
        grown = f.create_dataset("unlimited", (3, 2), "f8", maxshape=(None, 2), chunks=(2, 2), fillvalue=-1)
        grown[1] = 7
        f.create_dataset("unwritten", (4,), "f4", fillvalue=2.5)
    with h5py.File(OUT / "version4.h5", "w", libver="latest") as f:
        f.create_dataset("fixed_array", data=rows, chunks=(5, 4, 6), compression="gzip")
        f.create_dataset("extensible", data=rows, chunks=(5, 4, 6), maxshape=(None, 10, 6))
        f.create_dataset("btree2", data=rows, chunks=(5, 4, 6), maxshape=(None, None, 6))
        f.create_dataset("single", data=rows, chunks=rows.shape)
    with h5py.File(OUT / "user-block.h5", "w", userblock_size=1024) as f:
        f["x"] = np.arange(5.0)
        f.create_dataset("chunked", data=np.arange(20.0), chunks=(6,), compression="gzip")


def scales_and_links():
    with h5py.File(OUT / "scales.h5", "w") as f:
        f["time"] = np.arange(4.0)
        f["time"].attrs["units"] = "s"
        f["x"] = np.array([10, 20, 30], "i4")
        f["time"].make_scale("time")
        f["x"].make_scale()
        f["field"] = np.arange(12.0).reshape(4, 3)
        f["field"].dims[0].attach_scale(f["time"])
        f["field"].dims[1].attach_scale(f["x"])
        f["covariance"] = np.eye(3)
        f["covariance"].dims[0].attach_scale(f["x"])
        f["covariance"].dims[1].attach_scale(f["x"])
        f["labelled"] = np.zeros((4, 2))
        f["labelled"].dims[1].label = "component"
        f["group/deep"] = np.arange(4)
        f["group/deep"].dims[0].attach_scale(f["time"])
    with h5py.File(OUT / "links.h5", "w") as f:
        f["a/data"] = np.arange(3)
        f["a/hard"] = f["a/data"]
        f["a/again"] = f["a"]
        f["soft"] = h5py.SoftLink("/a/data")
        f["soft_group"] = h5py.SoftLink("/a")
        f["a/loop"] = h5py.SoftLink("/a")
        f["self"] = h5py.SoftLink("/self")
        f["dangling"] = h5py.SoftLink("/nowhere")
        f["external"] = h5py.ExternalLink("numbers.h5", "/scalar")
        f["external_group"] = h5py.ExternalLink("links.h5", "/")
        f["external_missing"] = h5py.ExternalLink("missing.h5", "/x")
        f["type"] = np.dtype("f4")
        f["references"] = np.array([f["a/data"].ref, f["a"].ref, h5py.Reference()], dtype=h5py.ref_dtype)
        f["regions"] = np.array([f["a/data"].regionref[0:2]], dtype=h5py.regionref_dtype)
        layout = h5py.VirtualLayout((2, 5), "<f8")
        layout[0] = h5py.VirtualSource("user-block.h5", "x", (5,))
        layout[1] = h5py.VirtualSource("no-such.h5", "x", (5,))
        f.create_virtual_dataset("virtual", layout, fillvalue=-1)
    with h5py.File(OUT / "attributes.h5", "w", track_order=True) as f:
        a = f.create_dataset("d", data=1.0, track_order=True).attrs
        a["z_float"] = 1.5
        a["int"] = 3
        a["u8"] = np.uint64(2**64 - 1)
        a["half"] = np.float16(0.5)
        a["be"] = np.array([1, 2], ">i2")
        a["bool"] = True
        a["text"] = "ünï"
        a["bytes"] = np.bytes_(b"fixed")
        a["texts"] = ["a", "bb"]
        a["empty"] = h5py.Empty("f4")
        a["enum"] = np.array(2, dtype=h5py.enum_dtype({"A": 1, "B": 2}))
        sequence = np.empty((1,), object)
        sequence[0] = np.arange(3, dtype="i4")
        a.create("sequence", sequence, dtype=h5py.vlen_dtype("i4"))
        a["reference"] = f["d"].ref
        a["big"] = np.arange(6.0).reshape(2, 3)


def conformance():
    """What test/modules/hdf5/conformance.test.ts says is in conformance.h5."""
    with h5py.File(OUT / "conformance.h5", "w") as f:
        f.attrs["title"] = "a slab of air"
        f["time"] = np.arange(9) * 0.5
        f["time"].attrs["units"] = "s"
        f["level"] = np.array([1000, 850, 500, 100], "f4")
        f["level"].attrs["units"] = "hPa"
        for name in ("time", "level"):
            f[name].make_scale(name)
        field = (np.arange(36).reshape(9, 4) * 0.25).astype(">f8")
        f.create_dataset("temperature", data=field, chunks=(2, 3), compression="gzip", shuffle=True)
        f["temperature"].attrs["units"] = "K"
        f["group/flags"] = np.arange(9) % 3 == 0
        for dataset in (f["temperature"], f["group/flags"]):
            dataset.dims[0].attach_scale(f["time"])
        f["temperature"].dims[1].attach_scale(f["level"])


def plain(value):
    """A value that JSON holds exactly."""
    if isinstance(value, (bytes, np.bytes_)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if abs(int(value)) < 2**53 else str(int(value))
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, str):
        return value
    raise TypeError(type(value))


def columns(path, array):
    if array.dtype.names and not h5py.check_dtype(ref=array.dtype):
        for name in array.dtype.names:
            yield from columns(f"{path}/{name}", array[name])
    elif array.dtype.kind == "c":
        yield from columns(f"{path}/r", array.real)
        yield from columns(f"{path}/i", array.imag)
    elif h5py.check_vlen_dtype(array.dtype) and not h5py.check_string_dtype(array.dtype):
        # An empty sequence may come as 0 or None.
        rows = [row if np.ndim(row) == 1 else np.zeros(0) for row in array.ravel()]
        yield f"{path}/counts", array.shape, [len(row) for row in rows]
        yield f"{path}/values", None, [plain(x) for row in rows for x in row]
    else:
        yield path, array.shape, [plain(x) for x in array.ravel().tolist()] if array.dtype.kind != "f" else [
            plain(x) for x in array.ravel()
        ]


def read(item):
    """Values of a dataset; those of types that numpy lacks as HDF5 itself converts them."""
    try:
        return np.asarray(item[()]).astype(item.dtype, copy=False)
    except TypeError:
        is_float = item.id.get_type().get_class() == h5py.h5t.FLOAT
        values = np.zeros(item.shape, "f8" if is_float else "i8")
        item.id.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return values


def expected():
    result = {}
    for file in sorted(OUT.glob("*.h5")):
        found = {}
        with h5py.File(file) as f:

            def visit(name, item):
                path = f"/{name}"
                skip = {"/of_strings", "/opaque", "/references", "/regions", "/empty"}
                if not isinstance(item, h5py.Dataset) or path in skip or item.shape is None:
                    return
                for column, shape, values in columns(path, read(item)):
                    found[column] = {"shape": None if shape is None else list(shape), "values": values}

            f.visititems(visit)
        result[file.name] = found
    # h5py 3.16 reads big-endian sequences with their bytes swapped; the same numbers were written to both.
    result["sequences.h5"]["/f4_be/values"] = result["sequences.h5"]["/f4/values"]
    (OUT / "expected.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


numbers()
text()
compound()
sequences()
storage()
scales_and_links()
conformance()
expected()
