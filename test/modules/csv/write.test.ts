import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Dataset, dataset, NdArray } from "../../../core/index.ts";
import { newCsv, useFolder } from "./shared.ts";

const path = useFolder();

function floats(values: readonly number[], dims: readonly string[] = ["row"]): NdArray {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims });
}

async function text(source: Dataset, settings: Parameters<typeof newCsv>[0] = {}): Promise<string> {
  await newCsv(settings).write(path("text.csv"), source, { existing: "replace" });
  return await readFile(path("text.csv"), "utf8");
}

describe("tables that we write", () => {
  it("have units in the header, exact numbers, and nothing for missing", async () => {
    const source = dataset({
      variables: {
        x: floats([1, -0, 0.1, Number.NaN, Number.POSITIVE_INFINITY]).withUnit("m"),
        "n [x]": new NdArray(Int32Array.of(1, 2, -9, 4, 5), {
          dtype: "int32",
          shape: [5],
          dims: ["row"],
          fillValue: -9,
        }),
        big: new NdArray(BigInt64Array.of(2n ** 62n, 1n, 2n, 3n, 4n), { dtype: "int64", shape: [5], dims: ["row"] }),
        s: new NdArray(["a,b", 'c"d', " e", "f\r\ng", ""], { dtype: "string", shape: [5], dims: ["row"] }),
      },
    });
    expect(await text(source)).toBe(
      [
        "x [m],n [x] [],big,s",
        '1.0,1,4611686018427387904,"a,b"',
        '-0.0,2,1,"c""d"',
        '0.1,,2," e"',
        ',4,3,"f\r\ng"',
        "inf,5,4,\n",
      ].join("\n"),
    );
    await using file = await newCsv().open(path("text.csv"));
    expect(Object.keys(file.variables)).toEqual(["x", "n [x]", "big", "s"]);
    expect((await file.variables["s"]?.read())?.values()).toEqual(["a,b", 'c"d', " e", "f\r\ng", ""]);
    expect(file.variables["n [x]"]).toMatchObject({ dtype: "int32", fillValue: -(2 ** 31) });
  });

  it("keep empty fields of a single column", async () => {
    expect(await text(dataset({ variables: { x: floats([1, Number.NaN, 2]) } }))).toBe('x\n1.0\n""\n2.0\n');
    await using file = await newCsv().open(path("text.csv"));
    expect((await file.variables["x"]?.read())?.values()).toEqual(Float64Array.of(1, Number.NaN, 2));
  });

  it("follow the options by which they are read", async () => {
    const settings = { delimiter: ";", decimal: ",", units: "parentheses" } as const;
    expect(await text(dataset({ variables: { x: floats([0.5]).withUnit("m") } }), settings)).toBe("x (m)\n0,5\n");
  });

  it("hold many rows", async () => {
    const values = Float64Array.from({ length: 100_000 }, (_, i) => Math.sin(i));
    await text(dataset({ variables: { x: floats([...values]) } }));
    await using file = await newCsv().open(path("text.csv"));
    expect((await file.variables["x"]?.read())?.values()).toEqual(values);
  });

  it.each<[string, Dataset, string]>([
    [
      "two dimensions",
      dataset({ variables: { g: floats([1, 2]).reshape([1, 2], ["y", "x"]) } }),
      '"/g" has dimensions y, x',
    ],
    ["no dimension", dataset({ variables: { s: floats([1]).reshape([]) } }), '"/s" has no dimension'],
    [
      "dimensions apart",
      dataset({ variables: { a: floats([1]), b: floats([1], ["x"]) } }),
      '"/b" has dimensions x, while "/a"',
    ],
    ["a group", dataset({ groups: { g: { variables: { a: floats([1]) } } } }), '"/g/a"'],
    ["nothing", dataset({}), "needs a variable"],
  ])("refuse %s", async (_, source, message) => {
    await expect(newCsv().write(path("refused.csv"), source)).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      message: expect.stringContaining(message),
    });
  });
});
