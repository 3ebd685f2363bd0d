import {
  checkGenerateRequest,
  type DType,
  describeNames,
  type GenerateRequest,
  type Generator,
  InvalidArgumentError,
  ModelInputError,
  type NdArray,
} from "../../../core/index.ts";
import { datatypeOf } from "../protocol/datatypes.ts";
import type { ParameterValue } from "../protocol/parameters.ts";
import { describeParameter } from "./answer-format.ts";
import type { Piece } from "./batch.ts";
import type { RowJob } from "./rows.ts";
import type { ServedRequest } from "./served.ts";

/** Input of the identities of the events. */
export const EVENT_ID = "event_id";
/** Input of one seed per event, and parameter of one for all. */
export const SEED = "seed";

const MAX_SEED = (1n << 64n) - 1n;

/** A request of a generator. */
export interface GeneratorJob extends RowJob {
  readonly request: GenerateRequest;
}

/**
 * Reads and checks what a generator is asked for, before it waits.
 *
 * @param name - What is served, for messages.
 * @throws `TWIN_MODEL_INPUT` for an input that is missing, unknown, or of another datatype or shape;
 *   `TWIN_INVALID_ARGUMENT` without one seed; `TWIN_OUT_OF_DOMAIN` for a condition outside its range.
 */
export function readGenerateRequest(
  name: string,
  generator: Generator,
  { inputs, parameters }: ServedRequest,
): GenerateRequest {
  const names = [EVENT_ID, ...Object.keys(generator.validity), SEED];
  const unknown = Object.keys(inputs).find((input) => !names.includes(input));
  if (unknown !== undefined) {
    throw new ModelInputError(name, unknown, `there is no such input. ${describeNames(unknown, names)}`);
  }
  const read = { model: name, inputs };
  const eventIds = column(read, EVENT_ID, { dtypes: ["int64"] }).values() as BigInt64Array;
  const events = eventIds.length;
  const conditions: Record<string, Float64Array> = {};
  for (const [condition, { unit }] of Object.entries(generator.validity)) {
    // Float32 widens exactly.
    conditions[condition] = column(read, condition, { dtypes: ["float64", "float32"], unit, events }).toFloat64();
  }
  const request = { eventIds, conditions, seed: readSeed(read, parameters, events) };
  checkGenerateRequest(generator, request);
  return request;
}

/** One request for the events of a whole batch. */
export function joinRequests(pieces: readonly Piece<GeneratorJob>[], rows: number): GenerateRequest {
  const [first] = pieces as readonly [Piece<GeneratorJob>, ...Piece<GeneratorJob>[]];
  const { request } = first.job;
  if (pieces.length === 1) return { ...rowsOf(first), batchSize: rows };
  const eventIds = new BigInt64Array(rows);
  const conditions = Object.fromEntries(
    Object.keys(request.conditions).map((name) => [name, new Float64Array(rows)] as const),
  );
  const isOneSeed = typeof request.seed === "bigint" && pieces.every(({ job }) => job.request.seed === request.seed);
  const seeds = isOneSeed ? undefined : new BigUint64Array(rows);
  let at = 0;
  for (const piece of pieces) {
    const part = rowsOf(piece);
    eventIds.set(part.eventIds, at);
    for (const [name, values] of Object.entries(part.conditions)) conditions[name]?.set(values, at);
    if (typeof part.seed === "bigint") seeds?.fill(part.seed, at, at + piece.count);
    else seeds?.set(part.seed, at);
    at += piece.count;
  }
  return { eventIds, conditions, seed: seeds ?? request.seed, batchSize: rows };
}

/** Views of some rows of a request. */
function rowsOf({ job, start, count }: Piece<GeneratorJob>): GenerateRequest {
  const { request } = job;
  if (count === job.rows) return request;
  const { eventIds, conditions, seed } = request;
  const end = start + count;
  return {
    eventIds: eventIds.subarray(start, end),
    conditions: Object.fromEntries(
      Object.entries(conditions).map(([name, values]) => [name, values.subarray(start, end)]),
    ),
    seed: typeof seed === "bigint" ? seed : seed.subarray(start, end),
  };
}

interface Inputs {
  readonly model: string;
  readonly inputs: ServedRequest["inputs"];
}

/** An input with one value per event. */
function column(
  { model, inputs }: Inputs,
  name: string,
  expect: { readonly dtypes: readonly DType[]; readonly unit?: string; readonly events?: number },
): NdArray {
  const { dtypes, unit, events } = expect;
  const expected = `${dtypes.map(datatypeOf).join(" or ")} [events, 1]${unit === undefined ? "" : `, in ${unit}`}`;
  const array = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
  if (!array) throw new ModelInputError(model, name, `it is missing; give ${expected}.`);
  const { dtype, shape } = array;
  if (!dtypes.includes(dtype)) {
    throw new ModelInputError(model, name, `it must be ${expected}, and its datatype is ${datatypeOf(dtype)}.`);
  }
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1))) {
    throw new ModelInputError(model, name, `it must be ${expected}, and its shape is [${shape.join(", ")}].`);
  }
  if (events !== undefined && shape[0] !== events) {
    const problem = `it must be ${expected}, with one value per event; it has ${shape[0]}, and ${EVENT_ID} has ${events}.`;
    throw new ModelInputError(model, name, problem);
  }
  return array;
}

function readSeed(
  { model, inputs }: Inputs,
  parameters: Readonly<Record<string, ParameterValue>>,
  events: number,
): bigint | BigUint64Array {
  const parameter = Object.hasOwn(parameters, SEED) ? parameters[SEED] : undefined;
  if (Object.hasOwn(inputs, SEED)) {
    if (parameter !== undefined) {
      throw new InvalidArgumentError(`${model} got the seed twice, as input and as parameter; give one of them.`);
    }
    const { buffer, byteOffset, length } = column({ model, inputs }, SEED, {
      dtypes: ["int64"],
      events,
    }).values() as BigInt64Array;
    // The bits are the seed.
    return new BigUint64Array(buffer, byteOffset, length);
  }
  if (parameter === undefined) {
    throw new InvalidArgumentError(
      `${model} needs a seed: the parameter "${SEED}", an integer for all events, or the input "${SEED}", INT64 [events, 1].`,
    );
  }
  const isInteger = typeof parameter === "bigint" || (typeof parameter === "string" && /^\d{1,20}$/.test(parameter));
  const seed = isInteger ? BigInt(parameter) : undefined;
  if (seed !== undefined && seed >= 0n && seed <= MAX_SEED) return seed;
  throw new InvalidArgumentError(
    `The parameter "${SEED}" is ${describeParameter(parameter)}; it must be an integer from 0 to 2^64 - 1, or a string of its digits.`,
  );
}
