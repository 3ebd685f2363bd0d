import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import {
  BufferPool,
  canonicalJson,
  checkGenerateRequest,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  type JsonValue,
  type Log,
  type Model,
  NdArray,
  type ValidityRange,
} from "../../core/index.ts";
import { Fallback } from "./fallback.ts";
import { fixedRows } from "./graph-fit.ts";
import type { GeneratorGraph } from "./graph-schema.ts";
import { type InputPlan, InputWriter, inputPlan } from "./input-plan.ts";
import { type OutputPlan, OutputReader, outputPlan } from "./output-plan.ts";

/** How a model is asked. */
export interface RunSizes {
  /** Events of a batch where the request does not say. */
  readonly batchSize: number;
  /** Runs of fewer rows are filled up to this many. */
  readonly minRows: number;
  /** Batches of more events are computed in several runs; what is random for one is made while the one before it runs. */
  readonly maxRows: number;
}

/** One call of the model. */
interface Run {
  /** First event of the batch that it belongs to. */
  readonly start: number;
  /** Indices in the request; rows of the inputs beyond them are padding. */
  readonly events: Int32Array;
  readonly rows: number;
  readonly inputs: Readonly<Record<string, NdArray<"float32">>>;
}

/** A learned {@link Generator}: noise and conditions go into a model, events come out. See `fastsim`. */
export class FastSimulation implements Generator {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly graph: GeneratorGraph;
  readonly #model: Model;
  readonly #inputs: readonly InputPlan[];
  readonly #outputPlans: readonly OutputPlan[];
  readonly #sizes: RunSizes;
  readonly #fallback: Fallback | undefined;
  /** Events depend on it as they do on the model. */
  readonly #graphDigest: string;
  readonly #log: Log | undefined;
  readonly #pool = new BufferPool();

  /** @param graph - Fits the model (read-graph.ts). */
  constructor(from: {
    readonly model: Model;
    readonly graph: GeneratorGraph;
    readonly sizes: RunSizes;
    readonly fallback?: Generator | undefined;
    readonly log?: Log | undefined;
  }) {
    const { model, graph } = from;
    const rows = fixedRows(model);
    this.#model = model;
    this.graph = graph;
    this.#graphDigest = `sha256:${createHash("sha256")
      .update(canonicalJson(JSON.parse(JSON.stringify(graph)) as JsonValue))
      .digest("hex")}`;
    this.model = graph.name;
    this.#log = from.log;
    this.#sizes = rows === undefined ? from.sizes : { ...from.sizes, minRows: rows, maxRows: rows };
    this.#inputs = Object.entries(model.inputs).map(([name, { shape }]) =>
      inputPlan(graph, name, shape.slice(1) as number[]),
    );
    this.#outputPlans = Object.keys(graph.outputs).map((name) => outputPlan(graph, name));
    this.outputs = Object.fromEntries(
      Object.entries(graph.outputs).map(([name, { dims, shape, unit }]) => [
        name,
        { dtype: "float32", dims, shape, ...(unit !== undefined && { unit }) },
      ]),
    );
    const covered = { model: graph.name, validity: validityOf(graph), outputs: this.outputs };
    this.#fallback = from.fallback && new Fallback(covered, from.fallback);
    this.validity = this.#fallback?.validity ?? covered.validity;
  }

  get facts(): GeneratorFacts {
    const { name, digest, provider } = this.#model;
    return {
      ...this.graph.facts,
      model: name,
      ...(digest !== undefined && { model_digest: digest }),
      graph_digest: this.#graphDigest,
      provider: provider.name,
      ...(provider.fallbackReason !== undefined && { provider_fallback_reason: provider.fallbackReason }),
      ...(this.#fallback && { fallback: { model: this.#fallback.model, outside: rangesOf(this.graph) } }),
    };
  }

  async *generate(
    request: GenerateRequest,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    const { conditions, eventIds, batchSize = this.#sizes.batchSize } = request;
    const outside = this.#fallback?.route(request);
    if (outside) this.#tell(outside);
    const runs = this.#runs(request, batchSize, outside);
    let next: Run | undefined = runs.next().value;
    for (let start = 0; start < eventIds.length; start += batchSize) {
      // Lets timers and signals in between batches.
      await setImmediate();
      signal?.throwIfAborted();
      const stop = Math.min(start + batchSize, eventIds.length);
      const readers = this.#outputPlans.map((plan) => new OutputReader(plan, this.#model, conditions, stop - start));
      let own = 0;
      for (let run = next; run !== undefined && run.start === start; run = next) {
        signal?.throwIfAborted();
        const computing = this.#model.infer(run.inputs, { signal });
        // Models read their inputs before they return the promise.
        this.#pool.give(Object.values(run.inputs).map(({ data }) => data.buffer as ArrayBuffer));
        let computed: Readonly<Record<string, NdArray>>;
        try {
          // Where the model has a thread of its own, the next inputs are made while it computes.
          next = runs.next().value;
        } finally {
          computed = await computing;
        }
        for (const [index, { tensor }] of this.#outputPlans.entries()) {
          readers[index]?.read(computed[tensor], run, start);
        }
        own += run.events.length;
      }
      const targets = readers.map(({ target }) => target);
      const byFallback = stop - start > own ? outside?.slice(start, stop) : undefined;
      if (byFallback) {
        const events = indices(start, stop).filter((event) => outside?.[event] === 1);
        await this.#fallback?.fill(targets, events, { request, start, signal });
      }
      yield {
        start,
        count: stop - start,
        ...(byFallback && { byFallback }),
        arrays: this.#arrays(targets, stop - start),
      };
    }
  }

  /** What the model computes for a request, batch by batch. */
  *#runs(request: GenerateRequest, batchSize: number, outside: Uint8Array | undefined): IterableIterator<Run> {
    const { conditions, eventIds: ids, seed } = request;
    const writer = new InputWriter(this.#inputs, { events: { conditions, ids, seed }, pool: this.#pool });
    for (let start = 0; start < ids.length; start += batchSize) {
      const batch = indices(start, Math.min(start + batchSize, ids.length));
      const own = outside ? batch.filter((event) => outside[event] === 0) : batch;
      let from = 0;
      for (const to of this.#runEnds(own.length)) {
        const events = own.subarray(from, to);
        const rows = Math.max(events.length, this.#sizes.minRows);
        yield { start, events, rows, inputs: writer.make(events, rows) };
        from = to;
      }
    }
  }

  /** Where the runs of a batch end: as few as may be, of about the same size. */
  #runEnds(count: number): readonly number[] {
    const runs = Math.ceil(count / this.#sizes.maxRows);
    return Array.from({ length: runs }, (_, run) => Math.floor(((run + 1) * count) / runs));
  }

  #arrays(targets: readonly Float32Array[], count: number): Record<string, NdArray> {
    return Object.fromEntries(
      this.#outputPlans.map(({ name, output: { dims, shape, unit } }, index) => [
        name,
        new NdArray(targets[index] as Float32Array, {
          dtype: "float32",
          shape: [count, ...shape],
          dims: ["event", ...dims],
          unit,
        }),
      ]),
    );
  }

  #tell(outside: Uint8Array): void {
    const count = outside.reduce((sum, each) => sum + each, 0);
    if (count === 0) return;
    const fallback = this.#fallback?.model;
    this.#log?.info(
      { model: this.model, fallback, events: outside.length, byFallback: count },
      "events outside the range of the model are made by its fallback",
    );
  }
}

function indices(start: number, stop: number): Int32Array {
  return Int32Array.from({ length: stop - start }, (_, index) => start + index);
}

function validityOf(graph: GeneratorGraph): Readonly<Record<string, ValidityRange>> {
  return Object.fromEntries(
    Object.entries(graph.conditions).map(([name, { unit, min, max, nominal }]) => [
      name,
      { unit, min, max, ...(nominal !== undefined && { nominal }) },
    ]),
  );
}

function rangesOf(graph: GeneratorGraph): Readonly<Record<string, { unit: string; min: number; max: number }>> {
  return Object.fromEntries(
    Object.entries(graph.conditions).map(([name, { unit, min, max }]) => [name, { unit, min, max }]),
  );
}
