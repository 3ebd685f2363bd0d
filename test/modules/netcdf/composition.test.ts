import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTwin, openDataset } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { netcdf } from "../../../modules/netcdf/index.ts";
import { FIXTURES } from "./shared.ts";

describe("netcdf() in a twin", () => {
  const classic = join(FIXTURES, "conformance-cdf1.nc");
  const nc4 = join(FIXTURES, "features.nc");

  it("opens classic files alone, and NetCDF-4 with hdf5() beside it", async () => {
    await using alone = await createTwin({ plugins: { files: netcdf() } });
    await using file = await alone.files.open(classic);
    expect(file.format).toBe("netcdf");
    await expect(alone.files.open(nc4)).rejects.toThrow("hdf5()");
    await using both = await createTwin({ plugins: { files: netcdf(), hdf: hdf5() } });
    await using other = await both.files.open(nc4);
    expect(Object.keys(other.groups)).toEqual(["inner"]);
  });

  it("takes the files that end as NetCDF does, and leaves HDF5 to hdf5()", async () => {
    await using twin = await createTwin({ plugins: { hdf: hdf5(), files: netcdf() } });
    const connectors = [twin.hdf, twin.files];
    await using file = await openDataset(nc4, connectors);
    expect(file.format).toBe("netcdf");
    await using plain = await openDataset(join(FIXTURES, "../hdf5/numbers.h5"), connectors);
    expect(plain.format).toBe("hdf5");
  });

  it("shows values as stored where its option or the call says so", async () => {
    await using twin = await createTwin({ plugins: { files: netcdf({ decode: false }) } });
    await using raw = await twin.files.open(join(FIXTURES, "types-cdf1.nc"));
    expect(raw.variables["record_s1"]?.dtype).toBe("uint8");
    await using decoded = await twin.files.open(join(FIXTURES, "types-cdf1.nc"), { decode: true });
    expect(decoded.variables["record_s1"]?.dtype).toBe("string");
  });
});
