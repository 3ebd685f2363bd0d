import assert from "node:assert/strict";
import { allocate, type DType, type Model, NdArray, type TensorSpec } from "../../core/index.ts";
import { assertAborted, assertRejects, assertSameArray } from "./compare.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** A model under test, with something that it can compute. */
export interface ModelFixture {
  readonly model: Model;
  /**
   * Inputs that it takes, not all values alike. Free axes have a length of 2 or more, and other inputs than these give
   * other outputs.
   */
  readonly inputs: ModelArrays;
  /** Stops the model and removes what the fixture made. */
  dispose?(): Promise<void>;
}

type ModelArrays = Readonly<Record<string, NdArray>>;

/** How many calls overlap. */
const CALLS = 20;

/** Every promise of {@link Model}. */
export const modelCases: readonly ConformanceCase<ModelFixture>[] = [
  {
    name: "gives the outputs that it states, with their dtypes, shapes and named axes",
    async run({ model, inputs }) {
      const lengths = axisLengths(model, inputs);
      const outputs = await model.infer(inputs);
      assert.deepEqual(new Set(Object.keys(outputs)), new Set(Object.keys(model.outputs)), "names of the outputs");
      for (const [name, spec] of Object.entries(model.outputs)) {
        const array = outputs[name] as NdArray;
        assert.equal(array.dtype, spec.dtype, `${name}: dtype`);
        assert.deepEqual([...array.dims], namesOf(spec), `${name}: dims`);
        assertShape(array, spec, lengths, name);
      }
    },
  },
  {
    name: "states its name, texts, digest and what computes it",
    async run({ model }) {
      assert.ok(typeof model.name === "string" && model.name !== "", "name");
      for (const [key, text] of Object.entries(model.metadata)) assert.equal(typeof text, "string", `metadata ${key}`);
      if (model.digest !== undefined) assert.match(model.digest, /^sha256:[0-9a-f]{64}$/, "digest");
      assert.ok(model.provider.name !== "", "provider");
      assert.notEqual(model.provider.fallbackReason, "", "a fallback has a reason");
    },
  },
  {
    name: "gives equal outputs for equal inputs, and others for others",
    async run({ model, inputs }) {
      const first = await model.infer(inputs);
      assertSame(await model.infer(mapValues(inputs, copyOf)), first, "again");
      const other = await model.infer(mapValues(inputs, reversed));
      assert.ok(
        !isSame(other, first),
        "inputs in another order give the same outputs: the model or the fixture is constant",
      );
      assertSame(await model.infer(inputs), first, "after other inputs");
    },
  },
  {
    name: "serves calls that overlap, each with its own inputs",
    async run({ model, inputs }) {
      const turned = mapValues(inputs, reversed);
      const [plain, other] = [await model.infer(inputs), await model.infer(turned)];
      const calls = Array.from({ length: CALLS }, (_, index) => model.infer(index % 3 === 0 ? turned : inputs));
      for (const [index, outputs] of (await Promise.all(calls)).entries()) {
        assertSame(outputs, index % 3 === 0 ? other : plain, `call ${index} of ${CALLS}`);
      }
    },
  },
  {
    name: "answers in the order asked",
    async run({ model, inputs }) {
      const answered: number[] = [];
      const calls = Array.from({ length: CALLS }, async (_, index) => {
        await model.infer(inputs);
        answered.push(index);
      });
      await Promise.all(calls);
      assert.deepEqual(answered, [...answered.keys()], "order of the answers");
    },
  },
  {
    name: "leaves its inputs as they are, and reads them before the call returns",
    async run({ model, inputs }) {
      const mine = mapValues(inputs, copyOf);
      const expected = await model.infer(mine);
      for (const [name, array] of Object.entries(inputs)) assertSameArray(mine[name] as NdArray, array, name);
      const pending = model.infer(mine);
      for (const array of Object.values(mine)) array.data.fill(zeroOf(array.dtype) as never);
      assertSame(await pending, expected, "inputs that changed after the call");
    },
  },
  {
    name: "gives memory that is the caller's own",
    async run({ model, inputs }) {
      const first = await model.infer(inputs);
      const kept = mapValues(first, copyOf);
      for (const array of Object.values(await model.infer(inputs))) array.data.fill(zeroOf(array.dtype) as never);
      await model.infer(mapValues(inputs, reversed));
      assertSame(first, kept, "outputs of an earlier call");
    },
  },
  {
    name: "takes any view, whatever its axes and unit are called",
    async run({ model, inputs }) {
      const expected = await model.infer(inputs);
      assertSame(await model.infer(mapValues(inputs, spread)), expected, "every second element of a larger array");
      assertSame(await model.infer(mapValues(inputs, backwards)), expected, "with negative strides");
      const renamed = mapValues(inputs, (array) => array.withDims(array.dims.map((_, i) => `a${i}`)).withUnit("m"));
      assertSame(await model.infer(renamed), expected, "with other names and a unit");
    },
  },
  {
    name: "refuses inputs that are missing or unknown, and names them",
    async run({ model, inputs }) {
      for (const name of Object.keys(inputs)) {
        const { [name]: _, ...others } = inputs;
        await assertRejects(model.infer(others), "TWIN_MODEL_INPUT", `${name} missing`, [name]);
      }
      const unknown = { ...inputs, noSuchInput: new NdArray(new Float32Array(1), { dtype: "float32", shape: [1] }) };
      await assertRejects(model.infer(unknown), "TWIN_MODEL_INPUT", "an unknown input", ["noSuchInput"]);
    },
  },
  {
    name: "refuses inputs of another dtype, and says which it takes",
    async run({ model, inputs }) {
      for (const [name, { dtype, shape }] of Object.entries(inputs)) {
        for (const other of (["float64", "float32", "int32", "string"] as const).filter((each) => each !== dtype)) {
          const array = new NdArray(
            allocate(
              other,
              shape.reduce((a, b) => a * b, 1),
            ),
            { dtype: other, shape },
          );
          const refused = model.infer({ ...inputs, [name]: array });
          await assertRejects(refused, "TWIN_MODEL_INPUT", `${name} of dtype ${other}`, [name, dtype, other]);
        }
      }
    },
  },
  {
    name: "refuses inputs of another shape: more or fewer axes, and fixed lengths that differ",
    async run({ model, inputs }) {
      for (const [name, array] of Object.entries(inputs)) {
        const spec = model.inputs[name] as TensorSpec;
        const wrong = [filled(array.dtype, [1, ...array.shape])];
        if (array.shape.length > 0) wrong.push(filled(array.dtype, array.shape.slice(1)));
        spec.shape.forEach((length, axis) => {
          if (typeof length === "number") wrong.push(filled(array.dtype, array.shape.with(axis, length + 1)));
        });
        for (const given of wrong) {
          const refused = model.infer({ ...inputs, [name]: given });
          await assertRejects(refused, "TWIN_MODEL_INPUT", `${name} of shape [${given.shape}]`, [name]);
        }
      }
    },
  },
  {
    name: "refuses axes of one name that have different lengths, and names the axis",
    async run({ model, inputs }) {
      for (const [name, axis, label] of sharedAxes(model)) {
        const array = inputs[name] as NdArray;
        const given = filled(array.dtype, array.shape.with(axis, (array.shape[axis] as number) + 1));
        const refused = model.infer({ ...inputs, [name]: given });
        await assertRejects(refused, "TWIN_MODEL_INPUT", `${name} with a longer ${label}`, [label]);
      }
    },
  },
  {
    name: "takes another length of each free axis",
    async run({ model, inputs }) {
      for (const label of freeAxes(model)) {
        const shorter = mapValues(inputs, (array, name) => {
          const axes = [...(model.inputs[name] as TensorSpec).shape.entries()].filter(([, each]) => each === label);
          const dims = Object.fromEntries(axes.map(([axis]) => [`a${axis}`, { stop: 1 }]));
          return array.withDims(array.dims.map((_, axis) => `a${axis}`)).slice(dims);
        });
        const lengths = axisLengths(model, shorter);
        const outputs = await model.infer(shorter);
        for (const [name, spec] of Object.entries(model.outputs)) {
          assertShape(outputs[name] as NdArray, spec, lengths, `${name} for a ${label} of 1`);
        }
      }
    },
  },
  {
    name: "gives outputs that are empty along an axis of length 0",
    async run({ model, inputs }) {
      for (const label of freeAxes(model)) {
        const empty = mapValues(inputs, (array, name) => {
          const { shape } = model.inputs[name] as TensorSpec;
          return filled(
            array.dtype,
            array.shape.map((length, axis) => (shape[axis] === label ? 0 : length)),
          );
        });
        const lengths = axisLengths(model, empty);
        const outputs = await model.infer(empty);
        for (const [name, spec] of Object.entries(model.outputs)) {
          const array = outputs[name] as NdArray;
          assert.equal(array.dtype, spec.dtype, `${name} for a ${label} of 0: dtype`);
          assertShape(array, spec, lengths, `${name} for a ${label} of 0`);
        }
      }
    },
  },
  {
    name: "does nothing for a signal that is aborted already",
    async run({ model, inputs }) {
      const signal = AbortSignal.abort(new Error("called off"));
      await assertAborted(model.infer(inputs, { signal }), signal, "infer");
    },
  },
  {
    name: "ends the wait of calls that are aborted, and serves the others",
    async run({ model, inputs }) {
      const expected = await model.infer(inputs);
      const abort = new AbortController();
      const before = model.infer(inputs);
      const waiting = Array.from({ length: CALLS }, () => model.infer(inputs, { signal: abort.signal }));
      const after = model.infer(inputs);
      abort.abort(new Error("called off"));
      for (const call of waiting) await assertAborted(call, abort.signal, "a call that waits");
      assertSame(await before, expected, "the call before");
      assertSame(await after, expected, "the call after");
      assertSame(await model.infer(inputs), expected, "a call afterwards");
    },
  },
];

/**
 * Registers the conformance suite for models.
 *
 * @param setup - Makes a fixture; called for every case.
 *
 * @example
 * testModel(async () => ({
 *   model: await createLens({ focalLength: 35 }),
 *   inputs: { rays: new NdArray(Float32Array.of(1, 2, 3, 4, 5, 6), { dtype: "float32", shape: [2, 3] }) },
 * }));
 */
export function testModel(setup: () => Promise<ModelFixture>, options?: ConformanceOptions): void {
  register("Model", modelCases, setup, options);
}

/** Free axes of the inputs. */
function freeAxes({ inputs }: Model): readonly string[] {
  const all = Object.values(inputs).flatMap(({ shape }) => shape.filter((length) => typeof length === "string"));
  return [...new Set(all)];
}

/** Each place of an axis whose name stands in several places: `[input, axis, name]`. */
function sharedAxes({ inputs }: Model): readonly (readonly [string, number, string])[] {
  const places = Object.entries(inputs).flatMap(([name, { shape }]) =>
    shape.flatMap((label, axis) => (typeof label === "string" ? [[name, axis, label] as const] : [])),
  );
  return places.filter(([, , label]) => places.filter(([, , other]) => other === label).length > 1);
}

function axisLengths(model: Model, inputs: ModelArrays): ReadonlyMap<string, number> {
  const known = Object.entries(model.inputs).flatMap(([name, { shape }]) =>
    shape.map((label, axis): [string, number] => [String(label), (inputs[name] as NdArray).shape[axis] as number]),
  );
  return new Map(known);
}

function assertShape(array: NdArray, { shape }: TensorSpec, lengths: ReadonlyMap<string, number>, what: string): void {
  const expected = shape.map((length, axis) => {
    return typeof length === "number" ? length : (lengths.get(length) ?? array.shape[axis]);
  });
  assert.deepEqual([...array.shape], expected, `${what}: shape`);
}

function namesOf({ shape }: TensorSpec): string[] {
  return shape.map((length, axis) => {
    if (typeof length === "number") return `dim_${axis}`;
    return shape.indexOf(length) < axis ? `${length}_${axis}` : length;
  });
}

function assertSame(actual: ModelArrays, expected: ModelArrays, what: string): void {
  for (const [name, array] of Object.entries(expected)) {
    assertSameArray(actual[name] as NdArray, array, `${what}: ${name}`);
  }
}

function isSame(a: ModelArrays, b: ModelArrays): boolean {
  return Object.entries(a).every(([name, array]) => {
    const values = (b[name] as NdArray).values();
    return array.values().every((value, index) => Object.is(value, values[index]));
  });
}

function mapValues(arrays: ModelArrays, map: (array: NdArray, name: string) => NdArray): ModelArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, map(array, name)]));
}

function copyOf(array: NdArray): NdArray {
  const { dtype, shape, dims } = array;
  return new NdArray(array.values().slice() as typeof array.data, { dtype, shape, dims, unit: array.unit });
}

/** The same values in the opposite order; an array of its own. */
function reversed(array: NdArray): NdArray {
  const copy = copyOf(array);
  copy.data.reverse();
  return copy;
}

function filled(dtype: DType, shape: readonly number[]): NdArray {
  const size = shape.reduce((product, length) => product * length, 1);
  return new NdArray(allocate(dtype, size), { dtype, shape });
}

/** The same values with gaps between them, and others in the gaps and in front. */
function spread(array: NdArray): NdArray {
  const { dtype, shape, size } = array;
  const values = array.values();
  const data = allocate(dtype, 2 * size + 3);
  for (let i = 0; i < data.length; i++) {
    const value = i >= 3 && i % 2 === 1 ? values[(i - 3) / 2] : values[(i * 7) % Math.max(1, size)];
    data[i] = value as never;
  }
  const strides = rowMajor(shape).map((stride) => 2 * stride);
  return new NdArray(data, { dtype, shape, strides, offset: 3 });
}

/** The same values, stored from the last to the first. */
function backwards(array: NdArray): NdArray {
  const { dtype, shape, size } = array;
  const strides = rowMajor(shape).map((stride) => -stride);
  return new NdArray(reversed(array).data, { dtype, shape, strides, offset: Math.max(0, size - 1) });
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

function zeroOf(dtype: DType): string | bigint | number {
  if (dtype === "string") return "";
  return dtype === "int64" || dtype === "uint64" ? 0n : 0;
}
