import {
  allocate,
  type GeneratedBatch,
  type Generator,
  InvalidArgumentError,
  ModelFailedError,
  NdArray,
} from "../../../core/index.ts";
import { datatypeOf } from "../protocol/datatypes.ts";
import type { Batch, BatchTimes } from "./batch.ts";
import { completeBatching } from "./batching.ts";
import { EVENT_ID, type GeneratorJob, joinRequests, readGenerateRequest, SEED } from "./generate-request.ts";
import { generatorIdentity, generatorProperties } from "./properties.ts";
import { type Computation, QueuedService } from "./queued-service.ts";
import { bytesHeld, giveRows, joinRows, type RowArrays } from "./rows.ts";
import type { Served, ServedRequest, ServeFacts, TensorMetadata } from "./served.ts";

/** Output that says which events a fallback made, of generators that have one. */
export const BY_FALLBACK = "by_fallback";

/**
 * Serves a generator: events of any requests, with any seeds, are made in one batch, each as it would be by itself.
 *
 * @throws `TWIN_INVALID_ARGUMENT` when a condition or output has a name that the protocol keeps for itself, or the
 *   numbers of the batching are no such.
 */
export function serveGenerator(generator: Generator, facts: ServeFacts): Served {
  return new QueuedService(new GeneratorComputation(generator, facts), {
    queue: completeBatching(facts.batching),
    isBatched: true,
    observer: facts.observer,
    maxAnswerBytes: facts.maxAnswerBytes,
  });
}

class GeneratorComputation implements Computation<GeneratorJob> {
  readonly name: string;
  readonly version: string;
  readonly kind = "generator";
  readonly platform = "twinloom_generator";
  readonly identity: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties: Readonly<Record<string, string>>;
  readonly #generator: Generator;
  readonly #hasFallback: boolean;

  constructor(generator: Generator, { name, version, properties }: ServeFacts) {
    const conditions = Object.keys(generator.validity);
    this.name = name ?? generator.model;
    this.version = version;
    refuseNames(`${this.name}: a condition`, conditions, [EVENT_ID, SEED]);
    refuseNames(`${this.name}: an output`, Object.keys(generator.outputs), [BY_FALLBACK]);
    this.identity = generatorIdentity(generator, `${this.name}/${version}`);
    this.properties = generatorProperties(generator, { identity: this.identity, properties });
    this.#generator = generator;
    this.#hasFallback = generator.facts?.fallback !== undefined;
    this.inputs = [
      { name: EVENT_ID, datatype: "INT64", shape: [-1, 1] },
      ...conditions.map((condition): TensorMetadata => ({ name: condition, datatype: "FP64", shape: [-1, 1] })),
      { name: SEED, datatype: "INT64", shape: [-1, 1] },
    ];
    this.outputs = [
      ...Object.entries(generator.outputs).map(
        ([output, { dtype, shape }]): TensorMetadata => ({
          name: output,
          datatype: datatypeOf(dtype),
          shape: [-1, ...shape],
        }),
      ),
      ...(this.#hasFallback ? [{ name: BY_FALLBACK, datatype: "UINT8", shape: [-1] } as const] : []),
    ];
  }

  read(request: ServedRequest): GeneratorJob {
    const asked = readGenerateRequest(this.name, this.#generator, request);
    const rows = asked.eventIds.length;
    const results = rows === 0 ? this.#noEvents() : undefined;
    return { request: asked, rows, bytes: bytesHeld(request.inputs), results };
  }

  elementsOf({ shape }: TensorMetadata, { rows }: GeneratorJob): number {
    let elements = rows;
    for (let axis = 1; axis < shape.length; axis++) elements *= shape[axis] as number;
    return elements;
  }

  async compute({ pieces, rows, signal }: Batch<GeneratorJob>): Promise<BatchTimes> {
    const begun = performance.now();
    const request = joinRequests(pieces, rows);
    const joined = performance.now();
    const made: RowArrays[] = [];
    let count = 0;
    for await (const batch of this.#generator.generate(request, { signal })) {
      made.push(this.#arraysOf(batch));
      count += batch.count;
    }
    if (count !== rows) throw new ModelFailedError(this.name, `it made ${count} of ${rows} events.`);
    const inferred = performance.now();
    giveRows(pieces, this.#joined(made));
    return { inputMs: joined - begun, inferMs: inferred - joined, outputMs: performance.now() - inferred };
  }

  #arraysOf({ arrays, byFallback, count }: GeneratedBatch): RowArrays {
    const outputs: Record<string, NdArray> = {};
    for (const output of Object.keys(this.#generator.outputs)) {
      const array = arrays[output];
      if (array?.shape[0] !== count) {
        const what = array ? `shape [${array.shape}] of` : "no";
        throw new ModelFailedError(this.name, `it made ${what} "${output}" for ${count} events.`);
      }
      outputs[output] = array;
    }
    if (this.#hasFallback) {
      const flags = byFallback ?? new Uint8Array(count);
      outputs[BY_FALLBACK] = new NdArray<"uint8">(flags, { dtype: "uint8", shape: [count], dims: ["event"] });
    }
    return outputs;
  }

  /** Generators are asked for one batch; those that cannot keep to that make several. */
  #joined(made: readonly RowArrays[]): RowArrays {
    const [first] = made as readonly [RowArrays, ...RowArrays[]];
    if (made.length === 1) return first;
    return Object.fromEntries(
      Object.keys(first).map((name) => [name, joinRows(made.map((arrays) => arrays[name] as NdArray))]),
    );
  }

  #noEvents(): RowArrays {
    const arrays = Object.fromEntries(
      Object.entries(this.#generator.outputs).map(([name, { dtype, dims, shape, unit }]) => [
        name,
        new NdArray(allocate(dtype, 0), { dtype, shape: [0, ...shape], dims: ["event", ...dims], unit }),
      ]),
    );
    return this.#arraysOf({ start: 0, count: 0, arrays });
  }
}

function refuseNames(what: string, names: readonly string[], reserved: readonly string[]): void {
  const taken = names.find((name) => reserved.includes(name));
  if (taken === undefined) return;
  throw new InvalidArgumentError(
    `${what} is called "${taken}", which the protocol of served generators keeps for itself. Give it another name.`,
  );
}
