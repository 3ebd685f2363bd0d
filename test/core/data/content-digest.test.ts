import fc from "fast-check";
import { Memory } from "twinloom/modules/memory";
import { sampleDataset } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import {
  type Attributes,
  contentDigest,
  type Dataset,
  type DatasetInit,
  dataset,
  NdArray,
  type VariableInit,
} from "../../../core/index.ts";

const names = fc.stringMatching(/^[a-zé_]{1,6}$/);
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  names.map((name) => `a_${name}`),
  fc.oneof(fc.string({ unit: "grapheme" }), fc.double(), fc.boolean(), fc.bigInt({ min: 0n, max: 2n ** 63n })),
  { maxKeys: 3 },
);
const variable: fc.Arbitrary<VariableInit> = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), attributes, fc.boolean(), fc.nat())
  .map(([shape, own, hasUnit, seed]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = Float32Array.from({ length: size }, (_, i) => ((seed + i * 7919) % 1013) / 8);
    const array = new NdArray(data, { dtype: "float32", shape, unit: hasUnit ? "MeV" : undefined });
    return { array, attributes: own };
  });
const datasets: fc.Arbitrary<DatasetInit> = fc.record({
  variables: fc.dictionary(names, variable, { minKeys: 1, maxKeys: 4 }),
  attributes,
  groups: fc.dictionary(
    // No variable's name begins so: a group and a variable cannot share one.
    names.map((name) => `G_${name}`),
    fc.record({ variables: fc.dictionary(names, variable, { maxKeys: 2 }), attributes }),
    { maxKeys: 2 },
  ),
});

function reversed<T>(record: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(record).reverse());
}

/** The same content: other order, other chunks, other strides. */
function relaid(init: DatasetInit): DatasetInit {
  const variables = Object.entries(init.variables ?? {}).map(([name, given]): [string, VariableInit] => {
    const { array, attributes: own = {} } = given as VariableInit;
    const order = [...array.dims].reverse();
    const turned = array.transpose(order).contiguous().transpose(array.dims);
    return [name, { array: turned, attributes: reversed(own), storage: { chunkShape: array.shape.map(() => 2) } }];
  });
  return {
    variables: reversed(Object.fromEntries(variables)),
    attributes: reversed(init.attributes),
    groups: reversed(
      Object.fromEntries(Object.entries(init.groups ?? {}).map(([name, child]) => [name, relaid(child)])),
    ),
  };
}

describe("contentDigest", () => {
  it("does not depend on order, chunks or strides", async () => {
    await fc.assert(
      fc.asyncProperty(datasets, async (init) => {
        expect(await contentDigest(dataset(relaid(init)))).toBe(await contentDigest(dataset(init)));
      }),
      { numRuns: 200 },
    );
  });

  it("changes with every single change", async () => {
    const digests = await Promise.all(variants().map(([, init]) => contentDigest(dataset(init))));
    const labels = variants().map(([label]) => label);
    const equal = labels.filter((_, i) => digests.indexOf(digests[i] as never) !== i);
    expect(equal).toEqual([]);
  });

  it("is the same on every machine: a known dataset has a known digest", async () => {
    expect(await contentDigest(dataset({}))).toMatchInlineSnapshot(
      `"sha256:e661ff29c13e756ef0c261c288fb7c5fd7a603d877f40ec86b3ece1308c9c679"`,
    );
    expect(await contentDigest(sampleDataset())).toMatchInlineSnapshot(
      `"sha256:c4ee40eb1c752f31f27e201f98a9a57597bed6aeb7bb7839f1a52bea7a050cc6"`,
    );
  });

  it("is kept by a connector", async () => {
    const memory = new Memory();
    await memory.write("memory:copy", sampleDataset());
    expect(await contentDigest(await memory.open("memory:copy"))).toBe(await contentDigest(sampleDataset()));
  });

  it("counts scalar attributes by value, and all NaNs as one", async () => {
    const digestOf = (value: Attributes[string]): Promise<string> => contentDigest(dataset({ attributes: { value } }));
    const five = await digestOf(5);
    expect(await digestOf(5n)).toBe(five);
    expect(await digestOf(new NdArray(Int16Array.of(5), { dtype: "int16", shape: [] }))).toBe(five);
    expect(await digestOf(new NdArray(Int16Array.of(5), { dtype: "int16", shape: [1] }))).not.toBe(five);
    expect(await digestOf("5")).not.toBe(five);

    const payload = new Float64Array(BigUint64Array.of(0xfff8000000000123n).buffer);
    const nan = (data: Float64Array): Dataset =>
      dataset({ variables: { x: new NdArray(data, { dtype: "float64", shape: [1] }) } });
    expect(await contentDigest(nan(payload))).toBe(await contentDigest(nan(Float64Array.of(Number.NaN))));
    expect(new BigUint64Array(payload.buffer)[0]).toBe(0xfff8000000000123n);
  });

  it("ignores dimensions that nothing has, and whether one may grow", async () => {
    const x = new NdArray(Int8Array.of(1, 2), { dtype: "int8", shape: [2], dims: ["x"] });
    const plain = await contentDigest(dataset({ variables: { x } }));
    const dims = { x: { length: 2, unlimited: true }, unused: 7 };
    expect(await contentDigest(dataset({ variables: { x }, dims }))).toBe(plain);
  });

  it("stops when aborted", async () => {
    const signal = AbortSignal.abort(new Error("called off"));
    await expect(contentDigest(sampleDataset(), { signal })).rejects.toThrow("called off");
  });

  it("refuses text that no file can hold", async () => {
    const text = new NdArray(["\ud800"], { dtype: "string", shape: [1] });
    await expect(contentDigest(dataset({ variables: { text } }))).rejects.toMatchObject({ code: "TWIN_NOT_CANONICAL" });
  });
});

/** A dataset, and others that differ from it, and from one another, in one thing. */
function variants(): readonly (readonly [string, DatasetInit])[] {
  const x = (values: readonly number[], change: object = {}): NdArray =>
    new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: ["x"], ...change });
  const single = new NdArray(Float32Array.of(1, 0), { dtype: "float32", shape: [2], dims: ["x"] });
  const text = (values: string[]): NdArray =>
    new NdArray(values, { dtype: "string", shape: [values.length], dims: ["x"] });
  const variables = { v: x([1, 0]) };
  return [
    ["the dataset", { variables }],
    ["a value", { variables: { v: x([2, 0]) } }],
    ["the order of values", { variables: { v: x([0, 1]) } }],
    ["the sign of zero", { variables: { v: x([1, -0]) } }],
    ["a missing value", { variables: { v: x([1, Number.NaN]) } }],
    ["the dtype", { variables: { v: single } }],
    ["the unit", { variables: { v: x([1, 0], { unit: "m" }) } }],
    ["another unit", { variables: { v: x([1, 0], { unit: "km" }) } }],
    ["a dimension's name", { variables: { v: x([1, 0], { dims: ["y"] }) } }],
    ["the shape", { variables: { v: x([1, 0]).reshape([2, 1], ["x", "y"]) } }],
    ["the name", { variables: { w: x([1, 0]) } }],
    ["one more value", { variables: { v: x([1, 0, 0]) } }],
    ["one more variable", { variables: { ...variables, w: x([1, 0]) } }],
    ["an attribute of the variable", { variables: { v: { array: x([1, 0]), attributes: { a: 1 } } } }],
    ["an attribute of the dataset", { variables, attributes: { a: 1 } }],
    ["its value", { variables, attributes: { a: 2 } }],
    ["its type", { variables, attributes: { a: "1" } }],
    ["a truth value", { variables, attributes: { a: true } }],
    ["an attribute that is not a number", { variables, attributes: { a: Number.NaN } }],
    ["an attribute with a list", { variables, attributes: { a: x([1]) } }],
    ["an empty group", { variables, groups: { g: {} } }],
    ["the place", { groups: { g: { variables } } }],
    ["text", { variables: { v: text(["ab", "c"]) } }],
    ["where text is cut", { variables: { v: text(["a", "bc"]) } }],
    ["empty text", { variables: { v: text(["abc", ""]) } }],
  ];
}
