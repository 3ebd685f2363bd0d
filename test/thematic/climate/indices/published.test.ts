import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Hdf5 } from "../../../../modules/hdf5/hdf5.ts";
import { Netcdf, type NetcdfDataset } from "../../../../modules/netcdf/netcdf.ts";
import { climateIndex } from "../../../../thematic/climate/index.ts";

const path = fileURLToPath(
  new URL("../../../../../shared/data/netcdf/xclim-testdata/daily_surface_cancities_1990-1993.nc", import.meta.url),
);
const [halifax, montreal] = [0, 1];

// Answers of xclim's own tests, in ../shared/reference/climate.md.
describe.skipIf(!existsSync(path))("published answers at cities of Canada, 1990 to 1993 (needs ../shared/data)", () => {
  const hdf = new Hdf5({ cacheBytes: 16e6, timeoutMs: 60_000 });
  const netcdf = new Netcdf({ hdf, sources: [], decode: true });
  let data: NetcdfDataset;
  beforeAll(async () => {
    data = await netcdf.open(path);
  });
  afterAll(async () => {
    await data?.[Symbol.asyncDispose]();
    await hdf.stop();
  });

  it.each([
    ["FD", halifax, [90, 99, 114, 100]],
    ["CSU", montreal, [13, 21, 6, 10]],
    ["freezethaw_spell_frequency", halifax, [34, 37, 36, 30]],
  ])("%s", async (name, location, expected) => {
    const result = await climateIndex(data, name);
    const values = await result.variables[name]?.read({ location });
    expect([...(values?.toFloat64() ?? [])]).toEqual(expected);
    expect(Object.keys(result.variables)).toEqual(["time", "time_bnds", "location", "lat", "lon", name]);
  });
});
