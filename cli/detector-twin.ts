import {
  checkSchema,
  createTwin,
  type Generator,
  InvalidParametersError,
  Log,
  type OpenDataset,
  type Plugin,
  resolveNeeds,
  type Task,
  type TaskContext,
  type Twin,
  type Wiring,
} from "../core/index.ts";
import { hdf5 } from "../modules/hdf5/index.ts";
import { report } from "../modules/report/index.ts";
import { calorimeter, gflash } from "../thematic/detector/index.ts";
import type { CommandIo } from "./command.ts";
import { PARAMETRISED_MODELS } from "./detector-options.ts";
import { UsageError } from "./errors.ts";
import type { RemoteChoice } from "./remote-shower.ts";
import { withTwin } from "./with-twin.ts";

/** What makes showers, and how. */
export interface DetectorModel {
  /** `gflash`, `gflash-published`, a model that comes with Twinloom (`gan`), or the path of an ONNX file. */
  readonly model: string;
  readonly geometry: string;
  /** For ONNX models: what computes them; the CPU by default. */
  readonly provider?: "cpu" | "cuda" | undefined;
  /** For ONNX models: threads of one operator; 1 by default. */
  readonly threads?: number | undefined;
  /** For ONNX models: what becomes of energies outside their range; `fallback` leaves them to GFLASH. */
  readonly outside?: "refuse" | "fallback" | undefined;
  /** Servers that make the showers. */
  readonly remote?: Pick<RemoteChoice, "connection" | "fallback"> | undefined;
}

/** A type, not an interface: only that has the index signature that a composition asks for. */
export type DetectorPlugins = {
  readonly files: ReturnType<typeof hdf5>;
  readonly model: Plugin<Generator>;
  readonly detector: ReturnType<typeof calorimeter>;
  readonly report: ReturnType<typeof report>;
};

/** What a command works with. */
export type DetectorTwin = Twin<DetectorPlugins>;

/** A twin with a calorimeter, works on it, and stops it. */
export async function withDetector<T>(
  model: DetectorModel,
  io: Pick<CommandIo, "cwd" | "signal" | "warn">,
  work: (twin: DetectorTwin) => Promise<T>,
): Promise<T> {
  return await withTwin(await makeTwin(model, io), work);
}

async function makeTwin(model: DetectorModel, io: Pick<CommandIo, "cwd" | "signal" | "warn">): Promise<DetectorTwin> {
  const { signal } = io;
  if (model.remote === undefined) {
    return (await createTwin({ name: "detector", ...(await compositionFor(model, io)), signal })) as DetectorTwin;
  }
  const { geometry, remote, outside = "refuse" } = model;
  const { withRemoteParts } = await import("./remote-shower.ts");
  const { warningLog } = await import("./warning-log.ts");
  const parts = { ...partsOf(geometry), log: warningLog(io) };
  return await withRemoteParts({ ...remote, geometry, outside }, io, async ({ plugins, wire }) => {
    const wired: Wiring = { ...wire, detector: { generator: "model" } };
    const all: DetectorPlugins = { ...parts, ...plugins };
    return (await createTwin({ name: "detector", plugins: all, wire: wired, signal })) as DetectorTwin;
  });
}

function partsOf(geometry: string): Omit<DetectorPlugins, "model"> {
  return { files: hdf5(), detector: calorimeter({ geometry }), report: report() };
}

/**
 * The parts of a twin that simulates with a model of this machine.
 *
 * @throws `TWIN_USAGE` for a model that there is not, or options that it does not have.
 */
async function compositionFor(
  model: DetectorModel,
  io: Pick<CommandIo, "cwd">,
): Promise<{ readonly plugins: DetectorPlugins; readonly wire: Wiring }> {
  const { geometry } = model;
  const parts = partsOf(geometry);
  if (PARAMETRISED_MODELS.includes(model.model)) {
    const unused = (["provider", "threads", "outside"] as const).filter((option) => model[option] !== undefined);
    if (unused.length > 0) {
      throw new UsageError(`${model.model} is a formula; --${unused.join(", --")} is for models in ONNX files.`);
    }
    const constants = model.model === "gflash" ? "refitted" : "published";
    return { plugins: { ...parts, model: gflash({ geometry, constants }) }, wire: {} };
  }
  // Only who simulates with a network loads what that takes.
  const [{ fastsim }, { onnx }, { onnxFile }] = await Promise.all([
    import("../modules/fastsim/index.ts"),
    import("../modules/onnx/index.ts"),
    import("./onnx-file.ts"),
  ]);
  const { provider = "cpu", threads = 1, outside = "refuse" } = model;
  const file = onnxFile(model.model, { cwd: io.cwd, as: `--model ${model.model}`, others: PARAMETRISED_MODELS });
  const plugins = {
    ...parts,
    network: onnx({ file, provider, threads }),
    model: fastsim({ outside }),
    ...(outside === "fallback" && { gflash: gflash({ geometry }) }),
  };
  const fallback = outside === "fallback" && { model: { fallback: "gflash" } };
  return { plugins, wire: { detector: { generator: "model" }, ...fallback } };
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
    stopping: new AbortController().signal,
    // There is no record to keep them in.
    recordReads: (dataset: OpenDataset) => dataset,
    progress: io.progress.bind(io),
  } as ContextOf<T>;
}

type ContextOf<T> =
  T extends Task<infer S, infer N, infer I, infer O> ? TaskContext<S["_zod"]["output"], N, I, O> : never;
