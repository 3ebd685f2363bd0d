import { describeNames } from "../../errors/nearest-names.ts";
import { isUnnamedDimension } from "../array-dataset.ts";
import { formatDate } from "../cf/date.ts";
import { cfTime } from "../cf/time.ts";
import { isTimeUnit } from "../cf/time-unit.ts";
import { NdArray } from "../nd-array.ts";
import { checkAlike } from "./agree.ts";
import { PartsDisagreeError } from "./errors.ts";
import type { Layout, VariablePlan } from "./layout.ts";
import type { Member, Members } from "./members.ts";
import type { FederateOptions } from "./options.ts";
import type { UnitScale } from "./part.ts";
import { isFloat } from "./promote.ts";
import { commonForm, converterTo, type PartVariable, type ReconcileOptions, type ValueForm } from "./reconcile.ts";
import { type Run, wholeRun } from "./runs.ts";
import { numericCoordinate } from "./shared-coordinates.ts";
import { type JoinedAxis, sortAxis } from "./sort-axis.ts";

type Own = PartVariable & { readonly number: number };

/** Joins the parts along a dimension. @throws {@link PartsDisagreeError} */
export async function concatenate(members: Members, along: string, options: FederateOptions): Promise<Layout> {
  const opened = await members.open(async (member) => {
    const variable = numericCoordinate(member, along);
    if (!variable) return undefined;
    const [[array]] = (await members.read(member, [{ variable, selections: [{}] }], options)) as [[NdArray]];
    return array;
  });
  const { axis, coordinate, extents } = joinAxis(members, opened, { along, options });
  const plans = new Map<string, VariablePlan>();
  const missing: { part: string; variable: string }[] = [];
  for (const path of pathsOf(members)) {
    if (path === coordinate?.path) {
      plans.set(path, coordinate);
      continue;
    }
    const variables = members.variablesOf(path);
    const [first, ...others] = variables as readonly [Own, ...Own[]];
    for (const other of others) checkAlike(first, other, along);
    const isJoined = first.facts.dims.includes(along);
    const form = commonForm(variables, formOptions(options, first.facts.unitOf));
    const lacking = members.members.filter((_, number) => !members.variableOf(number, path));
    for (const { name } of lacking) missing.push({ part: name, variable: path });
    if (isJoined) for (const { name } of lacking) checkFillable(name, first, form, options);
    plans.set(path, { path, variables, form, origin: originOf(first, { along, axis, isJoined }) });
  }
  const { gaps, overlaps } = axis;
  return {
    plans,
    extents,
    axis: { dimension: along, ...axis },
    report: { gaps, overlaps, missing, unmatched: [], duplicates: [] },
  };
}

interface Joined {
  readonly axis: JoinedAxis;
  readonly coordinate: VariablePlan | undefined;
  readonly extents: ReadonlyMap<Member, { readonly from: number; readonly to: number; readonly count: number }>;
}

function joinAxis(
  members: Members,
  coordinates: ReadonlyMap<Member, NdArray | undefined>,
  { along, options }: { readonly along: string; readonly options: FederateOptions },
): Joined {
  const lengths = members.members.map((member) => lengthOf(member, along));
  const having = members.members.filter((member) => coordinates.get(member));
  const [first] = having;
  if (!first) {
    // Nothing to sort by: one after the other.
    let start = 0;
    const runs = lengths.flatMap((count, part): Run[] => {
      start += count;
      return count === 0 ? [] : [{ ...wholeRun(count, part), start: start - count }];
    });
    return {
      axis: { values: new Float64Array(start).fill(Number.NaN), step: 0, runs, gaps: [], overlaps: [] },
      coordinate: undefined,
      extents: new Map(),
    };
  }
  const without = members.members.find((member) => !coordinates.get(member));
  if (without) {
    throw new PartsDisagreeError(
      [first.name, without.name],
      `the one has a coordinate "${along}" and the other has none, so they cannot be put in order.`,
    );
  }
  const path = `/${along}`;
  const variables = members.variablesOf(path);
  const form = commonForm(variables, formOptions(options, along));
  const parts = variables.map((variable) => {
    const array = coordinates.get(members.members[variable.number] as Member) as NdArray;
    const converted = convertCoordinate(array, form, variable);
    return { part: variable.number, array: converted, values: converted.toFloat64() };
  });
  const axis = sortAxis(parts, {
    dimension: along,
    overlaps: options.overlaps ?? "refuse",
    nameOf: (part) => (members.members[part] as Member).name,
    show: shower(form.scale),
  });
  const extents = new Map(
    parts.flatMap(({ part, values }) =>
      values.length === 0
        ? []
        : [
            [
              members.members[part] as Member,
              { from: values[0] as number, to: values.at(-1) as number, count: values.length },
            ] as const,
          ],
    ),
  );
  const array = heldArray(axis, form, along);
  return {
    axis,
    extents,
    coordinate: {
      path,
      variables,
      form: { ...form, dtype: array.dtype, fillValue: undefined },
      origin: { runs: [axis.runs], partAxis: 0, part: variables[0]?.number ?? 0 },
      held: array,
    },
  };
}

function convertCoordinate(array: NdArray, form: ValueForm, variable: PartVariable): NdArray {
  const convert = converterTo(form, variable);
  try {
    return convert ? convert(array) : array;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "TWIN_DATE_INVALID") throw error;
    throw new PartsDisagreeError(
      [variable.part],
      `a time of its "${variable.facts.name}" has no counterpart: ${(error as Error).message}`,
      { variable: variable.facts.path, cause: error },
    );
  }
}

/** The joined values in the type that the parts have; 64-bit integers were seen to be exact when they were compared. */
function heldArray({ values }: JoinedAxis, { dtype, scale }: ValueForm, dim: string): NdArray {
  const init = { dtype, shape: [values.length], dims: [dim], unit: scale.unit };
  if (dtype === "int64") return new NdArray(BigInt64Array.from(values, BigInt), { ...init, dtype });
  if (dtype === "uint64") return new NdArray(BigUint64Array.from(values, BigInt), { ...init, dtype });
  const array = new NdArray(values, { ...init, dtype: "float64" });
  if (dtype === "float64") return array;
  const constructors = {
    float16: Float32Array,
    float32: Float32Array,
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
  };
  const Data = constructors[dtype as keyof typeof constructors];
  return new NdArray(Data.from(values) as NdArray["data"], init) as NdArray;
}

/** A function that spells values of a coordinate: times as dates. */
export function shower({ unit, calendar }: UnitScale): (value: number) => string {
  const plain = (value: number): string => (unit === undefined ? String(value) : `${value} ${unit}`);
  if (!isTimeUnit(unit)) return plain;
  return (value) => {
    try {
      return formatDate(cfTime({ unit, calendar }).decode(value));
    } catch {
      return plain(value);
    }
  };
}

function lengthOf({ name, facts }: Member, along: string): number {
  const lengths = new Set<number>();
  for (const { dims, shape } of facts.variables.values()) {
    dims.forEach((dim, axis) => {
      if (dim === along) lengths.add(shape[axis] as number);
    });
  }
  const [length, ...others] = lengths;
  if (length !== undefined && others.length === 0) return length;
  if (others.length > 0) {
    throw new PartsDisagreeError(
      [name],
      `"${along}" has several lengths in it (${[...lengths].join(", ")}), so nothing can be joined along it.`,
    );
  }
  const there = new Set([...facts.variables.values()].flatMap(({ dims }) => dims));
  const hint = [...there].some(isUnnamedDimension)
    ? ` Dimensions without a name can be given one: \`rename: { dim_0: "${along}" }\`.`
    : "";
  throw new PartsDisagreeError(
    [name],
    `no variable of it has the dimension "${along}". ${describeNames(along, there)}${hint}`,
  );
}

function originOf(
  first: PartVariable & { readonly number: number },
  { along, axis, isJoined }: { readonly along: string; readonly axis: JoinedAxis; readonly isJoined: boolean },
): VariablePlan["origin"] {
  const { dims, shape } = first.facts;
  const runs = dims.map((dim, number) =>
    dim === along ? axis.runs : [wholeRun(shape[number] as number, first.number)],
  );
  return { runs, partAxis: isJoined ? dims.indexOf(along) : undefined, part: first.number };
}

function checkFillable(
  part: string,
  first: PartVariable,
  form: ValueForm,
  { missing = "refuse" }: FederateOptions,
): void {
  const { path, name } = first.facts;
  if (missing === "refuse") {
    throw new PartsDisagreeError(
      [first.part, part],
      `the one has "${name}" and the other has not. With the option \`missing: "fill"\` its values are missing there.`,
      { variable: path },
    );
  }
  if (isFloat(form.dtype) || form.fillValue !== undefined) return;
  throw new PartsDisagreeError(
    [first.part, part],
    `the one has "${name}" and the other has not, and ${form.dtype} values without a fill value cannot be missing.`,
    { variable: path },
  );
}

/** Paths of all parts' variables, each once, in the order in which they appear. */
export function pathsOf({ members }: Members): ReadonlySet<string> {
  return new Set(members.flatMap(({ facts }) => [...facts.variables.keys()]));
}

/** How the values of a variable become one. */
export function formOptions(
  { units = {}, calendars = "refuse", context }: FederateOptions,
  name: string,
): ReconcileOptions {
  return { unit: Object.hasOwn(units, name) ? units[name] : undefined, calendars, context };
}
