import {
  type AxisLengths,
  checkModelInputs,
  checkModelOutputs,
  emptyModelOutputs,
  InvalidArgumentError,
  type Log,
  type Model,
  ModelFailedError,
  type ModelProvider,
  NdArray,
  reasonOf,
  type Startable,
  type TensorSpec,
} from "../../../core/index.ts";
import { ServerUnreachableError } from "../errors.ts";
import { joinRows, type RowArrays, sliceRows } from "../models/rows.ts";
import { Breaker } from "./breaker.ts";
import type { RemoteDescription } from "./description.ts";
import { inOrder } from "./in-order.ts";
import { FIRST_ANSWER_MS, type InferenceAnswer, type InferenceClient } from "./inference-client.ts";
import { rowsThatFit } from "./message-rows.ts";
import { type ModelContract, modelContract, tensorsProblem } from "./model-contract.ts";
import type { RemoteCounts } from "./remote-counts.ts";
import { tellTakeover } from "./stand-in.ts";

/** What a {@link RemoteModel} is made with. */
export interface RemoteModelInit {
  readonly client: InferenceClient;
  readonly fallback?: Model | undefined;
  readonly log: Log;
}

/** What the servers have told. */
interface Told {
  readonly contract: ModelContract;
  readonly maxBatchSize: number;
  readonly versions: readonly string[];
}

/** A {@link Model} that servers compute. See `remoteModel`. */
export class RemoteModel implements Model, Startable {
  readonly name: string;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly digest: string | undefined;
  readonly provider: ModelProvider;
  /** Version that computes; `undefined` where the server has several and chooses, and where no server has told. */
  readonly version: string | undefined;
  readonly #client: InferenceClient;
  readonly #fallback: Model | undefined;
  readonly #breaker: Breaker;
  #told: Told | undefined;
  /** Resolves when all calls so far have ended. */
  #last: Promise<unknown> = Promise.resolve();
  #served = 0;
  #byFallback = 0;

  /**
   * Asks the servers what the model takes and gives. Where none answers and there is a fallback, that is its own.
   *
   * @throws As `InferenceClient.describe`, `modelContract`; `TWIN_INVALID_ARGUMENT` for a fallback that cannot be one.
   */
  static async create(init: RemoteModelInit & { readonly signal: AbortSignal }): Promise<RemoteModel> {
    const { client, fallback, log, signal } = init;
    try {
      const description = await client.describe((told) => told, {
        signal,
        ...(fallback && { timeoutMs: FIRST_ANSWER_MS }),
      });
      return new RemoteModel(init, toldBy(client.connection.model, description));
    } catch (error) {
      if (fallback === undefined || !(error instanceof ServerUnreachableError)) throw error;
      log.warn(
        { model: client.connection.model, fallback: fallback.name },
        "no server answers; inputs and outputs are those of the fallback",
      );
      const remote = new RemoteModel(init, undefined);
      // Nobody waits for them once more.
      remote.#breaker.opensFor(error);
      return remote;
    }
  }

  private constructor({ client, fallback, log }: RemoteModelInit, told: Told | undefined) {
    const { model } = client.connection;
    const stated = told?.contract ?? (fallback as Model);
    this.name = model;
    this.inputs = stated.inputs;
    this.outputs = stated.outputs;
    this.metadata = stated.metadata;
    this.digest = stated.digest;
    this.provider = stated.provider;
    this.version = client.connection.version ?? (told?.versions.length === 1 ? told.versions[0] : undefined);
    const problem = fallback && tensorsProblem(this, fallback);
    if (problem) throw new InvalidArgumentError(`${fallback.name} cannot be the fallback of ${model}: ${problem}.`);
    this.#client = client;
    this.#fallback = fallback;
    this.#told = told;
    this.#breaker = new Breaker(
      () => client.isReachable,
      (error) => tellTakeover(log, error, { model, fallback: fallback?.name }),
    );
  }

  /** What was computed where, and how the servers are. */
  get remote(): RemoteCounts {
    return { served: this.#served, byFallback: this.#byFallback, endpoints: this.#client.endpoints };
  }

  /** @throws Also `TWIN_SERVER_UNREACHABLE` and what else `InferenceClient.infer` throws. */
  async infer(
    inputs: Readonly<Record<string, NdArray>>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Readonly<Record<string, NdArray>>> {
    signal?.throwIfAborted();
    const lengths = checkModelInputs(this, inputs);
    const empty = emptyModelOutputs(this, lengths);
    if (empty) return empty;
    const before = this.#last;
    const computing = this.#compute(inputs, lengths, signal);
    this.#last = Promise.allSettled([before, computing]);
    const outputs = await computing;
    // Servers answer in any order; a model in the order asked.
    await unlessAborted(before, signal);
    return outputs;
  }

  stop(): void {
    this.#client.stop();
  }

  /** Reads the inputs before it waits for anything. */
  async #compute(inputs: RowArrays, lengths: AxisLengths, signal: AbortSignal | undefined): Promise<RowArrays> {
    if (this.#fallback === undefined) return await this.#byServers(inputs, lengths, signal);
    const own = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, copyOf(array)]));
    if (this.#breaker.isClosed) {
      try {
        const outputs = await this.#byServers(own, lengths, signal);
        this.#breaker.close();
        return outputs;
      } catch (error) {
        if (signal?.aborted || this.#client.isStopped || !this.#breaker.opensFor(error)) throw error;
      }
    }
    const outputs = await this.#fallback.infer(own, { signal });
    this.#byFallback++;
    return checkModelOutputs(this, outputs, lengths);
  }

  async #byServers(inputs: RowArrays, lengths: AxisLengths, signal: AbortSignal | undefined): Promise<RowArrays> {
    // Only a part with a fallback is made before a server has told; it has copies of the inputs.
    const { contract, maxBatchSize } = this.#told ?? (await this.#learn(signal));
    const { batchAxis } = contract;
    const rows = (batchAxis === undefined ? undefined : lengths.get(batchAxis)) ?? 0;
    const most = Math.min(this.#rowsThatFit(contract, lengths), maxBatchSize || Number.POSITIVE_INFINITY);
    const outputs =
      rows <= most
        ? await this.#ask(inputs, lengths, signal)
        : await this.#askInPieces(inputs, { lengths: new Map(lengths), axis: batchAxis as string, rows, most }, signal);
    this.#served++;
    return outputs;
  }

  async #ask(inputs: RowArrays, lengths: AxisLengths, signal: AbortSignal | undefined): Promise<RowArrays> {
    const read = ({ outputs, endpoint }: InferenceAnswer): RowArrays => {
      try {
        return checkModelOutputs(this, outputs, lengths);
      } catch (error) {
        const problem = `server ${endpoint} gave an invalid answer: ${reasonOf(error)}`;
        throw new ModelFailedError(this.name, problem, { cause: error });
      }
    };
    return await this.#client.infer({ inputs }, read, { signal });
  }

  async #askInPieces(
    inputs: RowArrays,
    how: { readonly lengths: Map<string, number>; readonly axis: string; readonly rows: number; readonly most: number },
    signal: AbortSignal | undefined,
  ): Promise<RowArrays> {
    const { axis, rows, most, lengths } = how;
    const own = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, copyOf(array)]));
    const pieces: RowArrays[] = [];
    const ended = new AbortController();
    const cancel = (): void => ended.abort(signal?.reason);
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel);
    const asked = inOrder(
      Math.ceil(rows / most),
      () => this.#client.usualInFlight,
      (index) => {
        const start = index * most;
        const count = Math.min(most, rows - start);
        const part = Object.entries(own).map(([name, array]) => [name, sliceRows(array, start, count)]);
        const asking = this.#ask(Object.fromEntries(part), new Map(lengths).set(axis, count), ended.signal);
        // Nothing comes of the others, then.
        asking.catch((error: unknown) => ended.abort(error));
        return asking;
      },
    );
    try {
      for (const piece of asked) pieces.push(await piece);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
    return Object.fromEntries(
      Object.keys(this.outputs).map((name) => [name, joinRows(pieces.map((piece) => piece[name] as NdArray))]),
    );
  }

  async #learn(signal: AbortSignal | undefined): Promise<Told> {
    this.#told = await this.#client.describe(
      (description) => {
        const told = toldBy(this.name, description);
        const problem = tensorsProblem(this, told.contract);
        if (problem) throw new ModelFailedError(this.name, `it cannot be used: ${problem}.`);
        return told;
      },
      { signal },
    );
    return this.#told;
  }

  #rowsThatFit({ batchAxis, inputs, outputs }: ModelContract, lengths: AxisLengths): number {
    if (batchAxis === undefined) return 0;
    const { maxMessageBytes } = this.#client.connection;
    const fit = [inputs, outputs].map((specs) => {
      const rows = Object.values(specs).map(({ dtype, shape }) => ({
        dtype,
        shape: shape.slice(1).map((length) => (typeof length === "number" ? length : (lengths.get(length) ?? 1))),
      }));
      return rowsThatFit(rows, { maxMessageBytes });
    });
    return Math.min(...fit);
  }
}

function toldBy(model: string, description: RemoteDescription): Told {
  const { versions, maxBatchSize } = description;
  return { contract: modelContract(model, description), versions, maxBatchSize };
}

/** Waits, and no longer than until a signal says so. */
async function unlessAborted(waiting: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await waiting);
  signal.throwIfAborted();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function copyOf(array: NdArray): NdArray {
  const { dtype, shape, dims } = array;
  const values = array.values();
  return new NdArray(array.isContiguous ? values.slice() : values, { dtype, shape, dims });
}
