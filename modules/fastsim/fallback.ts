import {
  ConditionMap,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorOutput,
  InvalidArgumentError,
  isWithinRange,
  selectEvents,
  type ValidityRange,
} from "../../core/index.ts";
import { GeneratedInvalidError } from "./errors.ts";

/** What has a fallback: its name, the ranges that it covers, the arrays that it makes. */
export type Covered = Pick<Generator, "model" | "validity" | "outputs">;

/** Makes the events that a generator does not cover, with another one. */
export class Fallback {
  readonly model: string;
  /** The hull of both generators' ranges; events in a gap between them are refused by {@link route}. */
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly #of: Covered;
  readonly #generator: Generator;
  readonly #map: ConditionMap;

  /** @throws `TWIN_INVALID_ARGUMENT` where the generator makes other arrays, or asks for conditions that there are not. */
  constructor(of: Covered, generator: Generator) {
    this.model = generator.model;
    this.#of = of;
    this.#generator = generator;
    const what = `${generator.model} cannot be the fallback of ${of.model}`;
    const [ours, theirs] = [describe(of.outputs), describe(generator.outputs)];
    if (ours !== theirs) throw new InvalidArgumentError(`${what}: it makes ${theirs}, not ${ours}.`);
    this.#map = new ConditionMap(of, generator);
    const { ranges } = this.#map;
    this.validity = Object.fromEntries(
      Object.entries(of.validity).map(([name, range]) => {
        const { min, max } = ranges[name] ?? range;
        return [name, { ...range, min: Math.min(range.min, min), max: Math.max(range.max, max) }];
      }),
    );
  }

  /**
   * Which events are not covered: 1 for those, in the order of the request.
   *
   * @throws `TWIN_OUT_OF_DOMAIN` for the first event that neither generator covers.
   */
  route({ conditions, eventIds }: GenerateRequest): Uint8Array {
    const outside = new Uint8Array(eventIds.length);
    for (const [name, range] of Object.entries(this.#of.validity)) {
      const values = conditions[name] as Float64Array;
      for (let event = 0; event < values.length; event++) {
        if (!isWithinRange(values[event] as number, range)) outside[event] = 1;
      }
    }
    for (let event = outside.indexOf(1); event >= 0; event = outside.indexOf(1, event + 1)) {
      this.#map.check({ conditions }, event);
    }
    return outside;
  }

  /**
   * Makes events and puts them where they belong.
   *
   * @param targets - By output, room for all events of the batch.
   * @param events - Indices in the request.
   * @param from - `start`: index of the first event of the batch.
   */
  async fill(
    targets: readonly Float32Array[],
    events: Int32Array,
    from: { readonly request: GenerateRequest; readonly start: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const own = selectEvents(from.request, events);
    const batches = this.#generator.generate(
      { ...own, conditions: this.#map.of(own), batchSize: events.length },
      { signal: from.signal },
    );
    let made = 0;
    for await (const batch of batches) {
      this.#place(batch, targets, events, from.start);
      made += batch.count;
    }
    // What was not made would be left at zero.
    if (made !== events.length) throw this.#faulty(`it made ${made} of ${events.length} events`);
  }

  #faulty(problem: string): GeneratedInvalidError {
    return new GeneratedInvalidError(`${this.model}, the fallback of ${this.#of.model}, is faulty: ${problem}.`);
  }

  #place(
    { start, count, arrays }: GeneratedBatch,
    targets: readonly Float32Array[],
    events: Int32Array,
    first: number,
  ): void {
    for (const [index, [name, { shape }]] of Object.entries(this.#of.outputs).entries()) {
      const values = arrays[name]?.values() as Float32Array | undefined;
      const width = shape.reduce((product, length) => product * length, 1);
      if (values?.length !== count * width) throw this.#faulty(`it made other arrays of "${name}" than it states`);
      for (let row = 0; row < count; row++) {
        const event = (events[start + row] as number) - first;
        targets[index]?.set(values.subarray(row * width, (row + 1) * width), event * width);
      }
    }
  }
}

function describe(outputs: Readonly<Record<string, GeneratorOutput>>): string {
  return Object.entries(outputs)
    .map(([name, { dtype, dims, shape, unit }]) => `${name} (${dtype} [${dims}] = [${shape}] ${unit ?? "1"})`)
    .sort()
    .join(", ");
}
