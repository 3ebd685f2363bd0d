import type { MethodDefinition, ServiceError } from "@grpc/grpc-js";
import { InvalidArgumentError, type Log, ModelFailedError, type NdArray, reasonOf } from "../../../core/index.ts";
import { loadProtos, type Protos } from "../protocol/load-protos.ts";
import type { ModelInferResponse, RepositoryIndexResponse } from "../protocol/messages.ts";
import type { ParameterValue } from "../protocol/parameters.ts";
import { STATUS } from "../protocol/status.ts";
import { decodeTensors, encodeTensors } from "../protocol/tensors.ts";
import { RAW_INPUT_CONTENTS, writeMessage } from "../protocol/write-message.ts";
import { RegistryFollower } from "../registry/follow-registry.ts";
import { Balancer } from "./balancer.ts";
import { callSomewhere } from "./call.ts";
import type { Connection } from "./connection-options.ts";
import { channelCredentials } from "./credentials.ts";
import { hasExtensions, identityOf, parametersOf, type RemoteDescription, readDescription } from "./description.ts";
import { type CallLimits, Endpoint, type Known, PROBE_TIMEOUT_MS } from "./endpoint.ts";
import type { EndpointStatus } from "./endpoint-status.ts";
import { Latencies } from "./latencies.ts";
import { Pin } from "./pin.ts";

/** What one request asks. */
export interface InferenceRequest {
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
}

/** What came, and from where. */
export interface InferenceAnswer {
  readonly outputs: Readonly<Record<string, NdArray>>;
  readonly endpoint: string;
}

/** What an {@link InferenceClient} is made with. */
export interface InferenceClientInit {
  readonly connection: Connection;
  /** Whether another model under the same name is as good. */
  readonly follow: boolean;
  readonly log: Log;
  /** Whether somebody else computes while no server is there: then a registry may be empty. */
  readonly hasFallback?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The kind of calls that compute nothing. */
const DESCRIBING = -1;

/** How long a part that has a fallback waits for a first answer when it is created, ms. */
export const FIRST_ANSWER_MS = 5_000;

/**
 * Asks the servers of one model: whichever is there, and always for the same model ({@link Pin}), unless it is to be followed.
 */
export class InferenceClient {
  readonly connection: Connection;
  readonly #protos: Protos;
  readonly #balancer: Balancer;
  /** `undefined` for endpoints that are given. */
  readonly #follower: RegistryFollower | undefined;
  /** `undefined` where the model may change. */
  readonly #pin: Pin | undefined;
  readonly #latencies: Latencies = new Latencies();
  readonly #stopped = new AbortController();
  /** Those that are on their way. */
  readonly #calls = new Set<AbortController>();
  #lastId = 0;

  private constructor(
    { connection, follow, log }: InferenceClientInit,
    protos: Protos,
    credentials: Awaited<ReturnType<typeof channelCredentials>>,
  ) {
    this.connection = connection;
    this.#protos = protos;
    const { model } = connection;
    this.#pin = follow ? undefined : new Pin(model);
    const onChange = ({ status }: Endpoint): void => {
      this.#follower?.hurry();
      if (status.isGood) log.info({ endpoint: status.address, model }, "an endpoint answers again");
      else {
        const facts = { endpoint: status.address, model, problem: status.problem };
        log.warn(
          facts,
          "an endpoint does not answer as it should; until it does, others are asked, where there are any",
        );
      }
    };
    const probe = (endpoint: Endpoint): Promise<string | undefined> => this.#probe(endpoint);
    const makeEndpoint = (address: string): Endpoint =>
      new Endpoint(address, { protos, credentials, connection, probe, onChange });
    const { endpoints = [], registry: folder } = connection;
    const balancer = new Balancer(endpoints.map(makeEndpoint));
    this.#balancer = balancer;
    if (folder !== undefined) {
      this.#follower = new RegistryFollower({ folder, connection, balancer, makeEndpoint, log });
    }
  }

  /**
   * Reaches nobody yet; of a registry, the first server is waited for unless there is a fallback.
   *
   * @throws `TWIN_PACKAGE_MISSING`; as `channelCredentials`, `RegistryFollower.start`.
   */
  static async create(init: InferenceClientInit): Promise<InferenceClient> {
    const protos = await loadProtos();
    const { connection, hasFallback, signal } = init;
    const client = new InferenceClient(init, protos, await channelCredentials(protos, connection));
    try {
      const timeoutMs = hasFallback ? 0 : connection.registryTimeoutMs;
      await client.#follower?.start({ timeoutMs, signal });
    } catch (error) {
      client.stop();
      throw error;
    }
    return client;
  }

  /** In the order of the options; of a registry, in that in which they came, then those that have left. */
  get endpoints(): readonly EndpointStatus[] {
    return this.#balancer.statuses;
  }

  /** Requests that are well on their way at a time: two for each endpoint. */
  get usualInFlight(): number {
    return 2 * Math.max(1, this.#balancer.endpoints.length);
  }

  /** Whether a request would go to an endpoint that answered when it was looked at last. */
  get isReachable(): boolean {
    return this.#balancer.endpoints.some(({ looksWell }) => looksWell);
  }

  /** What computes; `undefined` until a server tells it, and where it may change. */
  get identity(): string | undefined {
    return this.#pin?.identity;
  }

  /** Whether all has ended. */
  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /**
   * What the servers tell of the model, from the first one that answers.
   *
   * @param read - Makes something of it. Where it throws an error of ours, the next server is asked.
   * @param options - `timeoutMs`: less time than a request has.
   * @throws As `callSomewhere`, `read`; `TWIN_REMOTE_MODEL_CHANGED`.
   */
  async describe<T>(
    read: (description: RemoteDescription) => T,
    options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number } = {},
  ): Promise<T> {
    const { model } = this.connection;
    const timeoutMs = Math.min(this.connection.timeoutMs, options.timeoutMs ?? Number.POSITIVE_INFINITY);
    const { service } = this.#protos.Service;
    return await this.#call(
      async (endpoint, limits) => {
        const server = await call(endpoint, service.ServerMetadata, {}, limits);
        const metadata = await call(endpoint, service.ModelMetadata, this.#named, limits);
        const config = await call(endpoint, service.ModelConfig, this.#named, limits).catch(unlessUnknown);
        const description = readDescription(model, server, metadata, config?.config);
        this.#know(endpoint, { identity: identityOf(description.properties), streams: description.hasExtensions });
        return read(description);
      },
      { timeoutMs, signal: options.signal, kind: DESCRIBING },
    );
  }

  /** The models of the first server that answers. @throws As `callSomewhere`. */
  async list(options: { readonly signal?: AbortSignal | undefined }): Promise<RepositoryIndexResponse["models"]> {
    const { RepositoryIndex } = this.#protos.Service.service;
    const { timeoutMs } = this.connection;
    const ask = (endpoint: Endpoint, limits: CallLimits): Promise<RepositoryIndexResponse> =>
      call(endpoint, RepositoryIndex, {}, limits);
    return (await this.#call(ask, { timeoutMs, signal: options.signal, kind: DESCRIBING })).models;
  }

  /**
   * Asks for one answer. The inputs are read before the call returns its promise.
   *
   * @param read - Makes something of the answer. Where it throws an error of ours, the next server is asked.
   * @throws As `callSomewhere`, `read`; `TWIN_REMOTE_MODEL_CHANGED`; `TWIN_MODEL_FAILED` for an answer that is none; at once
   *   `TWIN_INVALID_ARGUMENT` for a request that is larger than `maxMessageBytes`.
   */
  infer<T>(
    { inputs, parameters }: InferenceRequest,
    read: (answer: InferenceAnswer) => T,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    const { model, version, timeoutMs } = this.connection;
    const { tensors, raw } = encodeTensors(inputs);
    this.#lastId++;
    const id = `${this.#lastId}`;
    const message = { model_name: model, model_version: version, id, parameters, tensors, raw };
    const request = Buffer.concat(writeMessage(message, RAW_INPUT_CONTENTS));
    this.#checkSize(request);
    return this.#call(
      async (endpoint, limits) => {
        const look = (): Promise<void> => this.#look(endpoint, limits);
        if (endpoint.known === undefined) await look();
        const response = await endpoint.infer({ id, message: request }, limits);
        if (this.#pin?.checkAnswer(endpoint, response)) {
          await look();
          this.#pin.checkAnswer(endpoint, response);
        }
        return read({ outputs: this.#decode(response, endpoint), endpoint: endpoint.address });
      },
      // Larger requests take longer.
      { timeoutMs, signal: options.signal, kind: Math.ceil(Math.log2(request.length + 1)) },
    );
  }

  /** Ends all channels; calls on their way fail. */
  stop(): void {
    const stopped = new ModelFailedError(this.connection.model, "it has stopped, with its twin.");
    this.#stopped.abort(stopped);
    for (const call of this.#calls) call.abort(stopped);
    this.#follower?.stop();
    for (const endpoint of this.#balancer.endpoints) endpoint.close();
  }

  async #call<T>(
    attempt: (endpoint: Endpoint, limits: CallLimits) => Promise<T>,
    {
      timeoutMs,
      signal,
      kind,
    }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined; readonly kind: number },
  ): Promise<T> {
    const { model } = this.connection;
    const latencies = this.#latencies;
    this.#stopped.signal.throwIfAborted();
    signal?.throwIfAborted();
    const ending = new AbortController();
    const cancel = (): void => ending.abort(signal?.reason);
    this.#calls.add(ending);
    signal?.addEventListener("abort", cancel);
    try {
      return await callSomewhere(this.#balancer, attempt, { model, timeoutMs, ending, latencies, kind });
    } finally {
      this.#calls.delete(ending);
      signal?.removeEventListener("abort", cancel);
    }
  }

  get #named(): { readonly name: string; readonly version?: string } {
    const { model, version } = this.connection;
    return { name: model, ...(version !== undefined && { version }) };
  }

  /** Looks whether an endpoint may be used again, with what every server of the protocol knows. */
  async #probe(endpoint: Endpoint): Promise<string | undefined> {
    const limits = { deadline: Date.now() + PROBE_TIMEOUT_MS, signal: this.#stopped.signal };
    const { ready } = await call(endpoint, this.#protos.Service.service.ModelReady, this.#named, limits);
    if (ready !== true) return `model "${this.connection.model}" is not ready`;
    await this.#look(endpoint, limits);
    return undefined;
  }

  /** Asks an endpoint what it serves. @throws `TWIN_REMOTE_MODEL_CHANGED` */
  async #look(endpoint: Endpoint, limits: CallLimits): Promise<void> {
    const { ServerMetadata, ModelMetadata, ModelConfig } = this.#protos.Service.service;
    const server = await call(endpoint, ServerMetadata, {}, limits).catch(unlessUnknown);
    let identity = identityOf((await call(endpoint, ModelMetadata, this.#named, limits)).properties);
    // Servers of another make tell it there.
    if (identity === undefined) {
      const config = await call(endpoint, ModelConfig, this.#named, limits).catch(unlessUnknown);
      identity = identityOf(parametersOf(config?.config));
    }
    this.#know(endpoint, { identity, streams: server !== undefined && hasExtensions(server) });
  }

  #know(endpoint: Endpoint, known: Known): void {
    if (known.identity !== undefined) this.#pin?.check(endpoint, known.identity);
    endpoint.known = known;
  }

  #decode(response: ModelInferResponse, { address }: Endpoint): Readonly<Record<string, NdArray>> {
    const { model } = this.connection;
    if (response.model_name && response.model_name !== model) {
      throw new ModelFailedError(model, `server ${address} gave an answer of model "${response.model_name}".`);
    }
    try {
      return decodeTensors(response.outputs, response.raw_output_contents);
    } catch (error) {
      throw new ModelFailedError(
        this.connection.model,
        `server ${address} gave an invalid answer: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  #checkSize({ length }: Buffer): void {
    const { model, maxMessageBytes } = this.connection;
    if (length <= maxMessageBytes) return;
    throw new InvalidArgumentError(
      `A request to model "${model}" has ${length} bytes; at most ${maxMessageBytes} (\`maxMessageBytes\`) are sent. Ask for less at once.`,
    );
  }
}

async function call<Request, Response>(
  endpoint: Endpoint,
  method: MethodDefinition<Request, Response>,
  request: Request,
  limits: CallLimits,
): Promise<Response> {
  return await endpoint.unary(method as never, method.requestSerialize(request), limits);
}

/** Not every server has a configuration to tell. */
function unlessUnknown(error: unknown): undefined {
  if ((error as Partial<ServiceError>).code === STATUS.UNIMPLEMENTED) return undefined;
  throw error;
}
