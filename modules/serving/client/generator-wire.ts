import {
  type DType,
  type GenerateRequest,
  type GeneratorOutput,
  InvalidArgumentError,
  ModelFailedError,
  NdArray,
  reasonOf,
} from "../../../core/index.ts";
import { EVENT_ID, SEED } from "../models/generate-request.ts";
import { BY_FALLBACK } from "../models/served-generator.ts";
import type { ParameterValue } from "../protocol/parameters.ts";
import { fromSparse } from "../protocol/sparse.ts";
import type { Events } from "./events.ts";
import type { GeneratorContract } from "./generator-contract.ts";
import type { InferenceAnswer, InferenceRequest } from "./inference-client.ts";

/** How events travel. */
export interface Travel {
  readonly isSparse: boolean;
  readonly isHalf: boolean;
}

/**
 * A request on the wire.
 *
 * @param request - With conditions as the server takes them.
 * @throws `TWIN_INVALID_ARGUMENT` for one seed per event where the server takes only one for all.
 */
export function encodeRequest(
  contract: GeneratorContract,
  { eventIds, conditions, seed }: GenerateRequest,
  { isSparse, isHalf }: Travel,
): InferenceRequest {
  const { inputs, hasExtensions } = contract;
  const given: Record<string, NdArray> = {};
  const give = <D extends DType>(name: string, dtype: D, values: NdArray<D>["data"]): void => {
    const isFlat = inputs.get(name)?.shape.length === 1;
    given[name] = new NdArray(values, { dtype, shape: isFlat ? [values.length] : [values.length, 1] }) as NdArray;
  };
  give(EVENT_ID, "int64", eventIds);
  for (const name in conditions) {
    const values = conditions[name] as Float64Array;
    if (inputs.get(name)?.datatype === "FP32") give(name, "float32", Float32Array.from(values));
    else give(name, "float64", values);
  }
  const parameters: Record<string, ParameterValue> = {};
  if (isSparse) parameters["sparse"] = true;
  if (isHalf) parameters["output_datatype"] = "FP16";
  if (typeof seed === "bigint" && (hasExtensions || !inputs.has(SEED))) parameters[SEED] = seed;
  else if (inputs.has(SEED)) give(SEED, "int64", seedsOf(seed, eventIds.length));
  else
    throw new InvalidArgumentError(
      `The server's model "${contract.model}" takes one seed for all events of a request.`,
    );
  return { inputs: given, parameters };
}

/**
 * The events of an answer.
 *
 * @param count - How many were asked for.
 * @throws `TWIN_MODEL_FAILED` when an output is missing, or of another datatype or shape than the contract has it.
 */
export function decodeEvents(
  { model, outputs, facts }: GeneratorContract,
  { outputs: given, endpoint }: InferenceAnswer,
  count: number,
  { isHalf }: Travel,
): Events {
  const fail = (problem: string, cause?: unknown): never => {
    throw new ModelFailedError(model, `server ${endpoint} gave an invalid answer: ${problem}`, { cause });
  };
  const arrays = Object.entries(outputs).map(([name, output]) => {
    const shape = [count, ...output.shape];
    const dense = given[name];
    let array: NdArray;
    try {
      array = dense ?? sparse(given, name, shape);
    } catch (error) {
      return fail(`"${name}": ${reasonOf(error)}`, error);
    }
    const isRounded = isHalf && array.dtype === "float16" && output.dtype === "float32";
    if (array.dtype !== output.dtype && !isRounded) fail(`"${name}" is ${array.dtype}, not ${output.dtype}.`);
    if (!isOfShape(array.shape, shape)) fail(`"${name}" has the shape [${array.shape}], not [${shape}].`);
    return [name, named(array, shape, output)] as const;
  });
  const flags = given[BY_FALLBACK];
  if (flags === undefined || outputs[BY_FALLBACK]) return { count, arrays: Object.fromEntries(arrays) };
  const byFallback = flags.values();
  if (!(byFallback instanceof Uint8Array) || byFallback.length !== count || byFallback.some((flag) => flag > 1)) {
    return fail(`"${BY_FALLBACK}" must be UINT8 [${count}], each 0 or 1.`);
  }
  if (byFallback.includes(1) && facts.fallback === undefined) {
    fail("some events are made by a fallback, which the server's facts do not name.");
  }
  return { count, arrays: Object.fromEntries(arrays), ...(byFallback.includes(1) && { byFallback }) };
}

function sparse(given: InferenceAnswer["outputs"], name: string, shape: readonly number[]): NdArray {
  const [offsets, indices, values] = [given[`${name}.offsets`], given[`${name}.indices`], given[`${name}.values`]];
  if (!offsets || !indices || !values) {
    throw new InvalidArgumentError(`It did not come; there are ${Object.keys(given).join(", ") || "no outputs"}.`);
  }
  return fromSparse({ offsets, indices, values }, shape);
}

/** Whether an array has a shape; servers of other makes give the values of an event in one axis. */
function isOfShape(given: readonly number[], shape: readonly number[]): boolean {
  const [count, ...event] = shape;
  const isFlat = given.length === 2 && given[0] === count && given[1] === event.reduce((all, each) => all * each, 1);
  return isFlat || (given.length === shape.length && given.every((length, axis) => length === shape[axis]));
}

/** The values with the dtype, axes and unit of an output; halves are held widened, so that they are float32 already. */
function named(array: NdArray, shape: readonly number[], { dtype, dims, unit }: GeneratorOutput): NdArray {
  return new NdArray(array.values(), { dtype, shape, dims: ["event", ...dims], unit });
}

/** The bits of each seed. */
function seedsOf(seed: bigint | BigUint64Array, events: number): BigInt64Array {
  if (typeof seed === "bigint") return new BigInt64Array(events).fill(BigInt.asIntN(64, seed));
  return new BigInt64Array(seed.buffer, seed.byteOffset, events);
}
