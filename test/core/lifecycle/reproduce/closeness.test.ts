import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attributes, type DatasetInit, dataset, NdArray } from "../../../../core/index.ts";
import { Closeness } from "../../../../core/lifecycle/reproduce/closeness.ts";
import { compareDatasets } from "../../../../core/lifecycle/reproduce/compare-datasets.ts";
import { compareFiles } from "../../../../core/lifecycle/reproduce/compare-files.ts";
import { compareJson } from "../../../../core/lifecycle/reproduce/compare-json.ts";
import { type OutputTolerance, parseTolerances } from "../../../../core/lifecycle/reproduce/tolerances.ts";
import { Memory } from "../../../../modules/memory/index.ts";

function floats(values: readonly number[], unit = "MeV"): NdArray {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: ["cell"], unit });
}

async function compared(a: DatasetInit, b: DatasetInit, tolerance?: OutputTolerance): Promise<Closeness> {
  const closeness = new Closeness(tolerance);
  await compareDatasets(dataset(a), dataset(b), closeness);
  return closeness;
}

const energy = (...values: readonly number[]): DatasetInit => ({ variables: { energy: floats(values) } });

describe("Closeness of two datasets", () => {
  it("measures the largest difference and says where it is", async () => {
    const a = { variables: { x: floats([1, 2]), y: floats([10, 0]) } };
    const b = { variables: { x: floats([1, 2.5]), y: floats([11, 0]) } };
    const { metric, reason } = await compared(a, b, { absolute: 1 });
    expect(metric).toEqual({ absolute: 1, relative: 0.2, at: "/y", values: 4, unequal: 2 });
    expect(reason).toBeUndefined();
    expect((await compared(a, b, { absolute: 0.9 })).reason).toBe(
      '"/y" is 10 MeV in one run and 11 MeV in the other; a difference of 0.9 MeV is allowed.',
    );
    expect((await compared(a, b)).reason).toBe(
      '"/y" is 10 MeV in one run and 11 MeV in the other; no tolerance is given for it.',
    );
    expect((await compared(a, b, { absolute: 0.1, relative: 0.07 })).reason).toMatch(
      /0\.1 MeV or 7 % of the larger is allowed/,
    );
  });

  it("takes either limit, and those of a variable before those of the file", async () => {
    const [a, b] = [energy(1e6, 1e-6), energy(1e6 + 1, 2e-6)];
    expect((await compared(a, b, { absolute: 1e-5, relative: 1e-5 })).reason).toBeUndefined();
    expect((await compared(a, b, { absolute: 1e-5 })).reason).toBeDefined();
    expect((await compared(a, b, { relative: 1e-5 })).reason).toBeDefined();
    expect((await compared(a, b, { absolute: 2, values: { "/energy": {} } })).reason).toBeDefined();
    expect((await compared(a, b, { values: { "/energy": { absolute: 2 } } })).reason).toBeUndefined();
  });

  it("has NaN equal to NaN, and to nothing else; infinities equal to themselves", async () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    expect((await compared(energy(nan, infinity), energy(nan, infinity))).reason).toBeUndefined();
    for (const [a, b] of [
      [nan, 1],
      [infinity, 1],
      [infinity, -infinity],
    ] as const) {
      const { reason, metric } = await compared(energy(a), energy(b), { absolute: 1e300, relative: 1 });
      expect(reason).toMatch(/finite in one run alone/);
      expect(metric).toMatchObject({ absolute: 0, at: null, unequal: 1 });
    }
  });

  it.for<[string, DatasetInit, RegExp]>([
    ["another shape", energy(1, 2, 3), /"\/energy" has another shape/],
    ["another name", { variables: { Energy: floats([1, 2]) } }, /variable "\/Energy" is in one run alone/],
    ["another unit", { variables: { energy: floats([1, 2], "GeV") } }, /another unit/],
    [
      "another dtype",
      {
        variables: {
          energy: new NdArray(Float32Array.of(1, 2), { dtype: "float32", shape: [2], dims: ["cell"], unit: "MeV" }),
        },
      },
      /another dtype/,
    ],
    ["another axis", { variables: { energy: floats([1, 2]).withDims(["layer"]) } }, /another dims/],
    ["a group more", { ...energy(1, 2), groups: { more: {} } }, /group "\/more" is in one run alone/],
    ["an attribute more", { ...energy(1, 2), attributes: { note: "x" } }, /attribute "@note" is in one run alone/],
  ])("does not forgive %s", async ([, other, reason]) => {
    expect((await compared(energy(1, 2), other, { absolute: 1e9, relative: 1 })).reason).toMatch(reason);
  });

  it("compares attributes: texts exactly, numbers within the tolerance, unless they do not count", async () => {
    const made = (attributes: Attributes): DatasetInit => ({
      attributes,
      variables: { energy: { array: floats([1]), attributes } },
    });
    const [a, b] = [made({ history: "Monday", gain: 1 }), made({ history: "Tuesday", gain: 1.001 })];
    expect((await compared(a, b, { relative: 0.01 })).reason).toBe('"@history" has another value.');
    const ignore = ["@history", "/energy@history"];
    expect((await compared(a, b, { relative: 0.01, ignore })).reason).toBeUndefined();
    expect((await compared(a, b, { ignore })).reason).toBe(
      '"@gain" is 1 in one run and 1.001 in the other; no tolerance is given for it.',
    );
    expect((await compared(a, b, { relative: 0.01, ignore: ["@history", "/energy"] })).reason).toBeUndefined();
  });

  it("compares texts, booleans and 64-bit integers", async () => {
    const texts = (...values: string[]): NdArray => new NdArray(values, { dtype: "string", shape: [values.length] });
    const longs = (...values: bigint[]): NdArray =>
      new NdArray(BigInt64Array.from(values), { dtype: "int64", shape: [values.length] });
    expect((await compared({ variables: { t: texts("a", "b") } }, { variables: { t: texts("a", "c") } })).reason).toBe(
      'Texts of "/t" differ.',
    );
    const [a, b] = [longs(2n ** 60n, -5n), longs(2n ** 60n + 3n, -5n)];
    const { metric } = await compared({ variables: { n: a } }, { variables: { n: b } });
    expect(metric).toMatchObject({ absolute: 3, unequal: 1 });
    const limits = { absolute: 3 };
    expect((await compared({ variables: { n: a } }, { variables: { n: b } }, limits)).reason).toBeUndefined();
  });

  it("compares values in their order though blocks of the two files end elsewhere", async () => {
    const values = Float64Array.from({ length: 3_000_000 }, (_, i) => i);
    const shape = [3000, 1000];
    const array = (data: Float64Array): NdArray => new NdArray(data, { dtype: "float64", shape, dims: ["y", "x"] });
    const changed = values.slice();
    changed[2_345_678] = 0;
    const a = { variables: { v: { array: array(values), storage: { chunkShape: [700, 1000] } } } };
    const b = { variables: { v: { array: array(changed), storage: { chunkShape: [1100, 1000] } } } };
    const { metric } = await compared(a, b);
    expect(metric).toMatchObject({ absolute: 2_345_678, values: 3_000_000, unequal: 1 });
  });

  it("is the same for (a, b) as for (b, a)", async () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, 1.001, Number.NaN));
    const pairs = fc.array(fc.tuple(value, value), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pairs, async (list) => {
        const [a, b] = [energy(...list.map(([x]) => x)), energy(...list.map(([, y]) => y))];
        const [there, back] = [await compared(a, b, { relative: 0.01 }), await compared(b, a, { relative: 0.01 })];
        expect([back.metric, back.reason]).toEqual([there.metric, there.reason]);
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe("Closeness of JSON", () => {
  const judge = (a: never, b: never, tolerance?: OutputTolerance): Closeness => {
    const closeness = new Closeness(tolerance);
    compareJson(a, b, closeness);
    return closeness;
  };

  it("compares numbers at any depth, and everything else exactly", () => {
    const [a, b] = [
      { s: [{ "a/b": 1 }], t: "x" },
      { s: [{ "a/b": 1.5 }], t: "x" },
    ] as never[];
    const { metric } = judge(a as never, b as never);
    expect(metric).toMatchObject({ absolute: 0.5, at: "/s/0/a~1b" });
    expect(judge({ a: 1 } as never, { a: "1" } as never, { relative: 1 }).reason).toBe('"/a" has another value.');
    expect(judge([1] as never, [1, 2] as never).reason).toBe("The whole has another number of items.");
    expect(judge({ a: 1 } as never, {} as never).reason).toBe('"/a" is in one run alone.');
    expect(judge({ constructor: 1 } as never, {} as never).reason).toBe('"/constructor" is in one run alone.');
    const ignore = ["/wall"];
    expect(judge({ wall: { s: 1 }, a: 1 } as never, { a: 1 } as never, { ignore }).reason).toBeUndefined();
    expect(judge({ wallet: 1 } as never, { wallet: 2 } as never, { ignore }).reason).toBeDefined();
  });
});

describe("compareFiles", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-closeness-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("reads what a connector knows, and JSON; of anything else it says that it cannot", async () => {
    const memory = new Memory();
    await memory.write("memory:a", dataset(energy(1)));
    await memory.write("memory:b", dataset(energy(2)));
    const closeness = new Closeness({ absolute: 1 });
    expect(await compareFiles(["memory:a", "memory:b"], [memory], closeness)).toBe(true);
    expect(closeness.metric.absolute).toBe(1);
    const [a, b] = [join(folder, "a.json"), join(folder, "b.json")];
    await writeFile(a, "[1]");
    await writeFile(b, "[2");
    expect(await compareFiles([a, b], [memory], closeness)).toBe(false);
    await writeFile(b, "[3]");
    expect(await compareFiles([a, b], [memory], closeness)).toBe(true);
    expect(closeness.metric.absolute).toBe(2);
    await writeFile(join(folder, "page.html"), "<p>");
    expect(await compareFiles([join(folder, "page.html"), b], [memory], closeness)).toBe(false);
  });
});

describe("parseTolerances", () => {
  it("refuses what is no limit, and names that it does not know", () => {
    expect(() => parseTolerances({ outputs: { a: { absolut: 1 } } })).toThrow(/absolut.*absolute/s);
    expect(() => parseTolerances({ outputs: { a: { relative: 2 } } })).toThrow(/outputs\.a\.relative/);
    expect(() => parseTolerances({ outputs: { a: { relative: 1 } } })).toThrow(/must be less than 1/);
    expect(() => parseTolerances({})).toThrow(expect.objectContaining({ code: "TWIN_INVALID_RULES" }));
  });
});
