import { NdArray } from "../nd-array.ts";
import { formOptions, pathsOf, shower } from "./concatenate.ts";
import { PartsDisagreeError } from "./errors.ts";
import type { Layout, VariablePlan } from "./layout.ts";
import type { Member, Members } from "./members.ts";
import { NearestIndex } from "./nearest-index.ts";
import type { FederateOptions } from "./options.ts";
import { commonForm, converterTo, isRescaled, type PartVariable, type ValueForm } from "./reconcile.ts";
import { type Run, runsOf, wholeRun } from "./runs.ts";
import { coordinateOf } from "./shared-coordinates.ts";

type Own = PartVariable & { readonly number: number };

/** A dimension that several parts have. */
interface SharedAxis {
  readonly length: number;
  /** Per part that has it, where its values lie. */
  readonly runs: ReadonlyMap<number, readonly Run[]>;
  readonly coordinate: NdArray | undefined;
}

/** Brings the parts' variables together on the coordinates that they share. @throws {@link PartsDisagreeError} */
export async function merge(members: Members, options: FederateOptions): Promise<Layout> {
  await members.open(async () => undefined);
  const unmatched: Layout["report"]["unmatched"][number][] = [];
  const axes = new Map<string, SharedAxis>();
  for (const dim of sharedDimensions(members)) axes.set(dim, await shareAxis(members, dim, options, unmatched));
  const plans = new Map<string, VariablePlan>();
  const duplicates: Layout["report"]["duplicates"][number][] = [];
  for (const path of pathsOf(members)) {
    const variables = members.variablesOf(path);
    const [first, ...others] = variables as readonly [Own, ...Own[]];
    const axis = axes.get(path.slice(1));
    const form = commonForm(axis?.coordinate ? variables : [first], formOptions(options, first.facts.unitOf));
    if (axis?.coordinate) {
      plans.set(path, {
        path,
        variables,
        form: { ...form, fillValue: undefined, dtype: axis.coordinate.dtype },
        origin: { runs: [axis.runs.get(first.number) as readonly Run[]], partAxis: undefined, part: first.number },
        held: axis.coordinate,
      });
      continue;
    }
    for (const other of others) {
      // Bounds say of a coordinate what the coordinate says, so they need not be told apart.
      if (options.duplicates !== "first" && !isBounds(first.number, path, members)) {
        throw new PartsDisagreeError(
          [first.part, other.part],
          `both have "${path}". Rename one of them (\`rename\` of the part), or take that of the first with the option \`duplicates: "first"\`.`,
          { variable: path },
        );
      }
      duplicates.push({ part: other.part, variable: path, shownFrom: first.part });
    }
    const { dims, shape } = first.facts;
    const runs = dims.map(
      (dim, number) => axes.get(dim)?.runs.get(first.number) ?? [wholeRun(shape[number] as number, first.number)],
    );
    plans.set(path, { path, variables: [first], form, origin: { runs, partAxis: undefined, part: first.number } });
  }
  const report = { gaps: [], overlaps: [], missing: [], unmatched, duplicates };
  return { plans, axis: undefined, extents: new Map(), report };
}

/** Dimensions of root variables that more than one part has, save unnamed ones, which are their variable's alone. */
function sharedDimensions({ members }: Members): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { facts } of members) {
    const own = new Set(
      [...facts.variables.values()].flatMap(({ dims }) => dims.filter((dim) => !/^dim_\d+$/.test(dim))),
    );
    for (const dim of own) (seen.has(dim) ? shared : seen).add(dim);
  }
  return shared;
}

async function shareAxis(
  members: Members,
  dim: string,
  options: FederateOptions,
  unmatched: { part: string; dimension: string; count: number }[],
): Promise<SharedAxis> {
  const having = members.members.flatMap((member, number) => {
    const length = lengthIn(member, dim);
    return length === undefined ? [] : [{ member, number, length }];
  });
  const first = having[0] as (typeof having)[number];
  const withCoordinate = having.filter(({ member }) => coordinateOf(member, dim));
  const [reference, ...others] = withCoordinate;
  // Without values to compare, only equal lengths can be laid on each other.
  const target = reference ?? first;
  for (const { member, length } of having) {
    if (coordinateOf(member, dim) || length === target.length) continue;
    throw new PartsDisagreeError(
      [target.member.name, member.name],
      `"${dim}" is ${target.length} long in the one and ${length} in the other, which has no coordinate to find the right ones by.`,
    );
  }
  if (!reference || others.length === 0) {
    return { length: target.length, coordinate: undefined, runs: new Map() };
  }
  const path = `/${dim}`;
  const variables = members.variablesOf(path);
  const form = commonForm(variables, formOptions(options, dim));
  const values = new Map<number, Float64Array>();
  const names: string[] = [];
  let array: NdArray | undefined;
  await Promise.all(
    withCoordinate.map(async ({ member, number }) => {
      const own = variables.find((variable) => variable.number === number) as (typeof variables)[number];
      const [[read]] = (await members.read(member, [{ variable: own.facts, selections: [{}] }], options)) as [
        [NdArray],
      ];
      const converted = converterTo(form, own)?.(read) ?? read;
      if (number === reference.number) array = converted;
      values.set(number, converted.dtype === "string" ? numbered(converted, names) : converted.toFloat64());
    }),
  );
  const kept = matchAll(values, { dim, members, options, form, names, reference: reference.number, unmatched });
  const runs = new Map(
    [...kept.indices].map(([number, indices]) => [
      number,
      runsOf(Array.from(indices, (index) => ({ part: number, index }))),
    ]),
  );
  const whole = array as NdArray;
  const positions = kept.indices.get(reference.number) as readonly number[];
  return { length: positions.length, coordinate: pick(whole, positions, dim, form), runs };
}

interface Matching {
  readonly dim: string;
  readonly members: Members;
  readonly options: FederateOptions;
  readonly form: ValueForm;
  /** What the numbers stand for, where the coordinate is text. */
  readonly names: readonly string[];
  readonly reference: number;
  readonly unmatched: { part: string; dimension: string; count: number }[];
}

/** For every kept value of the first part, the index in each part. */
function matchAll(
  values: ReadonlyMap<number, Float64Array>,
  about: Matching,
): { readonly indices: ReadonlyMap<number, readonly number[]> } {
  const { dim, members, options, form, reference, unmatched } = about;
  const { join = "exact", tolerance: tolerances = {} } = options;
  const tolerance = form.dtype !== "string" && Object.hasOwn(tolerances, dim) ? (tolerances[dim] as number) : 0;
  const own = values.get(reference) as Float64Array;
  const rounding = roundingOf(own);
  const name = (number: number): string => (members.members[number] as Member).name;
  const partners = new Map<number, Int32Array>();
  for (const [number, other] of values) {
    if (number === reference) continue;
    const index = new NearestIndex(other);
    partners.set(
      number,
      Int32Array.from(own, (value) =>
        index.find(value, Math.max(tolerance, isConverted(number, about) ? rounding : 0)),
      ),
    );
  }
  const positions = [...own.keys()].filter(
    (i) => join !== "inner" || [...partners.values()].every((found) => (found[i] as number) >= 0),
  );
  for (const [number, found] of partners) {
    const lost = join === "inner" ? -1 : found.indexOf(-1);
    if (lost >= 0) {
      throw new PartsDisagreeError([name(reference), name(number)], noPartner(about, own[lost] as number, found));
    }
    const used = new Set(positions.map((i) => found[i]));
    const left = (values.get(number) as Float64Array).length - used.size;
    if (left > 0 && join === "exact") {
      throw new PartsDisagreeError(
        [name(reference), name(number)],
        `the other has ${left} values of "${dim}" that the one has not. Leave them out with the option \`join: "first"\` or \`join: "inner"\`.`,
      );
    }
    if (left > 0) unmatched.push({ part: name(number), dimension: dim, count: left });
  }
  if (positions.length < own.length)
    unmatched.push({ part: name(reference), dimension: dim, count: own.length - positions.length });
  const indices = new Map<number, readonly number[]>([[reference, positions]]);
  for (const [number, found] of partners)
    indices.set(
      number,
      positions.map((i) => found[i] as number),
    );
  return { indices };
}

function isConverted(number: number, { dim, members, form }: Matching): boolean {
  const variable = members.variableOf(number, `/${dim}`);
  return variable !== undefined && isRescaled(variable.facts.scale, form.scale);
}

/** What conversion of units may cost: a millionth of the smallest step. */
function roundingOf(values: Float64Array): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  let step = Number.POSITIVE_INFINITY;
  for (let i = 1; i < sorted.length; i++) {
    const own = (sorted[i] as number) - (sorted[i - 1] as number);
    if (own > 0 && own < step) step = own;
  }
  return Number.isFinite(step) ? step * 1e-6 : Math.abs(sorted[0] ?? 0) * 1e-9;
}

function noPartner({ dim, form, names, options }: Matching, value: number, found: Int32Array): string {
  const count = found.reduce((sum, index) => sum + (index < 0 ? 1 : 0), 0);
  const tolerance =
    options.tolerance && Object.hasOwn(options.tolerance, dim) ? ` within ${options.tolerance[dim]}` : "";
  const [shown, hint] =
    form.dtype === "string"
      ? [JSON.stringify(names[value]), "L"]
      : [shower(form.scale)(value), "Give a `tolerance`, or l"];
  return `${count} values of "${dim}" have no partner${tolerance} in the other, the first of them ${shown}. ${hint}eave them out with the option \`join: "inner"\`.`;
}

/** Numbers for texts: equal ones for equal texts. */
function numbered(array: NdArray, names: string[]): Float64Array {
  const known = new Map(names.map((name, number) => [name, number]));
  return Float64Array.from(array.values() as readonly string[], (name) => {
    const number = known.get(name) ?? names.push(name) - 1;
    known.set(name, number);
    return number;
  });
}

function pick(array: NdArray, positions: readonly number[], dim: string, { dtype, scale }: ValueForm): NdArray {
  const values = array.values();
  const isWhole = positions.length === array.size && positions.every((position, i) => position === i);
  const kept = new Set(positions);
  const data = isWhole ? values : (values as Float64Array).filter((_, i) => kept.has(i));
  return new NdArray(data as NdArray["data"], { dtype, shape: [positions.length], dims: [dim], unit: scale.unit });
}

function lengthIn({ facts }: Member, dim: string): number | undefined {
  for (const { dims, shape } of facts.variables.values()) {
    const axis = dims.indexOf(dim);
    if (axis >= 0) return shape[axis];
  }
  return undefined;
}

/** Whether a variable is the bounds of a coordinate. */
function isBounds(number: number, path: string, members: Members): boolean {
  const { facts } = members.members[number] as Member;
  return [...facts.variables.values()].some(({ attributes }) => `/${attributes["bounds"]}` === path);
}
