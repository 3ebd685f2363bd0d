import type { Server, ServerCredentials } from "@grpc/grpc-js";
import { type Clock, InvalidArgumentError, type Log } from "../../../core/index.ts";
import { ModelNotServedError, ServerDrainingError } from "../errors.ts";
import type { Served } from "../models/served.ts";
import { loadProtos, type Protos } from "../protocol/load-protos.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";
import { Access } from "./access.ts";
import { channelOptions } from "./channel-options.ts";
import { checkExposure } from "./check-exposure.ts";
import { checkServerOptions } from "./check-options.ts";
import { gatherResponses } from "./gather-responses.ts";
import { tokenGuard } from "./guard.ts";
import { configHandlers } from "./handlers/config.ts";
import { inferHandlers } from "./handlers/infer.ts";
import { metadataHandlers } from "./handlers/metadata.ts";
import { repositoryHandlers } from "./handlers/repository.ts";
import { statisticsHandlers } from "./handlers/statistics.ts";
import { streamInferHandlers } from "./handlers/stream-infer.ts";
import { type Health, loadHealth } from "./health.ts";
import { measure, type ServerMetrics } from "./metrics.ts";
import { MetricsServer } from "./metrics-server.ts";
import { OpenCalls } from "./open-calls.ts";
import type { CheckedServerOptions, InferenceServerOptions } from "./options.ts";
import { tellMalformed } from "./read-requests.ts";
import { readTls } from "./read-tls.ts";
import { addReflection } from "./reflection.ts";
import { Repository } from "./repository.ts";
import { checkNames, type Servable, servedName } from "./servable.ts";
import { serve } from "./serve.ts";
import { ServedModels } from "./served-models.ts";
import { isReady, type ServerCore } from "./server-core.ts";
import { startErrorOf } from "./start-error.ts";

/** What an {@link InferenceServer} works with. */
export interface InferenceServerParts {
  readonly log: Log;
  /** The wall clock by default; deadlines are told by it. */
  readonly clock?: Clock | undefined;
  /**
   * Makes a model anew when a client loads it, by its name on the wire; what was published before is served again by
   * default. Only for `modelControl: "explicit"`.
   */
  readonly reload?: ((name: string) => Promise<Servable>) | undefined;
}

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** How long connections may take to say good-bye once nothing is asked on them any more, ms. */
const GOODBYE_MS = 500;

/**
 * Serves models and generators over gRPC, in the Open Inference Protocol.
 *
 * @example
 * const server = new InferenceServer({ port: 8001 }, { log });
 * await server.start();
 * await server.publish(servablesOf(twin));
 */
export class InferenceServer {
  readonly #options: CheckedServerOptions;
  readonly #parts: InferenceServerParts;
  readonly #models = new ServedModels();
  readonly #calls = new OpenCalls();
  readonly #servables = new Map<string, Servable>();
  #metrics: ServerMetrics | undefined;
  #metricsServer: MetricsServer | undefined;
  #health: Health | undefined;
  #server: Server | undefined;
  #address: ServerAddress | undefined;
  #metricsAddress: ServerAddress | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws `TWIN_INVALID_ARGUMENT` for options that are none; `TWIN_SERVER_INSECURE`. */
  constructor(options: InferenceServerOptions, parts: InferenceServerParts) {
    this.#options = checkServerOptions(options);
    checkExposure(this.#options);
    this.#parts = parts;
  }

  /** Where models are served. @throws `TWIN_INVALID_ARGUMENT` before {@link start}. */
  get address(): ServerAddress {
    if (this.#address === undefined) throw new InvalidArgumentError("The server has no address before it has started.");
    return this.#address;
  }

  /** Where metrics are told; `undefined` where they are not. */
  get metricsAddress(): ServerAddress | undefined {
    return this.#metricsAddress;
  }

  /** Requests that are being answered. */
  get openRequests(): number {
    return this.#calls.count;
  }

  /** Names of what is served, sorted. */
  get models(): readonly string[] {
    return this.#models.all.map(({ name }) => name);
  }

  /**
   * Listens. It is not ready before something is published.
   *
   * @throws `TWIN_SERVER_START_FAILED`, `TWIN_PACKAGE_MISSING`, `TWIN_SECRET_MISSING`; the signal's reason.
   */
  async start({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (this.#server || this.#stopping) throw new InvalidArgumentError("A server starts once; make another one.");
    const { host, port, metricsPort, metricsHost, tokens } = this.#options;
    const protos = await loadProtos(SERVER_PACKAGES);
    const access = new Access(tokens);
    this.#health = await loadHealth({ tellsModels: !access.isGuarded });
    if (metricsPort !== false) this.#metrics = await measure(() => this.#calls.count);
    const credentials = await this.#credentials(protos);
    signal?.throwIfAborted();
    const core = this.#core(protos, access);
    const guards = access.isGuarded ? [tokenGuard(protos.grpc, access)] : [];
    const server = new protos.grpc.Server(channelOptions(this.#options, guards));
    this.#server = server;
    server.addService(gatherResponses(tellMalformed(protos.Service.service)), {
      ...metadataHandlers(core),
      ...configHandlers(core),
      ...statisticsHandlers(core),
      ...inferHandlers(core),
      ...streamInferHandlers(core),
      ...repositoryHandlers(core),
    });
    this.#health.addTo(server);
    await addReflection(server, protos.packageDefinition, this.#health);
    try {
      this.#address = { host, port: await bind(server, { host, port }, credentials) };
      if (this.#metrics && metricsPort !== false) {
        this.#metricsServer = new MetricsServer(this.#metrics, () => isReady(core));
        this.#metricsAddress = await this.#metricsServer.start(metricsHost, metricsPort);
      }
    } catch (error) {
      server.forceShutdown();
      throw error;
    }
    this.#parts.log.info(
      {
        address: this.#address,
        metrics: this.#metricsAddress,
        tls: this.#options.tls !== undefined,
        tokens: tokens.length,
      },
      "The server listens",
    );
  }

  /**
   * Serves these in place of all that was served before. Requests that have begun finish on what they began on; none is
   * lost.
   *
   * @returns Resolves when what was replaced has nothing to do any more.
   * @throws `TWIN_INVALID_ARGUMENT` for two of one name; `TWIN_MODEL_NOT_SERVED` when one that the option `models` names
   *   is not among these; `TWIN_SERVER_DRAINING` once it stops. What was served before then still is.
   */
  async publish(servables: readonly Servable[]): Promise<void> {
    await this.swap(servables).idle;
  }

  /** {@link publish}, for whoever must know when these are served and when the others are idle. */
  swap(servables: readonly Servable[]): { readonly idle: Promise<void> } {
    if (this.#stopping) throw new ServerDrainingError("The server stops: nothing more can be published on it.");
    if (!this.#address) throw new InvalidArgumentError("Start the server before something is published on it.");
    const chosen = this.#chosen(servables);
    const served = chosen.map((each) => this.#serve(each));
    this.#servables.clear();
    for (const each of chosen) this.#servables.set(servedName(each), each);
    const idle = this.#models.replaceAll(served);
    this.#health?.serving(served.map(({ name }) => name));
    const models = served.map(({ name, version, identity }) => ({ name, version, identity }));
    this.#parts.log.info({ models }, "These models are served");
    return { idle };
  }

  /**
   * Takes no further requests, waits `drainMs` for those that have begun, and ends. Calling it again gives the same
   * promise.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { log } = this.#parts;
    const server = this.#server;
    if (server === undefined) return;
    this.#health?.stopping();
    const { drainMs } = this.#options;
    if (this.#calls.count > 0) log.info({ requests: this.#calls.count, drainMs }, "The server ends what has begun");
    const late = await this.#calls.drain(drainMs);
    if (late > 0) log.warn({ requests: late, drainMs }, "Requests were cut off: they took too long");
    await shutDown(server);
    const idle = this.#models.replaceAll([]);
    // What was cut off may compute on, and nobody waits for it.
    if (late === 0) await idle;
    await this.#metricsServer?.stop();
    log.info({}, "The server has stopped");
  }

  #chosen(servables: readonly Servable[]): readonly Servable[] {
    const names = servables.map(servedName);
    checkNames(names);
    const { models } = this.#options;
    const missing = models?.find((name) => !names.includes(name));
    if (missing !== undefined) {
      throw new ModelNotServedError(
        `There is no model "${missing}" to serve, which the option \`models\` names. There are: ${names.join(", ") || "none"}.`,
      );
    }
    return models ? servables.filter((each) => models.includes(servedName(each))) : servables;
  }

  #serve(servable: Servable): Served {
    return serve(servable, { batching: this.#options.batching, observer: this.#metrics?.observer });
  }

  #core({ grpc }: Protos, access: Access): ServerCore {
    const { log, clock = { now: () => Date.now() }, reload } = this.#parts;
    const repository = new Repository(this.#models, {
      isExplicit: this.#options.modelControl === "explicit",
      load: async (name) => {
        const servable = (await reload?.(name)) ?? this.#servables.get(name);
        if (servable === undefined) throw new ModelNotServedError(`There is no model "${name}" to load here.`);
        return this.#serve({ ...servable, name });
      },
      onChange: () => this.#health?.serving(this.models),
    });
    return {
      grpc,
      options: this.#options,
      models: this.#models,
      repository,
      calls: this.#calls,
      access,
      log,
      clock,
      metrics: this.#metrics,
    };
  }

  async #credentials({ grpc }: Protos): Promise<ServerCredentials> {
    const { tls } = this.#options;
    if (tls === undefined) return grpc.ServerCredentials.createInsecure();
    const { certificate, key, clientAuthority, validTo } = await readTls(tls);
    if (validTo.getTime() < (this.#parts.clock?.now() ?? Date.now())) {
      this.#parts.log.warn(
        { certificate: tls.certificate, validTo: validTo.toISOString() },
        "The certificate has expired",
      );
    }
    const pair = { cert_chain: certificate, private_key: key };
    return grpc.ServerCredentials.createSsl(clientAuthority, [pair], clientAuthority !== null);
  }
}

async function bind(server: Server, at: ServerAddress, credentials: ServerCredentials): Promise<number> {
  const address = at.host.includes(":") && !at.host.startsWith("[") ? `[${at.host}]` : at.host;
  return await new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${at.port}`, credentials, (error, port) => {
      if (error) reject(startErrorOf("models", at, error));
      else resolve(port);
    });
  });
}

/** Ends connections when their calls have ended, and all others after a while. */
async function shutDown(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, GOODBYE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
