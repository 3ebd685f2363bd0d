import {
  checkSchema,
  createTwin,
  InvalidParametersError,
  Log,
  type OpenDataset,
  resolveNeeds,
  type Task,
  type TaskContext,
  type Twin,
} from "../core/index.ts";
import { hdf5 } from "../modules/hdf5/index.ts";
import { report } from "../modules/report/index.ts";
import { calorimeter, gflash } from "../thematic/detector/index.ts";
import type { CommandIo } from "./command.ts";
import { withTwin } from "./with-twin.ts";

/** Names of the models that `twinloom detector simulate` has, as in the attribute `model` of files. */
export type DetectorModel = "gflash" | "gflash-published";

/** A type, not an interface: only that has the index signature that a composition asks for. */
export type DetectorPlugins = {
  readonly files: ReturnType<typeof hdf5>;
  readonly model: ReturnType<typeof gflash>;
  readonly detector: ReturnType<typeof calorimeter>;
  readonly report: ReturnType<typeof report>;
};

/** What a command works with. */
export type DetectorTwin = Twin<DetectorPlugins>;

/** A twin with a calorimeter, works on it, and stops it. */
export async function withDetector<T>(
  { geometry, model }: { readonly geometry: string; readonly model: DetectorModel },
  { signal }: CommandIo,
  work: (twin: Twin<DetectorPlugins>) => Promise<T>,
): Promise<T> {
  const plugins: DetectorPlugins = {
    files: hdf5(),
    model: gflash({ geometry, constants: model === "gflash" ? "refitted" : "published" }),
    detector: calorimeter({ geometry }),
    report: report(),
  };
  return await withTwin(await createTwin({ name: "detector", plugins, signal }), work);
}

/**
 * What a task gets when a command runs it without a run folder.
 *
 * @throws `TWIN_INVALID_PARAMETERS`
 */
// biome-ignore lint/suspicious/noExplicitAny: a task is invariant in its parameters; each command gives its own.
export function taskContext<T extends Task<any, any, any, any>>(
  twin: Twin<DetectorPlugins>,
  task: T,
  io: CommandIo,
  given: Pick<ContextOf<T>, "inputs" | "outputs"> & { readonly parameters: object },
): ContextOf<T> {
  const parameters = checkSchema(task.parameters, given.parameters);
  if (parameters.problems) throw new InvalidParametersError(task.name, parameters.problems);
  const { log } = resolveNeeds(twin, { log: Log });
  return {
    ...given,
    parameters: parameters.value,
    needs: resolveNeeds(twin, task.needs),
    signal: io.signal,
    log,
    // There is no record to keep them in.
    recordReads: (dataset: OpenDataset) => dataset,
    progress: io.progress.bind(io),
  } as ContextOf<T>;
}

type ContextOf<T> =
  T extends Task<infer S, infer N, infer I, infer O> ? TaskContext<S["_zod"]["output"], N, I, O> : never;
