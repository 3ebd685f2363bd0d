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
}

/** @throws `TWIN_UNIT_UNKNOWN`, `TWIN_UNITS_INCOMPATIBLE`. */
export function outputPlan(graph: GeneratorGraph, name: string): OutputPlan {
  const output = graph.outputs[name] as GraphOutput;
  return {
    name,
    tensor: output.tensor ?? name,
    output,
    width: output.shape.reduce((product, length) => product * length, 1),
    order: transposition(output),
    calculate: calculation(graph, output.steps),
  };
}

/** Takes events out of what a model computed, checks them, and puts them where they belong. */
export class OutputReader {
  readonly #plan: OutputPlan;
  readonly #model: Model;
  readonly #conditions: Conditions;
  readonly #row: Float64Array;
  readonly #target: Float32Array;

  /** @param target - Room for all events of a batch. */
  constructor(plan: OutputPlan, model: Model, conditions: Conditions, target: Float32Array) {
    this.#plan = plan;
    this.#model = model;
    this.#conditions = conditions;
    this.#row = new Float64Array(plan.calculate === undefined ? 0 : plan.width);
    this.#target = target;
  }

  /**
   * @param computed - What one run gave; rows beyond the events are padding.
   * @param events - Index in the request of each row's event, and of the first event of the batch.
   * @throws `TWIN_GENERATED_INVALID`
   */
  read(computed: NdArray, indices: Int32Array, first: number): void {
    const { width, order, name } = this.#plan;
    const values = computed.values() as Float32Array;
    const perRow = values.length / (computed.shape[0] as number);
    if (perRow !== width) {
      throw new GeneratedInvalidError(
        `Model "${this.#model.name}" gave ${perRow} values per event as "${this.#plan.tensor}"; "${name}" of its graph has ${width}, [${this.#plan.output.shape}].`,
      );
    }
    for (const [row, event] of indices.entries()) {
      const given = values.subarray(row * width, (row + 1) * width);
      const target = this.#target.subarray((event - first) * width, (event - first + 1) * width);
      this.#calculate(given, target, order, event);
      this.#check(target, event);
    }
  }

  #calculate(given: Float32Array, target: Float32Array, order: Int32Array | undefined, event: number): void {
    const { calculate } = this.#plan;
    const to = calculate === undefined ? target : this.#row;
    if (order === undefined) to.set(given);
    else for (let k = 0; k < to.length; k++) to[k] = given[order[k] as number] as number;
    if (calculate === undefined) return;
    calculate(this.#row, this.#conditions, event);
    target.set(this.#row);
  }

  #check(values: Float32Array, event: number): void {
    const minimum = this.#plan.output.minimum ?? Number.NEGATIVE_INFINITY;
    for (let k = 0; k < values.length; k++) {
      const value = values[k] as number;
      if (value >= minimum && value < Number.POSITIVE_INFINITY && value > Number.NEGATIVE_INFINITY) continue;
      const { name, output } = this.#plan;
      const unit = output.unit === undefined ? "" : ` ${output.unit}`;
      const allowed = output.minimum === null ? "finite" : `finite and ${minimum} or more`;
      throw new GeneratedInvalidError(
        `Model "${this.#model.name}": "${name}" of event ${event} is ${value}${unit} at [${placeOf(k, output.shape)}]; it must be ${allowed}. The model is faulty, or its graph describes it wrongly (steps, unit).`,
      );
    }
  }
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
