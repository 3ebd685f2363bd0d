import { describeNames, InvalidArgumentError, NdArray, OutOfDomainError } from "../../../core/index.ts";
import type { ParameterValue } from "../protocol/parameters.ts";
import { toSparse } from "../protocol/sparse.ts";
import type { RowArrays } from "./rows.ts";
import type { ServedRequest, TensorMetadata } from "./served.ts";

/** Largest finite half. @see IEEE 754-2019, binary16. */
const LARGEST_HALF = 65504;

/** How a request wants its outputs. */
export interface AnswerFormat {
  /** Names of the outputs that come sparse, if they are float32: those with a free first axis, or none. */
  readonly sparse: readonly string[];
  readonly isHalf: boolean;
  /** Names of the outputs; all by default. */
  readonly wanted: readonly string[] | undefined;
}

/**
 * Reads how a request wants its outputs (docs/reference/serving-protocol.md, "Parameters of a request").
 *
 * @throws `TWIN_INVALID_ARGUMENT` for an output that there is not, or a value that the parameter does not take.
 */
export function readAnswerFormat(
  name: string,
  outputs: readonly TensorMetadata[],
  { parameters, outputs: wanted }: ServedRequest,
): AnswerFormat {
  const names = outputs.map((output) => output.name);
  const unknown = wanted?.find((each) => !names.includes(each));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`${name} has no output "${unknown}". ${describeNames(unknown, names)}`);
  }
  return {
    sparse: choice(parameters, "sparse", [false, true]) ? outputs.filter(hasRows).map((output) => output.name) : [],
    isHalf: choice(parameters, "output_datatype", ["FP32", "FP16"]) === "FP16",
    wanted: wanted?.length ? wanted : undefined,
  };
}

/**
 * Brings outputs into the form that was asked for; other dtypes than float32 stay as they are.
 *
 * @param name - What is served, for messages.
 * @throws `TWIN_OUT_OF_DOMAIN` when halves are wanted and a value is beyond the largest one.
 */
export function formatOutputs(name: string, outputs: RowArrays, { sparse, isHalf, wanted }: AnswerFormat): RowArrays {
  if (!sparse.length && !isHalf && !wanted) return outputs;
  const formatted: Record<string, NdArray> = {};
  for (const output of wanted ?? Object.keys(outputs)) {
    const array = outputs[output] as NdArray;
    const toHalf = (values: NdArray<"float32">): NdArray =>
      isHalf ? asHalves(values, { name, output, unit: array.unit }) : values;
    if (!array.is("float32")) {
      formatted[output] = array;
    } else if (sparse.includes(output)) {
      const { offsets, indices, values } = toSparse(array);
      formatted[`${output}.offsets`] = offsets;
      formatted[`${output}.indices`] = indices;
      formatted[`${output}.values`] = toHalf(values);
    } else {
      formatted[output] = toHalf(array);
    }
  }
  return formatted;
}

function hasRows({ shape }: TensorMetadata): boolean {
  return shape[0] === -1;
}

/** The same values as dtype float16; whoever writes them rounds (docs/decisions/0003-float16-held-as-float32.md). */
function asHalves(
  array: NdArray<"float32">,
  { name, output, unit }: { readonly name: string; readonly output: string; readonly unit: string | undefined },
): NdArray<"float16"> {
  const values = array.values();
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!(Math.abs(value) > LARGEST_HALF)) continue;
    throw new OutOfDomainError({
      what: `${name}, output_datatype FP16 (FP32 has no such limit)`,
      condition: output,
      value,
      min: -LARGEST_HALF,
      max: LARGEST_HALF,
      ...(unit !== undefined && { unit }),
    });
  }
  const { shape, dims } = array;
  return new NdArray<"float16">(values, { dtype: "float16", shape, dims, unit });
}

function choice<V extends ParameterValue>(
  parameters: Readonly<Record<string, ParameterValue>>,
  name: string,
  allowed: readonly V[],
): V | undefined {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (value === undefined) return undefined;
  const known = allowed.find((each) => each === value);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(
    `The parameter "${name}" is ${describeParameter(value)}; it must be ${allowed.map(describeParameter).join(" or ")}.`,
  );
}

/** A parameter as messages show it. */
export function describeParameter(value: ParameterValue): string {
  if (typeof value === "string") return `"${value}"`;
  return typeof value === "number" ? `the double ${value}` : String(value);
}
