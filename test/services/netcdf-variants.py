"""Makes odd NetCDF files, the same for a seed, where they are not there, and prints how netCDF4-python reads them: a JSON
value per file.

Each variable: its type, shape and dimensions, its stored bytes (little-endian, in base64) or texts, which values are
missing, and what some selections of it give.
"""

import base64
import json
import os
import random
import sys
import warnings

import netCDF4
import numpy as np

warnings.simplefilter("ignore")
FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4", "NETCDF4_CLASSIC"]
OLD = ["i1", "i2", "i4", "f4", "f8", "S1"]
WIDE = ["u1", "u2", "u4", "i8", "u8"]
CODINGS = [None, None, "zlib", "zstd", "bzip2", "szip"]


def types(format):
    return OLD if format in ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4_CLASSIC") else OLD + WIDE


def numbers(rng, kind, size):
    """Any values that a type has, its ends and its default fill value among them."""
    dtype = np.dtype(kind)
    if dtype.kind == "S":
        return rng.integers(0, 256, size, dtype="u1").view("S1")
    if dtype.kind == "f":
        special = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-42, 9.969209968386869e36, -999.0, 1e20, 0.1]
        values = rng.normal(0, 300, size).astype(dtype)
        with np.errstate(over="ignore"):
            special = np.array(special).astype(dtype)
    else:
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, size, dtype=dtype, endpoint=True)
        special = [info.min, info.max, 0, 1, min(info.max, 100), netCDF4.default_fillvals[kind], info.min + 1]
        special = np.array(special, dtype=object).astype(dtype)
    odd = rng.random(size) < 0.3
    return np.where(odd, rng.choice(special, size), values)


def attributes(pick, rng, variable, kind):
    """Attributes that say what values mean, some of them odd."""
    dtype = np.dtype(kind)
    if dtype.kind == "S":
        return
    some = lambda: numbers(rng, kind, 1)[0]
    if pick.random() < 0.3:
        variable.missing_value = some()
    elif pick.random() < 0.2:
        variable.missing_value = np.array([some() for _ in range(3)], dtype)
    elif pick.random() < 0.1:
        variable.setncattr("missing_value", pick.choice([-999.0, np.float32(1e20), np.float32(0.1), "n/a", np.int32(100)]))
    if pick.random() < 0.3:
        ends = sorted([some(), some()])
        if not any(end != end for end in ends):
            if pick.random() < 0.5:
                variable.valid_range = np.array(ends, dtype)
            else:
                variable.valid_min = ends[0]
                if pick.random() < 0.7:
                    variable.valid_max = ends[1]
    if dtype.kind == "i" and pick.random() < 0.3:
        variable.setncattr("_Unsigned", pick.choice(["true", "false", "True"]))
    if pick.random() < 0.4:
        real = pick.choice([np.float32, np.float64])
        if pick.random() < 0.8:
            variable.scale_factor = real(pick.choice([0.01, 1, -2.5, 1e-9, 3]))
        if pick.random() < 0.6:
            variable.add_offset = real(pick.choice([273.15, -1, 0, 1e6]))


def selections(pick, shape):
    """`[start, stop, step]` or an index per dimension."""
    result = []
    for _ in range(4):
        one = []
        for length in shape:
            if length and pick.random() < 0.25:
                one.append(pick.randrange(length))
                continue
            start = pick.randint(0, length)
            one.append([start, pick.randint(start, length), pick.choice([1, 1, 2, 3, 7])])
        result.append(one)
    return result


def encoded(array):
    array = np.asarray(array)
    if array.dtype.kind in "OU":
        return {"texts": [str(text) for text in array.ravel()]}
    plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return {"bytes": base64.b64encode(plain.tobytes()).decode()}


def stored(variable):
    """All values. The library misplaces those of a dataset that is short in another dimension than the first (4.10.1)."""
    whole = np.asarray(variable[...])
    if any(dimension.isunlimited() for dimension in variable.get_dims()[1:]):
        for index in np.ndindex(whole.shape):
            whole[index] = variable[index]
    return whole


def undecided(variable, raw):
    """Values that are missing for some and not for others: default fill values in bytes, in variables that are not filled,
    and, as they compare it unreinterpreted, with `_Unsigned`. Where they put them is tested elsewhere.
    """
    names = variable.ncattrs()
    filled = variable.get_fill_value() is not None
    if "_FillValue" in names or (filled and raw.dtype.itemsize > 1 and "_Unsigned" not in names):
        return np.zeros(raw.shape, "u1")
    return (raw == netCDF4.default_fillvals[raw.dtype.newbyteorder("=").str[1:]]).astype("u1")


def as_text(attribute):
    return f"{getattr(attribute, 'dtype', 'text')}: {np.asarray(attribute).tolist()}"


def described(variable, pick):
    variable.set_auto_maskandscale(False)
    variable.set_auto_chartostring(False)
    raw = stored(variable)
    kind = "str" if variable.dtype is str else raw.dtype.newbyteorder("=").str[1:]
    entry = {"kind": kind, "shape": list(raw.shape), "dims": list(variable.dimensions), "raw": encoded(raw)}
    entry["attributes"] = {name: as_text(variable.getncattr(name)) for name in variable.ncattrs()}
    entry["selections"] = []
    for selection in selections(pick, raw.shape):
        key = tuple(one if isinstance(one, int) else slice(*one) for one in selection)
        entry["selections"].append({"axes": selection, "raw": encoded(raw[key])})
    if raw.dtype.kind in "iuf":
        # What is missing is theirs; the arithmetic is in doubles, where theirs is in the type of the attributes.
        variable.set_auto_maskandscale(True)
        try:
            if any(dimension.isunlimited() for dimension in variable.get_dims()[1:]):
                return entry
            shown = np.ma.asarray(variable[...])
        except (TypeError, OverflowError):
            # It cannot put a signed default fill value into the unsigned type that `_Unsigned` asks for.
            return entry
        missing = np.ma.getmaskarray(shown)
        unsigned = str(getattr(variable, "_Unsigned", "")).lower() == "true"
        values = raw.view(raw.dtype.str.replace("i", "u")) if unsigned else raw
        packed = any(name in variable.ncattrs() for name in ("scale_factor", "add_offset"))
        if packed:
            scale, offset = (float(getattr(variable, name, one)) for name, one in (("scale_factor", 1), ("add_offset", -0.0)))
            with np.errstate(all="ignore"):
                values = values.astype("f8") * scale + offset
        entry["decoded"] = {"kind": values.dtype.newbyteorder("=").str[1:], "values": encoded(values), "missing": encoded(missing.astype("u1")), "undecided": encoded(undecided(variable, raw))}
    return entry


def fill(group, format, pick, rng, depth):
    lengths = [1, 2, 3, 5, 8, 40]
    is_new = format.startswith("NETCDF4")
    prefix = "abc"[depth]
    count = pick.randint(1, 4)
    for i in range(count):
        unlimited = pick.random() < 0.25 and (format == "NETCDF4" or depth == 0 and i == 0)
        # In a group a dimension may hide one of its parents'.
        name = f"a{i}" if depth and pick.random() < 0.3 else f"{prefix}{i}"
        group.createDimension(name, None if unlimited else pick.choice(lengths))
    visible, outer = {}, group
    while outer is not None:
        for name, dimension in outer.dimensions.items():
            visible.setdefault(name, dimension)
        outer = outer.parent
    for i in range(pick.randint(2, 6)):
        kind = pick.choice(types(format) + (["str"] if format == "NETCDF4" else []))
        names = pick.sample(sorted(visible), min(len(visible), pick.choice([0, 1, 1, 2, 2, 3])))
        if not is_new or format == "NETCDF4_CLASSIC":
            names.sort(key=lambda name: not visible[name].isunlimited())
        if kind == "str":
            # The library crashes over texts that are short in another dimension than the first.
            names = names[:1] + [each for each in names[1:] if not visible[each].isunlimited()]
        options = {}
        if kind != "str" and names and is_new:
            coding = pick.choice(CODINGS)
            # Szip takes no chunk of fewer elements than its block.
            small = any(visible[each].isunlimited() for each in names) or np.prod([len(visible[each]) for each in names]) < 8
            if coding and not (coding == "szip" and (kind == "S1" or small)):
                options = {"compression": "szip", "szip_pixels_per_block": 8} if coding == "szip" else {"compression": coding}
                options["shuffle"] = pick.random() < 0.5
            options["fletcher32"] = pick.random() < 0.3
        if is_new and kind not in ("str", "S1", "i1", "u1") and pick.random() < 0.3:
            options["endian"] = pick.choice(["big", "little"])
        chance = pick.random()
        if kind not in ("str", "S1") and chance < 0.4:
            options["fill_value"] = numbers(rng, kind, 1)[0]
        elif chance > 0.9 and kind != "str" and sum(visible[each].isunlimited() for each in names) == 0:
            options["fill_value"] = False
        name = f"{prefix}v{i}"
        own = [] if kind == "str" else [each for each in group.dimensions if each not in group.variables]
        if own and pick.random() < 0.3:
            name = pick.choice(own)
            if pick.random() < 0.7:
                names = [name] + [each for each in names if each != name and not (visible[each].isunlimited() and not format == "NETCDF4")]
        variable = group.createVariable(name, str if kind == "str" else kind, names, **options)
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        attributes(pick, rng, variable, kind) if kind != "str" else None
        # What nobody has written is anything where it is not filled.
        filled = options.get("fill_value") is not False
        if filled and pick.random() < 0.1:
            continue
        shape = [pick.choice([0, 1, 4] if filled else [4]) if visible[each].isunlimited() else len(visible[each]) for each in names]
        if 0 in shape:
            continue
        size = int(np.prod(shape, dtype=int))
        if kind == "str":
            values = np.array([pick.choice(["", "a", "zwölf", "日本", "x" * 300]) for _ in range(size)], dtype=object)
        else:
            values = numbers(rng, kind, size)
        values = values.reshape(shape)
        if not shape:
            variable[...] = values[()] if kind != "str" else values.item()
        else:
            variable[tuple(slice(0, length) for length in shape)] = values
    if format == "NETCDF4" and depth < 2 and pick.random() < 0.6:
        fill(group.createGroup(f"g{depth}"), format, pick, rng, depth + 1)


def walk(group, path, pick, out):
    for name, variable in group.variables.items():
        out[f"{path}/{name}"] = described(variable, pick)
    for name, child in group.groups.items():
        walk(child, f"{path}/{name}", pick, out)
    return out


folder, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for seed in range(first, last):
    pick, rng = random.Random(seed), np.random.default_rng(seed)
    format = FORMATS[seed % len(FORMATS)]
    path = os.path.join(folder, f"{seed}.nc")
    # One that is there is a copy, made by another program.
    if not os.path.exists(path):
        with netCDF4.Dataset(path, "w", format=format) as file:
            fill(file, format, pick, rng, 0)
    with netCDF4.Dataset(path) as file:
        print(json.dumps({"path": path, "format": file.data_model, "variables": walk(file, "", random.Random(seed), {})}))
