import {
  checkGenerateRequest,
  checkModelInputs,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type Model,
  NdArray,
  RandomStream,
  seedOf,
} from "twinloom";
import type { ServedRequest } from "twinloom/modules/serving";

/** Values of an event of {@link NoiseGenerator}. */
export const CELLS = 5;

export interface NoiseOptions {
  readonly facts?: GeneratorFacts;
  /** Events from this energy on are said to be made by a fallback. */
  readonly fallbackFrom?: number;
  /** Most events of a batch, whatever is asked for. */
  readonly most?: number;
  /** Energies at which it fails. */
  readonly failsAt?: number;
}

/** A generator whose events are noise of their seed, id and energy; it remembers what it was asked for. */
export class NoiseGenerator implements Generator {
  readonly model = "noise";
  readonly validity = { energy: { unit: "GeV", min: 0, max: 100_000 } };
  readonly outputs = { cells: { dtype: "float32", dims: ["cell"], shape: [CELLS], unit: "GeV" } } as const;
  readonly facts: GeneratorFacts | undefined;
  readonly asked: GenerateRequest[] = [];
  readonly #options: NoiseOptions;

  constructor(options: NoiseOptions = {}) {
    this.#options = options;
    this.facts = options.facts;
  }

  async *generate(
    request: GenerateRequest,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    this.asked.push(request);
    const { fallbackFrom, failsAt, most = Number.POSITIVE_INFINITY } = this.#options;
    const { eventIds } = request;
    const energies = request.conditions["energy"] as Float64Array;
    const random = new RandomStream({ seed: 0n, id: 0n, purpose: 7 });
    const size = Math.min(most, request.batchSize ?? 100);
    for (let start = 0; start < eventIds.length; start += size) {
      await Promise.resolve();
      signal?.throwIfAborted();
      const count = Math.min(size, eventIds.length - start);
      const data = new Float32Array(count * CELLS);
      const byFallback = new Uint8Array(count);
      for (let row = 0; row < count; row++) {
        const energy = energies[start + row] as number;
        if (energy === failsAt) throw new Error(`It fails at ${energy} GeV.`);
        random.restart(eventIds[start + row] as bigint, seedOf(request, start + row));
        for (let cell = 0; cell < CELLS; cell++) {
          const draw = random.normal();
          data[row * CELLS + cell] = draw < 0 ? 0 : draw * energy;
        }
        byFallback[row] = fallbackFrom !== undefined && energy >= fallbackFrom ? 1 : 0;
      }
      const cells = new NdArray(data, {
        dtype: "float32",
        shape: [count, CELLS],
        dims: ["event", "cell"],
        unit: "GeV",
      });
      yield { start, count, arrays: { cells }, ...(byFallback.includes(1) && { byFallback }) };
    }
  }
}

/** A model of sums and scaled rows; it remembers the rows that it was asked for. */
export class RowModel implements Model {
  readonly name = "rows";
  readonly provider = { name: "cpu" };
  readonly metadata = { author: "nobody" };
  readonly inputs = {
    values: { dtype: "float32", shape: ["batch", "points"] },
    label: { dtype: "string", shape: ["batch"] },
  } as const;
  readonly outputs = {
    twice: { dtype: "float32", shape: ["batch", "points"] },
    label: { dtype: "string", shape: ["batch"] },
  } as const;
  readonly asked: (readonly number[])[] = [];
  /** Ends the call that is computed; unless set, calls end at once. */
  gate: Promise<void> | undefined;

  async infer(inputs: Readonly<Record<string, NdArray>>): Promise<Readonly<Record<string, NdArray>>> {
    checkModelInputs(this, inputs);
    const values = inputs["values"] as NdArray<"float32">;
    const label = inputs["label"] as NdArray<"string">;
    this.asked.push(values.shape);
    const twice = values.values().map((value) => 2 * value);
    const labels = label.values().map((text) => text.toUpperCase());
    await this.gate;
    return {
      twice: new NdArray(twice, { dtype: "float32", shape: values.shape, dims: ["batch", "points"] }),
      label: new NdArray(labels, { dtype: "string", shape: label.shape, dims: ["batch"] }),
    };
  }
}

/** A request of events with one condition. */
export function eventsRequest(
  events: readonly { readonly id: bigint; readonly energy: number; readonly seed?: bigint }[],
  parameters: ServedRequest["parameters"] = {},
): ServedRequest {
  const shape = [events.length, 1];
  const seeds = events.flatMap(({ seed }) => (seed === undefined ? [] : [BigInt.asIntN(64, seed)]));
  return {
    inputs: {
      event_id: new NdArray(
        BigInt64Array.from(events, ({ id }) => id),
        { dtype: "int64", shape },
      ),
      energy: new NdArray(
        Float64Array.from(events, ({ energy }) => energy),
        { dtype: "float64", shape },
      ),
      ...(seeds.length > 0 && { seed: new NdArray(BigInt64Array.from(seeds), { dtype: "int64", shape }) }),
    },
    parameters,
  };
}
