import {
  convertUnits,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorOutput,
  InvalidArgumentError,
  isWithinRange,
  type LinearMap,
  OutOfDomainError,
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
  /** By condition that the generator has, how its values become those that it takes. */
  readonly #maps: ReadonlyMap<string, LinearMap>;

  /** @throws `TWIN_INVALID_ARGUMENT` where the generator makes other arrays, or asks for conditions that there are not. */
  constructor(of: Covered, generator: Generator) {
    this.model = generator.model;
    this.#of = of;
    this.#generator = generator;
    const what = `${generator.model} cannot be the fallback of ${of.model}`;
    const [ours, theirs] = [describe(of.outputs), describe(generator.outputs)];
    if (ours !== theirs) throw new InvalidArgumentError(`${what}: it makes ${theirs}, not ${ours}.`);
    const unknown = Object.keys(generator.validity).find((name) => !Object.hasOwn(of.validity, name));
    if (unknown !== undefined) {
      throw new InvalidArgumentError(
        `${what}: it needs the condition "${unknown}", and ${of.model} has only ${Object.keys(of.validity).join(", ")}.`,
      );
    }
    this.#maps = new Map(
      Object.entries(generator.validity).map(([name, { unit }]) => [
        name,
        convertUnits((of.validity[name] as ValidityRange).unit, unit),
      ]),
    );
    this.validity = Object.fromEntries(
      Object.entries(of.validity).map(([name, { unit, min, max, nominal }]) => {
        const range = generator.validity[name];
        const known = nominal !== undefined && { nominal };
        if (!range) return [name, { unit, min, max, ...known }];
        const { scale, offset } = convertUnits(range.unit, unit);
        const ends = [range.min, range.max].map((end) => converted(end, { scale, offset }));
        return [name, { unit, min: Math.min(min, ...ends), max: Math.max(max, ...ends), ...known }];
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
      for (const name of Object.keys(this.#of.validity)) this.#checkCovered(name, conditions, event);
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
    const { conditions, eventIds, seed } = from.request;
    const batches = this.#generator.generate(
      {
        conditions: Object.fromEntries(
          [...this.#maps].map(([name, { scale, offset }]) => {
            const values = conditions[name] as Float64Array;
            return [name, Float64Array.from(events, (event) => converted(values[event] as number, { scale, offset }))];
          }),
        ),
        eventIds: BigInt64Array.from(events, (event) => eventIds[event] as bigint),
        seed: typeof seed === "bigint" ? seed : BigUint64Array.from(events, (event) => seed[event] as bigint),
        batchSize: events.length,
      },
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

  #checkCovered(name: string, conditions: GenerateRequest["conditions"], index: number): void {
    const { unit, nominal } = this.#of.validity[name] as ValidityRange;
    const value = (conditions[name] as Float64Array)[index] as number;
    const map = this.#maps.get(name);
    const { model } = this;
    const facts = { condition: name, value, index };
    if (map === undefined) {
      const known = nominal ?? Number.NaN;
      if (isWithinRange(value, { min: known, max: known })) return;
      throw new OutOfDomainError({
        ...facts,
        what: `${model}, the fallback, does not know ${name}`,
        unit,
        min: known,
        max: known,
      });
    }
    const range = this.#generator.validity[name] as ValidityRange;
    const theirs = converted(value, map);
    if (isWithinRange(theirs, range)) return;
    throw new OutOfDomainError({
      ...facts,
      what: `${model}, the fallback of ${this.#of.model}`,
      value: theirs,
      ...range,
    });
  }
}

/** In the other unit, to 15 digits: so that the end of a range in one unit is its end in the other. */
function converted(value: number, { scale, offset }: LinearMap): number {
  return Number((value * scale + offset).toPrecision(15));
}

function describe(outputs: Readonly<Record<string, GeneratorOutput>>): string {
  return Object.entries(outputs)
    .map(([name, { dtype, dims, shape, unit }]) => `${name} (${dtype} [${dims}] = [${shape}] ${unit ?? "1"})`)
    .sort()
    .join(", ");
}
