import {
  ConditionMap,
  checkGenerateRequest,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  InvalidArgumentError,
  type Log,
  ModelFailedError,
  reasonOf,
  type Startable,
  selectEvents,
  type ValidityRange,
} from "../../../core/index.ts";
import { ServerUnreachableError } from "../errors.ts";
import { Breaker } from "./breaker.ts";
import type { RemoteDescription } from "./description.ts";
import { batchOf, type Events, interleaved, joined } from "./events.ts";
import {
  type GeneratorContract,
  type GeneratorDescription,
  generatorContract,
  outputsProblem,
} from "./generator-contract.ts";
import { decodeEvents, encodeRequest } from "./generator-wire.ts";
import { inOrder } from "./in-order.ts";
import { FIRST_ANSWER_MS, type InferenceAnswer, type InferenceClient } from "./inference-client.ts";
import { rowsThatFit } from "./message-rows.ts";
import type { RemoteCounts } from "./remote-counts.ts";
import { remoteFacts } from "./remote-facts.ts";
import { generateBy, tellTakeover } from "./stand-in.ts";

/** How a {@link RemoteGenerator} asks. */
export interface RemoteGeneratorOptions {
  readonly describes?: GeneratorDescription | undefined;
  readonly transfer: "sparse" | "dense";
  readonly precision: "float32" | "float16";
  /** Requests on their way at a time; by default as many as suit the servers that are there. */
  readonly inFlight: number | undefined;
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
  /** What computes, as far as it was known then: facts do not change while events are made. */
  readonly identity: string | undefined;
}

/** The fallback, and how a request of this part becomes one of its own. */
interface Spare {
  readonly generator: Generator;
  readonly conditions: ConditionMap;
}

/** Events of a batch where the request does not say. */
const BATCH_SIZE = 100;

/** Made once: making the stack of an error takes 40 µs. */
const NOT_TAKEN = new DOMException("These events are not taken any more.", "AbortError");

/** A {@link Generator} that servers compute. See `remoteGenerator`. */
export class RemoteGenerator implements Generator, Startable {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly #client: InferenceClient;
  /** How many events fit a message. */
  readonly #fit: number;
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
      const contract = generatorContract(model, description, {
        ...options,
        maxMessageBytes: client.connection.maxMessageBytes,
      });
      return new RemoteGenerator(init, { description, contract });
    } catch (error) {
      if (fallback === undefined || !(error instanceof ServerUnreachableError)) throw error;
      init.log.warn(
        { model, fallback: fallback.model },
        "no server answers; ranges and arrays are those of the fallback",
      );
      const remote = new RemoteGenerator(init, undefined);
      // Nobody waits for them once more.
      remote.#breaker.opensFor(error);
      return remote;
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
    this.#fit = rowsThatFit(Object.values(outputs), {
      maxMessageBytes: client.connection.maxMessageBytes,
      isSparse: options.transfer === "sparse",
    });
    if (told) this.#remote = this.#accept(told);
    if (fallback) {
      const problem = outputsProblem(this, fallback);
      if (problem) throw new InvalidArgumentError(`${fallback.model} cannot be the fallback of ${model}: ${problem}.`);
      this.#fallback = { generator: fallback, conditions: new ConditionMap(this, fallback) };
    }
    this.#breaker = new Breaker(
      () => client.isReachable,
      (error) => tellTakeover(log, error, { model, fallback: fallback?.model }),
    );
  }

  /** Of the servers, from when one has answered; those of the fallback that hold for both until then. */
  get facts(): GeneratorFacts {
    return remoteFacts(this.#remote, this.#fallback?.generator, this.#options);
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
    const { eventIds } = request;
    const batchSize = Math.max(1, Math.min(request.batchSize ?? BATCH_SIZE, eventIds.length));
    // A batch that no message holds is asked for in several requests.
    const perRequest = Math.min(batchSize, this.#mostEvents());
    const requests = Math.ceil(batchSize / perRequest);
    const batches = Math.ceil(eventIds.length / batchSize);
    const tasks = batches * requests;
    let taken = 0;
    // One alone is always waited for; of several, some may be on their way when the others are not taken any more.
    const ended = tasks > 1 ? new AbortController() : undefined;
    const cancel = (): void => ended?.abort(signal?.reason);
    if (ended) signal?.addEventListener("abort", cancel);
    const window = (): number => this.#options.inFlight ?? this.#client.usualInFlight;
    const parts = inOrder(tasks, window, (index) => {
      const batch = Math.floor(index / requests);
      const start = batch * batchSize + (index % requests) * perRequest;
      const stop = Math.min(start + perRequest, (batch + 1) * batchSize, eventIds.length);
      const events = Int32Array.from({ length: Math.max(0, stop - start) }, (_, event) => start + event);
      return this.#make(request, events, ended?.signal ?? signal);
    });
    try {
      for (let start = 0; start < eventIds.length; start += batchSize) {
        const count = Math.min(batchSize, eventIds.length - start);
        const made: Events[] = [];
        for (let part = 0; part < requests; part++) {
          made.push(await (parts.next().value as Promise<Events>));
          taken++;
        }
        signal?.throwIfAborted();
        yield { start, count, ...batchOf(joined(made)) };
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      // What is still on its way is nobody's any more.
      if (taken < tasks) ended?.abort(NOT_TAKEN);
    }
  }

  stop(): void {
    this.#client.stop();
  }

  /** Some events of a request: by the servers what they cover while they are there, by the fallback the others. */
  async #make(request: GenerateRequest, events: Int32Array, signal: AbortSignal | undefined): Promise<Events> {
    if (events.length === 0) return joined([]);
    if (this.#fallback === undefined) return await this.#byServers(this.#remote as Remote, request, events, signal);
    const covered = new Set<number>();
    let made = joined([]);
    if (this.#breaker.isClosed) {
      try {
        const remote = this.#remote ?? (await this.#learn(signal));
        // Ranges may be those of the fallback.
        const own = events.filter((event) => remote.conditions.covers(request, event));
        if (own.length > 0) {
          made = await this.#byServers(remote, request, own, signal);
          for (const event of own) covered.add(event);
          this.#breaker.close();
        }
      } catch (error) {
        if (signal?.aborted || this.#client.isStopped || !this.#breaker.opensFor(error)) throw error;
      }
    }
    if (covered.size === events.length) return made;
    const others = events.filter((event) => !covered.has(event));
    const spare = await this.#byTheFallback(this.#fallback, request, others, signal);
    return interleaved(
      made,
      spare,
      [...events].map((event) => covered.has(event)),
    );
  }

  async #byServers(
    remote: Remote,
    request: GenerateRequest,
    events: Int32Array,
    signal: AbortSignal | undefined,
  ): Promise<Events> {
    const { contract, conditions } = remote;
    const most = this.#mostEvents();
    // How many they take may have become known meanwhile.
    if (events.length > most) {
      const [first, rest] = [events.subarray(0, most), events.subarray(most)];
      const made = await this.#byServers(remote, request, first, signal);
      return joined([made, await this.#byServers(remote, request, rest, signal)]);
    }
    const travel = {
      isSparse: contract.hasExtensions && this.#options.transfer === "sparse",
      isHalf: this.#options.precision === "float16",
    };
    // They are in the order of the request.
    const own = events.length === request.eventIds.length ? request : selectEvents(request, events);
    const asked = encodeRequest(contract, { ...own, conditions: conditions.of(own) }, travel);
    const read = (answer: InferenceAnswer): Events => decodeEvents(contract, answer, events.length, travel);
    const made = await this.#client.infer(asked, read, { signal });
    this.#served += events.length;
    return made;
  }

  async #byTheFallback(
    { generator, conditions }: Spare,
    request: GenerateRequest,
    events: Int32Array,
    signal: AbortSignal | undefined,
  ): Promise<Events> {
    for (const event of events) conditions.check(request, event);
    const own = selectEvents(request, events);
    const count = events.length;
    const arrays = await generateBy(generator, { ...own, conditions: conditions.of(own), batchSize: count }, signal);
    this.#byFallback += count;
    return { count, arrays, byFallback: new Uint8Array(count).fill(1) };
  }

  /**
   * No server was there at the beginning.
   *
   * @throws `TWIN_MODEL_FAILED` for servers that do not generate what this part does.
   */
  async #learn(signal: AbortSignal | undefined): Promise<Remote> {
    const { maxMessageBytes } = this.#client.connection;
    const read = (description: RemoteDescription): Remote => {
      try {
        const contract = generatorContract(this.model, description, { ...this.#options, maxMessageBytes });
        const problem = outputsProblem(this, contract);
        if (problem) throw new InvalidArgumentError(`It cannot be used: ${problem}.`);
        return this.#accept({ contract, description });
      } catch (error) {
        throw new ModelFailedError(this.model, reasonOf(error), { cause: error });
      }
    };
    this.#remote = await this.#client.describe(read, { signal });
    return this.#remote;
  }

  #accept({ contract, description }: Pick<Remote, "contract" | "description">): Remote {
    if (this.#options.precision === "float16" && !contract.hasExtensions) {
      throw new InvalidArgumentError(
        `The server of model "${this.model}" (${description.servedBy}) cannot be asked for halves. Leave \`precision\` out.`,
      );
    }
    return { contract, description, conditions: new ConditionMap(this, contract), identity: this.#client.identity };
  }

  #mostEvents(): number {
    return Math.min(this.#fit, this.#remote?.description.maxBatchSize || this.#fit);
  }
}
