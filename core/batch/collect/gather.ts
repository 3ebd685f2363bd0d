import type { OpenDataset } from "../../contracts/connector.ts";
import { ArrayVariable } from "../../data/array-variable.ts";
import type { Attributes, Dataset, Dimension, Variable } from "../../data/dataset.ts";
import { PartPool, type PartState } from "../../data/federate/part-pool.ts";
import { NdArray } from "../../data/nd-array.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { GatherRun } from "./gather-run.ts";
import { type JoinedLayout, joinedLayout } from "./joined-layout.ts";
import { joinedVariable } from "./joined-variable.ts";
import { type RunColumns, runColumns, TASK_RUN } from "./run-columns.ts";
import { type Survey, surveyRuns } from "./survey-runs.ts";

/** How {@link gatherResults} joins. */
export interface GatherOptions {
  /** Names of the swept parameters, in their order; all that a run has by default. */
  readonly swept?: readonly string[] | undefined;
  /** Of the data set: what batch it is of. They go before those of the files. */
  readonly attributes?: Attributes | undefined;
  /** Files worked on at the same time; 8 by default. */
  readonly concurrency?: number | undefined;
  /** Told how far opening is, 0 to 0.5, and then how far reading by chunks is, as a writer does: 0.5 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Files open at the same time: an open HDF5 file takes some megabytes, and to open it again takes far less time than the first time. */
const MOST_OPEN = 8;

/**
 * Makes one dataset of the results of many runs of a task. Files are opened once now; values are read when they are asked
 * for, so a writer needs memory for a few chunks and small values of all runs (64 MB), not for all values.
 *
 * A variable gets a new first dimension `task_run`; where its first dimension differs from run to run, the runs follow
 * each other along it, and `<dimension>_count` says how many each has (CF's contiguous ragged array). A coordinate that
 * all runs share stays as it is. On `task_run` there are also the swept parameters, what the tasks returned as
 * `result.<name>`, and `task_run_state`. Of a run without a file the values are missing: NaN, a fill value, `""`, or no
 * elements. Where a type of integers has no value to spare for missing, the next larger type is taken.
 *
 * @param runs - In the order that they have in the result.
 * @returns Close it when it has been written.
 * @throws `TWIN_PARTS_DISAGREE` where variables of one name cannot be one; `TWIN_PART_UNAVAILABLE` for a file that cannot
 *   be opened; `TWIN_INVALID_ARGUMENT` without a run; the signal's reason.
 */
export async function gatherResults(runs: readonly GatherRun[], options: GatherOptions = {}): Promise<OpenDataset> {
  const { concurrency = 8, signal, onProgress } = options;
  if (runs.length === 0) throw new InvalidArgumentError("There is no run to gather results of.");
  signal?.throwIfAborted();
  const location = `results of ${runs.length} task run${runs.length === 1 ? "" : "s"}`;
  const pool = new PartPool({ concurrency, maxOpen: Math.max(MOST_OPEN, concurrency), location });
  const states = runs.map(({ run, open }): PartState | undefined => {
    return open && { part: { name: `run ${run}`, open }, version: undefined, error: undefined, checked: new Set() };
  });
  try {
    let opened = 0;
    const survey = await surveyRuns(pool, states, {
      signal,
      concurrency,
      onRun: () => onProgress?.((0.5 * ++opened) / runs.length),
    });
    const layout = joinedLayout(survey, runs.length);
    const swept = options.swept ?? [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
    const columns = runColumns(runs, swept, namesAtRoot(survey, layout));
    const root = new Tree({ survey, layout, columns, values: { pool, states, held: survey.held }, onProgress }).root(
      options.attributes ?? {},
    );
    return {
      ...root,
      format: "gathered",
      location,
      close: () => pool.close(),
      [Symbol.asyncDispose]: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

interface TreeInit {
  readonly survey: Survey;
  readonly layout: JoinedLayout;
  readonly columns: RunColumns;
  readonly values: Parameters<typeof joinedVariable>[1];
  readonly onProgress: ((fraction: number) => void) | undefined;
}

/** Groups of variables made of a layout. */
class Tree {
  readonly #init: TreeInit;
  readonly #variables = new Map<string, Variable>();

  constructor(init: TreeInit) {
    this.#init = init;
    const { layout, columns, values, onProgress } = init;
    const elements = layout.variables.reduce((sum, { how, shape }) => sum + (how === "same" ? 0 : product(shape)), 0);
    let read = 0;
    const onChunk = (count: number): void => {
      read += count;
      onProgress?.(0.5 + (0.5 * read) / elements);
    };
    for (const [name, init] of columns.variables) this.#addArray(`/${name}`, init.array, init.attributes ?? {});
    for (const { path, sample, counts } of layout.counts) {
      const array = new NdArray(BigInt64Array.from(counts, BigInt), {
        dtype: "int64",
        shape: [counts.length],
        dims: [TASK_RUN],
      });
      this.#addArray(path, array, { sample_dimension: sample, long_name: `number of "${sample}" of each task run` });
    }
    for (const joined of layout.variables) {
      const { path, from, how, dims } = joined;
      if (how === "same" && from.coordinate) {
        const attributes = from.kinds[0]?.facts.attributes ?? {};
        this.#addArray(path, from.coordinate.array.withDims(dims), attributes);
        continue;
      }
      const variable = joinedVariable(joined, values, {
        attributes: this.#coordinatesAttribute(joined),
        coordinateOf: (dim) => this.#coordinateOf(path, dim),
        onChunk,
      });
      this.#variables.set(path, variable);
    }
  }

  root(attributes: Attributes): Dataset {
    const { survey, columns } = this.#init;
    const leftOut = columns.leftOut.length > 0 && { results_left_out: columns.leftOut.join(" ") };
    const own = { ...survey.groups.get(""), ...attributes, ...leftOut };
    return this.#group("", { ...own, coordinates: columns.coordinates.join(" ") }, {});
  }

  #group(path: string, attributes: Attributes, outer: Dataset["dims"]): Dataset {
    const within = (each: string): boolean => each.slice(0, each.lastIndexOf("/")) === path;
    const variables = [...this.#variables.values()].filter((each) => within(each.path));
    const dims: Record<string, Dimension> = {};
    for (const { dims: names, shape } of variables) {
      names.forEach((name, axis) => {
        const length = shape[axis] as number;
        const isOuter = Object.hasOwn(outer, name) && outer[name]?.length === length;
        if (!isOuter) dims[name] ??= { length, unlimited: false };
      });
    }
    const below = new Set([...this.#init.survey.groups.keys(), ...[...this.#variables.keys()].map(parent)]);
    const groups = [...below].filter((each) => each !== "" && within(each));
    return {
      name: path.slice(path.lastIndexOf("/") + 1),
      dims,
      variables: Object.fromEntries(variables.map((each) => [each.name, each])),
      coordinates: variables
        .filter(({ name, dims: own }) => own.length === 1 && own[0] === name)
        .map(({ name }) => name),
      attributes,
      groups: Object.fromEntries(
        groups.map((each) => {
          const group = this.#group(each, this.#init.survey.groups.get(each) ?? {}, { ...outer, ...dims });
          return [group.name, group];
        }),
      ),
    };
  }

  #addArray(path: string, array: NdArray, attributes: Attributes): void {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const { units: _, ...rest } = attributes;
    const coordinateOf = (dim: string): NdArray | undefined => (dim === name ? array : undefined);
    this.#variables.set(path, new ArrayVariable({ name, path, array, attributes: rest, coordinateOf }));
  }

  #coordinateOf(path: string, dim: string): Variable | undefined {
    for (let group = parent(path); ; group = parent(group)) {
      const found = this.#variables.get(`${group}/${dim}`);
      if (found || group === "") return found;
    }
  }

  /** CF names the coordinates of a variable in an attribute; names are those of its group. */
  #coordinatesAttribute({ path, dims, from }: JoinedLayout["variables"][number]): Attributes {
    if (dims[0] !== TASK_RUN || parent(path) !== "") return {};
    const stated = from.kinds[0]?.facts.attributes["coordinates"];
    const own = typeof stated === "string" ? stated.split(/\s+/) : [];
    return { coordinates: [...own, ...this.#init.columns.coordinates].join(" ") };
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function namesAtRoot({ groups }: Survey, { variables, counts }: JoinedLayout): ReadonlySet<string> {
  const paths = [...variables.map(({ path }) => path), ...counts.map(({ path }) => path), ...groups.keys()];
  const dims = variables.filter(({ path }) => parent(path) === "").flatMap((each) => each.dims);
  return new Set([...paths.filter((path) => parent(path) === "").map((path) => path.slice(1)), ...dims]);
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1);
}
