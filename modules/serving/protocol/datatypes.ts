import type { DType } from "../../../core/index.ts";

/**
 * Types of elements of the Open Inference Protocol, each with the dtype that holds it. BF16 is not among them: no dtype
 * holds it.
 */
const DTYPES = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
  BYTES: "string",
} as const satisfies Readonly<Record<string, DType>>;

/** Type of the elements of a tensor on the wire. */
export type Datatype = keyof typeof DTYPES;

/** All of them, for messages that tell what there is. */
export const DATATYPES: readonly Datatype[] = Object.keys(DTYPES) as Datatype[];

const BY_DTYPE = Object.fromEntries(Object.entries(DTYPES).map(([datatype, dtype]) => [dtype, datatype])) as Readonly<
  Record<DType, Datatype>
>;

const BYTES: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 4,
};

/** Bytes of one element on the wire; of a text, those of its length. */
export function bytesOfElement(datatype: Datatype): number {
  return BYTES[datatype];
}

/** How elements of a dtype travel. */
export function datatypeOf(dtype: DType): Datatype {
  return BY_DTYPE[dtype];
}

/** The dtype that holds elements of a datatype; `undefined` where there is no such datatype, or no dtype for it. */
export function dtypeOf(datatype: string): DType | undefined {
  return Object.hasOwn(DTYPES, datatype) ? DTYPES[datatype as Datatype] : undefined;
}
