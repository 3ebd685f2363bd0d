import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  dataset,
  mapSeries,
  NdArray,
  type Selection,
  type SeriesKernel,
  type Variable,
} from "../../../../core/data/index.ts";

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

  it("converts units, keeps missing values, and takes several inputs with their dimensions in any order", async () => {
    const kelvin = variable({ unit: "K" });
    const { difference, celsius } = await mapSeries(
      [{ variable: kelvin, unit: "degC" }, { variable: variable({ dims: ["lon", "lat", "time"], dtype: "float32" }) }],
      {
        along: "time",
        outputs: [
          { name: "celsius", dim: "time", length: 12 },
          { name: "difference", dim: "time", length: 12 },
          { name: "nothing", dim: "time", length: 12 },
        ],
        kernel: ([a, b], [converted, apart]) => {
          converted?.set(a as Float64Array);
          apart?.set((a as Float64Array).map((value, i) => value - (b?.[i] as number)));
        },
      },
    );
    expect(celsius?.at(3, 2, 5)).toBe(valueAt(3, 2, 5) - 273.15);
    expect(difference?.values().every((value) => Math.abs((value as number) + 273.15) < 1e-9)).toBe(true);
  });

  it("leaves missing what the kernel does not set", async () => {
    const { sum } = await mapSeries([{ variable: variable() }], {
      along: "time",
      outputs: [{ name: "sum", dim: "one", length: 1 }],
      kernel: () => undefined,
    });
    expect(sum?.values()).toEqual(new Float64Array(35).fill(Number.NaN));
  });

  it.each([
    ["a dimension that is not there", { along: "height" }, "TWIN_INVALID_ARGUMENT", /no dimension "height"/],
    ["too little memory for a cell", { maxBytes: 700 }, "TWIN_INVALID_ARGUMENT", /do not fit in `maxBytes`/],
    ["too little memory for the results", { maxBytes: 500 }, "TWIN_INVALID_ARGUMENT", /lazySeries/],
    ["no unit to convert from", { unit: "degC" }, "TWIN_UNIT_UNKNOWN", /has no unit/],
  ] as const)(
    "refuses %s",
    async (_, {
      along = "time",
      maxBytes,
      unit,
    }: { along?: string; maxBytes?: number; unit?: string }, code, message) => {
      const work = mapSeries([{ variable: variable(), unit }], {
        along,
        outputs: ENDS_OUTPUTS,
        kernel: ENDS,
        maxBytes,
      });
      await expect(work).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    },
  );
});

describe("the temporary file of mapSeries", () => {
  const made = { chunkShape: [1, 5, 7] };
  const options = { along: "time", outputs: ENDS_OUTPUTS, kernel: ENDS, maxBytes: 3000 };
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-test-"));
    vi.stubEnv("TMPDIR", folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  it("is gone after the end, a failure of the kernel, of a read, and an abort", async () => {
    const controller = new AbortController();
    await mapSeries([{ variable: variable(made) }], options);
    const failing = (): never => {
      throw new Error("no such cell");
    };
    await expect(mapSeries([{ variable: variable(made) }], { ...options, kernel: failing })).rejects.toThrow(
      "no such cell",
    );
    const broken: Variable = Object.assign(Object.create(variable(made)), variable(made), {
      read: async () => failing(),
    });
    await expect(mapSeries([{ variable: broken }], options)).rejects.toThrow("no such cell");
    const aborted = mapSeries([{ variable: variable(made) }], {
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(aborted).rejects.toThrow("enough");
    expect(await readdir(folder)).toEqual([]);
  });

  it("reads each chunk once, and tells how far it is", async () => {
    const whole = variable(made);
    const reads: string[] = [];
    const watched: Variable = Object.assign(Object.create(whole), {
      ...{ dims: whole.dims, shape: whole.shape, storage: whole.storage, dtype: whole.dtype },
      read: async (selection: Selection) => {
        reads.push(JSON.stringify(selection["time"]));
        return await whole.read(selection);
      },
    });
    const fractions: number[] = [];
    await mapSeries([{ variable: watched }], { ...options, onProgress: (fraction) => fractions.push(fraction) });
    expect(new Set(reads).size).toBe(reads.length);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  it("cannot be made where there is no folder for it: a clear error", async () => {
    vi.stubEnv("TMPDIR", join(folder, "none"));
    await expect(mapSeries([{ variable: variable(made) }], options)).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      message: expect.stringMatching(/temporary file of series.*TMPDIR.*maxBytes/s),
    });
  });
});
