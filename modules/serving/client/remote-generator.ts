import {
  checkGenerateRequest,
  findOutside,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  InvalidArgumentError,
  type Log,
  type NdArray,
  type Startable,
  type ValidityRange,
} from "../../../core/index.ts";
import { ServerUnreachableError } from "../errors.ts";
import { joinRows } from "../models/rows.ts";
import { Breaker } from "./breaker.ts";
import { ConditionMap } from "./condition-map.ts";
import type { RemoteDescription } from "./description.ts";
import type { EndpointStatus } from "./endpoint-status.ts";
import {
  type GeneratorContract,
  type GeneratorDescription,
  generatorContract,
  outputsProblem,
} from "./generator-contract.ts";
import { decodeEvents, type Events, encodeRequest } from "./generator-wire.ts";
import { inOrder } from "./in-order.ts";
import { FIRST_ANSWER_MS, type InferenceClient } from "./inference-client.ts";
import { rowsThatFit } from "./message-rows.ts";
import { generateBy, withoutOwnFacts } from "./stand-in.ts";

/** What a remote part has done so far. */
export interface RemoteCounts {
  /** Events, or calls of a model, that servers computed. */
  readonly served: number;
  /** Those that the local fallback computed. */
  readonly byFallback: number;
  readonly endpoints: readonly EndpointStatus[];
}

/** How a {@link RemoteGenerator} asks. */
export interface RemoteGeneratorOptions {
  readonly describes?: GeneratorDescription | undefined;
  readonly transfer: "sparse" | "dense";
  readonly precision: "float32" | "float16";
  /** Requests on their way at a time. */
  readonly inFlight: number;
  readonly follow: boolean;
}

/** What a {@link RemoteGenerator} is made with. */
export interface RemoteGeneratorInit {
  readonly client: InferenceClient;
  readonly options: RemoteGeneratorOptions;
  readonly fallback?: Generator | undefined;
  readonly log: Log;
}

/** What the servers have told, and how a request of this part becomes one of theirs. */
interface Remote {
  readonly contract: GeneratorContract;
  readonly description: RemoteDescription;
  readonly conditions: ConditionMap;
}

/** The fallback, and how a request of this part becomes one of its own. */
interface Spare {
  readonly generator: Generator;
  readonly conditions: ConditionMap;
}

/** Events of a batch where the request does not say. */
const BATCH_SIZE = 100;

/** Made once: every request of single events ends with it, and making the stack of an error takes 40 µs. */
const NOT_TAKEN = new DOMException("These events are not taken any more.", "AbortError");

/** A {@link Generator} that servers compute. See `remoteGenerator`. */
export class RemoteGenerator implements Generator, Startable {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly facts: GeneratorFacts;
  readonly #client: InferenceClient;
  readonly #options: RemoteGeneratorOptions;
  readonly #fallback: Spare | undefined;
  readonly #breaker: Breaker;
  #remote: Remote | undefined;
  #served = 0;
  #byFallback = 0;

  /**
   * Asks the servers what they generate. Where none answers and there is a fallback, ranges and arrays are its own.
   *
   * @throws As `InferenceClient.describe`, `generatorContract`; `TWIN_INVALID_ARGUMENT` for a fallback that cannot be one.
   */
  static async create(init: RemoteGeneratorInit & { readonly signal: AbortSignal }): Promise<RemoteGenerator> {
    const { client, fallback, options, signal } = init;
    const { model } = client.connection;
    try {
      const description = await client.describe((told) => told, {
        signal,
        ...(fallback && { timeoutMs: FIRST_ANSWER_MS }),
      });
      const contract = generatorContract(model, description, options.describes);
      return new RemoteGenerator(init, { description, contract });
    } catch (error) {
      if (fallback === undefined || !(error instanceof ServerUnreachableError)) throw error;
      init.log.warn(
        { model, fallback: fallback.model },
        "no server answers; ranges and arrays are those of the fallback",
      );
      return new RemoteGenerator(init, undefined);
    }
  }

  private constructor(
    { client, options, fallback, log }: RemoteGeneratorInit,
    told: Pick<Remote, "contract" | "description"> | undefined,
  ) {
    const { model } = client.connection;
    const { validity, outputs } = told?.contract ?? (fallback as Generator);
    this.model = model;
    this.validity = validity;
    this.outputs = outputs;
    this.#client = client;
    this.#options = options;
    if (told) this.#remote = this.#accept(told);
    if (fallback) {
      const problem = outputsProblem(this, fallback);
      if (problem) throw new InvalidArgumentError(`${fallback.model} cannot be the fallback of ${model}: ${problem}.`);
      this.#fallback = { generator: fallback, conditions: new ConditionMap(this, fallback) };
    }
    this.facts = this.#factsOf(told, fallback);
    this.#breaker = new Breaker(
      () => client.isReachable,
      (isOpen) => {
        const facts = { model, fallback: fallback?.model };
        if (isOpen) log.warn(facts, "no server answers; events are made by the fallback until one does");
        else log.info(facts, "a server answers again; events are made by it");
      },
    );
  }

  /** What was made where, and how the servers are. */
  get remote(): RemoteCounts {
    return { served: this.#served, byFallback: this.#byFallback, endpoints: this.#client.endpoints };
  }

  async *generate(
    request: GenerateRequest,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    signal?.throwIfAborted();
    const { batchSize = BATCH_SIZE, eventIds } = request;
    // A batch that no message holds is asked for in several requests.
    const perRequest = Math.min(batchSize, this.#mostEvents());
    const requests = Math.ceil(batchSize / perRequest);
    const batches = Math.ceil(eventIds.length / batchSize);
    const ended = new AbortController();
    const cancel = (): void => ended.abort(signal?.reason);
    signal?.addEventListener("abort", cancel);
    const parts = inOrder(batches * requests, this.#options.inFlight, (index) => {
      const batch = Math.floor(index / requests);
      const start = batch * batchSize + (index % requests) * perRequest;
      const stop = Math.min(start + perRequest, (batch + 1) * batchSize, eventIds.length);
      return this.#make(request, start, Math.max(start, stop), ended.signal);
    });
    try {
      for (let start = 0; start < eventIds.length; start += batchSize) {
        const count = Math.min(batchSize, eventIds.length - start);
        const made: Events[] = [];
        for (let part = 0; part < requests; part++) made.push((await parts.next()).value as Events);
        signal?.throwIfAborted();
        yield { start, count, ...joined(made) };
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      // What is still on its way is nobody's any more.
      ended.abort(NOT_TAKEN);
    }
  }

  stop(): void {
    this.#client.stop();
  }

  /** The events `[start, stop)`, by whoever is there. */
  async #make(request: GenerateRequest, start: number, stop: number, signal: AbortSignal): Promise<Events> {
    if (start === stop) return { count: 0, arrays: {} };
    if (this.#fallback === undefined || this.#breaker.isClosed) {
      try {
        const events = await this.#byServers(request, start, stop, signal);
        if (events) {
          this.#breaker.close();
          return events;
        }
      } catch (error) {
        if (signal.aborted || this.#fallback === undefined || !this.#breaker.opensFor(error)) throw error;
      }
    }
    return await this.#byTheFallback(request, start, stop, signal);
  }

  /** @returns `undefined` for events that the servers do not cover: ranges may be those of the fallback. */
  async #byServers(
    request: GenerateRequest,
    start: number,
    stop: number,
    signal: AbortSignal,
  ): Promise<Events | undefined> {
    const remote = this.#remote ?? (await this.#learn(signal));
    const { contract } = remote;
    const conditions = remote.conditions.of(request, start, stop);
    if (this.#fallback && !covers(contract, conditions)) return undefined;
    const travel = {
      isSparse: contract.hasExtensions && this.#options.transfer === "sparse",
      isHalf: this.#options.precision === "float16",
    };
    const asked = encodeRequest(contract, request, { start, stop, conditions }, travel);
    const events = await this.#client.infer(asked, (answer) => decodeEvents(contract, answer, stop - start, travel), {
      signal,
    });
    this.#served += stop - start;
    return events;
  }

  async #byTheFallback(request: GenerateRequest, start: number, stop: number, signal: AbortSignal): Promise<Events> {
    const { generator, conditions } = this.#fallback as Spare;
    const { eventIds, seed } = request;
    const arrays = await generateBy(
      generator,
      {
        conditions: conditions.of(request, start, stop),
        eventIds: eventIds.subarray(start, stop),
        seed: typeof seed === "bigint" ? seed : seed.subarray(start, stop),
        batchSize: stop - start,
      },
      signal,
    );
    this.#byFallback += stop - start;
    return { count: stop - start, arrays, byFallback: new Uint8Array(stop - start).fill(1) };
  }

  /** No server was there at the beginning. */
  async #learn(signal: AbortSignal): Promise<Remote> {
    this.#remote = await this.#client.describe(
      (description) => {
        const contract = generatorContract(this.model, description, this.#options.describes);
        const problem = outputsProblem(this, contract);
        if (problem) throw new InvalidArgumentError(`The server's model "${this.model}" cannot be used: ${problem}.`);
        return this.#accept({ contract, description });
      },
      { signal },
    );
    return this.#remote;
  }

  #accept({ contract, description }: Pick<Remote, "contract" | "description">): Remote {
    if (this.#options.precision === "float16" && !contract.hasExtensions) {
      throw new InvalidArgumentError(
        `The server of model "${this.model}" (${description.servedBy}) cannot be asked for halves. Leave \`precision\` out.`,
      );
    }
    return { contract, description, conditions: new ConditionMap(this, contract) };
  }

  #mostEvents(): number {
    const { maxMessageBytes } = this.#client.connection;
    const fit = rowsThatFit(Object.values(this.outputs), {
      maxMessageBytes,
      isSparse: this.#options.transfer === "sparse",
    });
    return Math.min(fit, this.#remote?.description.maxBatchSize || fit);
  }

  #factsOf(
    told: Pick<Remote, "contract" | "description"> | undefined,
    fallback: Generator | undefined,
  ): GeneratorFacts {
    const theirs: GeneratorFacts = told?.contract.facts ?? {};
    const { identity } = this.#client;
    const { follow, precision } = this.#options;
    const spares = [theirs.fallback?.model, fallback?.model].filter((model) => model !== undefined);
    return {
      // What is followed may become another at any time, and what stands in for it is another already.
      ...(told && !follow ? theirs : withoutOwnFacts(told ? theirs : (fallback?.facts ?? {}))),
      ...(told && { served_by: told.description.servedBy }),
      ...(told && !follow && identity !== undefined && { identity }),
      ...(precision === "float16" && { precision }),
      ...(spares.length > 0 && (fallback || follow) && { fallback: { model: [...new Set(spares)].join(" or ") } }),
    };
  }
}

function covers({ validity }: GeneratorContract, conditions: Readonly<Record<string, Float64Array>>): boolean {
  return Object.entries(validity).every(([name, range]) => findOutside(conditions[name] as Float64Array, range) < 0);
}

/** The events of a batch as one. */
function joined(parts: readonly Events[]): Pick<GeneratedBatch, "arrays" | "byFallback"> {
  const made = parts.filter(({ count }) => count > 0);
  const first = made[0] as Events;
  if (made.length === 1) return { arrays: first.arrays, ...(first.byFallback && { byFallback: first.byFallback }) };
  const arrays = Object.keys(first.arrays).map((name) => [
    name,
    joinRows(made.map((part) => part.arrays[name] as NdArray)),
  ]);
  const isByFallback = made.some(({ byFallback }) => byFallback !== undefined);
  const flags = made.flatMap(({ count, byFallback }) => [...(byFallback ?? new Uint8Array(count))]);
  return { arrays: Object.fromEntries(arrays), ...(isByFallback && { byFallback: Uint8Array.from(flags) }) };
}
