import type { Model, TensorSpec } from "../contracts/model.ts";
import { allocate } from "../data/layout.ts";
import { NdArray } from "../data/nd-array.ts";
import { ModelFailedError, ModelInputError } from "../errors/model.ts";
import { describeNames } from "../errors/nearest-names.ts";

/** What is known of a model without asking it to compute. */
export type ModelFacts = Pick<Model, "name" | "inputs" | "outputs">;

/** Lengths of the free axes of one call, by name. */
export type AxisLengths = ReadonlyMap<string, number>;

/**
 * Checks the inputs of one call of a model, so that every model refuses alike.
 *
 * @returns The length of each free axis that the inputs have.
 * @throws {@link ModelInputError} for the first input that is missing, unknown, or of another dtype or shape.
 *
 * @example
 * checkModelInputs(model, inputs).get("batch"); // => 100
 */
export function checkModelInputs(model: ModelFacts, inputs: Readonly<Record<string, NdArray>>): AxisLengths {
  const names = Object.keys(model.inputs);
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(model.inputs, name)) {
      throw new ModelInputError(model.name, name, `the model has no such input. ${describeNames(name, names)}`);
    }
  }
  const lengths = new Map<string, number>();
  const boundBy = new Map<string, string>();
  for (const [name, spec] of Object.entries(model.inputs)) {
    const array = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    const problem =
      array === undefined
        ? `it is missing; give ${describeTensor(spec)}.`
        : misfit(array, spec, lengths, { name, boundBy });
    if (problem !== undefined) throw new ModelInputError(model.name, name, problem);
  }
  return lengths;
}

/**
 * Checks what a model computed, and names the axes as the model states them.
 *
 * @param lengths - What {@link checkModelInputs} returned for this call.
 * @throws {@link ModelFailedError} when an output is missing, or of another dtype or shape than stated.
 */
export function checkModelOutputs(
  model: ModelFacts,
  outputs: Readonly<Record<string, NdArray>>,
  lengths: AxisLengths,
): Readonly<Record<string, NdArray>> {
  const known = new Map(lengths);
  const boundBy = new Map<string, string>([...lengths.keys()].map((axis) => [axis, "the inputs"]));
  const named = Object.entries(model.outputs).map(([name, spec]) => {
    const array = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
    const problem = array === undefined ? "it did not come." : misfit(array, spec, known, { name, boundBy });
    if (array === undefined || problem !== undefined) {
      throw new ModelFailedError(model.name, `its output "${name}" is not what it states: ${problem}`);
    }
    return [name, array.withDims(axisNames(spec))] as const;
  });
  return Object.fromEntries(named);
}

/**
 * The outputs of a call whose outputs are all empty, so that nothing is to be computed; `undefined` where something is.
 * Runtimes fail on arrays without elements in many ways.
 */
export function emptyModelOutputs(
  model: ModelFacts,
  lengths: AxisLengths,
): Readonly<Record<string, NdArray>> | undefined {
  const shapes = Object.entries(model.outputs).map(([name, { shape }]) => ({
    name,
    shape: shape.map((length) => (typeof length === "number" ? length : lengths.get(length))),
  }));
  const isEmpty = shapes.every(({ shape }) => shape.includes(0) && !shape.includes(undefined));
  if (!isEmpty) return undefined;
  return Object.fromEntries(
    shapes.map(({ name, shape }) => {
      const spec = model.outputs[name] as TensorSpec;
      const init = { dtype: spec.dtype, shape: shape as number[], dims: axisNames(spec) };
      return [name, new NdArray(allocate(spec.dtype, 0), init)];
    }),
  );
}

/**
 * Names of the axes of an array of such a tensor: the free ones' own, `dim_0`, `dim_1`, … by their place for the others.
 * A name that stands twice gets its place, too.
 */
export function axisNames({ shape }: TensorSpec): readonly string[] {
  return shape.map((length, axis) => {
    if (typeof length === "number") return `dim_${axis}`;
    return shape.indexOf(length) < axis ? `${length}_${axis}` : length;
  });
}

/** A tensor as people write it: `float32 [batch, 6480]`. */
export function describeTensor({ dtype, shape }: TensorSpec): string {
  return `${dtype} [${shape.join(", ")}]`;
}

/** What is wrong with an array; learns the lengths of free axes. */
function misfit(
  array: NdArray,
  spec: TensorSpec,
  lengths: Map<string, number>,
  { name, boundBy }: { readonly name: string; readonly boundBy: Map<string, string> },
): string | undefined {
  const expected = `it must be ${describeTensor(spec)}`;
  if (array.dtype !== spec.dtype) return `${expected}, and its dtype is ${array.dtype}.`;
  const { shape } = array;
  if (shape.length !== spec.shape.length) return `${expected}, and its shape is [${shape.join(", ")}].`;
  for (const [axis, wanted] of spec.shape.entries()) {
    const length = shape[axis] as number;
    if (typeof wanted === "number") {
      if (length !== wanted) return `${expected}, and its shape is [${shape.join(", ")}].`;
      continue;
    }
    const other = lengths.get(wanted);
    if (other !== undefined && other !== length) {
      return `${expected}, and its shape is [${shape.join(", ")}]; ${wanted} is ${other} in ${boundBy.get(wanted)}.`;
    }
    lengths.set(wanted, length);
    if (!boundBy.has(wanted)) boundBy.set(wanted, `"${name}"`);
  }
  return undefined;
}
