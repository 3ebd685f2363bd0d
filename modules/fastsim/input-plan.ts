import { type BufferPool, NdArray, seedOf } from "../../core/index.ts";
import type { GeneratorGraph, GraphSegment } from "./graph-schema.ts";
import { noisePurpose, noiseSource } from "./noise.ts";
import { type Calculation, type Conditions, calculation, conditionReader } from "./steps.ts";

/** Events of a request: what their inputs are made of. */
export interface Events {
  readonly conditions: Conditions;
  readonly ids: BigInt64Array;
  /** One for all, or one for each. */
  readonly seed: bigint | BigUint64Array;
}

/** Fills one stretch of a row for one event. */
type Fill = (target: Float32Array, events: Events, event: number) => void;

/** How one segment is filled. */
interface SegmentPlan {
  readonly length: number;
  readonly fill: Fill;
}

/** How one input of a model is filled, row by row. */
export interface InputPlan {
  readonly name: string;
  /** Without the leading batch axis. */
  readonly shape: readonly number[];
  /** Number of values of a row: the product of the shape. */
  readonly width: number;
  readonly segments: readonly SegmentPlan[];
}

/** Number of values that segments have together. */
export function segmentsLength(segments: readonly GraphSegment[]): number {
  return segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
}

/** Plans an input whose segments fit its shape. @throws `TWIN_UNIT_UNKNOWN`, `TWIN_UNITS_INCOMPATIBLE`. */
export function inputPlan(graph: GeneratorGraph, name: string, shape: readonly number[]): InputPlan {
  const segments = graph.inputs[name] as readonly GraphSegment[];
  return {
    name,
    shape,
    width: segmentsLength(segments),
    segments: segments.map((segment, index) => ({
      length: lengthOf(segment),
      fill: segmentFill(graph, segment, noisePurpose(name, index)),
    })),
  };
}

/**
 * Makes the inputs of a model for rows of events, one run after the other. All that is random depends on nothing but the
 * seed and the id of an event.
 */
export class InputWriter {
  readonly #plans: readonly InputPlan[];
  readonly #events: Events;
  readonly #pool: BufferPool;

  constructor(plans: readonly InputPlan[], { events, pool }: { readonly events: Events; readonly pool: BufferPool }) {
    this.#plans = plans;
    this.#events = events;
    this.#pool = pool;
  }

  /** Inputs for some events, in memory of the pool; the last one is repeated up to the number of rows. */
  make(indices: Int32Array, rows: number): Readonly<Record<string, NdArray<"float32">>> {
    return Object.fromEntries(
      this.#plans.map((plan) => {
        const data = new Float32Array(this.#pool.take(4 * rows * plan.width), 0, rows * plan.width);
        for (const [row, event] of indices.entries()) {
          let at = row * plan.width;
          for (const { length, fill } of plan.segments) {
            fill(data.subarray(at, at + length), this.#events, event);
            at += length;
          }
        }
        for (let row = indices.length; row < rows; row++) {
          data.copyWithin(row * plan.width, (row - 1) * plan.width, row * plan.width);
        }
        return [plan.name, new NdArray(data, { dtype: "float32", shape: [rows, ...plan.shape] })];
      }),
    );
  }
}

function lengthOf({ condition, constant, length }: GraphSegment): number {
  if (condition !== undefined || typeof constant === "number") return 1;
  return constant?.length ?? (length as number);
}

function segmentFill(graph: GeneratorGraph, segment: GraphSegment, purpose: number): Fill {
  const { condition, noise, constant, one_hot, unit, steps } = segment;
  const calculate = calculation(graph, steps);
  if (noise !== undefined) {
    const fill = noiseSource({ kind: noise, purpose });
    const plain: Fill = (target, events, event) =>
      fill(target, { id: events.ids[event] as bigint, seed: seedOf(events, event) });
    return calculate === undefined ? plain : calculated(plain, calculate, lengthOf(segment));
  }
  if (condition !== undefined) {
    const read = conditionReader(graph, condition, unit);
    return valueFill(
      (scratch, { conditions }, event) => {
        scratch[0] = read(conditions, event);
      },
      calculate,
      1,
    );
  }
  const values = typeof constant === "number" ? [constant] : constant;
  const fixed = values ?? Array.from({ length: lengthOf(segment) }, (_, place) => (place === one_hot ? 1 : 0));
  return valueFill((scratch) => scratch.set(fixed), calculate, fixed.length);
}

/** Values in float64, calculated on, rounded to float32 once. */
function valueFill(
  give: (scratch: Float64Array, events: Events, event: number) => void,
  calculate: Calculation | undefined,
  length: number,
): Fill {
  const scratch = new Float64Array(length);
  return (target, events, event) => {
    give(scratch, events, event);
    calculate?.(scratch, events.conditions, event);
    target.set(scratch);
  };
}

/** The float32 noise, calculated on in float64, rounded again. */
function calculated(fill: Fill, calculate: Calculation, length: number): Fill {
  const scratch = new Float64Array(length);
  return (target, events, event) => {
    fill(target, events, event);
    scratch.set(target);
    calculate(scratch, events.conditions, event);
    target.set(scratch);
  };
}
