import { join, resolve } from "node:path";
import {
  type Composition,
  createTwin,
  describeNames,
  keepRun,
  type RunOptions,
  type RunRecord,
  runPlan,
  runTask,
  StoreNewerError,
  TaskNotFoundError,
  WriteFailedError,
} from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { loadTwin } from "./load-twin.ts";
import { pairs, parseParameters } from "./parameters.ts";
import { toldTimeIsUp } from "./told-time-is-up.ts";
import { withStore } from "./with-store.ts";
import { withTwin } from "./with-twin.ts";

/** What was typed beside the twin and the name. */
export interface RunNamedOptions {
  readonly parameter?: readonly string[] | undefined;
  readonly input?: readonly string[] | undefined;
  readonly seed?: bigint | undefined;
  readonly out?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly checkpoints?: string | undefined;
  readonly store?: string | undefined;
  /** Whether a withdrawn version is run. */
  readonly force?: boolean | undefined;
}

/**
 * Runs the plan of that name in a twin.yaml or a version, or else the task. The record of a version's run is kept in its
 * store, too.
 *
 * @returns The record, and its folder as it was asked for.
 */
export async function runNamed(
  { twin, name }: { readonly twin: string; readonly name: string },
  typed: RunNamedOptions,
  io: Pick<CommandIo, "cwd" | "signal" | "progress" | "warn">,
): Promise<{ readonly record: RunRecord; readonly folder: string }> {
  const parameters = parseParameters(typed.parameter ?? []);
  const inputs = Object.fromEntries(pairs(typed.input ?? []).map(([input, path]) => [input, resolve(io.cwd, path)]));
  const withdrawn = typed.force ? "allow" : "refuse";
  // From the start, as the signal may come while the twin is made.
  using timeIsUp = typed.checkpoints === undefined ? undefined : toldTimeIsUp();
  const composition = await loadTwin({ twin, store: typed.store, withdrawn }, io);
  const isPlan = Object.hasOwn(composition.plans ?? {}, name);
  if (!isPlan) checkTask(composition, name, twin);
  if (isPlan && Object.keys(inputs).length > 0) {
    throw new UsageError(`"${name}" is a plan; its inputs are in ${twin}. --input is for a task.`);
  }
  const folder = typed.out ?? defaultFolder(name);
  const out = resolve(io.cwd, folder);
  const options: RunOptions = {
    out,
    parameters,
    existing: typed.replace ? "replace" : "refuse",
    ...(typed.seed !== undefined && { seed: typed.seed }),
    ...(typed.checkpoints !== undefined && { checkpoints: resolve(io.cwd, typed.checkpoints) }),
    ...(timeIsUp && { stopping: timeIsUp.signal }),
    signal: io.signal,
    onProgress: ({ step, fraction, doing }) => io.progress(fraction, isPlan ? `${step}: ${doing}` : doing),
  };
  const record = await withTwin(await createTwin({ ...composition, signal: io.signal }), (running) =>
    isPlan ? runPlan(running, name, options) : runTask(running, name, { ...options, inputs }),
  );
  if (record.version !== undefined) await keepRecord(record, typed, io);
  return { record, folder };
}

/** The run is made, and its folder is there: a store that cannot be written to is told, and no failure. */
async function keepRecord(
  record: RunRecord,
  typed: RunNamedOptions,
  io: Pick<CommandIo, "cwd" | "warn">,
): Promise<void> {
  try {
    await withStore(typed, io, (store) => keepRun(store, record));
  } catch (error) {
    if (!(error instanceof WriteFailedError || error instanceof StoreNewerError)) throw error;
    io.warn(`The record was not kept in the store: ${error.message}`);
  }
}

/** Plans are names here, too, which the engine cannot know when it looks for a task. */
function checkTask({ plugins, plans = {} }: Composition, name: string, twin: string): void {
  const tasks = Object.entries(plugins).flatMap(([part, { definition }]) =>
    (definition.tasks ?? []).map((task) => ({ name: task.name, qualified: `${part}.${task.name}` })),
  );
  if (tasks.some((task) => task.name === name || task.qualified === name)) return;
  const names = new Set([...Object.keys(plans), ...tasks.map((task) => task.name)]);
  throw new TaskNotFoundError(name, `${twin} has no plan or task "${name}". ${describeNames(name, names)}`);
}

/** `runs/first-light-20261120T204500Z` */
function defaultFolder(name: string): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:]/g, "");
  return join("runs", `${name}-${time}`);
}
