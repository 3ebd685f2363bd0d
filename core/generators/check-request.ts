import type { GenerateRequest, Generator, ValidityRange } from "../contracts/generator.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { OutOfDomainError } from "../errors/out-of-domain.ts";

const MAX_SEED = (1n << 64n) - 1n;
/** Distance of neighbours in float32, relative. */
const FLOAT32_STEP = 2 ** -23;

/**
 * Checks a request before anything is generated, so that every generator refuses alike.
 *
 * @throws `TWIN_INVALID_ARGUMENT` when a condition is missing, unknown or not one per event, the seed is outside 0 to
 *   2^64 - 1 or not one per event, or `batchSize` is no integer of 1 or more; `TWIN_OUT_OF_DOMAIN` for the first event with a condition
 *   outside its range ({@link isWithinRange}).
 *
 * @example
 * async *generate(request) {
 *   checkGenerateRequest(this, request);
 */
export function checkGenerateRequest(
  { model, validity }: Pick<Generator, "model" | "validity">,
  { conditions, eventIds, seed, batchSize }: GenerateRequest,
): void {
  const names = Object.keys(validity);
  const unknown = Object.keys(conditions).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`${model} has no condition "${unknown}". ${describeNames(unknown, names)}`);
  }
  for (const [name, { unit }] of Object.entries(validity)) {
    const values = Object.hasOwn(conditions, name) ? conditions[name] : undefined;
    if (!values) throw new InvalidArgumentError(`${model} needs the condition "${name}", ${unit}, [event].`);
    if (values.length !== eventIds.length) {
      throw new InvalidArgumentError(
        `${values.length} values of "${name}", but ${eventIds.length} event ids; give one of each per event.`,
      );
    }
  }
  checkSeed(seed, eventIds.length);
  if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new InvalidArgumentError(`batchSize is ${batchSize}; it must be an integer of 1 or more.`);
  }
  for (const [condition, range] of Object.entries(validity)) {
    const values = conditions[condition] as Float64Array;
    const index = findOutside(values, range);
    if (index >= 0) {
      throw new OutOfDomainError({ what: model, condition, value: values[index] as number, ...range, index });
    }
  }
}

/**
 * The seed of one event of a request.
 *
 * @example
 * random.restart(eventIds[event], seedOf(request, event));
 */
export function seedOf({ seed }: Pick<GenerateRequest, "seed">, event: number): bigint {
  return typeof seed === "bigint" ? seed : (seed[event] as bigint);
}

function checkSeed(seed: unknown, events: number): void {
  if (seed instanceof BigUint64Array) {
    if (seed.length === events) return;
    throw new InvalidArgumentError(`${seed.length} seeds, but ${events} event ids; give one for all, or one of each.`);
  }
  if (typeof seed === "bigint" && seed >= 0n && seed <= MAX_SEED) return;
  throw new InvalidArgumentError(
    `The seed is ${String(seed)}; it must be a bigint from 0n to 2n ** 64n - 1n, or a BigUint64Array with one per event.`,
  );
}

/** Index of the first value that is outside a range or no number; -1 where none is. */
export function findOutside(values: Float64Array, { min, max }: Pick<ValidityRange, "min" | "max">): number {
  return values.findIndex((value) => !isWithinRange(value, { min, max }));
}

/**
 * Whether a value is in a range, ends included. They reach one step of float32 further: files often store conditions so,
 * and 1.6 comes back as 1.60000002.
 */
export function isWithinRange(value: number, { min, max }: Pick<ValidityRange, "min" | "max">): boolean {
  return value >= min - FLOAT32_STEP * Math.abs(min) && value <= max + FLOAT32_STEP * Math.abs(max);
}
