import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Attributes,
  type CfProblem,
  type Dataset,
  type DatasetInit,
  type DecodeOptions,
  type DType,
  dataset,
  decodeCf,
  findVariable,
  NdArray,
  type Variable,
} from "../../../../core/index.ts";

type Data = NdArray["data"];

/** A variable `/v` along x with these values and attributes, decoded; with what was told of it. */
function decoded(
  data: Data,
  dtype: DType,
  attributes: Attributes,
  options: DecodeOptions = {},
): { readonly variable: Variable; readonly problems: readonly CfProblem[] } {
  const problems: CfProblem[] = [];
  const array = new NdArray(data, { dtype, shape: [data.length], dims: ["x"] });
  const root = decodeCf(dataset({ variables: { v: { array, attributes } } }), {
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  return { variable: findVariable(root, "v"), problems };
}

async function valuesOf(variable: Variable): Promise<readonly unknown[]> {
  return [...(await variable.read()).values()];
}

const of = <D extends DType>(dtype: D, data: NdArray<D>["data"]): NdArray =>
  new NdArray(data, { dtype, shape: [data.length] });

describe("packed values", () => {
  it("are masked as stored, then scaled in float64; negative scales, too", async () => {
    const attributes = { scale_factor: -0.5, add_offset: 10, _FillValue: -1, long_name: "a" };
    const { variable } = decoded(Int16Array.of(0, 2, -1, -32768), "int16", attributes);
    expect(variable).toMatchObject({ dtype: "float64", fillValue: undefined, attributes: { long_name: "a" } });
    expect(variable.storage.typeNote).toBe("packed int16");
    expect(await valuesOf(variable)).toEqual([10, 9, Number.NaN, 16394]);
  });

  it("may have a scale or an offset alone, as attributes of any numeric form", async () => {
    const scale = of("float32", Float32Array.of(0.5));
    expect(await valuesOf(decoded(Uint8Array.of(3), "uint8", { scale_factor: scale }).variable)).toEqual([1.5]);
    expect(await valuesOf(decoded(Float32Array.of(-0), "float32", { scale_factor: 2 }).variable)).toEqual([-0]);
    const big = BigInt64Array.of(-9n, 2n);
    const { variable } = decoded(big, "int64", { add_offset: 3n, missing_value: -9 });
    expect(await valuesOf(variable)).toEqual([Number.NaN, 5]);
  });

  it.each<[string, Attributes[string]]>([
    ["text", "0.1"],
    ["two numbers", of("float64", Float64Array.of(1, 2))],
    ["not finite", Number.NaN],
  ])("stay as stored where the scale is %s, and that is told", async (_, scale_factor) => {
    const { variable, problems } = decoded(Int16Array.of(-1, 2), "int16", { scale_factor, _FillValue: -1 });
    expect(await valuesOf(variable)).toEqual([-1, 2]);
    expect(variable.dtype).toBe("int16");
    expect(variable.attributes).toHaveProperty("scale_factor");
    expect(problems).toMatchObject([{ path: "/v@scale_factor", reason: expect.stringContaining("not a number") }]);
  });
});

describe("long arrays of short integers", () => {
  const counting = Array.from({ length: 300_000 }, (_, i) => i);
  const types = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array } as const;

  it.each(["int8", "uint8", "int16", "uint16"] as const)("of %s are decoded as short arrays are", async (dtype) => {
    const long = types[dtype].from(counting);
    const missing = {
      _FillValue: 7,
      missing_value: of("int8", Int8Array.of(14, 21, 28)),
      valid_min: 3,
      valid_max: 100,
    };
    for (const attributes of [{ ...missing, scale_factor: -0.5, add_offset: 1 }, missing]) {
      const whole = await decoded(long, dtype, attributes).variable.read();
      const part = await decoded(long.slice(0, 900), dtype, attributes).variable.read();
      expect(whole.values().slice(0, 900)).toEqual(part.values());
      expect(new Set(part.toFloat64()).size).toBeGreaterThan(50);
      expect(part.toFloat64().some(Number.isNaN)).toBe(true);
    }
    expect(long[7]).toBe(7);
  });
});

describe("_Unsigned", () => {
  it("is applied before all else, to the attributes as well", async () => {
    const attributes = {
      _Unsigned: "true",
      _FillValue: -1,
      scale_factor: 2,
      valid_range: of("int8", Int8Array.of(0, -6)),
    };
    expect(await valuesOf(decoded(Int8Array.of(-1, -6, 1, -5), "int8", attributes).variable)).toEqual([
      Number.NaN,
      500,
      2,
      Number.NaN,
    ]);
  });

  it("changes the dtype of plain integers, both ways", async () => {
    const unsigned = decoded(Int8Array.of(-1, -2, 3), "int8", { _Unsigned: "True", _FillValue: -1 }).variable;
    expect(unsigned).toMatchObject({ dtype: "uint8", fillValue: 255, attributes: { _FillValue: 255 } });
    expect(await valuesOf(unsigned)).toEqual([255, 254, 3]);
    const signed = decoded(Uint16Array.of(65535), "uint16", { _Unsigned: "false" }).variable;
    expect(signed).toMatchObject({ dtype: "int16", fillValue: undefined });
    expect(await valuesOf(signed)).toEqual([-1]);
  });
});

describe("missing values", () => {
  it("are those outside a range of unpacked values where that is of floats, as the NetCDF Users Guide has it", async () => {
    const packed = (scale: number): object => ({ scale_factor: scale, add_offset: 5 });
    const data = Int16Array.of(-500, -501, 0, 14500, 14501);
    const range = of("float32", Float32Array.of(0, 150));
    const { variable, problems } = decoded(data, "int16", { ...packed(0.01), valid_range: range });
    expect(await valuesOf(variable)).toEqual([0, Number.NaN, 5, 150, Number.NaN]);
    expect(problems).toEqual([]);
    const falling = decoded(data, "int16", { ...packed(-0.01), valid_range: of("float64", Float64Array.of(-140, 10)) });
    expect(await valuesOf(falling.variable)).toEqual([10, Number.NaN, 5, -140, Number.NaN]);
    const stored = decoded(data, "int16", { ...packed(0.01), valid_range: of("int16", Int16Array.of(0, 14500)) });
    expect(await valuesOf(stored.variable)).toEqual([Number.NaN, Number.NaN, 5, 150, Number.NaN]);
  });

  it("are NaN in plain floats, compared as the type holds them", async () => {
    const data = Float32Array.of(1, Math.fround(1e20), 0.1, -7, Number.NaN);
    const attributes = { _FillValue: 1e20, missing_value: of("float64", Float64Array.of(-7, -8)), valid_min: 0.1 };
    const { variable, problems } = decoded(data, "float32", attributes);
    expect(await valuesOf(variable)).toEqual([1, Number.NaN, Math.fround(0.1), Number.NaN, Number.NaN]);
    expect(variable).toMatchObject({ dtype: "float32", attributes: {} });
    expect(problems).toEqual([]);
    expect(data[1]).toBe(Math.fround(1e20));
  });

  it("are found in floats of either width and nothing else becomes missing", async () => {
    const odd = [0, -0, 1, -1, 1e20, -1e20, 2 ** -1074, Number.POSITIVE_INFINITY, Number.NaN, -999, 1.5, 0x7fff_ffff];
    for (const fill of [0, -0, -999, 1e20, 1.5, Number.POSITIVE_INFINITY, -1, 2 ** -149]) {
      for (const Data of [Float32Array, Float64Array]) {
        const data = Data.from([...odd, fill]);
        const dtype = data instanceof Float32Array ? "float32" : "float64";
        const held = data[odd.length] as number;
        const expected = [...data].map((value) => (value === held ? Number.NaN : value));
        expect(await valuesOf(decoded(data, dtype, { _FillValue: fill }).variable), `${dtype} ${fill}`).toEqual(
          expected,
        );
      }
    }
  });

  it("become one in plain integers", async () => {
    const attributes = {
      missing_value: of("int16", Int16Array.of(-9, -8, -7)),
      valid_max: 100,
      units: "1",
    };
    const { variable } = decoded(Int16Array.of(-9, -8, -7, -6, 101, 100), "int16", attributes);
    expect(variable).toMatchObject({ dtype: "int16", fillValue: -9, attributes: { units: "1", _FillValue: -9 } });
    const array = await variable.read();
    expect([...array.values()]).toEqual([-9, -9, -9, -6, -9, 100]);
    expect(array.fillValue).toBe(-9);
  });

  it("may be many, also hostilely many", async () => {
    const many = of(
      "float64",
      Float64Array.from({ length: 200_000 }, (_, i) => i + 2),
    );
    const data = Int32Array.from({ length: 200_000 }, (_, i) => i);
    const { variable } = decoded(data, "int32", { missing_value: many });
    expect(variable.fillValue).toBe(2);
    expect([...new Set(await valuesOf(variable))]).toEqual([0, 1, 2]);
    const floats = decoded(Float32Array.from(data), "float32", { missing_value: many }).variable;
    expect([...new Set(await valuesOf(floats))]).toEqual([0, 1, Number.NaN]);
    const packed = decoded(data, "int32", { missing_value: many, scale_factor: 2 }).variable;
    expect([...new Set(await valuesOf(packed))]).toEqual([0, 2, Number.NaN]);
    const wide = decoded(BigInt64Array.from(data, BigInt), "int64", { missing_value: many }).variable;
    expect([...new Set(await valuesOf(wide))]).toEqual([0n, 1n, 2n]);
  });

  it("are exact in 64-bit integers", async () => {
    const fill = 2n ** 53n + 1n;
    const { variable } = decoded(BigInt64Array.of(fill, fill - 1n, -1n), "int64", { _FillValue: fill, valid_min: 0 });
    expect(await valuesOf(variable)).toEqual([fill, fill - 1n, fill]);
  });

  it("take a value that no datum can be, where no value is stated", async () => {
    const { variable } = decoded(Uint8Array.of(0, 3, 7), "uint8", { valid_range: of("uint8", Uint8Array.of(0, 6)) });
    expect(variable.fillValue).toBe(255);
    expect(await valuesOf(variable)).toEqual([0, 3, 255]);
    const low = decoded(Int8Array.of(-128, 1), "int8", { valid_min: 0 }).variable;
    expect([low.fillValue, await valuesOf(low)]).toEqual([-128, [-128, 1]]);
    expect(decoded(Int8Array.of(1), "int8", { valid_min: -128 }).variable.fillValue).toBeUndefined();
  });

  it.each<[DType, Attributes[string]]>([
    ["uint8", -999],
    ["int16", 1e20],
    ["int16", 0.5],
    ["int16", Number.NaN],
    ["int16", "-99"],
  ])("of %s cannot be %s: told, and left in", async (dtype, _FillValue) => {
    const data = dtype === "uint8" ? Uint8Array.of(25) : Int16Array.of(-99);
    const { variable, problems } = decoded(data, dtype, { _FillValue });
    expect(await valuesOf(variable)).toEqual([...data]);
    expect(variable.fillValue).toBeUndefined();
    expect(variable.attributes).toEqual({ _FillValue });
    expect(problems.map(({ path }) => path)).toEqual(["/v@_FillValue"]);
  });

  it("are NetCDF's default fills only where asked for, and not in bytes", async () => {
    const fill = 9.969209968386869e36;
    const [data, small, bytes] = [Float64Array.of(1, fill), Int32Array.of(-2147483647), Int8Array.of(-127)];
    expect(await valuesOf(decoded(data, "float64", {}).variable)).toEqual([1, fill]);
    const options = { defaultFills: true };
    expect(await valuesOf(decoded(data, "float64", {}, options).variable)).toEqual([1, Number.NaN]);
    expect(await valuesOf(decoded(data, "float64", { _FillValue: 1 }, options).variable)).toEqual([Number.NaN, fill]);
    expect(decoded(small, "int32", {}, options).variable.fillValue).toBe(-2147483647);
    expect(decoded(bytes, "int8", {}, options).variable.fillValue).toBeUndefined();
    // As unsigned, the bits that the library writes are another number.
    expect(decoded(small, "int32", { _Unsigned: "true" }, options).variable.fillValue).toBe(2147483649);
  });
});

describe("characters", () => {
  const codes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "utf8"));
  const characters = (data: Uint8Array | string[], length: number, attributes: Attributes = {}): DatasetInit => ({
    variables: {
      name: {
        array: new NdArray(data, {
          dtype: Array.isArray(data) ? "string" : "uint8",
          shape: [data.length / length, length],
          dims: ["station", "length"],
        }),
        attributes,
        storage: { typeNote: "char", chunkShape: [1, 2] },
      },
    },
  });
  const nameOf = (init: DatasetInit): Variable => findVariable(decodeCf(dataset(init)), "name");

  it("are joined along the last dimension, without the padding", async () => {
    const name = nameOf(characters(codes("ab\0\0cd  é  \0\0\0\0"), 4));
    expect(name).toMatchObject({ dtype: "string", dims: ["station"], shape: [4], storage: { chunkShape: [1] } });
    expect(await valuesOf(name)).toEqual(["ab", "cd", "é", ""]);
    expect((await name.read({ station: 1 })).at()).toBe("cd");
    expect((await name.readMany([{ station: { start: 2 } }]))[0]?.values()).toEqual(["é", ""]);
    await expect(name.read({ length: 0 })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    const chunks: unknown[] = [];
    for await (const { selection, array } of name.chunks()) chunks.push([selection, array.values()]);
    expect(chunks[1]).toEqual([{ station: { start: 1, stop: 2 } }, ["cd"]]);
    expect(chunks).toHaveLength(4);
  });

  it("have the encoding that is stated, or UTF-8, or else Latin-1", async () => {
    const latin = Uint8Array.of(0xe9, 0x20);
    expect(await valuesOf(nameOf(characters(latin, 2)))).toEqual(["é"]);
    expect(await valuesOf(nameOf(characters(latin, 2, { _Encoding: "ISO-8859-1" })))).toEqual(["é"]);
    expect(await valuesOf(nameOf(characters(latin, 2, { _Encoding: "utf-8" })))).toEqual(["\ufffd"]);
    const odd = nameOf(characters(latin, 2, { _Encoding: "klingon" }));
    expect([await valuesOf(odd), odd.attributes]).toEqual([["é"], { _Encoding: "klingon" }]);
  });

  it("may come as text of one character each, and keep NULs between", async () => {
    expect(await valuesOf(nameOf(characters(["a", "", "b", ""], 4)))).toEqual(["a\0b"]);
  });

  it("stay single along a dimension that may grow or has a coordinate", async () => {
    const { variables = {} } = characters(codes("abcd"), 2);
    const unlimited = nameOf({ variables, dims: { length: { length: 2, unlimited: true } } });
    expect(unlimited).toMatchObject({ dtype: "string", dims: ["station", "length"] });
    expect(await valuesOf(unlimited)).toEqual(["a", "b", "c", "d"]);
    const length = of("int8", Int8Array.of(1, 2)).withDims(["length"]);
    expect(nameOf({ variables: { ...variables, length } }).shape).toEqual([2, 2]);
  });

  it("of no length are as many empty texts", async () => {
    const array = new NdArray(new Uint8Array(0), { dtype: "uint8", shape: [2, 0], dims: ["station", "length"] });
    const name = nameOf({ variables: { name: { array, storage: { typeNote: "char" } } } });
    expect(await valuesOf(name)).toEqual(["", ""]);
  });
});

describe("a decoded dataset", () => {
  const packed = { scale_factor: 0.1, _FillValue: -1 };
  const axis = (data: Int16Array, attributes: Attributes): { array: NdArray; attributes: Attributes } => ({
    array: new NdArray(data, { dtype: "int16", shape: [data.length], dims: ["x"] }),
    attributes,
  });
  const root = dataset({
    variables: {
      field: of("float32", Float32Array.of(1, 2, 3)).withDims(["x"]),
      x: axis(Int16Array.of(10, 20, 30), packed),
    },
    groups: { inner: { variables: { deep: axis(Int16Array.of(1, -1, 3), packed) } } },
    attributes: { title: "t" },
  });

  it("is the same tree, and nothing is read", () => {
    const decodedRoot = decodeCf(root);
    expect(Object.keys(decodedRoot.variables)).toEqual(["field", "x"]);
    expect(decodedRoot).toMatchObject({ name: "", dims: root.dims, coordinates: ["x"], attributes: { title: "t" } });
    expect(findVariable(decodedRoot, "inner/deep")).toMatchObject({ dtype: "float64", path: "/inner/deep" });
    expect(findVariable(decodedRoot, "x").raw).toBe(root.variables["x"]);
  });

  it("is selected from by decoded coordinates", async () => {
    const field = findVariable(decodeCf(root), "field");
    expect((await field.read({ x: { value: 2 } })).at()).toBe(2);
    expect((await field.read({ x: { from: 1.5, to: 3 } })).values()).toEqual(Float32Array.of(2, 3));
    const deep = findVariable(decodeCf(root), "inner/deep");
    expect(await deep.readMany([{ x: { value: 3 } }, { x: { from: 5, to: 9 } }, { x: { start: 1 } }])).toMatchObject([
      { shape: [], data: Float64Array.of(0.30000000000000004) },
      { shape: [0] },
      { shape: [2], data: Float64Array.of(Number.NaN, 0.30000000000000004) },
    ]);
  });

  it("iterates over the chunks of the raw one", async () => {
    const parts: unknown[] = [];
    for await (const { selection, array } of findVariable(decodeCf(root), "x").chunks()) {
      parts.push([selection, [...array.values()]]);
    }
    expect(parts).toEqual([[{ x: { start: 0, stop: 3 } }, [1, 2, 3]]]);
  });

  it("decoded again is the same, whatever its attributes", async () => {
    const values = { int16: Int16Array, uint8: Uint8Array, float32: Float32Array, int32: Int32Array } as const;
    const number = fc.oneof(fc.integer({ min: -130, max: 260 }), fc.constantFrom(0.5, 1e20, Number.NaN));
    const names = ["_FillValue", "missing_value", "valid_min", "valid_max", "scale_factor", "add_offset"];
    const attributes = fc.tuple(
      fc.dictionary(fc.constantFrom(...names), number, { maxKeys: 4 }),
      fc.option(fc.constantFrom("true", "false"), { nil: undefined }),
    );
    const dtypes = fc.constantFrom(...(Object.keys(values) as (keyof typeof values)[]));
    const check = async (
      dtype: keyof typeof values,
      list: readonly number[],
      [numbers, _Unsigned]: [Attributes, string | undefined],
    ): Promise<void> => {
      const data = values[dtype].from(list);
      const array = new NdArray(data, { dtype, shape: [data.length], dims: ["i"] });
      const raw = dataset({
        variables: { v: { array, attributes: { ...numbers, ...(_Unsigned && { _Unsigned }) } } },
      });
      const options = { defaultFills: true };
      const once = decodeCf(raw, options);
      expect(decodeCf(once, options).variables["v"]).toBe(once.variables["v"]);
      // Nor does what is read from it, kept without knowing of the raw variable.
      const copy = await copied(once);
      const twice = findVariable(decodeCf(copy, options), "v");
      const { dtype: type, attributes: left, fillValue } = findVariable(copy, "v");
      expect(twice).toMatchObject({ dtype: type, fillValue });
      expect(Object.keys(twice.attributes)).toEqual(Object.keys(left));
      expect(await valuesOf(twice)).toEqual(await valuesOf(findVariable(once, "v")));
    };
    await fc.assert(
      fc.asyncProperty(dtypes, fc.array(fc.integer({ min: -130, max: 260 }), { maxLength: 9 }), attributes, check),
      { numRuns: 500 },
    );
  });
});

async function copied(source: Dataset): Promise<Dataset> {
  const entries = Object.values(source.variables).map(async ({ name, attributes, read: _, ...rest }) => {
    const variable = findVariable(source, name);
    return [name, { array: await variable.read(), attributes, ...rest }] as const;
  });
  return dataset({ variables: Object.fromEntries(await Promise.all(entries)) });
}
