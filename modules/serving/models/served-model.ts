import {
  checkModelInputs,
  emptyModelOutputs,
  type Model,
  ModelInputError,
  type NdArray,
  type TensorSpec,
} from "../../../core/index.ts";
import { datatypeOf } from "../protocol/datatypes.ts";
import type { Batch, BatchTimes, Piece } from "./batch.ts";
import { completeBatching } from "./batching.ts";
import { modelProperties } from "./properties.ts";
import { type Computation, QueuedService } from "./queued-service.ts";
import { bytesHeld, giveRows, isOneJob, joinRows, type RowArrays, type RowJob, sliceRows } from "./rows.ts";
import type { Batching, Served, ServedRequest, ServeFacts, TensorMetadata } from "./served.ts";

/** Facts of {@link serveModel}. */
export interface ServeModelFacts extends Omit<ServeFacts, "batching"> {
  /**
   * Requests are put together along the first axis, where all inputs and outputs begin with the same free one: each row
   * must then depend on nothing but itself. `false` for a model of which that is not so; each request is then computed
   * by itself.
   */
  readonly batching?: Partial<Batching> | false | undefined;
}

interface ModelJob extends RowJob {
  /** Of the free axes, by name. */
  readonly lengths: ReadonlyMap<string, number>;
  readonly inputs: RowArrays;
}

/**
 * Serves a model: requests are checked, put together where the model allows it, and answered each with its own rows.
 *
 * @throws `TWIN_INVALID_ARGUMENT` when the numbers of the batching are no such.
 */
export function serveModel(model: Model, facts: ServeModelFacts): Served {
  const { batching, observer, maxAnswerBytes } = facts;
  const axis = batching === false ? undefined : batchAxis(model);
  const queue = completeBatching(batching || {});
  return new QueuedService(new ModelComputation(model, axis, facts), {
    // Without an axis a row is a request.
    queue: axis === undefined ? { ...queue, maxBatchSize: 1, preferredBatchSizes: [] } : queue,
    isBatched: axis !== undefined,
    observer,
    maxAnswerBytes,
  });
}

class ModelComputation implements Computation<ModelJob> {
  readonly name: string;
  readonly version: string;
  readonly kind = "model";
  readonly platform = "twinloom_model";
  readonly identity: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties: Readonly<Record<string, string>>;
  readonly #model: Model;
  readonly #axis: string | undefined;

  constructor(model: Model, axis: string | undefined, { name, version, properties }: ServeModelFacts) {
    this.name = name ?? model.name;
    this.version = version;
    this.identity = model.digest ?? `${this.name}/${version}`;
    this.inputs = tensorsOf(model.inputs);
    this.outputs = tensorsOf(model.outputs);
    this.properties = modelProperties(model, { identity: this.identity, properties });
    this.#model = model;
    this.#axis = axis;
  }

  read({ inputs }: ServedRequest): ModelJob {
    const lengths = checkModelInputs(this.#model, inputs);
    const results = emptyModelOutputs(this.#model, lengths);
    const job = { inputs, bytes: bytesHeld(inputs), lengths, results };
    if (this.#axis === undefined) return { ...job, rows: 1 };
    const rows = lengths.get(this.#axis) as number;
    if (rows === 0 && !results) {
      const problem = "it has no rows, and the shape of what comes of it is not known. Give one row or more.";
      throw new ModelInputError(this.#model.name, Object.keys(inputs)[0] as string, problem);
    }
    const others = [...lengths].filter(([axis]) => axis !== this.#axis);
    return { ...job, rows, group: others.map(([axis, length]) => `${axis} ${length}`).join() };
  }

  elementsOf({ name }: TensorMetadata, { lengths }: ModelJob): number | undefined {
    let elements = 1;
    for (const length of (this.#model.outputs[name] as TensorSpec).shape) {
      const known = typeof length === "number" ? length : lengths.get(length);
      if (known === undefined) return undefined;
      elements *= known;
    }
    return elements;
  }

  async compute({ pieces, signal }: Batch<ModelJob>): Promise<BatchTimes> {
    const begun = performance.now();
    const inputs = isOneJob(pieces) ? (pieces[0] as Piece<ModelJob>).job.inputs : this.#join(pieces);
    const joined = performance.now();
    const outputs = await this.#model.infer(inputs, { signal });
    const inferred = performance.now();
    giveRows(pieces, outputs);
    return { inputMs: joined - begun, inferMs: inferred - joined, outputMs: performance.now() - inferred };
  }

  #join(pieces: readonly Piece<ModelJob>[]): RowArrays {
    return Object.fromEntries(
      Object.keys(this.#model.inputs).map((name) => [
        name,
        joinRows(pieces.map(({ job, start, count }) => sliceRows(job.inputs[name] as NdArray, start, count))),
      ]),
    );
  }
}

/** The free axis that all inputs and outputs begin with, and have nowhere else. */
function batchAxis({ inputs, outputs }: Model): string | undefined {
  const shapes = [...Object.values(inputs), ...Object.values(outputs)].map(({ shape }) => shape);
  const axis = Object.values(inputs)[0]?.shape[0];
  if (typeof axis !== "string") return undefined;
  return shapes.every((shape) => shape.lastIndexOf(axis) === 0) ? axis : undefined;
}

function tensorsOf(specs: Readonly<Record<string, TensorSpec>>): readonly TensorMetadata[] {
  return Object.entries(specs).map(([name, { dtype, shape }]) => ({
    name,
    datatype: datatypeOf(dtype),
    shape: shape.map((length) => (typeof length === "number" ? length : -1)),
  }));
}
