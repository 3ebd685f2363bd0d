"""Answers commands on standard input, one JSON object a line: makes many NetCDF files, and reads them as one with xarray."""

import json
import os
import sys
import time

import netCDF4
import numpy as np
import xarray as xr

opened = None


def make(folder, files, steps, shape, data_model):
    os.makedirs(folder)
    random = np.random.default_rng(1)
    for number in range(files):
        with netCDF4.Dataset(os.path.join(folder, f"tas_{number:04}.nc"), "w", format=data_model) as file:
            file.createDimension("time", None)
            file.createDimension("lat", shape[0])
            file.createDimension("lon", shape[1])
            times = file.createVariable("time", "f8", ("time",))
            times.units = "days since 2000-01-01"
            times.calendar = "standard"
            file.createVariable("lat", "f8", ("lat",))[:] = np.linspace(-90, 90, shape[0])
            file.createVariable("lon", "f8", ("lon",))[:] = np.linspace(0, 358, shape[1])
            chunks = {"zlib": True, "chunksizes": (steps, *shape)} if data_model == "NETCDF4" else {}
            tas = file.createVariable("tas", "f4", ("time", "lat", "lon"), **chunks)
            tas.units = "K"
            times[:] = np.arange(number * steps, (number + 1) * steps)
            tas[:] = 280 + random.standard_normal((steps, *shape)).astype("f4")


def open_all(folder):
    """As xarray's documentation advises for many files of one kind: nothing is compared, only headers and times are read."""
    global opened
    start = time.perf_counter()
    opened = xr.open_mfdataset(
        os.path.join(folder, "*.nc"),
        combine="nested",
        concat_dim="time",
        data_vars="minimal",
        coords="minimal",
        compat="override",
    )
    return {"ms": (time.perf_counter() - start) * 1e3, "length": int(opened.sizes["time"])}


def series(lat, lon):
    start = time.perf_counter()
    values = opened["tas"].isel(lat=lat, lon=lon).values
    return {"ms": (time.perf_counter() - start) * 1e3, "sum": float(values.astype("f8").sum())}


def close():
    opened.close()
    return {}


for line in sys.stdin:
    command = json.loads(line)
    operation = command.pop("op")
    if operation == "make":
        make(**command)
        answer = {}
    else:
        answer = {"open": open_all, "series": series, "close": close}[operation](**command)
    print(json.dumps(answer), flush=True)
