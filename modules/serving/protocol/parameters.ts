import { WireError } from "../errors.ts";
import type { InferParameter, InferParameterInit } from "./messages.ts";

/** A setting of a request or response: a 64-bit integer is a `bigint`, a double a `number`. */
export type ParameterValue = boolean | bigint | string | number;

/** The parameters of a message. @throws `TWIN_WIRE_INVALID` when one has no value. */
export function decodeParameters(
  parameters: Readonly<Record<string, InferParameter>> | undefined,
): Readonly<Record<string, ParameterValue>> {
  if (!parameters) return {};
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, decodeParameter(name, value)]));
}

/** Parameters for a message. @throws `TWIN_WIRE_INVALID` when an integer needs more than 64 bits. */
export function encodeParameters(
  parameters: Readonly<Record<string, ParameterValue>>,
): Record<string, InferParameterInit> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, encodeParameter(name, value)]));
}

function decodeParameter(name: string, parameter: InferParameter): ParameterValue {
  const { bool_param, int64_param, uint64_param, string_param, double_param } = parameter;
  const integer = int64_param ?? uint64_param;
  const value = integer === undefined ? (bool_param ?? string_param ?? double_param) : BigInt(integer);
  if (value === undefined) {
    throw new WireError(
      `Parameter "${name}" has no value; set one of bool_param, int64_param, uint64_param, string_param, double_param.`,
    );
  }
  return value;
}

function encodeParameter(name: string, value: ParameterValue): InferParameterInit {
  if (typeof value === "boolean") return { bool_param: value };
  if (typeof value === "string") return { string_param: value };
  if (typeof value === "number") return { double_param: value };
  if (BigInt.asIntN(64, value) === value) return { int64_param: String(value) };
  if (BigInt.asUintN(64, value) === value) return { uint64_param: String(value) };
  throw new WireError(`Parameter "${name}" is ${value}; integers must be of 64 bits, -2^63 to 2^64 - 1.`);
}
