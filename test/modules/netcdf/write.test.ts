import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, dataset, NdArray } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { netcdf } from "../../../modules/netcdf/index.ts";

const floats = (dims: readonly string[], shape: readonly number[]): NdArray =>
  new NdArray(new Float64Array(shape.reduce((a, b) => a * b, 1)), { dtype: "float64", shape, dims });

describe("NetCDF that is written", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-netcdf-write-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("says that NaN is missing in data, and not in coordinates and their bounds, which are never missing", async () => {
    await using twin = await createTwin({ plugins: { files: netcdf(), hdf: hdf5() } });
    const file = join(folder, "bounds.nc");
    await twin.files.write(
      file,
      dataset({
        variables: {
          tas: floats(["time", "lat"], [2, 3]),
          time: { array: floats(["time"], [2]), attributes: { units: "days since 2000-01-01", climatology: "span" } },
          span: floats(["time", "nv"], [2, 2]),
          lat: { array: floats(["lat"], [3]), attributes: { units: "degrees_north", bounds: "lat_bnds" } },
          lat_bnds: floats(["lat", "nv"], [3, 2]),
        },
      }),
    );
    await using written = await twin.files.open(file, { decode: false });
    const filled = Object.values(written.variables).filter(({ attributes }) => Object.hasOwn(attributes, "_FillValue"));
    expect(filled.map(({ name }) => name)).toEqual(["tas"]);
  });
});
