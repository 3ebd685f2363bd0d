import { allocate, type DataOf, type DType } from "../../../core/index.ts";
import { WireError } from "../errors.ts";
import type { InferTensorContents } from "./messages.ts";
import type { ElementsHeader } from "./raw-contents.ts";
import { decodeString } from "./strings.ts";

type Field = keyof InferTensorContents;

/** The field that elements of a dtype travel in. FP16 has none. */
const FIELDS: Readonly<Record<Exclude<DType, "float16">, Field>> = {
  bool: "bool_contents",
  int8: "int_contents",
  int16: "int_contents",
  int32: "int_contents",
  int64: "int64_contents",
  uint8: "uint_contents",
  uint16: "uint_contents",
  uint32: "uint_contents",
  uint64: "uint64_contents",
  float32: "fp32_contents",
  float64: "fp64_contents",
  string: "bytes_contents",
};

/** The fields that hold something. */
export function filledFields(contents: InferTensorContents): readonly Field[] {
  return (Object.keys(contents) as Field[]).filter((field) => contents[field].length > 0);
}

/** Elements from typed contents. */
export function decodeTyped(contents: InferTensorContents | undefined, header: ElementsHeader): DataOf<DType> {
  const { what, datatype, dtype, shape, size } = header;
  const filled = contents ? filledFields(contents) : [];
  if (dtype === "float16") {
    if (size === 0 && filled.length === 0) return allocate(dtype, 0);
    throw new WireError(`${what} is of datatype FP16, which has no typed contents; send it in the raw contents.`);
  }
  const field = FIELDS[dtype];
  const others = filled.filter((each) => each !== field);
  if (others.length > 0) {
    throw new WireError(
      `${what} is of datatype ${datatype}, which travels in ${field}; it came in ${others.join(", ")}.`,
    );
  }
  const elements = contents?.[field] ?? [];
  if (elements.length !== size) {
    throw new WireError(
      `${what} (${datatype}, shape [${shape}]) has ${elements.length} elements in ${field} and none in the raw contents; ${size} were expected.`,
    );
  }
  return convert(elements, header);
}

function convert(elements: InferTensorContents[Field], { what, datatype, dtype }: ElementsHeader): DataOf<DType> {
  if (dtype === "string") {
    return (elements as readonly Buffer[]).map((bytes, index) => decodeString(bytes, { what, index }));
  }
  const values = allocate(dtype, elements.length);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) values[i] = BigInt(elements[i] as string);
    return values;
  }
  const numbers = values as Exclude<typeof values, string[]>;
  const isInteger = dtype.includes("int");
  for (let i = 0; i < numbers.length; i++) {
    const element = Number(elements[i]);
    numbers[i] = element;
    // The wire has only 32 bits for the smaller integers, too.
    if (isInteger && numbers[i] !== element) {
      throw new WireError(`${what}: element ${i} is ${element}, which is no ${datatype}.`);
    }
  }
  return values;
}
