import {
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  InvalidArgumentError,
  NdArray,
  OutOfDomainError,
  RandomStream,
} from "twinloom";
import { type GeneratorFixture, generatorCases, testGenerator } from "twinloom/testing";
import { describe, expect, it } from "vitest";

/** Two normal numbers per event; the smallest generator that keeps every promise. */
class Normals implements Generator {
  readonly model = "normals";
  readonly validity: Generator["validity"] = { width: { unit: "1", min: 0, max: 10 } };
  readonly outputs: Generator["outputs"] = { values: { dtype: "float64", dims: ["axis"], shape: [2], unit: "mm" } };

  async *generate(
    request: GenerateRequest,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<GeneratedBatch> {
    const { eventIds, seed, batchSize = 4 } = request;
    const widths = this.check(request);
    if (!(Number.isInteger(batchSize) && batchSize > 0)) throw new InvalidArgumentError(`batchSize is ${batchSize}.`);
    const stream = new RandomStream({ seed, id: 0n });
    for (let start = 0; start < eventIds.length; start += batchSize) {
      options.signal?.throwIfAborted();
      const count = Math.min(batchSize, eventIds.length - start);
      const data = new Float64Array(2 * count);
      for (let event = 0; event < count; event++) {
        this.seat(stream, request, start + event);
        for (const axis of [0, 1]) data[2 * event + axis] = stream.normal() * (widths[start + event] ?? 1);
      }
      const init = { dtype: "float64", shape: [count, 2], dims: ["event", "axis"], unit: "mm" } as const;
      yield { start, count, arrays: { values: new NdArray(data, init) } };
    }
  }

  protected seat(stream: RandomStream, { eventIds }: GenerateRequest, event: number): void {
    stream.restart(eventIds[event] as bigint);
  }

  protected check({ conditions: { width, ...others }, eventIds }: GenerateRequest): Float64Array {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new InvalidArgumentError(`No condition "${unknown}".`);
    if (width?.length !== eventIds.length) throw new InvalidArgumentError(`One "width" per event is needed.`);
    const value = width.find((each) => !(each >= 0 && each <= 10));
    if (value !== undefined)
      throw new OutOfDomainError({ what: "normals", condition: "width", value, min: 0, max: 10 });
    return width;
  }
}

/** Generators that break one promise each, with the case that must find it. */
const BROKEN: Readonly<Record<string, Generator>> = {
  "makes the arrays that it states, with an event dimension in front": new (class extends Normals {
    override readonly outputs = { values: { dtype: "float32", dims: ["axis"], shape: [2], unit: "mm" } } as const;
  })(),
  "makes bit-identical events whatever the batch size": new (class extends Normals {
    // Every batch begins a stream of its own: the classic mistake.
    protected override seat(stream: RandomStream, { batchSize = 4 }: GenerateRequest, event: number): void {
      if (event % batchSize === 0) stream.restart(BigInt(event));
    }
  })(),
  "makes bit-identical events whatever their order, and whatever is asked for beside them": new (class extends Normals {
    protected override seat(stream: RandomStream, _request: GenerateRequest, event: number): void {
      stream.restart(BigInt(event));
    }
  })(),
  "makes other events for another seed, and for another id": new (class extends Normals {
    protected override seat(stream: RandomStream): void {
      stream.restart(1n);
    }
  })(),
  "refuses a condition outside its range before the first batch, and names it": new (class extends Normals {
    protected override check({ conditions }: GenerateRequest): Float64Array {
      return conditions["width"] ?? new Float64Array(0);
    }
  })(),
  "does nothing for a signal that is aborted already, and stops between batches": new (class extends Normals {
    override generate(request: GenerateRequest): AsyncGenerator<GeneratedBatch> {
      return super.generate(request);
    }
  })(),
};

const conditions = { width: Float64Array.of(1, 2, 0.5, 1, 3, 10) };

testGenerator(async () => ({ generator: new Normals(), conditions }));

describe("the Generator suite", () => {
  it.for(Object.entries(BROKEN))("fails where a generator breaks: %s", async ([name, generator]) => {
    const broken = generatorCases.find((each) => each.name === name);
    const fixture: GeneratorFixture = { generator, conditions };
    await expect(broken?.run(fixture)).rejects.toThrow(/./);
  });
});
