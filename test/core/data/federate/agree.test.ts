import { describe, expect, it } from "vitest";
import { federate, type NdArray } from "../../../../core/index.ts";
import { temperatures, testPart } from "./fixtures.ts";

/** Two days with a `_FillValue` that is told, as writers of NetCDF do. */
function filled(times: readonly number[], fill: number) {
  const init = temperatures(times);
  const variables = init.variables as Readonly<Record<string, NdArray>>;
  const tas = { array: variables["tas"] as NdArray, attributes: { _FillValue: fill } };
  return { ...init, variables: { ...variables, tas } };
}

describe("fill values of parts", () => {
  it("NaN is that of floats, whether a file says so or not", async () => {
    const parts = [testPart("told", filled([0, 1], Number.NaN)), testPart("untold", temperatures([2, 3]))];
    await using all = await federate({ along: "time", parts });
    expect(all.variables["tas"]?.shape[0]).toBe(4);
  });

  it("another one must be the same, or decoded", async () => {
    const parts = [testPart("told", filled([0, 1], -999)), testPart("untold", temperatures([2, 3]))];
    await expect(federate({ along: "time", parts })).rejects.toMatchObject({
      code: "TWIN_PARTS_DISAGREE",
      message: expect.stringContaining("_FillValue -999 in the one and (none) in the other"),
    });
  });
});
