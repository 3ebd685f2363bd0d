import { WireError } from "../errors.ts";
import type { InferParameter } from "./messages.ts";

/** A setting of a request or response: a 64-bit integer is a `bigint`, a double a `number`. */
export type ParameterValue = boolean | bigint | string | number;

/** The parameters of a message. @throws `TWIN_WIRE_INVALID` when one has no value. */
export function decodeParameters(
  parameters: Readonly<Record<string, InferParameter>> | undefined,
): Readonly<Record<string, ParameterValue>> {
  if (!parameters) return {};
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, decodeParameter(name, value)]));
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
