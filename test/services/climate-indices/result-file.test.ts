import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../../modules/netcdf/netcdf.ts";
import { climateIndex } from "../../../thematic/climate/index.ts";
import { writeMadeFiles } from "./peer-files.ts";
import { isWithoutXclim, type PeerFile } from "./xclim-peer.ts";

const python = fileURLToPath(new URL("../../../.venv-climate/bin/python", import.meta.url));

const SCRIPT = `
import json, sys, warnings
warnings.simplefilter("error")
import xarray as xr
with xr.open_dataset(sys.argv[1], decode_coords="all") as data:
  index = data[sys.argv[2]]
  print(json.dumps({
    "dims": list(index.dims), "dtype": str(index.dtype), "units": index.attrs["units"], "coordinates": sorted(data.coords),
    "starts": [str(each)[:10] for each in index.time.dt.strftime("%Y-%m-%d").values[:3]],
    "bounds": [str(each)[:10] for each in data.time_bnds.dt.strftime("%Y-%m-%d").values[1]],
    "first": float(index.values[1, 0]),
  }))
`;

describe.skipIf(isWithoutXclim)("files of climate indices in xarray (needs scripts/climate-venv.sh)", () => {
  const hdf = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
  const netcdf = new Netcdf({ hdf, sources: [], decode: true });
  let folder = "";
  let made: readonly PeerFile[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-index-file-"));
    made = await writeMadeFiles(folder, [0, 4]);
  });
  afterAll(async () => {
    await hdf.stop();
    if (folder !== "") await rm(folder, { recursive: true });
  });

  it.each([
    [0, "360_day", ["2001-01-01", "2001-02-01", "2001-03-01"], ["2001-02-01", "2001-03-01"]],
    [1, "julian", ["1899-12-01", "1900-01-01", "1900-02-01"], ["1900-01-01", "1900-02-01"]],
  ])("are opened without a warning (made file %i, %s)", async (number, _, starts, bounds) => {
    await using data = await netcdf.open(made[number]?.path ?? "");
    const path = join(folder, `index-${number}.nc`);
    const result = await climateIndex(data, "TXx", { frequency: "MS" });
    await netcdf.write(path, result);
    const first = (await result.variables["TXx"]?.read({ time: 1, place: 0 }))?.at();
    expect(JSON.parse(execFileSync(python, ["-c", SCRIPT, path, "TXx"], { encoding: "utf8" }))).toEqual({
      dims: ["time", "place"],
      dtype: "float64",
      units: "degC",
      coordinates: ["time", "time_bnds"],
      starts,
      bounds,
      first,
    });
  });
});
