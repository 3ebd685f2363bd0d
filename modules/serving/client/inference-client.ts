import type { MethodDefinition, ServiceError } from "@grpc/grpc-js";
import { InvalidArgumentError, type Log, ModelFailedError, type NdArray, reasonOf } from "../../../core/index.ts";
import { RemoteModelChangedError } from "../errors.ts";
import { loadProtos, type Protos } from "../protocol/load-protos.ts";
import type { ModelInferRequestInit, ModelInferResponse } from "../protocol/messages.ts";
import { decodeParameters, encodeParameters, type ParameterValue } from "../protocol/parameters.ts";
import { STATUS } from "../protocol/status.ts";
import { decodeTensors, encodeTensors } from "../protocol/tensors.ts";
import { Balancer } from "./balancer.ts";
import { callSomewhere } from "./call.ts";
import type { Connection } from "./connection-options.ts";
import { channelCredentials } from "./credentials.ts";
import { identityOf, type RemoteDescription, readDescription } from "./description.ts";
import { type CallLimits, Endpoint, PROBE_TIMEOUT_MS } from "./endpoint.ts";
import type { EndpointStatus } from "./endpoint-status.ts";

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
}

/** How long a part that has a fallback waits for a first answer when it is created, ms. */
export const FIRST_ANSWER_MS = 5_000;

/**
 * Asks the servers of one model: whichever is there, and always for the same model.
 *
 * The identity of what computes is noted at the first answer that tells it. From then on an endpoint that serves something
 * else is not used, unless it is to be followed.
 */
export class InferenceClient {
  readonly connection: Connection;
  readonly #protos: Protos;
  readonly #balancer: Balancer;
  readonly #follow: boolean;
  readonly #stopped = new AbortController();
  #identity: string | undefined;

  private constructor(
    { connection, follow, log }: InferenceClientInit,
    protos: Protos,
    credentials: Awaited<ReturnType<typeof channelCredentials>>,
  ) {
    this.connection = connection;
    this.#protos = protos;
    this.#follow = follow;
    const { model } = connection;
    const onChange = ({ status }: Endpoint): void => {
      if (status.isGood) log.info({ endpoint: status.address, model }, "an endpoint answers again");
      else {
        const facts = { endpoint: status.address, model, problem: status.problem };
        log.warn(facts, "an endpoint does not answer as it should; requests go elsewhere until it does");
      }
    };
    const probe = (endpoint: Endpoint): Promise<string | undefined> => this.#probe(endpoint);
    this.#balancer = new Balancer(
      connection.endpoints.map(
        (address) => new Endpoint(address, { protos, credentials, connection, probe, onChange }),
      ),
    );
  }

  /** @throws `TWIN_PACKAGE_MISSING`; as `channelCredentials`. Reaches nobody yet. */
  static async create(init: InferenceClientInit): Promise<InferenceClient> {
    const protos = await loadProtos();
    return new InferenceClient(init, protos, await channelCredentials(protos, init.connection));
  }

  /** In the order of the options. */
  get endpoints(): readonly EndpointStatus[] {
    return this.#balancer.endpoints.map(({ status }) => status);
  }

  /** Whether a request would go to an endpoint that answered when it was looked at last. */
  get isReachable(): boolean {
    return this.#balancer.endpoints.some(({ isGood }) => isGood);
  }

  /** What computes; `undefined` until a server tells it. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /**
   * What the servers tell of the model, from the first one that answers.
   *
   * @param options - `timeoutMs`: less time than a request has.
   * @throws As `callSomewhere`; `TWIN_REMOTE_MODEL_CHANGED`.
   */
  async describe(
    options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number } = {},
  ): Promise<RemoteDescription> {
    const { model, version } = this.connection;
    const timeoutMs = Math.min(this.connection.timeoutMs, options.timeoutMs ?? Number.POSITIVE_INFINITY);
    const { service } = this.#protos.Service;
    const named = { name: model, ...(version !== undefined && { version }) };
    return await this.#call(
      async (endpoint, limits) => {
        const server = await call(endpoint, service.ServerMetadata, {}, limits);
        const metadata = await call(endpoint, service.ModelMetadata, named, limits);
        const config = await call(endpoint, service.ModelConfig, named, limits).catch(unlessUnknown);
        const description = readDescription(server, metadata, config?.config);
        this.#checkIdentity(endpoint, description.identity);
        return description;
      },
      { timeoutMs, signal: options.signal },
    );
  }

  /**
   * Asks for one answer. The inputs are read before the call returns its promise.
   *
   * @throws As `callSomewhere`; `TWIN_REMOTE_MODEL_CHANGED`; `TWIN_MODEL_FAILED` for an answer that is none;
   *   `TWIN_INVALID_ARGUMENT` for a request that is larger than `maxMessageBytes`.
   */
  infer(
    { inputs, parameters }: InferenceRequest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<InferenceAnswer> {
    const { model, version, timeoutMs } = this.connection;
    const { ModelInfer } = this.#protos.Service.service;
    const { tensors, raw } = encodeTensors(inputs);
    const message: ModelInferRequestInit = {
      model_name: model,
      ...(version !== undefined && { model_version: version }),
      ...(parameters && { parameters: encodeParameters(parameters) }),
      inputs: tensors,
      raw_input_contents: raw,
    };
    const request = ModelInfer.requestSerialize(message);
    this.#checkSize(request);
    return this.#call(
      async (endpoint, limits) => {
        const response = await endpoint.unary(ModelInfer, request, limits);
        this.#checkIdentity(endpoint, this.#answeredBy(response));
        return { outputs: this.#decode(response, endpoint), endpoint: endpoint.address };
      },
      { timeoutMs, signal: options.signal },
    );
  }

  /** Ends all channels; calls on their way fail. */
  stop(): void {
    this.#stopped.abort(new ModelFailedError(this.connection.model, "it has stopped, with its twin."));
    for (const endpoint of this.#balancer.endpoints) endpoint.close();
  }

  async #call<T>(
    attempt: (endpoint: Endpoint, limits: CallLimits) => Promise<T>,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<T> {
    const { model } = this.connection;
    const own = new AbortController();
    const stop = (): void => own.abort(this.#stopped.signal.reason);
    const cancel = (): void => own.abort(signal?.reason);
    if (this.#stopped.signal.aborted) stop();
    if (signal?.aborted) cancel();
    this.#stopped.signal.addEventListener("abort", stop);
    signal?.addEventListener("abort", cancel);
    try {
      own.signal.throwIfAborted();
      return await callSomewhere(this.#balancer, attempt, { model, timeoutMs, signal: own.signal });
    } finally {
      this.#stopped.signal.removeEventListener("abort", stop);
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Looks whether an endpoint may be used again, with what every server of the protocol knows. */
  async #probe(endpoint: Endpoint): Promise<string | undefined> {
    const { model, version } = this.connection;
    const { service } = this.#protos.Service;
    const named = { name: model, ...(version !== undefined && { version }) };
    const limits = { deadline: Date.now() + PROBE_TIMEOUT_MS, signal: this.#stopped.signal };
    const { ready } = await call(endpoint, service.ModelReady, named, limits);
    if (ready !== true) return `model "${model}" is not ready`;
    if (this.#identity === undefined || this.#follow) return undefined;
    const { properties } = await call(endpoint, service.ModelMetadata, named, limits);
    const identity = identityOf(properties);
    return identity === undefined || identity === this.#identity ? undefined : this.#otherThan(identity);
  }

  /** Who computed an answer. A server that does not tell has at least a version. */
  #answeredBy({ parameters, model_version }: ModelInferResponse): string | undefined {
    const { identity } = decodeParameters(parameters);
    if (typeof identity === "string" && identity !== "") return identity;
    return model_version ? `${this.connection.model}/${model_version}` : undefined;
  }

  /** @throws {@link RemoteModelChangedError} */
  #checkIdentity({ address }: Endpoint, identity: string | undefined): void {
    if (identity === undefined || this.#follow) return;
    this.#identity ??= identity;
    if (identity === this.#identity) return;
    throw new RemoteModelChangedError(
      `Server ${address} ${this.#otherThan(identity)}. Create the twin again for the new one.`,
    );
  }

  #otherThan(identity: string): string {
    return `serves ${identity} as "${this.connection.model}", not ${this.#identity} as at the beginning`;
  }

  #decode(response: ModelInferResponse, { address }: Endpoint): Readonly<Record<string, NdArray>> {
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
