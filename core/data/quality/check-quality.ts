import { describeNames } from "../../errors/nearest-names.ts";
import { TwinError } from "../../errors/twin-error.ts";
import type { Attributes, Dataset, Variable } from "../dataset.ts";
import { VariableNotFoundError } from "../errors.ts";
import type { FederatedDataset } from "../federate/federate.ts";
import { NdArray } from "../nd-array.ts";
import { findVariable, walk } from "../tree.ts";
import { convertUnits } from "../units/convert-units.ts";
import { checkValues } from "./check-values.ts";
import { parseQualityRules, type QualityRules, type VariableRules } from "./rules.ts";

/** What came of {@link checkQuality}. */
export interface QualityReport {
  /** Whether no rule is broken. */
  readonly passed: boolean;
  readonly violations: readonly QualityViolation[];
  /** Variables whose values were looked at, and how many. */
  readonly checked: readonly { readonly variable: string; readonly values: number; readonly missing: number }[];
}

/** A broken rule. */
export interface QualityViolation {
  /** Path of the variable; `/` for the dataset. */
  readonly variable: string;
  /** `min`, `missing`, `unit`, …: the rule; `required` where the variable is not there. */
  readonly rule: string;
  /** A sentence with the variable, the first place, the value there and its source. */
  readonly message: string;
  /** Values that break it; 0 where it is not about single values. */
  readonly count: number;
  /** The first of them. */
  readonly first: readonly QualityExample[];
}

/** A value that breaks a rule, and where it is. */
export interface QualityExample {
  /** Per dimension. */
  readonly index: Readonly<Record<string, number>>;
  /** `null` where it is missing, or not finite. */
  readonly value: number | string | null;
  /** Where the value is from: a part of a federation, or the file. */
  readonly source: string;
  /** Index in that source, where it differs. */
  readonly sourceIndex?: Readonly<Record<string, number>>;
}

/** How {@link checkQuality} goes about it. */
export interface QualityOptions {
  readonly signal?: AbortSignal | undefined;
  /** Examples kept of each broken rule; 5 by default. */
  readonly examples?: number;
  /** Called as values are looked at: how much is done, 0 to 1, and of which variable. */
  onProgress?(fraction: number, variable: string): void;
}

/**
 * Checks a dataset against declared rules, variable by variable, in blocks: memory does not grow with the data.
 *
 * @throws `TWIN_INVALID_RULES`; what reading throws.
 *
 * @example
 * const report = await checkQuality(tas, {
 *   variables: { tas: { unit: "K", min: 180, max: 340, missing: 0.01 }, time: { monotonic: "increasing" } },
 * });
 * report.violations[0]?.message; // => '"/tas" is 412 K at time 17, lat 3, … in "tas_2001.nc", above 340; 6 values in all.'
 */
export async function checkQuality(
  dataset: Dataset & { readonly location?: string },
  rules: QualityRules,
  options: QualityOptions = {},
): Promise<QualityReport> {
  const { variables = {}, attributes } = parseQualityRules(rules);
  const violations: QualityViolation[] = [];
  const checked: QualityReport["checked"][number][] = [];
  violations.push(...attributeViolations("/", dataset.attributes, attributes));
  const entries = Object.entries(variables);
  for (const [number, [name, rule]] of entries.entries()) {
    options.signal?.throwIfAborted();
    options.onProgress?.(number / entries.length, name);
    const variable = lookFor(dataset, name);
    if (!variable) {
      if (!rule.optional) violations.push(absent(dataset, name));
      continue;
    }
    violations.push(...attributeViolations(variable.path, variable.attributes, rule.attributes));
    violations.push(...dimsViolations(variable, rule), ...unitViolations(variable, rule));
    const progress = (fraction: number): void => options.onProgress?.((number + fraction) / entries.length, name);
    const found = await checkValues(variable, rule, { ...options, locate: locator(dataset, variable.path), progress });
    violations.push(...found.violations);
    if (found.values !== undefined) {
      checked.push({ variable: variable.path, values: found.values, missing: found.missing });
    }
  }
  return { passed: violations.length === 0, violations, checked };
}

function lookFor(dataset: Dataset, name: string): Variable | undefined {
  try {
    return findVariable(dataset, name);
  } catch (error) {
    if (error instanceof VariableNotFoundError) return undefined;
    throw error;
  }
}

/** Tells where a value is from: the part of a federation, else the file. */
function locator(
  dataset: Dataset & { readonly location?: string },
  path: string,
): (index: Readonly<Record<string, number>>) => Pick<QualityExample, "source" | "sourceIndex"> {
  if (!("locate" in dataset)) return () => ({ source: dataset.location ?? "" });
  return (index) => {
    const place = (dataset as FederatedDataset).locate(path, index);
    return { source: place.part, sourceIndex: place.index };
  };
}

function absent(dataset: Dataset, name: string): QualityViolation {
  const there = [...walk(dataset)].map(({ path }) => path);
  const shown = name.startsWith("/") ? there : there.map((path) => path.replace(/^\//, ""));
  const message = `There is no variable "${name}". ${describeNames(name, shown)}`;
  return { variable: name.startsWith("/") ? name : `/${name}`, rule: "required", message, count: 0, first: [] };
}

function attributeViolations(
  path: string,
  attributes: Attributes,
  wanted: VariableRules["attributes"],
): QualityViolation[] {
  const entries = Array.isArray(wanted)
    ? wanted.map((name: string) => [name, undefined] as const)
    : Object.entries(wanted ?? {});
  return entries.flatMap(([name, value]) => {
    const there = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    const plain = there instanceof NdArray && there.size === 1 ? there.values()[0] : there;
    if (there !== undefined && (value === undefined || plain === value)) return [];
    const problem =
      there === undefined
        ? `has no attribute "${name}". ${describeNames(name, Object.keys(attributes))}`
        : `has attribute "${name}" ${JSON.stringify(String(plain))}, not ${JSON.stringify(String(value))}.`;
    return [{ variable: path, rule: "attributes", message: `"${path}" ${problem}`, count: 0, first: [] }];
  });
}

function dimsViolations({ path, dims }: Variable, rule: VariableRules): QualityViolation[] {
  if (!rule.dims || rule.dims.join() === dims.join()) return [];
  const message = `"${path}" has dimensions (${dims.join(", ")}), not (${rule.dims.join(", ")}).`;
  return [{ variable: path, rule: "dims", message, count: 0, first: [] }];
}

function unitViolations({ path, unit }: Variable, rule: VariableRules): QualityViolation[] {
  if (rule.unit === undefined || unit === rule.unit) return [];
  const say = (problem: string): QualityViolation[] => [
    { variable: path, rule: "unit", message: `"${path}" ${problem}`, count: 0, first: [] },
  ];
  if (unit === undefined) return say(`has no unit; it must be ${rule.unit}.`);
  try {
    const { scale, offset } = convertUnits(unit, rule.unit);
    return scale === 1 && offset === 0 ? [] : say(`is in ${unit}, not ${rule.unit}.`);
  } catch (error) {
    if (!(error instanceof TwinError)) throw error;
    return say(`is in ${unit}, not ${rule.unit}: ${error.message}`);
  }
}
