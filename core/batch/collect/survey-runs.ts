import { createHash } from "node:crypto";
import { bytesPerElement } from "../../data/chunk-grid.ts";
import type { Attributes } from "../../data/dataset.ts";
import { commonAttributes } from "../../data/federate/agree.ts";
import { describePart } from "../../data/federate/describe-part.ts";
import { PartsDisagreeError } from "../../data/federate/errors.ts";
import type { PartFacts, VariableFacts } from "../../data/federate/part.ts";
import type { PartPool, PartState } from "../../data/federate/part-pool.ts";
import { PACKING, type PartVariable } from "../../data/federate/reconcile.ts";
import { littleEndianBytes } from "../../data/little-endian.ts";
import type { NdArray } from "../../data/nd-array.ts";
import { findVariable } from "../../data/tree.ts";
import { HeldValues } from "./held-values.ts";

/** Values of variables of at most so many bytes are kept as they are found, so that no file need be opened again for them, … */
const SMALL_BYTES = 65_536;
/** … as long as those of all files have room: those of 10,000 files with 6 kB each. */
const HELD_BYTES = 64e6;
/** A longer coordinate is not compared; it is joined like any variable. */
const MOST_COORDINATES = 1_000_000;

/** A variable, as all files have it. */
export interface SurveyedVariable {
  readonly path: string;
  /** Names of dimensions, and lengths in the first file that has it; only that of the first differs elsewhere. */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** By axis, the dimension that it is, told apart from others of the same name; an unnamed one is the variable's alone. */
  readonly scopes: readonly string[];
  /** The forms in which files have it: types, units, attributes. Most batches have one. */
  readonly kinds: PartVariable[];
  /** Per run, number of its form; -1 where it lacks the variable. */
  readonly kindOf: Int32Array;
  /** Per run, length of the first axis. */
  readonly lengths: Float64Array;
  /** Of a coordinate of its dimension: its values in the first file, and whether all have the same. */
  coordinate?: { readonly array: NdArray; readonly digest: string; isSame: boolean };
}

/** What the files of runs have. */
export interface Survey {
  readonly variables: ReadonlyMap<string, SurveyedVariable>;
  /** Attributes of groups in which all files agree, by path. */
  readonly groups: ReadonlyMap<string, Attributes>;
  /** Values of small variables; others are read when they are wanted. */
  readonly held: HeldValues;
}

/** How {@link surveyRuns} works. */
export interface SurveyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly concurrency: number;
  /** Told after each file. */
  onRun(): void;
}

/**
 * Opens the file of each run once, and keeps what is in it in short.
 *
 * @param states - Per run; `undefined` for one without a file.
 * @throws `TWIN_PARTS_DISAGREE`, `TWIN_PART_UNAVAILABLE`; the signal's reason.
 */
export async function surveyRuns(
  pool: PartPool,
  states: readonly (PartState | undefined)[],
  { signal, concurrency, onRun }: SurveyOptions,
): Promise<Survey> {
  const variables = new Map<string, SurveyedVariable>();
  const groups = new Map<string, Attributes>();
  const held = new HeldValues({ runs: states.length, capacityBytes: HELD_BYTES });

  const describe = async (state: PartState, run: number): Promise<void> => {
    const { facts, values } = await pool.use(
      state,
      async (dataset) => {
        const known = describePart(state.part, dataset);
        const wanted = [...known.variables.values()].filter(
          (each) => isCoordinate(each) || (isSmall(each) && held.takes(each.path)),
        );
        // Together, so that a reader which works elsewhere is not waited for in between.
        const arrays = await Promise.all(
          wanted.map((each) => findVariable(dataset, each.ownPath).read({}, { signal })),
        );
        return { facts: known, values: new Map(wanted.map((each, i) => [each.path, arrays[i] as NdArray])) };
      },
      { signal },
    );
    add(facts, { name: state.part.name, run, values });
    onRun();
  };

  const add = (facts: PartFacts, from: { name: string; run: number; values: Map<string, NdArray> }): void => {
    for (const { path, attributes } of facts.groups.values()) {
      const known = groups.get(path);
      groups.set(path, known ? commonAttributes([known, attributes]) : attributes);
    }
    for (const each of facts.variables.values()) {
      addVariable(variables, { facts: each, scopes: scopesOf(each, facts), runs: states.length, ...from });
    }
    for (const [path, array] of from.values) {
      if (isSmall(facts.variables.get(path) as VariableFacts)) held.add(path, from.run, array);
    }
  };

  const waiting = states.entries();
  const work = async (): Promise<void> => {
    for (const [run, state] of waiting) if (state) await describe(state, run);
  };
  // The first file decides names and order, whichever is read first.
  for (const [run, state] of waiting) {
    if (!state) continue;
    await describe(state, run);
    break;
  }
  await settledAll(Array.from({ length: concurrency }, work));
  return { variables, groups, held };
}

function addVariable(
  variables: Map<string, SurveyedVariable>,
  found: {
    readonly facts: VariableFacts;
    readonly scopes: readonly string[];
    readonly runs: number;
    readonly name: string;
    readonly run: number;
    readonly values: ReadonlyMap<string, NdArray>;
  },
): void {
  const { facts, scopes, runs, name, run, values } = found;
  const part: PartVariable = { part: name, facts };
  const { path, dims, shape } = facts;
  let known = variables.get(path);
  if (!known) {
    const [kindOf, lengths] = [new Int32Array(runs).fill(-1), new Float64Array(runs).fill(Number.NaN)];
    known = { path, dims, shape, scopes, kinds: [], kindOf, lengths };
    variables.set(path, known);
  } else checkShape(known, part);
  const key = kindKey(facts);
  let kind = known.kinds.findIndex((each) => kindKey(each.facts) === key);
  if (kind < 0) kind = known.kinds.push(part) - 1;
  known.kindOf[run] = kind;
  known.lengths[run] = shape[0] ?? 1;
  const array = isCoordinate(facts) ? values.get(path) : undefined;
  if (!array) return;
  const digest = digestOf(array);
  if (!known.coordinate) known.coordinate = { array, digest, isSame: known.kinds.length === 1 };
  else if (known.coordinate.digest !== digest || kind > 0) known.coordinate.isSame = false;
}

function checkShape({ dims, shape, kinds }: SurveyedVariable, other: PartVariable): void {
  const { facts } = other;
  const refuse = (problem: string): never => {
    const first = (kinds[0] as PartVariable).part;
    throw new PartsDisagreeError([first, other.part], `"${facts.path}" ${problem}`, { variable: facts.path });
  };
  if (dims.join() !== facts.dims.join()) {
    refuse(`has dimensions (${dims.join(", ")}) in the one and (${facts.dims.join(", ")}) in the other.`);
  }
  for (let axis = 1; axis < shape.length; axis++) {
    if (shape[axis] === facts.shape[axis]) continue;
    refuse(
      `has length ${shape[axis]} along "${dims[axis]}" in the one and ${facts.shape[axis]} in the other. Only the length of the first dimension may differ.`,
    );
  }
}

/** What makes values of one file mean something else than the same numbers in another. */
function kindKey({ dtype, unit, scale, fillValue, attributes }: VariableFacts): string {
  const packing = PACKING.map((name) => String(attributes[name]));
  return JSON.stringify([dtype, unit, scale, String(fillValue), packing]);
}

function digestOf(array: NdArray): string {
  const bytes = array.dtype === "string" ? JSON.stringify(array.values()) : littleEndianBytes(array);
  return createHash("sha256").update(bytes).digest("base64");
}

export function isCoordinate({ name, dims, shape }: Pick<VariableFacts, "name" | "dims" | "shape">): boolean {
  return dims.length === 1 && dims[0] === name && (shape[0] as number) <= MOST_COORDINATES;
}

function isSmall({ shape, dtype }: VariableFacts): boolean {
  return shape.reduce((product, length) => product * length, bytesPerElement(dtype)) <= SMALL_BYTES;
}

function scopesOf({ path, dims }: VariableFacts, { groups }: PartFacts): readonly string[] {
  return dims.map((dim, axis) => {
    for (let group = path; group !== ""; ) {
      group = group.slice(0, group.lastIndexOf("/"));
      const defined = groups.get(group)?.dims;
      if (defined && Object.hasOwn(defined, dim)) return `${group}/${dim}`;
    }
    // Without a name of its own, such as "dim_0", it has nothing to do with that of another variable.
    return `${path}#${axis}`;
  });
}

/** Waits for all, so that nothing goes on after a failure is told; then throws the first one. */
async function settledAll(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === "rejected") throw outcome.reason;
}
