import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Dataset,
  dataset,
  findVariable,
  longitudesFrom,
  NdArray,
  selectRegion,
  subset,
} from "../../../../core/index.ts";

/** A map whose values are 100 times the row, and the longitude that a column had. */
function map(longitudes: readonly number[]): Dataset {
  const n = longitudes.length;
  return dataset({
    variables: {
      lat: { array: floats([10, 20], ["lat"]), attributes: { units: "degrees_north" } },
      lon: { array: floats(longitudes, ["lon"]), attributes: { units: "degrees_east", bounds: "lon_bnds" } },
      lon_bnds: floats(
        longitudes.flatMap((each) => [each - 5, each + 5]),
        ["lon", "nv"],
        [n, 2],
      ),
      field: new NdArray(
        Int16Array.from({ length: 2 * n }, (_, i) => 100 * Math.floor(i / n) + (longitudes[i % n] as number)),
        { dtype: "int16", shape: [2, n], dims: ["lat", "lon"], fillValue: -9 },
      ),
    },
  });
}

function floats(
  values: readonly number[],
  dims: readonly string[],
  shape: readonly number[] = [values.length],
): NdArray {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape, dims });
}

const valuesOf = async (data: Dataset, name: string): Promise<number[]> => [
  ...(await findVariable(data, name).read()).toFloat64(),
];

describe("longitudes from another beginning", () => {
  it("moves coordinate, bounds and data together", async () => {
    const moved = await longitudesFrom(map([0, 90, 180, 270]), -180);
    expect(await valuesOf(moved, "lon")).toEqual([-180, -90, 0, 90]);
    expect(await valuesOf(moved, "lon_bnds")).toEqual([-185, -175, -95, -85, -5, 5, 85, 95]);
    expect(await valuesOf(moved, "field")).toEqual([180, 270, 0, 90, 280, 370, 100, 190]);
    expect(findVariable(moved, "field")).toMatchObject({ dtype: "int16", fillValue: -9, shape: [2, 4] });
  });

  it("gives a region across Greenwich, which the stored longitudes cut in two", async () => {
    const world = map(Array.from({ length: 36 }, (_, i) => 10 * i));
    const europe = await subset(await longitudesFrom(world, -180), { selection: { lon: { from: -10, to: 30 } } });
    expect(await valuesOf(europe, "lon")).toEqual([-10, 0, 10, 20, 30]);
    expect((await valuesOf(europe, "field")).slice(0, 5)).toEqual([350, 0, 10, 20, 30]);
  });

  it.each([
    ["Greenwich", 0, { from: -10, to: 30 }, [-10, 0, 10, 20, 30], [350, 0, 10, 20, 30]],
    ["the date line", -180, { from: 170, to: 190 }, [170, 180, 190], [170, -180, -170]],
    ["nothing", 0, { from: 100, to: 110 }, [100, 110], [100, 110]],
    ["the last column of the file", 0, { from: 350, to: 359 }, [350], [350]],
  ])("a region across %s is asked for by its own longitudes", async (_, west, lon, longitudes, values) => {
    const world = map(Array.from({ length: 36 }, (__, i) => west + 10 * i));
    const region = await selectRegion(world, { selection: { lon, lat: 0 } });
    expect(await valuesOf(region, "lon")).toEqual(longitudes);
    expect(await valuesOf(region, "field")).toEqual(values);
  });

  it.each([
    ["from the east of it to the west", { from: 170, to: -170 }, [170, 180, 190], [170, -180, -170]],
    ["by one near longitude", { value: 181, tolerance: 2 }, [], [-180]],
    ["by one that is there", { value: -100 }, [], [-100]],
  ])("asks for what lies at the date line %s", async (_, lon, longitudes, values) => {
    const world = map(Array.from({ length: 36 }, (__, i) => -180 + 10 * i));
    const region = await selectRegion(world, { selection: { lon, lat: 0 } });
    expect(await valuesOf(region, "field")).toEqual(values);
    if (longitudes.length > 0) expect(await valuesOf(region, "lon")).toEqual(longitudes);
  });

  it("refuses ends that are the wrong way round", async () => {
    const world = map([-180, -90, 0, 90]);
    await expect(selectRegion(world, { selection: { lon: { from: 30, to: -10 } } })).rejects.toMatchObject({
      code: "TWIN_INVALID_SELECTION",
    });
  });

  it("leaves alone what begins there, and moves by whole turns what does not go around the Earth", async () => {
    const data = map([0, 90, 180, 270]);
    expect(await longitudesFrom(data, 0)).toBe(data);
    expect(await valuesOf(await longitudesFrom(map([280, 290]), -180), "lon")).toEqual([-80, -70]);
  });

  it("reads any part as it would be read of the whole", async () => {
    const world = map(Array.from({ length: 36 }, (_, i) => 10 * i));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          west: fc.integer({ min: -400, max: 400 }),
          start: fc.nat(35),
          count: fc.nat(36),
          step: fc.integer({ min: 1, max: 7 }),
        }),
        async ({ west, start, count, step }) => {
          const moved = await longitudesFrom(world, west);
          const range = { start, stop: Math.min(36, start + count), step };
          for (const name of ["lon", "lon_bnds", "field"]) {
            const variable = findVariable(moved, name);
            const part = await variable.read({ lon: range });
            expect([...part.toFloat64()]).toEqual([...(await variable.read()).slice({ lon: range }).toFloat64()]);
          }
          const all = await valuesOf(moved, "lon");
          expect(all[0]).toBeGreaterThanOrEqual(west);
          expect(all.at(-1)).toBeLessThan(west + 360);
          expect(all).toEqual(all.toSorted((a, b) => a - b));
          const field = await valuesOf(moved, "field");
          expect(field.slice(0, 36).map((value, i) => (value - (all[i] as number)) % 360 === 0)).toEqual(
            all.map(() => true),
          );
        },
      ),
    );
  });

  it.each([
    ["fall", [270, 180], "does not increase at index 1"],
    ["go around more than once", [0, 180, 360], "goes over 360 degrees"],
  ])("refuses longitudes that %s", async (_, longitudes, message) => {
    await expect(longitudesFrom(map(longitudes), 0)).rejects.toMatchObject({
      code: "TWIN_INVALID_DATASET",
      message: expect.stringContaining(message),
    });
  });
});
