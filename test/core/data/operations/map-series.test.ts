import { describe, expect, it } from "vitest";
import { dataset, mapSeries, NdArray, type SeriesKernel, type Variable } from "../../../../core/data/index.ts";

/** Value of a step at a cell: whole numbers, exact in singles. */
const valueAt = (t: number, y: number, x: number): number => t * 10_000 + y * 100 + x;

interface Made {
  readonly dims?: readonly ["time" | "lat" | "lon", "time" | "lat" | "lon", "time" | "lat" | "lon"];
  readonly dtype?: "float32" | "float64" | "int32";
  readonly chunkShape?: readonly number[];
  readonly unit?: string;
}

const LENGTHS = { time: 12, lat: 5, lon: 7 };

function variable({ dims = ["time", "lat", "lon"], dtype = "float64", chunkShape, unit }: Made = {}): Variable {
  const shape = dims.map((dim) => LENGTHS[dim]);
  const [, b = 1, c = 1] = shape;
  const values = Array.from({ length: 420 }, (_, i) => {
    const place = [Math.floor(i / (b * c)), Math.floor(i / c) % b, i % c];
    const of = (dim: "time" | "lat" | "lon"): number => place[dims.indexOf(dim)] as number;
    return valueAt(of("time"), of("lat"), of("lon"));
  });
  const arrays = {
    float32: () => new NdArray(Float32Array.from(values), { dtype: "float32", shape, dims, unit }),
    float64: () => new NdArray(Float64Array.from(values), { dtype: "float64", shape, dims, unit }),
    int32: () => new NdArray(Int32Array.from(values), { dtype: "int32", shape, dims, unit }),
  };
  const array: NdArray = arrays[dtype]();
  const made = dataset({ variables: { v: { array, ...(chunkShape && { storage: { chunkShape } }) } } });
  return made.variables["v"] as Variable;
}

/** First and last value of a series, and its sum. */
const ENDS: SeriesKernel = ([series], [ends, sum]) => {
  if (!series || !ends || !sum) throw new Error("The kernel got less than it should.");
  ends[0] = series[0] as number;
  ends[1] = series.at(-1) as number;
  sum[0] = series.reduce((a, b) => a + b, 0);
};
const ENDS_OUTPUTS = [
  { name: "ends", dim: "end", length: 2, dtype: "float32" },
  { name: "sum", dim: "one", length: 1, unit: "K" },
] as const;

describe("mapSeries", () => {
  it.each([
    ["time first", {}],
    ["time last", { dims: ["lat", "lon", "time"] }],
    ["time in the middle, singles", { dims: ["lat", "time", "lon"], dtype: "float32" }],
    ["integers", { dtype: "int32" }],
    ["chunks of one step", { chunkShape: [1, 5, 7] }],
    ["chunks that extend in time", { chunkShape: [12, 2, 3] }],
  ] as const)("gives each cell's series to the kernel: %s", async (_, made) => {
    for (const maxBytes of [undefined, 3000, 2000]) {
      const { ends, sum } = await mapSeries([{ variable: variable(made) }], {
        along: "time",
        outputs: ENDS_OUTPUTS,
        kernel: ENDS,
        maxBytes,
      });
      expect(ends?.dims).toEqual(["end", "lat", "lon"]);
      expect([ends?.dtype, sum?.dtype, sum?.unit]).toEqual(["float32", "float64", "K"]);
      for (let y = 0; y < 5; y++) {
        for (let x = 0; x < 7; x++) {
          expect([ends?.at(0, y, x), ends?.at(1, y, x)]).toEqual([valueAt(0, y, x), valueAt(11, y, x)]);
          // The sum of 0 to 11 is 66.
          expect(sum?.at(0, y, x)).toBe(66 * 10_000 + 12 * valueAt(0, y, x));
        }
      }
    }
  });
});
