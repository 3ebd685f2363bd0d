import {
  allocate,
  checkGenerateRequest,
  definePlugin,
  type FallbackRanges,
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  InvalidArgumentError,
  NdArray,
  type PluginFactory,
  selectEvents,
  type ValidityRange,
} from "../../core/index.ts";
import { Fallback } from "./fallback.ts";
import { RowReader } from "./row-reader.ts";

/** Events of a batch, where a request does not say. */
const BATCH_SIZE = 100;

/** A generator, and another one for the events outside its ranges. */
class CoveredGenerator implements Generator {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly #generator: Generator;
  readonly #fallback: Fallback;

  constructor(generator: Generator, fallback: Generator) {
    const other = Object.entries(generator.outputs).find(([, { dtype }]) => dtype !== "float32");
    if (other) {
      throw new InvalidArgumentError(
        `"${other[0]}" of ${generator.model} is ${other[1].dtype}; only float32 arrays can be put together.`,
      );
    }
    this.model = generator.model;
    this.outputs = generator.outputs;
    this.#generator = generator;
    this.#fallback = new Fallback(generator, fallback);
    this.validity = this.#fallback.validity;
  }

  get facts(): GeneratorFacts {
    const { facts = {}, validity } = this.#generator;
    const models = new Set([facts.fallback?.model, this.#fallback.model].filter((model) => model !== undefined));
    const outside: FallbackRanges = Object.fromEntries(
      Object.entries(validity).map(([name, { unit, min, max }]) => [name, { unit, min, max }]),
    );
    // Where the generator may leave events to others, too, which ones is told by the events alone.
    const model = [...models].join(" or ");
    return { ...facts, fallback: { model, ...(facts.fallback === undefined && { outside }) } };
  }

  async *generate(
    request: GenerateRequest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    const outside = this.#fallback.route(request);
    if (!outside.includes(1)) return yield* this.#generator.generate(request, options);
    const { batchSize = BATCH_SIZE, eventIds } = request;
    const own = indices(0, eventIds.length).filter((event) => outside[event] === 0);
    const reader = new RowReader(this.#generator.generate(selectEvents(request, own), options), this.outputs);
    try {
      for (let start = 0; start < eventIds.length; start += batchSize) {
        const count = Math.min(batchSize, eventIds.length - start);
        yield await this.#batch(request, { start, count, outside, reader, signal: options.signal });
      }
    } finally {
      await reader.close();
    }
  }

  async #batch(
    request: GenerateRequest,
    {
      start,
      count,
      outside,
      reader,
      signal,
    }: {
      readonly start: number;
      readonly count: number;
      readonly outside: Uint8Array;
      readonly reader: RowReader;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<GeneratedBatch> {
    const outputs = Object.entries(this.outputs);
    const targets = outputs.map(([, { shape }]) => allocate("float32", count * sizeOf(shape)));
    const byFallback = outside.slice(start, start + count);
    for (let row = 0; row < count; row++) {
      if (byFallback[row] === 0 && (await reader.read(targets, row))) byFallback[row] = 1;
    }
    const events = indices(start, start + count).filter((event) => outside[event] === 1);
    if (events.length > 0) await this.#fallback.fill(targets, events, { request, start, signal });
    const arrays = outputs.map(([name, { dims, shape, unit }], index) => {
      const init = { dtype: "float32", shape: [count, ...shape], dims: ["event", ...dims], unit } as const;
      return [name, new NdArray(targets[index] as Float32Array, init)] as const;
    });
    return { start, count, ...(byFallback.includes(1) && { byFallback }), arrays: Object.fromEntries(arrays) };
  }
}

/**
 * A generator with another one for the events outside its ranges, such as one that servers compute with GFLASH for what their
 * network was not trained for. (Of a network of this twin, `fastsim({ outside: "fallback" })` does the same.)
 *
 * Both needs are met by wires.
 *
 * @example
 * createTwin({
 *   plugins: {
 *     remote: remoteGenerator({ endpoints: ["gpu-1:8001"], model: "gan" }),
 *     gflash: gflash(),
 *     shower: withFallback(),
 *     detector: calorimeter(),
 *   },
 *   wire: { shower: { generator: "remote", fallback: "gflash" }, detector: { generator: "shower" } },
 * });
 */
export const withFallback: PluginFactory<object, Generator> = definePlugin({
  name: "twinloom/modules/fastsim#withFallback",
  version: "0.1.0",
  provides: Generator,
  needs: { generator: Generator, fallback: Generator },
  create: ({ generator, fallback }): Generator => new CoveredGenerator(generator, fallback),
});

function indices(start: number, stop: number): Int32Array {
  return Int32Array.from({ length: stop - start }, (_, index) => start + index);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
