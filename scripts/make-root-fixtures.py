"""Writes test/fixtures/root by uproot: small ROOT files of our own, for tests that run without the samples of others.

    .venv/bin/python scripts/make-root-fixtures.py
"""

import json
import pathlib

import awkward as ak
import numpy as np
import uproot

# Branches of the files that only differ in their compression.
FEW = ["int32", "float64_jagged", "text"]
FOLDER = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "root"


def histogram(edges_x, edges_y, values):
    """A TH2D with weights; `values` with under- and overflow."""
    return uproot.writing.identify.to_TH2x(
        fName=None,
        fTitle="a slab of air",
        data=values.T.reshape(-1).astype(np.float64),
        fEntries=float(values.sum()),
        fTsumw=float(values[1:-1, 1:-1].sum()),
        fTsumw2=float(values[1:-1, 1:-1].sum()),
        fTsumwx=0.0,
        fTsumwx2=0.0,
        fTsumwy=0.0,
        fTsumwy2=0.0,
        fTsumwxy=0.0,
        fSumw2=(values.T.reshape(-1) * 2.0).astype(np.float64),
        fXaxis=axis("xaxis", "level", edges_x),
        fYaxis=axis("yaxis", "", edges_y),
    )


def axis(name, title, edges):
    return uproot.writing.identify.to_TAxis(
        fName=name,
        fTitle=title,
        fNbins=len(edges) - 1,
        fXmin=float(edges[0]),
        fXmax=float(edges[-1]),
        fXbins=np.asarray(edges, dtype=np.float64),
    )


def types_of(branches):
    """As `mktree` wants them."""
    return {
        name: array.type if isinstance(array, ak.Array) else np.dtype((array.dtype, array.shape[1:]))
        for name, array in branches.items()
    }


def conformance():
    """What test/modules/root/conformance.test.ts states as the truth."""
    with uproot.recreate(FOLDER / "conformance.root", compression=uproot.ZLIB(4)) as f:
        tree = {
            "time": np.arange(9) * 0.5,
            "temperature": np.arange(36).reshape(9, 4) * 0.25,
            "flags": np.arange(9) % 3 == 0,
            "hits": ak.unflatten(np.arange(12, dtype=np.int32), [0, 3, 1, 0, 2, 2, 0, 4, 0]),
        }
        f.mktree("events", types_of(tree), title="air")
        f["events"].extend({name: array[:5] for name, array in tree.items()})
        f["events"].extend({name: array[5:] for name, array in tree.items()})
        f["profile"] = histogram([0, 1, 3, 10], [-1, 0, 1], np.arange(20, dtype=np.float64).reshape(5, 4))


def types():
    """Every primitive type, flat, in fixed arrays and jagged; strings; folders; cycles; in each compression."""
    rng = np.random.default_rng(5)
    entries = 60
    names = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "?"]
    counts = rng.integers(0, 4, entries)
    branches = {}
    for name in names:
        dtype = np.dtype(name)
        key = "bool" if name == "?" else dtype.name

        def values(*shape, dtype=dtype):
            if dtype.kind == "f":
                return rng.normal(0, 1e3, shape).astype(dtype)
            if dtype.kind == "b":
                return rng.integers(0, 2, shape).astype(bool)
            info = np.iinfo(dtype)
            return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)

        branches[key] = values(entries)
        branches[f"{key}_fixed"] = values(entries, 3)
        branches[f"{key}_jagged"] = ak.unflatten(values(int(counts.sum())), counts)
    branches["text"] = ak.Array(["é" * (i % 5) + str(i) for i in range(entries)])
    methods = {"plain": None, "zlib": uproot.ZLIB(6), "lzma": uproot.LZMA(4), "lz4": uproot.LZ4(4), "zstd": uproot.ZSTD(5)}
    for method, compression in methods.items():
        with uproot.recreate(FOLDER / f"types-{method}.root", compression=compression) as f:
            chosen = branches if method == "zlib" else {name: branches[name] for name in FEW}
            f.mktree("data/tree", types_of(chosen))
            f["data/tree"].extend({name: array[:40] for name, array in chosen.items()})
            f["data/tree"].extend({name: array[40:] for name, array in chosen.items()})
            f["hist"] = np.histogram(branches["float64"], bins=7)
            f["hist"] = np.histogram(branches["float32"], bins=5)
            f["note"] = "no tree"
    with uproot.open(FOLDER / "types-zlib.root") as f:
        truth = {"entries": entries, "branches": {}}
        for name in branches:
            array = f["data/tree"][name].array(library="ak")
            is_text = name == "text"
            flat = ak.flatten(array, axis=None) if not is_text else array
            numbers = ak.to_list(flat)
            truth["branches"][name] = {
                "counts": ak.to_list(ak.num(array)) if name.endswith("jagged") else None,
                # Integers of 64 bits are more than a number of JSON holds.
                "values": [str(v) if type(v) is int else v for v in numbers],
            }
        (FOLDER / "types.json").write_text(json.dumps(truth) + "\n")


def names():
    """Names beyond ASCII; a basket so long that LZMA2 cuts it into pieces, of values that hardly compress."""
    entries = 30_000
    scrambled = (np.arange(entries, dtype=np.int64) ** 2 * 9973 % 16777213).astype(np.int32)
    with uproot.recreate(FOLDER / "names.root", compression=uproot.LZMA(1)) as f:
        f.mktree("événements", {"énergie": "int32"}, title="à 7 TeV")
        f["événements"].extend({"énergie": scrambled})


FOLDER.mkdir(parents=True, exist_ok=True)
conformance()
types()
names()
