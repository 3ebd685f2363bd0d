import { describe, expect, it } from "vitest";
import {
  type DatasetInit,
  dataset,
  findVariable,
  gridBlocks,
  NdArray,
  readBlocks,
  rowMajorBlockShape,
  walk,
} from "../../../core/index.ts";

function zeros(lengths: Readonly<Record<string, number>>, unit?: string): NdArray {
  const shape = Object.values(lengths);
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  return new NdArray(data, { dtype: "float32", shape, dims: Object.keys(lengths), unit });
}

describe("dataset", () => {
  it("finds dimensions and coordinates in the arrays", () => {
    const events = dataset({
      variables: { x: zeros({ x: 3 }), image: zeros({ y: 2, x: 3 }), loose: zeros({ dim_0: 9 }) },
    });
    expect(events.dims).toEqual({ x: { length: 3, unlimited: false }, y: { length: 2, unlimited: false } });
    expect(events.coordinates).toEqual(["x"]);
    expect([...walk(events)].map(({ path }) => path)).toEqual(["/x", "/image", "/loose"]);
  });

  it("does not let unnamed dimensions be shared", () => {
    const root = dataset({ variables: { a: zeros({ dim_0: 2 }), b: zeros({ dim_0: 3 }) } });
    expect(root.dims).toEqual({});
  });

  it("gives a unit and its attribute, whichever was given", () => {
    const { variables } = dataset({
      variables: {
        a: zeros({ x: 1 }, "MeV"),
        b: { array: zeros({ x: 1 }), attributes: { units: "mm" } },
        c: zeros({ x: 1 }),
      },
    });
    expect(variables["a"]).toMatchObject({ unit: "MeV", attributes: { units: "MeV" } });
    expect(variables["b"]).toMatchObject({ unit: "mm", attributes: { units: "mm" } });
    expect(variables["c"]?.unit).toBeUndefined();
    expect(variables["c"]?.attributes).toEqual({});
  });

  it("gives arrays with the unit of their variable", async () => {
    const root = dataset({ variables: { b: { array: zeros({ x: 2 }), attributes: { units: "mm" } } } });
    expect((await findVariable(root, "b").read({ x: 0 })).unit).toBe("mm");
  });

  it("says a fill value as an attribute, too, and keeps it in what is read", async () => {
    const array = new NdArray(Int16Array.of(-1, 2), { dtype: "int16", shape: [2], dims: ["x"], fillValue: -1 });
    const big = new NdArray(BigInt64Array.of(-1n), { dtype: "int64", shape: [1], fillValue: -1n });
    const root = dataset({ variables: { array, big: { array: big, attributes: { _FillValue: -1 } } } });
    expect(root.variables["array"]).toMatchObject({ fillValue: -1, attributes: { _FillValue: -1 } });
    expect(root.variables["big"]).toMatchObject({ fillValue: -1n, attributes: { _FillValue: -1n } });
    expect((await findVariable(root, "array").read({ x: 0 })).fillValue).toBe(-1);
    const disagreeing = { array, attributes: { _FillValue: -2 } };
    expect(() => dataset({ variables: { disagreeing } })).toThrow(
      '"/disagreeing" is an array whose fill value is -1, but its attribute `_FillValue` says -2.',
    );
  });

  const wrong: readonly (readonly [string, DatasetInit, string])[] = [
    [
      "two lengths of one dimension",
      { variables: { a: zeros({ x: 2 }), b: zeros({ x: 3 }) } },
      'Dimension "x" has length 2, but "/b" has 3 along it. Dimensions here: x = 2.',
    ],
    [
      "a length that differs from the parent's, unless it is stated",
      { variables: { a: zeros({ x: 2 }) }, groups: { g: { variables: { b: zeros({ x: 3 }) } } } },
      'Dimension "x" has length 2, but "/g/b" has 3 along it.',
    ],
    ["a name with a slash", { variables: { "a/b": zeros({}) } }, '"a/b" in "/" is no name'],
    ["a dimension with a slash", { variables: { a: zeros({ "m/s": 1 }) } }, '"m/s" in "/" is no name'],
    ["a dimension without a name", { dims: { "": 3 } }, '"" in "/" is no name'],
    ["a negative length", { dims: { x: -1 } }, 'Dimension "x" of "/" has length -1'],
    ["a fractional length", { groups: { g: { dims: { x: { length: 1.5, unlimited: true } } } } }, '"x" of "/g/"'],
    ["a list for an array", { variables: { a: [1, 2] as never } }, '"/a" is no array'],
    ["a list for an attribute", { attributes: { a: [1, 2] as never } }, 'Attribute "a" of "/" must be'],
    [
      "an attribute of a variable that is undefined",
      { groups: { g: { variables: { b: { array: zeros({}), attributes: { c: undefined as never } } } } } },
      'Attribute "c" of "/g/b" must be',
    ],
    ["an empty name", { groups: { "": {} } }, '"" in "/" is no name'],
    ["a variable and a group of one name", { variables: { a: zeros({}) }, groups: { a: {} } }, '"/a" is both'],
    [
      "a unit that its attribute denies",
      { variables: { a: { array: zeros({}, "m"), attributes: { units: "km" } } } },
      '"/a" is an array in "m", but its attribute `units` says "km".',
    ],
  ];
  for (const [what, init, message] of wrong) {
    it(`refuses ${what}`, () => {
      expect(() => dataset(init)).toThrow(
        expect.objectContaining({ code: "TWIN_INVALID_DATASET", message: expect.stringContaining(message) }),
      );
    });
  }

  it("keeps names that every object has", async () => {
    const root = dataset({ variables: { constructor: zeros({ toString: 2 }) }, groups: { hasOwnProperty: {} } });
    expect(findVariable(root, "/constructor").shape).toEqual([2]);
    expect((await findVariable(root, "constructor").read({ toString: 1 })).shape).toEqual([]);
    expect(() => findVariable(root, "/valueOf")).toThrow(expect.objectContaining({ code: "TWIN_VARIABLE_NOT_FOUND" }));
  });
});

describe("findVariable", () => {
  const root = dataset({
    variables: { energy: zeros({ x: 1 }) },
    groups: { run: { variables: { count: zeros({ x: 1 }), time: zeros({ x: 1 }) } }, bare: {} },
  });

  it("finds variables of groups, with or without a leading slash", () => {
    expect(findVariable(root, "/run/count").path).toBe("/run/count");
    expect(findVariable(root, "run/count").path).toBe("/run/count");
  });

  it("names the nearest, and the variables of a group that is asked for as one", () => {
    const messageOf = (path: string): string => {
      try {
        return findVariable(root, path).path;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(messageOf("/enrgy")).toBe(
      'No variable "/enrgy". Did you mean "/energy"? There are: /energy, /run/time, /run/count.',
    );
    expect(messageOf("/run")).toBe('No variable "/run". It is a group. Read its variables: /run/count, /run/time.');
    expect(messageOf("/bare")).toBe('No variable "/bare". It is a group without variables of its own.');
  });
});

describe("Blocks", () => {
  it("of a grid cover a shape once, in row-major order", () => {
    const blocks = [...gridBlocks([3, 2], [2, 2])];
    expect(blocks).toEqual([
      [
        { start: 0, stop: 2 },
        { start: 0, stop: 2 },
      ],
      [
        { start: 2, stop: 3 },
        { start: 0, stop: 2 },
      ],
    ]);
    expect([...gridBlocks([], [])]).toEqual([[]]);
    expect([...gridBlocks([0, 4], [1, 4])]).toEqual([]);
  });

  it("of consecutive elements stay below their size and end where chunks end", () => {
    const shape = [100, 64, 8];
    expect(rowMajorBlockShape({ shape, dtype: "float32" }, 1e9)).toEqual(shape);
    expect(rowMajorBlockShape({ shape, dtype: "float32" }, 20_000)).toEqual([9, 64, 8]);
    expect(rowMajorBlockShape({ shape, dtype: "float32", chunkShape: [4, 64, 8] }, 20_000)).toEqual([8, 64, 8]);
    expect(rowMajorBlockShape({ shape, dtype: "float64" }, 640)).toEqual([1, 10, 8]);
    expect(rowMajorBlockShape({ shape, dtype: "float64" }, 1)).toEqual([1, 1, 1]);
  });

  it("of a selection, laid end to end, are the selection", async () => {
    const data = Float64Array.from({ length: 7 * 5 * 4 }, (_, i) => i);
    const array = new NdArray(data, { dtype: "float64", shape: [7, 5, 4], dims: ["a", "b", "c"] });
    const variable = findVariable(dataset({ variables: { array } }), "array");
    for (const maxBytes of [8, 40, 100, 1000, 1e6]) {
      for (const selection of [
        {},
        { a: { start: 1, step: 2 } },
        { b: -1, c: { stop: 3, step: 2 } },
        { a: { stop: 0 } },
      ]) {
        const values: number[] = [];
        for await (const block of readBlocks(variable, selection, { maxBytes })) {
          expect(block.size * 8).toBeLessThanOrEqual(maxBytes);
          values.push(...(block.values() as Float64Array));
        }
        expect(values).toEqual([...(await variable.read(selection)).toFloat64()]);
      }
    }
  });
});
