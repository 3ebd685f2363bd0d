import { convertUnits } from "../../core/index.ts";
import type { GeneratorGraph, GraphStep } from "./graph-schema.ts";

/** Conditions of a request: by name, one value per event, in the units of the graph. */
export type Conditions = Readonly<Record<string, Float64Array>>;

/** Changes the values of one event in place. */
export type Calculation = (values: Float64Array, conditions: Conditions, event: number) => void;

/** Reads a condition of an event, converted. */
export type ConditionReader = (conditions: Conditions, event: number) => number;

/**
 * How a condition is read in a unit.
 *
 * @throws `TWIN_UNIT_UNKNOWN`, `TWIN_UNITS_INCOMPATIBLE`; an `Error` for a condition that the graph does not have.
 */
export function conditionReader(graph: GeneratorGraph, name: string, unit: string | undefined): ConditionReader {
  const from = graph.conditions[name] as GeneratorGraph["conditions"][string];
  const { scale, offset } = convertUnits(from.unit, unit ?? from.unit);
  return (conditions, event) => ((conditions[name] as Float64Array)[event] as number) * scale + offset;
}

/** One function for a list of steps; `undefined` for none. All in float64. */
export function calculation(graph: GeneratorGraph, steps: readonly GraphStep[]): Calculation | undefined {
  if (steps.length === 0) return undefined;
  const calculations = steps.map((step) => oneStep(graph, step));
  return (values, conditions, event) => {
    for (const each of calculations) each(values, conditions, event);
  };
}

function oneStep(graph: GeneratorGraph, step: GraphStep): Calculation {
  const { scale, offset, power, exp, log, times, over, cut, clip } = step;
  if (scale !== undefined) return everyValue((value) => value * scale);
  if (offset !== undefined) return everyValue((value) => value + offset);
  if (power !== undefined) return everyValue((value) => value ** power);
  if (exp !== undefined) return everyValue(exp === "e" ? Math.exp : (value) => exp ** value);
  if (log !== undefined) return everyValue(log === "e" ? Math.log : log === 2 ? Math.log2 : Math.log10);
  // NaN is no value to be cut or limited away.
  if (cut !== undefined) return everyValue((value) => (value < cut ? 0 : value));
  if (clip !== undefined) return everyValue((value) => Math.min(clip[1], Math.max(clip[0], value)));
  const read = conditionReader(graph, (times ?? over) as string, step.unit);
  return (values, conditions, event) => {
    const factor = read(conditions, event);
    if (times !== undefined) for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * factor;
    else for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) / factor;
  };
}

function everyValue(change: (value: number) => number): Calculation {
  return (values) => {
    for (let i = 0; i < values.length; i++) values[i] = change(values[i] as number);
  };
}
