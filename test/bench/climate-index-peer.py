"""The data of the climate-index benchmark, and what xclim makes of them.

make FOLDER YEARS LATS LONS: a file a year of daily tasmax, float32, a map a chunk, shuffle and deflate 1, as CMIP files are.
xclim FOLDER OUT: TX90p of all years; prints the seconds after imports, and the most memory ever in MB, as JSON.
compare OURS FOLDER: the largest relative difference of a result from xclim's, at some cells.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np


def make(folder, years, lats, lons):
    import netCDF4

    rng = np.random.default_rng(20261122)
    Path(folder).mkdir(parents=True)
    day = 0
    weather = rng.standard_normal((lats, lons), dtype=np.float32)
    for year in range(1981, 1981 + years):
        with netCDF4.Dataset(f"{folder}/tasmax_{year}.nc", "w") as file:
            file.Conventions = "CF-1.8"
            file.createDimension("time", None)
            file.createDimension("lat", lats)
            file.createDimension("lon", lons)
            for name, length, unit in (("lat", lats, "degrees_north"), ("lon", lons, "degrees_east")):
                axis = file.createVariable(name, "f8", (name,))
                axis.units = unit
                axis.standard_name = "latitude" if name == "lat" else "longitude"
                axis[:] = np.linspace(30, 70, length) if name == "lat" else np.linspace(-20, 40, length)
            axis = file.createVariable("time", "f8", ("time",))
            axis.units, axis.calendar, axis.standard_name = "days since 1981-01-01", "standard", "time"
            leap = year % 4 == 0
            steps = 366 if leap else 365
            axis[:] = day + np.arange(steps)
            tasmax = file.createVariable(
                "tasmax", "f4", ("time", "lat", "lon"), zlib=True, complevel=1, shuffle=True,
                chunksizes=(1, lats, lons), fill_value=np.float32(1e20),
            )
            tasmax.units, tasmax.standard_name, tasmax.cell_methods = "K", "air_temperature", "time: maximum"
            south = np.linspace(0, 1, lats, dtype=np.float32)[:, None]
            for step in range(steps):
                # Weather that is remembered for some days, on a season, and warming.
                weather = 0.8 * weather + 0.6 * rng.standard_normal((lats, lons), dtype=np.float32)
                season = -np.cos(2 * np.pi * (step + 1) / 365.25) * (5 + 10 * south)
                tasmax[step] = 300 - 25 * south + season + 4 * weather + np.float32(0.0001) * (day + step)
            day += steps


def peak_megabytes():
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text()).group(1)) / 1000


def run_xclim(folder, out):
    import xarray as xr
    import xclim
    from xclim.core.calendar import percentile_doy

    start = time.perf_counter()
    files = sorted(str(path) for path in Path(folder).glob("*.nc"))
    # As xclim's documentation advises: all of time in a chunk, parts of the map small enough for the workers.
    with xr.open_mfdataset(files, combine="nested", concat_dim="time", data_vars="minimal", coords="minimal", compat="override") as data:
        tasmax = data.tasmax.chunk({"time": -1, "lat": 30, "lon": 38})
        thresholds = percentile_doy(tasmax, window=5, per=90).sel(percentiles=90)
        xclim.atmos.tx90p(tasmax=tasmax, tasmax_per=thresholds, freq="YS").to_netcdf(out)
    print(json.dumps({"seconds": time.perf_counter() - start, "megabytes": peak_megabytes()}))


def compare(ours, folder):
    """xclim in memory at a part of the cells: with dask, some counts differ from that by a day."""
    import xarray as xr
    import xclim
    from xclim.core.calendar import percentile_doy

    parts = []
    for path in sorted(Path(folder).glob("*.nc")):
        with xr.open_dataset(path) as data:
            parts.append(data.tasmax.load()[:, ::45, ::38])
    tasmax = xr.concat(parts, "time")
    thresholds = percentile_doy(tasmax, window=5, per=90).sel(percentiles=90)
    y = xclim.indices.tx90p(tasmax, thresholds, freq="YS").transpose("time", "lat", "lon").values
    with xr.open_dataset(ours, decode_timedelta=False) as data:
        x = data["TX90p"].values[:, ::45, ::38]
    assert x.shape == y.shape, (x.shape, y.shape)
    assert not np.isnan(x).any() and y.mean() > 20
    print(json.dumps({"largest": float(np.max(np.abs(x - y) / np.maximum(1, np.abs(y)))), "values": x.size}))


if __name__ == "__main__":
    _, command, *given = sys.argv
    if command == "make":
        make(given[0], *(int(each) for each in given[1:]))
    elif command == "xclim":
        run_xclim(*given)
    else:
        compare(*given)
