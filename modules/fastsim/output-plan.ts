import type { Model, NdArray } from "../../core/index.ts";
import { GeneratedInvalidError } from "./errors.ts";
import type { GeneratorGraph, GraphOutput } from "./graph-schema.ts";
import { type Calculation, type Conditions, calculation } from "./steps.ts";

/** How one array of an event is made of what the model computed. */
export interface OutputPlan {
  readonly name: string;
  readonly tensor: string;
  readonly output: GraphOutput;
  /** Number of values of an event. */
  readonly width: number;
  /** Where each value stands in the tensor's row; `undefined` where it is the same place. */
  readonly order: Int32Array | undefined;
  readonly calculate: Calculation | undefined;
  /** Whether events can be made where the tensor has them: no other output is made of it. */
  readonly isInPlace: boolean;
}

/** @throws `TWIN_UNIT_UNKNOWN`, `TWIN_UNITS_INCOMPATIBLE`. */
export function outputPlan(graph: GeneratorGraph, name: string): OutputPlan {
  const output = graph.outputs[name] as GraphOutput;
  const tensor = output.tensor ?? name;
  const users = Object.entries(graph.outputs).filter(([other, { tensor: of = other }]) => of === tensor);
  const order = transposition(output);
  const calculate = calculation(graph, output.steps);
  return {
    name,
    tensor,
    output,
    width: output.shape.reduce((product, length) => product * length, 1),
    order,
    calculate,
    // A row in another order needs a place beside it, which only one that is calculated has.
    isInPlace: users.length === 1 && (order === undefined || calculate !== undefined),
  };
}

/** Takes events out of what a model computed, checks them, and puts them where they belong. */
export class OutputReader {
  readonly #plan: OutputPlan;
  readonly #model: Model;
  readonly #conditions: Conditions;
  readonly #row: Float64Array;
  readonly #count: number;
  #target: Float32Array | undefined;

  /** @param count - Number of events of a batch. */
  constructor(plan: OutputPlan, model: Model, conditions: Conditions, count: number) {
    this.#plan = plan;
    this.#model = model;
    this.#conditions = conditions;
    this.#row = new Float64Array(plan.calculate === undefined ? 0 : plan.width);
    this.#count = count;
  }

  /** What was read of all events of the batch; zero where nothing was. */
  get target(): Float32Array {
    this.#target ??= new Float32Array(this.#count * this.#plan.width);
    return this.#target;
  }

  /**
   * @param computed - What one run gave.
   * @param run - `events`: index in the request of each row's event; rows beyond them are padding. `rows`: of all inputs.
   * @param first - Index in the request of the first event of the batch.
   * @throws `TWIN_GENERATED_INVALID`
   */
  read(
    computed: NdArray | undefined,
    run: { readonly events: Int32Array; readonly rows: number },
    first: number,
  ): void {
    const { width, isInPlace } = this.#plan;
    const values = this.#valuesOf(computed, run.rows);
    // A whole batch needs no other place: what a model gives is the caller's own.
    if (isInPlace && run.events.length === this.#count) this.#target = values.subarray(0, this.#count * width);
    for (const [row, event] of run.events.entries()) {
      const given = values.subarray(row * width, (row + 1) * width);
      const target = this.target.subarray((event - first) * width, (event - first + 1) * width);
      this.#calculate(given, target, event);
      this.#check(target, event);
    }
  }

  /** What came, if it is what the graph says; a model may give something else than it states. */
  #valuesOf(computed: NdArray | undefined, rows: number): Float32Array {
    const { tensor, name, output } = this.#plan;
    const [given, ...lengths] = computed?.shape ?? [];
    const problem =
      given !== rows || computed?.dtype !== "float32"
        ? `it must be float32 with ${rows} rows, one per event`
        : layoutProblem(output, lengths);
    if (problem === undefined) return computed?.values() as Float32Array;
    const came = computed === undefined ? "nothing" : `${computed.dtype} [${computed.shape.join(", ")}]`;
    throw new GeneratedInvalidError(
      `Model "${this.#model.name}" gave ${came} as "${tensor}", of which its graph makes "${name}": ${problem}. The model is faulty, or its graph describes it wrongly (shape, axes).`,
    );
  }

  #calculate(given: Float32Array, target: Float32Array, event: number): void {
    const { order, calculate } = this.#plan;
    if (calculate === undefined && target.buffer === given.buffer) return;
    const to = calculate === undefined ? target : this.#row;
    if (order === undefined) to.set(given);
    else for (let k = 0; k < to.length; k++) to[k] = given[order[k] as number] as number;
    if (calculate === undefined) return;
    calculate(this.#row, this.#conditions, event);
    target.set(this.#row);
  }

  #check(values: Float32Array, event: number): void {
    const { name, output } = this.#plan;
    const { minimum } = output;
    const k = findInvalid(values, minimum ?? -Number.MAX_VALUE);
    if (k < 0) return;
    const unit = output.unit === undefined ? "" : ` ${output.unit}`;
    const allowed = minimum === null ? "finite" : `finite and ${minimum} or more`;
    throw new GeneratedInvalidError(
      `Model "${this.#model.name}": "${name}" of event ${event} is ${values[k]}${unit} at [${placeOf(k, output.shape)}]; it must be ${allowed}. The model is faulty, or its graph describes it wrongly (steps, unit).`,
    );
  }
}

/** Index of the first value that is NaN, infinite or below the minimum; -1 where none is. */
function findInvalid(values: Float32Array, minimum: number): number {
  const { length } = values;
  for (let k = 0; k < length; k++) {
    const value = values[k] as number;
    if (!(value >= minimum && value <= Number.MAX_VALUE)) return k;
  }
  return -1;
}

/**
 * Why values of these lengths per event cannot be an output's; `undefined` where they can. Without `axes` axes may be
 * joined or divided, `[45, 144]` for `[45, 16, 9]`, but not be others: `[9, 16, 45]` are the same number of values, and
 * would be taken for showers with everything in the wrong place.
 */
export function layoutProblem({ dims, shape, axes }: GraphOutput, lengths: readonly number[]): string | undefined {
  const [given, wanted] = [lengths, shape].map((each) => each.reduce((product, length) => product * length, 1));
  if (given !== wanted)
    return `[${lengths.join(", ")}] are ${given} values per event; shape [${shape.join(", ")}] has ${wanted}`;
  if (lengths.length <= 1) return undefined;
  if (axes !== undefined) {
    const expected = axes.map((axis) => (dims.includes(axis) ? shape[dims.indexOf(axis)] : 1));
    const isAs = expected.length === lengths.length && expected.every((length, axis) => length === lengths[axis]);
    return isAs
      ? undefined
      : `axes [${axes.join(", ")}] would be [${expected.join(", ")}], not [${lengths.join(", ")}]`;
  }
  const [theirs, ours] = [stridesOf(lengths), stridesOf(shape)];
  if (isWithin(theirs, ours) || isWithin(ours, theirs)) return undefined;
  return `[${lengths.join(", ")}] is another order than dims [${dims.join(", ")}] = [${shape.join(", ")}]; name the tensor's axes in \`axes\``;
}

/** Distances at which the indices of a shape change; axes of length 1 have none of their own. */
function stridesOf(shape: readonly number[]): ReadonlySet<number> {
  let stride = 1;
  return new Set(shape.toReversed().map((length) => (stride *= length)));
}

function isWithin(some: ReadonlySet<number>, others: ReadonlySet<number>): boolean {
  return [...some].every((each) => others.has(each));
}

/** Where each value of an event stands in a row of the tensor. */
function transposition({ dims, shape, axes }: GraphOutput): Int32Array | undefined {
  const stored = (axes ?? dims).filter((axis) => dims.includes(axis));
  if (stored.every((axis, place) => axis === dims[place])) return undefined;
  const strides = new Map<string, number>();
  let stride = 1;
  for (const axis of stored.toReversed()) {
    strides.set(axis, stride);
    stride *= shape[dims.indexOf(axis)] as number;
  }
  return Int32Array.from({ length: stride }, (_, k) =>
    placeOf(k, shape).reduce((sum, index, axis) => sum + index * (strides.get(dims[axis] as string) as number), 0),
  );
}

/** Index along each axis of the `k`-th value, row-major. */
function placeOf(k: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = k;
  for (const length of shape.toReversed()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return place;
}
