import type { Server } from "@grpc/grpc-js";
import { type Clock, InvalidArgumentError, type Log } from "../../../core/index.ts";
import { ModelNotServedError, ServerDrainingError } from "../errors.ts";
import type { Served } from "../models/served.ts";
import { loadProtos } from "../protocol/load-protos.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";
import { Access } from "./access.ts";
import { channelOptions } from "./channel-options.ts";
import { checkExposure } from "./check-exposure.ts";
import { checkServerOptions } from "./check-options.ts";
import { checkRequest } from "./check-request.ts";
import { tokenGuard } from "./guard.ts";
import { configHandlers } from "./handlers/config.ts";
import { inferHandlers } from "./handlers/infer.ts";
import { metadataHandlers } from "./handlers/metadata.ts";
import { repositoryHandlers } from "./handlers/repository.ts";
import { statisticsHandlers } from "./handlers/statistics.ts";
import { streamInferHandlers } from "./handlers/stream-infer.ts";
import { type Health, loadHealth } from "./health.ts";
import { bind, credentialsOf, makeServer, shutDown } from "./listen.ts";
import { measure, type ServerMetrics } from "./metrics.ts";
import { MetricsServer } from "./metrics-server.ts";
import { OpenCalls } from "./open-calls.ts";
import type { CheckedServerOptions, InferenceServerOptions } from "./options.ts";
import { RareWarning } from "./rare-warning.ts";
import { readRequests } from "./read-requests.ts";
import { addReflection } from "./reflection.ts";
import { Repository } from "./repository.ts";
import { ResponseCodec, takesPieces } from "./response-codec.ts";
import { checkNames, type Servable, servedName } from "./servable.ts";
import { serve } from "./serve.ts";
import { ServedModels } from "./served-models.ts";
import { isReady, type ServerCore } from "./server-core.ts";

/** What an {@link InferenceServer} works with. */
export interface InferenceServerParts {
  readonly log: Log;
  /** The wall clock by default; deadlines are told by it. */
  readonly clock?: Clock | undefined;
  /**
   * Makes a model anew when a client loads it, by its name on the wire; what was published before is served again by
   * default. Only for `modelControl: "explicit"`. With `signal` aborted, nobody waits for it any more.
   */
  readonly reload?: ((name: string, options: { readonly signal: AbortSignal }) => Promise<Servable>) | undefined;
}

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

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
  readonly #calls: OpenCalls;
  readonly #servables = new Map<string, Servable>();
  #metrics: ServerMetrics | undefined;
  #metricsServer: MetricsServer | undefined;
  #health: Health | undefined;
  #server: Server | undefined;
  #address: ServerAddress | undefined;
  #metricsAddress: ServerAddress | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** Looks no more for clients that do not take their answers. */
  #unwatch: (() => void) | undefined;

  /** @throws `TWIN_INVALID_ARGUMENT` for options that are none; `TWIN_SERVER_INSECURE`. */
  constructor(options: InferenceServerOptions, parts: InferenceServerParts) {
    this.#options = checkServerOptions(options);
    checkExposure(this.#options);
    this.#calls = new OpenCalls(this.#options);
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
    if (this.#starting || this.#stopping) throw new InvalidArgumentError("A server starts once; make another one.");
    this.#starting = this.#start(signal);
    await this.#starting;
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const { host, port, metricsPort, metricsHost, tokens, tls } = this.#options;
    const { log, clock = SYSTEM_CLOCK } = this.#parts;
    const protos = await loadProtos(SERVER_PACKAGES);
    const { grpc } = protos;
    const access = new Access(tokens);
    const health = await loadHealth({ tellsModels: !access.isGuarded });
    this.#health = health;
    if (metricsPort !== false) this.#metrics = await measure(() => this.#calls.count);
    const credentials = await credentialsOf(grpc, tls, { log, now: () => clock.now() });
    const responses = new ResponseCodec({ takesPieces: await takesPieces() });
    signal?.throwIfAborted();
    const core = this.#core({ grpc, access, responses, clock });
    const server = makeServer(grpc, channelOptions(this.#options, access.isGuarded ? [tokenGuard(core)] : []));
    this.#server = server;
    const service = readRequests(responses.encoded(protos.Service.service), (bytes, method) => {
      this.#calls.checkRoom(bytes.length);
      checkRequest(method, bytes);
    });
    server.addService(service, {
      ...metadataHandlers(core),
      ...configHandlers(core),
      ...statisticsHandlers(core),
      ...inferHandlers(core),
      ...streamInferHandlers(core),
      ...repositoryHandlers(core),
    });
    health.addTo(server);
    await addReflection(server, protos.packageDefinition, health);
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
    this.#unwatch = this.#calls.watch(log);
    log.info(
      { address: this.#address, metrics: this.#metricsAddress, tls: tls !== undefined, tokens: tokens.length },
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
    // What does not start says so to whoever starts it.
    await this.#starting?.catch(() => undefined);
    const server = this.#server;
    if (server === undefined) return;
    this.#health?.stopping();
    const { drainMs } = this.#options;
    if (this.#calls.count > 0) log.info({ requests: this.#calls.count, drainMs }, "The server ends what has begun");
    const late = await this.#calls.drain(drainMs);
    if (late > 0) log.warn({ requests: late, drainMs }, "Requests were cut off: they took too long");
    await shutDown(server);
    this.#unwatch?.();
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
    const { batching, maxMessageBytes } = this.#options;
    return serve(servable, { batching, observer: this.#metrics?.observer, maxAnswerBytes: maxMessageBytes });
  }

  #core(of: Pick<ServerCore, "grpc" | "access" | "responses" | "clock">): ServerCore {
    const { log, reload } = this.#parts;
    const repository = new Repository(this.#models, {
      isExplicit: this.#options.modelControl === "explicit",
      load: async (name, options) => {
        const servable = (await reload?.(name, options)) ?? this.#servables.get(name);
        if (servable === undefined) throw new ModelNotServedError(`There is no model "${name}" to load here.`);
        return this.#serve({ ...servable, name });
      },
      onChange: () => this.#health?.serving(this.models),
      log,
    });
    return {
      ...of,
      options: this.#options,
      models: this.#models,
      repository,
      calls: this.#calls,
      log,
      metrics: this.#metrics,
      refusals: new RareWarning(log, "A request was refused: it may not do what it asks for"),
    };
  }
}
