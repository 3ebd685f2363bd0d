import {
  allocate,
  type DataOf,
  type Dataset,
  type DType,
  describeNames,
  describeTensor,
  type Model,
  ModelInputError,
  NdArray,
  type TensorSpec,
  type Variable,
} from "../core/index.ts";

/** How a model is asked. */
export interface InferOptions {
  /** Rows of one request. */
  readonly batchRows: number;
  readonly signal: AbortSignal;
  readonly progress: (fraction: number) => void;
}

/** What came of it. */
export interface Inferred {
  readonly outputs: Readonly<Record<string, NdArray>>;
  /** Rows along the model's first axis; `undefined` where it has none, and was asked once. */
  readonly rows: number | undefined;
}

/**
 * Has a model compute the variables of a dataset, some rows at a time where all its inputs begin with the same free axis.
 * Outputs are held in memory.
 *
 * @throws `TWIN_MODEL_INPUT` where a variable is missing, or of another dtype or shape than the model takes, before it is asked.
 */
export async function inferRows(model: Model, dataset: Dataset, options: InferOptions): Promise<Inferred> {
  const { signal, batchRows, progress } = options;
  const variables = inputVariables(model, dataset);
  const rows = commonRows(model, variables);
  if (rows === undefined) {
    const inputs = await readInputs(model, variables, undefined, signal);
    return { outputs: await model.infer(inputs, { signal }), rows };
  }
  const collected = new Map<string, NdArray>();
  for (let start = 0; start === 0 || start < rows; start += batchRows) {
    const stop = Math.min(rows, start + batchRows);
    const inputs = await readInputs(model, variables, { start, stop }, signal);
    const outputs = await model.infer(inputs, { signal });
    for (const [name, array] of Object.entries(outputs)) {
      const all = collected.get(name) ?? room(array, rows);
      collected.set(name, all);
      setRows(all, array, start);
    }
    progress(rows === 0 ? 1 : stop / rows);
  }
  return { outputs: Object.fromEntries(collected), rows };
}

function inputVariables(model: Model, { variables }: Dataset): ReadonlyMap<string, Variable> {
  const names = Object.keys(variables);
  const found = Object.entries(model.inputs).map(([name, spec]) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (variable === undefined) {
      throw new ModelInputError(
        model.name,
        name,
        `the file has no such variable; it takes ${describeTensor(spec)}. ${describeNames(name, names)}`,
      );
    }
    const problem = misfit(variable, spec);
    if (problem === undefined) return [name, variable] as const;
    throw new ModelInputError(model.name, name, `it must be ${describeTensor(spec)}, and the variable ${problem}.`);
  });
  return new Map(found);
}

/** What is wrong with a variable. One number a row may do without its axis of length 1, as files often have it. */
function misfit({ dtype, shape }: Variable, spec: TensorSpec): string | undefined {
  if (dtype !== spec.dtype) return `is ${dtype}: nothing is converted, so write it as ${spec.dtype}`;
  const isFlat = isColumn(spec) && shape.length === 1;
  const fits =
    isFlat ||
    (shape.length === spec.shape.length &&
      spec.shape.every((length, axis) => typeof length === "string" || length === shape[axis]));
  return fits ? undefined : `has the shape [${shape.join(", ")}]`;
}

function isColumn({ shape }: TensorSpec): boolean {
  return shape.length === 2 && typeof shape[0] === "string" && shape[1] === 1;
}

/** Rows of the inputs, where all of them, and all outputs, begin with one free axis. */
function commonRows(model: Model, variables: ReadonlyMap<string, Variable>): number | undefined {
  const tensors = [...Object.values(model.inputs), ...Object.values(model.outputs)];
  const axis = tensors[0]?.shape[0];
  const isRows = ({ shape }: TensorSpec): boolean => shape[0] === axis && !shape.slice(1).includes(axis as string);
  if (typeof axis !== "string" || !tensors.every(isRows)) return undefined;
  const lengths = [...variables].map(([name, { shape }]) => ({ name, rows: shape[0] as number }));
  const [first] = lengths;
  const other = lengths.find(({ rows }) => rows !== first?.rows);
  if (other === undefined) return first?.rows;
  throw new ModelInputError(
    model.name,
    other.name,
    `the variable has ${other.rows} rows, and "${first?.name}" has ${first?.rows}; they must have the same number.`,
  );
}

async function readInputs(
  model: Model,
  variables: ReadonlyMap<string, Variable>,
  rows: { readonly start: number; readonly stop: number } | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, NdArray>>> {
  const read = [...variables].map(async ([name, variable]) => {
    const selection = rows && { [variable.dims[0] as string]: rows };
    const array = await variable.read(selection, { signal });
    const isFlat = array.shape.length < (model.inputs[name] as TensorSpec).shape.length;
    return [name, isFlat ? column(array) : array] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

function column<D extends DType>(array: NdArray<D>): NdArray<D> {
  return new NdArray(array.values(), { dtype: array.dtype, shape: [array.size, 1] });
}

function room({ dtype, shape, dims }: NdArray, rows: number): NdArray {
  const all = [rows, ...shape.slice(1)];
  const size = all.reduce((product, length) => product * length, 1);
  return new NdArray(allocate(dtype, size), { dtype, shape: all, dims });
}

function setRows<D extends DType>(all: NdArray<D>, part: NdArray<D>, start: number): void {
  const at = all.shape[0] === 0 ? 0 : start * (all.size / (all.shape[0] as number));
  const values: DataOf<DType> = part.values();
  if (Array.isArray(values)) {
    for (const [index, value] of values.entries()) (all.data as string[])[at + index] = value;
  } else {
    (all.data as Float64Array).set(values as Float64Array, at);
  }
}
