import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataset, findVariable, NdArray, type Summary, summarise, type Variable } from "../../../core/index.ts";

function variableOf(array: NdArray): Variable {
  return findVariable(dataset({ variables: { array } }), "array");
}

function floats(values: readonly number[]): Variable {
  return variableOf(new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: ["x"] }));
}

/** The same by exact rational arithmetic on integers. */
function exact(values: readonly number[]): Summary {
  const big = values.map(BigInt);
  const n = BigInt(values.length);
  const sum = big.reduce((total, value) => total + value, 0n);
  const squares = big.reduce((total, value) => total + (n * value - sum) ** 2n, 0n);
  return {
    count: values.length,
    missing: 0,
    sum: Number(sum),
    mean: Number(sum) / values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    std: Math.sqrt(Number(squares)) / values.length ** 1.5,
  };
}

describe("summarise", () => {
  it("agrees with exact arithmetic", async () => {
    const values = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(values, async (list) => {
        const { std, mean, ...rest } = await summarise(floats(list));
        const { std: wantedStd, mean: wantedMean, ...wanted } = exact(list);
        expect(rest).toEqual(wanted);
        expect(mean).toBeCloseTo(wantedMean as number, 9);
        expect(std).toBeCloseTo(wantedStd as number, 6);
      }),
    );
  });

  it("does not lose small values beside large ones", async () => {
    expect((await summarise(floats([1, 1e100, 1, -1e100]))).sum).toBe(2);
    const tenths = await summarise(floats(new Array<number>(1_000_000).fill(0.1)));
    expect(tenths.sum).toBe(100_000);
    expect(tenths.std).toBeLessThan(1e-15);
  });

  it("keeps a small spread beside a large mean", async () => {
    // A textbook formula (mean of squares less square of mean) gives 0 or NaN here.
    const { mean, std } = await summarise(floats([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]));
    expect(mean).toBe(1e9 + 10);
    expect(std).toBeCloseTo(Math.sqrt(22.5), 12);
  });

  it("combines blocks as one array", async () => {
    // More than one block of 16 MB.
    const data = Float32Array.from({ length: 5_000_000 }, (_, i) => i % 1000);
    const array = new NdArray(data, { dtype: "float32", shape: [5000, 1000] });
    const { count, sum, mean, std, min, max } = await summarise(variableOf(array));
    expect({ count, sum, mean, min, max }).toEqual({ count: 5e6, sum: 2_497_500_000, mean: 499.5, min: 0, max: 999 });
    // Of 0 to n - 1, once or repeated: sqrt((n^2 - 1) / 12).
    expect(std).toBeCloseTo(Math.sqrt((1000 ** 2 - 1) / 12), 9);
  });

  it("counts NaN as missing, and neither counts nor sums infinities", async () => {
    const values = [1, Number.NaN, 3, Number.POSITIVE_INFINITY, Number.NaN];
    expect(await summarise(floats(values))).toEqual({ count: 2, missing: 2, sum: 4, mean: 2, min: 1, max: 3, std: 1 });
  });

  it("counts fill values of integers as missing", async () => {
    const small = new NdArray(Int8Array.of(-1, 2, 4, -1), { dtype: "int8", shape: [4], fillValue: -1 });
    expect(await summarise(variableOf(small))).toMatchObject({ count: 2, missing: 2, sum: 6, min: 2, max: 4, std: 1 });
    const data = BigUint64Array.of(2n ** 64n - 1n, 2n, 4n);
    const big = new NdArray(data, { dtype: "uint64", shape: [3], fillValue: 2n ** 64n - 1n });
    expect(await summarise(variableOf(big))).toMatchObject({ count: 2, missing: 1, sum: 6, min: 2n, max: 4n, std: 1 });
  });

  it("has nothing to say of nothing", async () => {
    const empty = { count: 0, missing: 0, sum: 0, mean: null, min: null, max: null, std: null };
    expect(await summarise(floats([]))).toEqual(empty);
    expect(await summarise(floats([Number.NaN]))).toEqual({ ...empty, missing: 1 });
  });

  it("sums 64-bit integers exactly, and keeps their extremes", async () => {
    const big = 2n ** 60n;
    const array = new NdArray(BigInt64Array.of(big + 1n, -big, 5n), { dtype: "int64", shape: [3] });
    expect(await summarise(variableOf(array))).toMatchObject({ count: 3, sum: 6, mean: 2, min: -big, max: big + 1n });
  });

  it("takes truth values as 0 and 1, and only counts text", async () => {
    const bools = new NdArray(Uint8Array.of(1, 0, 1, 1), { dtype: "bool", shape: [4] });
    expect(await summarise(variableOf(bools))).toMatchObject({ count: 4, sum: 3, mean: 0.75, min: 0, max: 1 });
    const text = new NdArray(["a", "b"], { dtype: "string", shape: [2] });
    expect(await summarise(variableOf(text))).toMatchObject({ count: 2, missing: 0, sum: null, std: null });
  });

  it("summarises a part", async () => {
    expect(await summarise(floats([1, 2, 3, 4, 5]), { x: { start: 1, step: 2 } })).toMatchObject({ count: 2, sum: 6 });
    expect(await summarise(floats([1, 2, 3]), { x: 1 })).toMatchObject({ count: 1, sum: 2, std: 0 });
  });
});
