import type { JsonValue } from "../../canonical/json-value.ts";
import type { VariableInit } from "../../data/array-dataset.ts";
import { NdArray } from "../../data/nd-array.ts";
import type { GatherRun } from "./gather-run.ts";
import { type Cell, typedColumn } from "./typed-column.ts";
import { unitOfName } from "./unit-of-name.ts";

/** The new first dimension of what is gathered. */
export const TASK_RUN = "task_run";
export const TASK_RUN_STATE = "task_run_state";

/** Names of results are those of members of JSON; a task that returns a table as an object would make a variable of each row. */
const MOST_RESULTS = 1000;

/** What is known of each run beside its files, by name. */
export interface RunColumns {
  readonly variables: ReadonlyMap<string, VariableInit>;
  /** Names of those that are coordinates: parameters and state. */
  readonly coordinates: readonly string[];
  /** Names of results for which there was no room. */
  readonly leftOut: readonly string[];
}

/**
 * Number, state, parameters and returned numbers of each run as variables on `task_run`.
 *
 * @param taken - Names that variables of the files have: a parameter of such a name is called `parameter.<name>`.
 */
export function runColumns(
  runs: readonly GatherRun[],
  swept: readonly string[],
  taken: ReadonlySet<string>,
): RunColumns {
  const dim = TASK_RUN;
  const variables = new Map<string, VariableInit>();
  variables.set(TASK_RUN, {
    array: new NdArray(
      BigInt64Array.from(runs, ({ run }) => BigInt(run)),
      { dtype: "int64", shape: [runs.length], dims: [dim] },
    ),
    attributes: { long_name: "task run: index of its point" },
  });
  const states = runs.map(({ state }) => state);
  variables.set(TASK_RUN_STATE, {
    array: new NdArray(states, { dtype: "string", shape: [states.length], dims: [dim] }),
    attributes: { long_name: "state of the task run; values of those that did not succeed are missing" },
  });
  const coordinates: string[] = [];
  for (const parameter of swept) {
    const name = taken.has(parameter) || variables.has(parameter) ? `parameter.${parameter}` : parameter;
    const values = runs.map(({ parameters }) => own(parameters, parameter));
    variables.set(name, withUnit(typedColumn(values, { dim }), parameter, { parameter }));
    coordinates.push(name);
  }
  const { results, leftOut } = resultCells(runs);
  for (const [result, values] of results) {
    const name = taken.has(result) || variables.has(result) ? `returned.${result}` : result;
    variables.set(name, withUnit(typedColumn(values, { dim, integers: false }), result, { returned_by_task: result }));
  }
  return { variables, coordinates: [...coordinates, TASK_RUN_STATE], leftOut };
}

function withUnit(array: NdArray, name: string, attributes: Readonly<Record<string, string>>): VariableInit {
  const unit = array.dtype === "string" || array.dtype === "bool" ? undefined : unitOfName(name);
  return { array: array.withUnit(unit), attributes };
}

/** What tasks returned: a number, truth value or text as `result`, members of objects as `result.<name>`. Lists stay in the records. */
function resultCells(runs: readonly GatherRun[]): {
  readonly results: ReadonlyMap<string, readonly Cell[]>;
  readonly leftOut: readonly string[];
} {
  const results = new Map<string, Cell[]>();
  const leftOut = new Set<string>();
  runs.forEach(({ result }, place) => {
    for (const [name, value] of leaves("result", result)) {
      let cells = results.get(name);
      if (!cells && results.size >= MOST_RESULTS) {
        leftOut.add(name);
        continue;
      }
      if (!cells) {
        cells = new Array<Cell>(runs.length).fill(undefined);
        results.set(name, cells);
      }
      cells[place] = value;
    }
  });
  // By name, so that it does not matter which run comes first.
  return {
    results: new Map([...results].sort(([a], [b]) => (a < b ? -1 : 1))),
    leftOut: [...leftOut],
  };
}

function* leaves(name: string, value: Cell): Generator<readonly [string, JsonValue]> {
  if (value === undefined || value === null || Array.isArray(value)) return;
  if (typeof value !== "object") {
    yield [name, value];
    return;
  }
  for (const [member, inside] of Object.entries(value)) yield* leaves(`${name}.${member.replaceAll("/", "_")}`, inside);
}

function own(record: Readonly<Record<string, JsonValue>>, name: string): Cell {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
