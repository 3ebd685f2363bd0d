"""Operations of xarray, on files made here in a folder and on others: answers as JSON. Arguments: folder, then file:variable, ..."""

import json
import sys
import warnings

import cftime
import numpy as np
import xarray as xr

warnings.simplefilter("ignore")
folder, *real = sys.argv[1:]
CALENDARS = ["standard", "noleap", "360_day", "all_leap", "julian", "proleptic_gregorian"]
FREQUENCIES = ["MS", "QS-DEC", "YS", "YS-JUL", "10D", "5MS", "2QS-FEB", "3YS-OCT"]


def make(calendar):
    random = np.random.default_rng(CALENDARS.index(calendar))
    count = 2000
    start = 725.5 if calendar != "360_day" else 701.5
    values = 280 + 15 * random.standard_normal((count, 3, 2)) + np.sin(np.arange(count) / 58)[:, None, None]
    values[random.random(values.shape) < 0.02] = np.nan
    values[100:170, 1, 1] = np.nan
    edges = np.array([-90.0, -20.0, 45.0, 80.0])
    data = xr.Dataset(
        {
            "tas": (("time", "lat", "lon"), values, {"units": "K", "standard_name": "air_temperature"}),
            "lat_bnds": (("lat", "bnds"), np.stack([edges[:-1], edges[1:]], 1)),
        },
        {
            "time": ("time", start + np.arange(count), {"units": "days since 1998-01-01", "calendar": calendar}),
            "lat": ("lat", (edges[:-1] + edges[1:]) / 2, {"units": "degrees_north", "bounds": "lat_bnds"}),
            "lon": ("lon", [0.0, 120.0], {"units": "degrees_east"}),
        },
    )
    data.to_netcdf(f"{folder}/{calendar}.nc")
    return f"{folder}/{calendar}.nc"


def numbers(array):
    flat = np.asarray(array, "float64").ravel()
    return [None if np.isnan(value) else value for value in flat]


def answers(file, name):
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)
    data = xr.open_dataset(file, decode_times=coder)
    tas = data[name].astype("float64").load()
    tas.encoding, tas.attrs = {}, {}
    if "height" in tas.coords:
        tas = tas.drop_vars("height")
    units, calendar = data.time.encoding["units"], data.time.encoding["calendar"]
    out = {}

    def tell(key, array, dim="time"):
        out[key] = {"values": numbers(array.transpose(dim, ...)), "shape": [array.sizes[dim]]}
        if key.startswith("resample"):
            out[key]["times"] = list(map(float, cftime.date2num(array.time.values, units, calendar)))
        elif dim != "time":
            out[key]["labels"] = array[dim].values.tolist()

    def reduce(grouped, how):
        if how == "sum":
            return grouped.sum(min_count=1)
        return getattr(grouped, how)()

    for frequency in FREQUENCIES:
        grouped = tas.resample(time=frequency)
        for how in ["mean", "sum", "min", "max", "std", "count"] if frequency in ("MS", "YS-JUL") else ["mean"]:
            tell(f"resample {frequency} {how}", reduce(grouped, how))
    for by in ["season", "month", "dayofyear", "year"]:
        grouped = tas.groupby(f"time.{by}")
        for how in ["mean", "std", "max", "count"]:
            tell(f"groupBy {by} {how}", reduce(grouped, how), by)
        if by != "year":
            tell(f"anomaly {by}", (grouped - grouped.mean())[::37].drop_vars("time"))
    for window, center, least, how in [
        (5, False, 5, "mean"), (7, True, 3, "sum"), (4, True, 2, "max"), (31, True, 20, "std"), (6, False, 1, "min"), (6, True, 4, "count")
    ]:
        rolled = tas.rolling(time=window, center=center, min_periods=least)
        tell(f"rolling {window} {center} {least} {how}", getattr(rolled, how)()[::37].drop_vars("time"))
    if "lat" in tas.dims:
        bounds = next((data[key] for key in ("lat_bnds", "lat_bounds") if key in data), None)
        weights = abs(np.sin(np.deg2rad(bounds[:, 1])) - np.sin(np.deg2rad(bounds[:, 0])))
        tell("area", tas.weighted(weights).mean(["lat", "lon"])[::37].drop_vars("time"))
        cosines = np.cos(np.deg2rad(data.lat))
        tell("cosine", tas.weighted(cosines).mean(["lat", "lon"])[::37].drop_vars("time"))
    return out


def axes():
    """Fields of dates by cftime, over leap days, the reform of 1582 and the year before 1."""
    random = np.random.default_rng(1)
    for calendar in CALENDARS:
        for unit, start in [("days since 1850-01-01", -98000), ("hours since 1900-02-27", 0), ("days since 0001-02-01", -60)]:
            values = start + np.cumsum(random.integers(1, 40, 2500)) + 0.25
            dates = cftime.num2date(values, unit, calendar)
            yield {
                "unit": unit, "calendar": calendar, "values": values.tolist(),
                "fields": [[d.year, d.month, d.day, d.dayofyr] for d in dates],
            }


files = [(make(calendar), "tas") for calendar in CALENDARS] + [tuple(each.rsplit(":", 1)) for each in real]
json.dump({"files": [{"file": f, "variable": v, "answers": answers(f, v)} for f, v in files], "axes": list(axes())}, sys.stdout)
