import { isUnnamedDimension } from "../../data/array-dataset.ts";
import { PartsDisagreeError } from "../../data/federate/errors.ts";
import type { Run } from "../../data/federate/runs.ts";
import { TASK_RUN } from "./run-columns.ts";
import type { Survey, SurveyedVariable } from "./survey-runs.ts";

/** How a variable of many runs lies in the one that they are joined to. */
export interface JoinedVariable {
  readonly from: SurveyedVariable;
  readonly path: string;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** `same`: one array for all. `stacked`: on `task_run` and its own dimensions. `ragged`: one run after the other along the first. */
  readonly how: "same" | "stacked" | "ragged";
  /** Of the first axis; of one run each. */
  readonly runs: readonly Run[];
  /** Whether a run has no values where there is room for them. */
  readonly hasMissing: boolean;
}

/** Lengths of the runs along a dimension in which they differ. */
export interface JoinedCounts {
  /** Of the variable of counts. */
  readonly path: string;
  /** Name of the dimension. */
  readonly sample: string;
  readonly counts: Float64Array;
}

/** How all variables of many runs are joined. */
export interface JoinedLayout {
  readonly variables: readonly JoinedVariable[];
  readonly counts: readonly JoinedCounts[];
}

/**
 * Decides how variables are joined. A dimension that has the same length in all runs stays, and its variables get
 * `task_run` in front. Along one whose length differs the runs follow each other, and a variable tells how many each has:
 * CF's contiguous ragged array (CF 1.11, section 9.3.3).
 *
 * @throws `TWIN_PARTS_DISAGREE` for a dimension that differs and is not the first of each variable that has it.
 */
export function joinedLayout({ variables }: Survey, runs: number): JoinedLayout {
  const ragged = raggedDimensions([...variables.values()], runs);
  const names = namesOf(variables);
  const counts = new Map<string, JoinedCounts>();
  const joined = [...variables.values()].map((from): JoinedVariable => {
    const { path, scopes, shape, kindOf } = from;
    const wrong = scopes.findIndex((scope, axis) => axis > 0 && ragged.has(scope));
    if (wrong > 0) {
      const parts = from.kinds.slice(0, 1).map(({ part }) => part);
      throw new PartsDisagreeError(
        parts,
        `"${path}" has "${from.dims[wrong]}" as dimension ${wrong + 1}, and its length differs from run to run, which only that of a first dimension may.`,
        { variable: path },
      );
    }
    const group = path.slice(0, path.lastIndexOf("/"));
    const dims = from.dims.map((dim, axis) => dimensionName(dim, axis, path));
    const lengths = ragged.get(scopes[0] ?? "");
    if (lengths) {
      const sample = dims[0] as string;
      const owner = scopes[0]?.includes("#") ? group : (scopes[0] as string).slice(0, scopes[0]?.lastIndexOf("/"));
      if (!counts.has(scopes[0] as string)) {
        const name = free(`${sample}_count`, (each) => names.has(`${owner}/${each}`));
        counts.set(scopes[0] as string, { path: `${owner}/${name}`, sample, counts: lengths });
      }
      let start = 0;
      const own = [...lengths].flatMap((count, part): Run[] => {
        start += count;
        return count === 0 ? [] : [{ start: start - count, count, part, from: 0, step: 1 }];
      });
      const hasMissing = kindOf.some((kind, run) => kind < 0 && (lengths[run] as number) > 0);
      return { from, path, dims, shape: [start, ...shape.slice(1)], how: "ragged", runs: own, hasMissing };
    }
    if (from.coordinate?.isSame) {
      return { from, path, dims, shape, how: "same", runs: [], hasMissing: false };
    }
    // A variable of the name of a dimension can have no other dimension.
    const last = path.slice(path.lastIndexOf("/") + 1);
    const isTaken = (each: string): boolean => names.has(`${group}/${each}`);
    const name = from.dims.includes(last)
      ? free(`${last}_coordinate`, isTaken)
      : last === TASK_RUN && group === ""
        ? free(`${TASK_RUN}_of_file`, isTaken)
        : last;
    return {
      from,
      path: `${group}/${name}`,
      dims: [TASK_RUN, ...dims],
      shape: [runs, ...shape],
      how: "stacked",
      runs: Array.from({ length: runs }, (_, part): Run => ({ start: part, count: 1, part, from: 0, step: 1 })),
      hasMissing: kindOf.includes(-1),
    };
  });
  return { variables: joined, counts: [...counts.values()] };
}

/** Lengths per run of dimensions in which runs differ, 0 for a run that has it not. */
function raggedDimensions(variables: readonly SurveyedVariable[], runs: number): ReadonlyMap<string, Float64Array> {
  const lengths = new Map<string, Float64Array>();
  for (const { scopes, lengths: own, shape } of variables) {
    const [first] = scopes;
    if (first === undefined || shape.length === 0) continue;
    const known = lengths.get(first) ?? new Float64Array(runs).fill(Number.NaN);
    own.forEach((length, run) => {
      if (Number.isNaN(known[run])) known[run] = length;
    });
    lengths.set(first, known);
  }
  for (const [scope, each] of lengths) {
    const there = each.filter((length) => !Number.isNaN(length));
    if (there.every((length) => length === there[0])) lengths.delete(scope);
    else
      lengths.set(
        scope,
        each.map((length) => (Number.isNaN(length) ? 0 : length)),
      );
  }
  return lengths;
}

/** Axes without a name get one, as not every reader takes them; one that is called as the new axis gets another. */
function dimensionName(dim: string, axis: number, path: string): string {
  if (dim === TASK_RUN) return `${TASK_RUN}_of_file`;
  return isUnnamedDimension(dim) ? `${path.slice(path.lastIndexOf("/") + 1)}_${axis}` : dim;
}

/** Paths of variables and of dimensions. */
function namesOf(variables: Survey["variables"]): ReadonlySet<string> {
  const scopes = [...variables.values()].flatMap((each) => each.scopes.filter((scope) => !scope.includes("#")));
  return new Set([...variables.keys(), ...scopes]);
}

function free(wanted: string, isTaken: (name: string) => boolean): string {
  let name = wanted;
  while (isTaken(name)) name = `${name}_`;
  return name;
}
