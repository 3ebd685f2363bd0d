import {
  type Artifact,
  createTwin,
  Generator,
  Model,
  many,
  type Plugin,
  type Plugins,
  resolveNeeds,
  type TwinControl,
  type Wiring,
} from "../core/index.ts";
import { fastsim, GRAPH_METADATA_KEY, withFallback } from "../modules/fastsim/index.ts";
import { onnx } from "../modules/onnx/index.ts";
import {
  type ConnectionOptions,
  type EndpointStatus,
  remoteGenerator,
  remoteModel,
  ServerUnreachableError,
} from "../modules/serving/index.ts";
import { gflash } from "../thematic/detector/index.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { onnxFile } from "./onnx-file.ts";
import { warningLog } from "./warning-log.ts";
import { withTwin } from "./with-twin.ts";

/** Showers that servers make. */
export interface RemoteChoice {
  readonly connection: ConnectionOptions;
  readonly geometry: string;
  /** What makes showers when no server is there: `local`, `gflash`, or an ONNX file. */
  readonly fallback?: string | undefined;
  /** What becomes of energies outside the range of the servers' model. */
  readonly outside: "refuse" | "fallback";
}

/** Parts that make showers; `model` is the one to ask. */
export interface ShowerParts {
  readonly plugins: Plugins & { readonly model: Plugin<Generator> };
  readonly wire: Wiring;
}

type Place = Pick<CommandIo, "cwd" | "signal" | "warn">;

/** How long is waited for a first answer where another can do the work, ms. */
const FIRST_ANSWER_MS = 5_000;

/**
 * The parts that have servers make showers: whole ones where they have a generator of that name; where they have its network
 * alone, as a stock Triton does, the network's part, with the noise made here.
 *
 * @throws `TWIN_USAGE`; what asking the servers throws.
 */
export async function remoteParts(choice: RemoteChoice, io: Place): Promise<ShowerParts> {
  const file = fallbackFile(choice, io.cwd);
  return (await haveNetworkAlone(choice, io)) ? networkParts(choice, file) : generatorParts(choice, file);
}

function generatorParts({ connection, geometry, fallback, outside }: RemoteChoice, file: ModelFile): ShowerParts {
  const spare = file === undefined ? gflash({ geometry }) : fastsim();
  const beyond = outside === "fallback";
  const served = remoteGenerator(connection);
  return {
    plugins: {
      ...(file !== undefined && { local: onnx({ file }) }),
      ...(fallback !== undefined && { spare }),
      ...(beyond ? { served, gflash: gflash({ geometry }), model: withFallback() } : { model: served }),
    } as ShowerParts["plugins"],
    wire: {
      ...(fallback !== undefined && { [beyond ? "served" : "model"]: { fallback: "spare" } }),
      ...(beyond && { model: { generator: "served", fallback: "gflash" } }),
      ...(file !== undefined && { spare: { model: "local" } }),
    },
  };
}

function networkParts({ connection, geometry, fallback, outside }: RemoteChoice, file: ModelFile): ShowerParts {
  if (fallback !== undefined && file === undefined) {
    throw new UsageError(
      `The servers compute the network "${connection.model}" alone, and ${fallback} is none. Give --fallback local, or an ONNX file.`,
    );
  }
  const beyond = outside === "fallback";
  return {
    plugins: {
      ...(file !== undefined && { local: onnx({ file }) }),
      ...(beyond && { gflash: gflash({ geometry }) }),
      network: remoteModel(connection),
      model: fastsim({ outside }),
    },
    wire: {
      model: { model: "network", ...(beyond && { fallback: "gflash" }) },
      ...(file !== undefined && { network: { fallback: "local" } }),
    },
  };
}

/** The ONNX file of a fallback; none for a formula. */
type ModelFile = string | Artifact | undefined;

function fallbackFile({ fallback, connection: { model } }: RemoteChoice, cwd: string): ModelFile {
  if (fallback === undefined || fallback === "gflash") return undefined;
  // The network of a generator goes by its name and an ending.
  const name = fallback === "local" ? model.replace(/\.model$/, "") : fallback;
  return onnxFile(name, { cwd, as: `--fallback ${fallback} (${name})`, others: ["local", "gflash"] });
}

/** Whether what the servers have under the name is no generator, and a network that tells what it generates. */
async function haveNetworkAlone({ connection, fallback }: RemoteChoice, io: Place): Promise<boolean> {
  const { timeoutMs = FIRST_ANSWER_MS } = connection;
  const hurried = { ...connection, timeoutMs: Math.min(timeoutMs, FIRST_ANSWER_MS) };
  const network = remoteModel(fallback === undefined ? connection : hurried);
  try {
    const twin = await createTwin({ plugins: { network, log: warningLog(io) }, signal: io.signal });
    return await withTwin(twin, async ({ network: { inputs, metadata } }) => {
      return !Object.hasOwn(inputs, "event_id") && Object.hasOwn(metadata, GRAPH_METADATA_KEY);
    });
  } catch (error) {
    // Nobody tells. What a fallback can stand in for is a generator.
    if (fallback !== undefined && error instanceof ServerUnreachableError) return false;
    throw error;
  }
}

/** How the endpoints of a twin's remote parts were; nothing where there are none. */
export function endpointsOf(twin: TwinControl): readonly EndpointStatus[] {
  const { generators, models } = resolveNeeds(twin, { generators: many(Generator), models: many(Model) });
  return [...generators, ...models].flatMap((part) => {
    const { remote } = part as { readonly remote?: { readonly endpoints: readonly EndpointStatus[] } };
    return remote?.endpoints ?? [];
  });
}
