"""Opens files with xarray, warnings being errors, and checks that they follow CF 1.11. Paths as JSON in, problems as JSON out."""

import json
import sys
import warnings

import netCDF4
import numpy as np
import xarray as xr
from cf_units import Unit
from compliance_checker.suite import CheckSuite


def opened(path):
    """What xarray says of a file."""
    problems = []
    for engine in ["netcdf4", "h5netcdf"]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                with xr.open_dataset(path, engine=engine) as ds:
                    ds.load()
                    if any(np.issubdtype(v.dtype, np.timedelta64) for v in ds.variables.values()):
                        problems.append(f"{engine}: a variable became a timedelta")
            except Exception as error:  # warnings among them
                problems.append(f"{engine}: {type(error).__name__}: {error}")
    return problems


def conformance(path):
    """Requirements of CF that the checker does not look at, or leaves to recommendations."""
    problems = []
    with netCDF4.Dataset(path) as ds:
        ds.set_auto_mask(False)
        if "CF-1." not in getattr(ds, "Conventions", ""):
            problems.append("no Conventions")
        for name, variable in ds.variables.items():
            attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
            unit = attributes.get("units")
            if unit is not None:
                try:
                    Unit(unit, calendar=attributes.get("calendar", "standard"))
                except ValueError as error:
                    problems.append(f"{name}: unit {unit!r}: {error}")
            for key in ["bounds", "climatology"]:
                bounds = attributes.get(key)
                if bounds is None:
                    continue
                if bounds not in ds.variables:
                    problems.append(f"{name}: no bounds {bounds}")
                    continue
                edges = ds.variables[bounds]
                if edges.dimensions[:-1] != variable.dimensions:
                    problems.append(f"{bounds}: dimensions {edges.dimensions}")
                if "_FillValue" in edges.ncattrs() or "missing_value" in edges.ncattrs():
                    problems.append(f"{bounds}: has a fill value")
                if not np.isfinite(edges[:]).all():
                    problems.append(f"{bounds}: has missing values")
            if "bounds" in attributes and "climatology" in attributes:
                problems.append(f"{name}: bounds and climatology")
            for other in attributes.get("coordinates", "").split():
                if other not in ds.variables:
                    problems.append(f"{name}: no coordinate {other}")
                elif not set(ds.variables[other].dimensions) <= set(variable.dimensions):
                    problems.append(f"{name}: coordinate {other} has other dimensions")
            for other in attributes.get("grid_mapping", "").split():
                if other.rstrip(":") not in ds.variables:
                    problems.append(f"{name}: no grid mapping {other}")
            if variable.dimensions == (name,):
                if "_FillValue" in attributes or "missing_value" in attributes:
                    problems.append(f"{name}: a coordinate variable with a fill value")
                if variable.dtype != str and variable.size > 1:
                    steps = np.diff(variable[:])
                    if not ((steps > 0).all() or (steps < 0).all()):
                        problems.append(f"{name}: not monotonic")
    return problems


# Where the checker itself fails (6.1.0): labels of text, which have no order, and every contiguous ragged array.
CRASHES = {
    "unsupported operand type(s) for -: 'str' and 'str'": ["check_coordinate_variables_strict_monotonicity"],
    "too many values to unpack (expected 2)": ["check_domain_variables"],
}


def checked(path):
    """What the compliance checker finds, recommendations left out."""
    suite = CheckSuite()
    suite.load_all_available_checkers()
    ds = suite.load_dataset(path)
    try:
        groups, errors = suite.run_all(ds, ["cf:1.11"])["cf:1.11"]
    finally:
        ds.close()
    problems = [f"{name}: {error[0]}" for name, error in errors.items() if name not in CRASHES.get(str(error[0]), [])]
    for group in groups:
        problems += flat(group)
    return problems


def flat(group, names=()):
    if group.children:
        return [each for child in group.children for each in flat(child, (*names, str(group.name)))]
    value = group.value
    passed = value if isinstance(value, bool) else value is None or value[0] == value[1]
    if passed or group.weight < 3:
        return []
    return [f"{' / '.join((*names, str(group.name)))}: {message}" for message in group.msgs or ["fails"]]


# The checker prints where it should return.
out, sys.stdout = sys.stdout, sys.stderr
result = {
    path: {"xarray": opened(path), "conformance": conformance(path), "checker": checked(path)}
    for path in json.loads(sys.stdin.read())
}
json.dump(result, out)
