import { TwinError } from "../../errors/twin-error.ts";
import { gridBlocks, rowMajorBlockShape } from "../chunk-grid.ts";
import type { Variable } from "../dataset.ts";
import { convertUnits } from "../units/convert-units.ts";
import type { QualityExample, QualityOptions, QualityViolation } from "./check-quality.ts";
import type { VariableRules } from "./rules.ts";

const BLOCK_BYTES = 16e6;

interface ValueOptions extends QualityOptions {
  locate(index: Readonly<Record<string, number>>): Pick<QualityExample, "source" | "sourceIndex">;
  progress(fraction: number): void;
}

interface ValuesFound {
  readonly violations: readonly QualityViolation[];
  /** `undefined` where no rule is about values. */
  readonly values: number | undefined;
  readonly missing: number;
}

/** A rule about single values, and what broke it so far. */
interface Tally {
  readonly rule: string;
  readonly breaks: (value: number, previous: number) => boolean;
  /** What is wrong with the first. */
  readonly problem: (value: number, previous: number) => string;
  count: number;
  text: string;
  readonly first: QualityExample[];
}

/** Checks the values of a variable, block by block in row-major order. */
export async function checkValues(
  variable: Variable,
  rule: VariableRules,
  options: ValueOptions,
): Promise<ValuesFound> {
  const factor = factorOf(variable.unit, rule.unit);
  // Limits in a unit that the values cannot have say nothing about them; the unit is a violation of its own.
  const tallies = talliesOf(variable, rule).filter((tally) => factor || !["min", "max"].includes(tally.rule));
  if (tallies.length === 0 && rule.missing === undefined) return { violations: [], values: undefined, missing: 0 };
  if (variable.dtype === "string") return { violations: [noNumbers(variable)], values: 0, missing: 0 };
  if (rule.monotonic && variable.dims.length !== 1) {
    return { violations: [notOneDimensional(variable)], values: 0, missing: 0 };
  }
  const { examples = 5, signal, locate, progress } = options;
  const { shape, dims, dtype, path } = variable;
  const total = shape.reduce((product, length) => product * length, 1);
  const missingFirst: QualityExample[] = [];
  let [seen, missing, previous] = [0, 0, Number.NaN];
  const blockShape = rowMajorBlockShape({ shape, dtype, chunkShape: variable.storage.chunkShape }, BLOCK_BYTES);
  for (const block of gridBlocks(shape, blockShape)) {
    signal?.throwIfAborted();
    const array = await variable.read(Object.fromEntries(block.map((range, axis) => [dims[axis], range])), { signal });
    const values = array.toFloat64();
    const exampleAt = (place: number, value: number): QualityExample => {
      const index = indexOf(place, dims, block);
      return { index, value: Number.isFinite(value) ? value : null, ...locate(index) };
    };
    for (let i = 0; i < values.length; i++) {
      const stored = values[i] as number;
      if (Number.isNaN(stored)) {
        missing++;
        if (missingFirst.length < examples) missingFirst.push(exampleAt(i, stored));
        continue;
      }
      const value = factor ? stored * factor.scale + factor.offset : stored;
      for (const tally of tallies) {
        if (!tally.breaks(value, previous)) continue;
        if (tally.count === 0) tally.text = tally.problem(value, previous);
        if (tally.count++ < examples) tally.first.push(exampleAt(i, value));
      }
      previous = value;
    }
    seen += values.length;
    progress(seen / total);
  }
  const violations = tallies.filter(({ count }) => count > 0).map((tally) => violationOf(variable, tally));
  const allowed = rule.missing;
  if (allowed !== undefined && missing > allowed * total) {
    const [example] = missingFirst;
    const message = `"${path}" is missing in ${missing} of ${total} values (${percent(missing / total)}), first ${placeText(example)}; at most ${percent(allowed)} may be.`;
    violations.push({ variable: path, rule: "missing", message, count: missing, first: missingFirst });
  }
  return { violations, values: total, missing };
}

function talliesOf({ unit }: Variable, { min, max, finite, monotonic, unit: own = unit }: VariableRules): Tally[] {
  const of = own === undefined ? "" : ` ${own}`;
  const tallies: Omit<Tally, "count" | "text" | "first">[] = [];
  if (min !== undefined) {
    tallies.push({ rule: "min", breaks: (value) => value < min, problem: (value) => `is ${value}${of}, below ${min}` });
  }
  if (max !== undefined) {
    tallies.push({ rule: "max", breaks: (value) => value > max, problem: (value) => `is ${value}${of}, above ${max}` });
  }
  if (finite) {
    tallies.push({
      rule: "finite",
      breaks: (value) => !Number.isFinite(value),
      problem: (value) => `is ${value > 0 ? "infinite" : "-infinite"}`,
    });
  }
  if (monotonic) {
    let direction = monotonic === "either" ? 0 : monotonic === "increasing" ? 1 : -1;
    tallies.push({
      rule: "monotonic",
      breaks: (value, previous) => {
        if (Number.isNaN(previous)) return false;
        // Whichever way the first two go.
        if (direction === 0) direction = Math.sign(value - previous);
        return !(direction * (value - previous) > 0);
      },
      problem: (value, previous) =>
        `is ${value}${of} after ${previous}, and must be ${direction < 0 ? "decreasing" : "increasing"}`,
    });
  }
  return tallies.map((tally) => ({ ...tally, count: 0, text: "", first: [] }));
}

function violationOf({ path }: Variable, { rule, count, text, first }: Tally): QualityViolation {
  const [example] = first;
  const all = count === 1 ? "" : `; ${count} values in all`;
  return { variable: path, rule, message: `"${path}" ${text}, ${placeText(example)}${all}.`, count, first };
}

function placeText(example: QualityExample | undefined): string {
  if (!example) return "";
  const index = Object.entries(example.index).map(([dim, i]) => `${dim} ${i}`);
  const place = index.length === 0 ? "" : `at ${index.join(", ")}`;
  return `${place}${example.source === "" ? "" : `${place === "" ? "" : " "}in "${example.source}"`}`;
}

/** From the variable's unit to that of the rule, in which limits are; `undefined` where there is no way. */
function factorOf(unit: string | undefined, wanted: string | undefined): ReturnType<typeof convertUnits> | undefined {
  if (unit === undefined || wanted === undefined || unit === wanted) return { scale: 1, offset: 0 };
  try {
    return convertUnits(unit, wanted);
  } catch (error) {
    if (error instanceof TwinError) return undefined;
    throw error;
  }
}

function indexOf(
  place: number,
  dims: readonly string[],
  block: readonly { readonly start: number; readonly stop: number }[],
): Readonly<Record<string, number>> {
  const index = new Array<number>(dims.length);
  let rest = place;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const { start, stop } = block[axis] as { start: number; stop: number };
    index[axis] = start + (rest % (stop - start));
    rest = Math.floor(rest / (stop - start));
  }
  return Object.fromEntries(dims.map((dim, axis) => [dim, index[axis] as number]));
}

function noNumbers({ path }: Variable): QualityViolation {
  return {
    variable: path,
    rule: "dtype",
    message: `"${path}" is text, and the rules are for numbers.`,
    count: 0,
    first: [],
  };
}

function notOneDimensional({ path, dims }: Variable): QualityViolation {
  const message = `"${path}" has dimensions (${dims.join(", ")}), and only what has one can be monotonic.`;
  return { variable: path, rule: "monotonic", message, count: 0, first: [] };
}

function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(3))} %`;
}
