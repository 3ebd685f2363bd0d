import {
  type Artifact,
  createTwin,
  Generator,
  InvalidArgumentError,
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
  type RemoteCounts,
  remoteGenerator,
  remoteModel,
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

/**
 * Makes a twin whose showers servers make: whole ones where they have a generator of that name; where they have its network
 * alone, as a stock Triton does, with the noise made here.
 *
 * @param create - Makes the twin; asked again where the servers turn out to have the network.
 * @throws `TWIN_USAGE`; what making the twin throws.
 */
export async function withRemoteParts<T>(
  choice: RemoteChoice,
  io: Place,
  create: (parts: ShowerParts) => Promise<T>,
): Promise<T> {
  const file = fallbackFile(choice, io.cwd);
  try {
    return await create(generatorParts(choice, file));
  } catch (error) {
    // Servers that are not there say nothing else of a network either.
    if (!(error instanceof InvalidArgumentError) || !(await haveNetworkAlone(choice, io))) throw error;
    return await create(networkParts(choice, file));
  }
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

/** Whether what the servers have under the name is a network that tells what it generates. */
async function haveNetworkAlone({ connection }: RemoteChoice, io: Place): Promise<boolean> {
  const plugins = { network: remoteModel(connection), log: warningLog(io) };
  const twin = await createTwin({ plugins, signal: io.signal });
  return await withTwin(twin, async ({ network: { inputs, metadata } }) => {
    return !Object.hasOwn(inputs, "event_id") && Object.hasOwn(metadata, GRAPH_METADATA_KEY);
  });
}

/** Who answered the requests of a twin's remote part. */
export interface Shares {
  readonly endpoints: readonly EndpointStatus[];
  /** Calls of a network that were computed here; showers that were made here are counted with the others. */
  readonly computedHere: number;
}

export function sharesOf(twin: TwinControl): Shares {
  const { generators, models } = resolveNeeds(twin, { generators: many(Generator), models: many(Model) });
  const remoteOf = (part: object): RemoteCounts[] => ("remote" in part ? [part.remote as RemoteCounts] : []);
  const networks = models.flatMap(remoteOf);
  return {
    endpoints: [...generators.flatMap(remoteOf), ...networks].flatMap(({ endpoints }) => endpoints),
    computedHere: networks.reduce((sum, { byFallback }) => sum + byFallback, 0),
  };
}

/** `gpu-1:8001 (12 requests), here (1 request)`; empty where nobody answered any. */
export function shareText({ endpoints, computedHere }: Shares): string {
  const shares = [
    ...endpoints.map(({ address, answered }) => [address, answered] as const),
    ["here", computedHere] as const,
  ];
  return shares
    .filter(([, requests]) => requests > 0)
    .map(([who, requests]) => `${who} (${requests} request${requests === 1 ? "" : "s"})`)
    .join(", ");
}
