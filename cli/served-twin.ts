import {
  type Composition,
  constant,
  createTwin,
  describeNames,
  Log,
  loadVersion,
  type Plugins,
  type Twin,
  type VersionEntry,
} from "../core/index.ts";
import { SHIPPED_MODELS } from "../modules/fastsim/index.ts";
import {
  followAlias,
  type InferenceServer,
  type InferenceServerOptions,
  type OpenedVersion,
  type Servable,
  servablesOf,
  serving,
} from "../modules/serving/index.ts";
import type { CommandIo } from "./command.ts";
import { PARAMETRISED_MODELS } from "./detector-options.ts";
import { NoFilesError, UsageError } from "./errors.ts";
import { inStore, isTwinFile, loadTwin } from "./load-twin.ts";
import { validationOf, withMetrics } from "./model-metrics.ts";
import { describeModel, isModelFile, isShippedModel, onnxFile } from "./onnx-file.ts";

/** What is to be served, as it was typed. */
export interface ServedChoice {
  readonly twin: string;
  readonly store?: string | undefined;
  readonly force: boolean;
  /** For ONNX files: what computes them, and on how many threads. */
  readonly provider?: "cpu" | "cuda" | undefined;
  readonly threads?: number | undefined;
  /** Most rows computed at once. */
  readonly maxBatch?: number | undefined;
  /** How often the alias is looked at, s. */
  readonly pollS: number;
  readonly onSwap: (version: VersionEntry) => void;
  readonly log: Log;
}

/** What is served, not yet running. */
export interface ServedTwin {
  /** Options of the twin's own `serving` part. */
  readonly own: InferenceServerOptions;
  /** Serves it until it is told to stop, which comes after the server's end. */
  publish(server: InferenceServer): Promise<RunningTwin>;
}

/** What is served, and computes. */
export interface RunningTwin {
  /** All models and generators, as they are now. */
  readonly servables: readonly Servable[];
  stop(): Promise<void>;
}

type Place = Pick<CommandIo, "cwd" | "signal" | "warn">;

/**
 * Finds what was typed, and has work done on it; a store is open meanwhile.
 *
 * @throws `TWIN_USAGE`; what finding and reading a twin throws.
 */
export async function withServed<T>(
  choice: ServedChoice,
  io: Place,
  work: (served: ServedTwin) => Promise<T>,
): Promise<T> {
  const { twin, provider, threads } = choice;
  const isOnnx = isModelFile(twin) || (isShippedModel(twin) && !isTwinFile(twin, io.cwd));
  if (!isOnnx && (provider ?? threads) !== undefined) {
    throw new UsageError(`--provider and --threads are for ONNX files; the parts of "${twin}" say so themselves.`);
  }
  if (PARAMETRISED_MODELS.includes(twin) && !isTwinFile(twin, io.cwd)) {
    throw new UsageError(
      `${twin} is a formula, not a model in a file: name it in a twin.yaml (plugins: { shower: { use: "twinloom/thematic/detector#gflash" } }), and serve that.`,
    );
  }
  if (isOnnx) return await work(aTwin(await modelComposition(choice, io), choice, io));
  if (isTwinFile(twin, io.cwd)) {
    return await work(aTwin(await loadTwin({ ...choice, withdrawn: "refuse" }, io), choice, io));
  }
  return await withStoredTwin(choice, io, work).catch((error: unknown) => {
    if (!(error instanceof NoFilesError)) throw error;
    const { message, location } = error;
    throw new NoFilesError(
      location,
      `${message} Of the models that come with Twinloom: ${describeNames(twin, SHIPPED_MODELS)}`,
    );
  });
}

function aTwin(composition: Composition, { log }: ServedChoice, { signal }: Place): ServedTwin {
  const { own, rest } = takeServing(composition);
  return {
    own,
    publish: async (server) => {
      const twin = await createTwin({ ...logging(rest, log), signal });
      return await published(server, twin, withMetrics(servablesOf(twin), rest));
    },
  };
}

async function withStoredTwin<T>(
  { twin: name, store: folder, force, pollS, onSwap, log }: ServedChoice,
  io: Place,
  work: (served: ServedTwin) => Promise<T>,
): Promise<T> {
  return await inStore({ twin: name, store: folder }, io, async (store) => {
    const load = (version: string, signal: AbortSignal): ReturnType<typeof loadVersion> =>
      loadVersion(store, version, { force, signal, onNote: (note) => io.warn(note) });
    const first = await load(name, io.signal);
    let servables: readonly Servable[] = [];
    const open = async (
      version: VersionEntry,
      { signal }: { readonly signal: AbortSignal },
    ): Promise<OpenedVersion> => {
      const { composition } = version.digest === first.entry.digest ? first : await load(version.digest, signal);
      const { rest } = takeServing(composition);
      const properties = { twin: version.twin, twin_version: version.digest, ...(await validationOf(store, version)) };
      const twin = await createTwin({ ...logging(rest, log), signal });
      servables = withMetrics(servablesOf(twin, { version: `${version.number}`, properties }), rest);
      return { twin, servables };
    };
    const { signal } = io;
    return await work({
      own: takeServing(first.composition).own,
      publish: async (server) => {
        if (!isAlias(name)) {
          const opened = await open(first.entry, { signal });
          return await published(server, opened.twin, opened.servables);
        }
        const pollMs = pollS * 1_000;
        const follower = await followAlias(server, { store, name, log, open, onSwap, signal, pollMs });
        return {
          get servables() {
            return servables;
          },
          stop: () => follower.stop(),
        };
      },
    });
  });
}

/** Whether a name is that of an alias, and may come to mean another version. */
function isAlias(name: string): boolean {
  return /@(?!v\d+$)/.test(name);
}

async function published(server: InferenceServer, twin: Twin, servables: readonly Servable[]): Promise<RunningTwin> {
  try {
    await server.publish(servables);
    return { servables, stop: () => twin.stop() };
  } catch (error) {
    await twin.stop().catch(() => undefined);
    throw error;
  }
}

/** A twin of an ONNX file, and of the generator that is in it. */
async function modelComposition(
  { twin: typed, provider = "cpu", threads = 1, maxBatch = 100 }: ServedChoice,
  { cwd, signal }: Place,
): Promise<Composition> {
  const { fastsim, GRAPH_METADATA_KEY } = await import("../modules/fastsim/index.ts");
  const { onnx } = await import("../modules/onnx/index.ts");
  const { name, metadata } = await describeModel(typed, { cwd, signal });
  const network = onnx({ file: onnxFile(typed, { cwd, as: typed }), name, provider, threads });
  if (!Object.hasOwn(metadata, GRAPH_METADATA_KEY)) return { name, plugins: { network } };
  // What the server puts together is computed at once.
  return { name, plugins: { network, generator: fastsim({ batchSize: maxBatch, maxRows: maxBatch }) } };
}

/** Takes a twin's own `serving` part out of it: there is one server, and this command is it. */
function takeServing(composition: Composition): { readonly own: InferenceServerOptions; readonly rest: Composition } {
  const parts = Object.entries(composition.plugins);
  const servers = parts.filter(([, { definition }]) => definition.name === serving.definition.name);
  const [server, other] = servers;
  if (other) {
    throw new UsageError(
      `The twin has several serving parts (${servers.map(([part]) => part).join(", ")}), and this command is one server. Leave one.`,
    );
  }
  if (server === undefined) return { own: {}, rest: composition };
  const [part, { options }] = server;
  const without = <V>(record: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => name !== part));
  const { plugins, wire, versions } = composition;
  const rest = {
    ...composition,
    plugins: without(plugins),
    ...(wire && { wire: without(wire) }),
    ...(versions && { versions: without(versions) }),
  } as Composition;
  return { own: options as InferenceServerOptions, rest };
}

/** The composition with this command's log, unless it has one of its own. */
function logging(composition: Composition, log: Log): Composition {
  const provided = Object.values(composition.plugins).flatMap(({ definition }) => definition.provides);
  if (provided.includes(Log)) return composition;
  const plugins: Plugins = { ...composition.plugins, [LOG_PART]: constant(Log, log) };
  return { ...composition, plugins };
}

const LOG_PART = "commandLineLog";
