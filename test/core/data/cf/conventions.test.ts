import { describe, expect, it } from "vitest";
import {
  type Attributes,
  auxiliaryCoordinates,
  axisOf,
  boundsOf,
  cfFlags,
  dataset,
  decodeCf,
  findByStandardName,
  findVariable,
  NdArray,
  type Variable,
} from "../../../../core/index.ts";

const along = (dim: string, values: readonly number[], attributes: Attributes = {}) => ({
  array: new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [dim] }),
  attributes,
});

const ends = new NdArray(Float64Array.of(0, 30, 30, 60, 60, 90), {
  dtype: "float64",
  shape: [3, 2],
  dims: ["time", "nv"],
});
const root = dataset({
  variables: {
    time: along("time", [15, 45, 75], {
      units: "days since 2005-01-01",
      calendar: "360_day",
      bounds: "time_bnds",
      standard_name: "time",
    }),
    time_bnds: { array: ends, attributes: { comment: "ends" } },
    tas: along("time", [1, 2, 3], { standard_name: "air_temperature standard_error", coordinates: "height nowhere" }),
    height: along("h", [2], { bounds: "missing" }),
    stamp: along("s", [0, 1], {}),
  },
  groups: {
    inner: {
      variables: {
        tas: along("time", [4, 5, 6], { standard_name: "air_temperature", coordinates: "lat /stamp" }),
        lat: along("y", [1]),
      },
    },
  },
});

describe("reading by convention", () => {
  it("finds variables by standard name, whatever the modifier", () => {
    expect(findByStandardName(root, "air_temperature").map(({ path }) => path)).toEqual(["/tas", "/inner/tas"]);
    expect(findByStandardName(root, "temperature")).toEqual([]);
  });

  it("gives bounds the unit and calendar of their coordinate", async () => {
    const bounds = boundsOf(root, findVariable(root, "time")) as Variable;
    expect(bounds).toMatchObject({
      path: "/time_bnds",
      unit: "days since 2005-01-01",
      attributes: { units: "days since 2005-01-01", calendar: "360_day", comment: "ends" },
    });
    expect((await bounds.read({ time: 1 })).unit).toBe("days since 2005-01-01");
    expect((await bounds.readMany([{ time: 1 }]))[0]?.unit).toBe("days since 2005-01-01");
    for await (const { array } of bounds.chunks()) expect(array.unit).toBe("days since 2005-01-01");
    expect(boundsOf(root, findVariable(root, "height"))).toBeUndefined();
    expect(boundsOf(root, findVariable(root, "tas"))).toBeUndefined();
  });

  it("finds auxiliary coordinates in the group, above it, or by path", () => {
    const paths = (path: string): string[] =>
      auxiliaryCoordinates(root, findVariable(root, path)).map((each) => each.path);
    expect(paths("tas")).toEqual(["/height"]);
    expect(paths("inner/tas")).toEqual(["/inner/lat", "/stamp"]);
    expect(paths("stamp")).toEqual([]);
  });

  it.each([
    [{ axis: "t" }, undefined, "T"],
    [{ axis: "Y", standard_name: "longitude" }, undefined, "Y"],
    [{ standard_name: "projection_x_coordinate" }, "m", "X"],
    [{ standard_name: "atmosphere_hybrid_sigma_pressure_coordinate" }, "1", "Z"],
    [{ positive: "down" }, "m", "Z"],
    [{}, "degrees_north", "Y"],
    [{}, "degreeE", "X"],
    [{}, "hours since 1900-01-01", "T"],
    [{}, "hPa", "Z"],
    [{}, "degrees", undefined],
    [{}, "what", undefined],
    [{}, undefined, undefined],
  ] as const)("tells the axis of %o in %s: %s", (attributes, unit, axis) => {
    expect(axisOf({ attributes, unit })).toBe(axis);
  });

  it("tells what flags mean", () => {
    const numbers = (...values: number[]): NdArray =>
      new NdArray(Int8Array.from(values), { dtype: "int8", shape: [values.length] });
    const flags = (attributes: Attributes) => cfFlags({ attributes, dtype: "uint8" });
    expect(flags({ flag_values: numbers(0, 1, -1), flag_meanings: "good  bad lost" })).toEqual([
      { meaning: "good", value: 0 },
      { meaning: "bad", value: 1 },
      { meaning: "lost", value: 255 },
    ]);
    expect(flags({ flag_masks: 4, flag_values: 4, flag_meanings: "wet" })).toEqual([
      { meaning: "wet", value: 4, mask: 4 },
    ]);
    expect(flags({ flag_values: numbers(0, 1), flag_meanings: "good" })).toEqual([]);
    expect(flags({ flag_meanings: "good" })).toEqual([]);
    expect(flags({})).toEqual([]);
  });
});

describe("selecting by date", () => {
  const decodedRoot = decodeCf(root);
  const read = async (selection: Parameters<Variable["read"]>[0]): Promise<unknown> => [
    ...(await findVariable(decodedRoot, "tas").read(selection)).values(),
  ];

  it("takes ends that name a period whole", async () => {
    expect(await read({ time: { from: "2005-02", to: "2005-03" } })).toEqual([2, 3]);
    expect(await read({ time: { from: "2005-01-16", to: "2005-02-30" } })).toEqual([1, 2]);
    expect(await read({ time: { from: "2005", to: "2005" } })).toEqual([1, 2, 3]);
    expect(await read({ time: { from: "2005-01-16T00:00:01", to: "2005-02-15" } })).toEqual([]);
    expect(await read({ time: { from: 15, to: "2005-01" } })).toEqual([1]);
  });

  it("takes the nearest to a moment", async () => {
    expect(await read({ time: { value: "2005-02-16" } })).toEqual([2]);
    expect(await read({ time: { value: "2005-02-17T12:00", tolerance: 1.5 } })).toEqual([2]);
    const coordinate = findVariable(decodedRoot, "time");
    expect((await coordinate.read({ time: { value: "2005-03-16" } })).at()).toBe(75);
    const [field] = await findVariable(decodedRoot, "inner/tas").readMany([
      { time: { from: "2005-02", to: "2005-02" } },
    ]);
    expect(field?.values()).toEqual(Float64Array.of(5));
  });

  it("refuses what is no date there", async () => {
    const refused = async (variable: Variable, dim: string, from: string, message: string): Promise<void> => {
      const problem = { code: "TWIN_INVALID_SELECTION", message: expect.stringContaining(message) };
      await expect(variable.read({ [dim]: { from, to: 9 } })).rejects.toMatchObject(problem);
    };
    await refused(findVariable(decodedRoot, "tas"), "time", "2005-01-31", "does not exist in the calendar 360_day");
    await refused(findVariable(decodedRoot, "tas"), "time", "soon", "is no date");
    await refused(findVariable(root, "tas"), "time", "2005-01", "dates select only from a decoded dataset");
    const plain = decodeCf(dataset({ variables: { x: along("x", [1], { scale_factor: 2 }) } }));
    await refused(findVariable(plain, "x"), "x", "2005", "its unit is not stated");
  });
});
