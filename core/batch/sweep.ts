import type { JsonValue } from "../canonical/json-value.ts";
import { MOST_POINTS } from "./batch-schema.ts";
import { InvalidSweepError } from "./errors.ts";
import { sweepValues, tooMany } from "./sweep-values.ts";

/** Which points a batch has. */
export interface Sweep {
  /** Names of the swept parameters in the order they were given; of a plan `step.name`. */
  readonly swept: readonly string[];
  /** Values of the swept parameters, `[point]`; one empty point where nothing is swept. */
  readonly points: readonly Readonly<Record<string, JsonValue>>[];
}

/** A sweep as it was typed. */
export interface ParsedSweep extends Sweep {
  /** Parameters with a single value: the same at every point. */
  readonly parameters: Readonly<Record<string, JsonValue>>;
}

/**
 * Reads the parameters of a batch as they are typed, `name=values`. A value is JSON, or else text; several are a list with
 * commas (`1000,2000,5000`), a range with its ends (`0..99`), or one with a step (`0..100..10`, `0..1..0.1`, `9..0`), or
 * lists of them. A JSON list is one value: `x=[1,2]`.
 *
 * @param given - `name=values`, each name once.
 * @param options - `mode`: `"product"` (default) is a point for each combination, the first parameter varying slowest; `"zip"`
 *   the first values together, the second values together, and so on. `rows`: points of a table (`parseSweepTable`) instead;
 *   then each name given has a single value.
 * @throws `TWIN_INVALID_SWEEP`, also for more than a million points.
 *
 * @example
 * parseSweep(["energyMeV=1000,2000", "seed=0..9"]).points.length; // => 20
 */
export function parseSweep(
  given: readonly string[],
  { mode = "product", rows }: { readonly mode?: "product" | "zip" | undefined; readonly rows?: Sweep | undefined } = {},
): ParsedSweep {
  const single: [string, JsonValue][] = [];
  const swept = new Map<string, readonly JsonValue[]>();
  const seen = new Set(rows?.swept);
  for (const pair of given) {
    const at = pair.indexOf("=");
    if (at < 1) throw new InvalidSweepError(`"${pair}" must be name=value, or name=values.`);
    const name = pair.slice(0, at);
    if (seen.has(name)) {
      const where = rows?.swept.includes(name) ? "is in the table, and is given beside it" : "is given twice";
      throw new InvalidSweepError(`"${name}" ${where}. Give it once; several values are a list: ${name}=1,2.`);
    }
    seen.add(name);
    const { values, isSwept } = sweepValues(name, pair.slice(at + 1));
    if (isSwept) swept.set(name, values);
    else single.push([name, values[0] as JsonValue]);
  }
  const parameters = Object.fromEntries(single);
  if (rows === undefined) {
    return { parameters, swept: [...swept.keys()], points: mode === "zip" ? zipped(swept) : product(swept) };
  }
  const [also] = swept.keys();
  if (also === undefined) return { parameters, ...rows };
  throw new InvalidSweepError(`"${also}" has several values beside a table. Put them into the table, as a column.`);
}

function product(swept: ReadonlyMap<string, readonly JsonValue[]>): Sweep["points"] {
  let count = 1;
  for (const [name, values] of swept) {
    const told = new Set<string>();
    const twice = values.map((value) => JSON.stringify(value)).find((text) => told.size === told.add(text).size);
    if (twice !== undefined)
      throw new InvalidSweepError(`"${name}" has the value ${twice} twice: its points would be the same.`);
    count *= values.length;
    if (count > MOST_POINTS)
      throw tooMany([...swept].map(([each, { length }]) => `${each} (${length} values)`).join(" × "));
  }
  let points: Record<string, JsonValue>[] = [{}];
  for (const [name, values] of swept) {
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  return points;
}

function zipped(swept: ReadonlyMap<string, readonly JsonValue[]>): Sweep["points"] {
  const [first, ...others] = swept;
  if (first === undefined) return [{}];
  const [name, { length }] = first;
  const other = others.find(([, values]) => values.length !== length);
  if (other) {
    throw new InvalidSweepError(
      `Zipped parameters need as many values each: "${name}" has ${length}, "${other[0]}" ${other[1].length}.`,
    );
  }
  return Array.from({ length }, (_, at) =>
    Object.fromEntries([...swept].map(([each, values]) => [each, values[at] as JsonValue])),
  );
}
