import { allocate } from "../data/layout.ts";
import type { EventDType } from "./event.ts";

/** How a type of elements is written. */
export interface TensorType {
  readonly dtype: EventDType;
  /** Its number in the enumeration `Tensor.DType`. */
  readonly number: number;
  /** Its name there. */
  readonly name: string;
  /** Of one element. */
  readonly bytes: number;
}

/** protos/twinloom/stream/v1/event.proto, `Tensor.DType`. */
const NUMBERS: Readonly<Record<EventDType, number>> = {
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint8: 5,
  uint16: 6,
  uint32: 7,
  uint64: 8,
  float32: 10,
  float64: 11,
};

/** All of them. */
export const TENSOR_TYPES: readonly TensorType[] = (Object.keys(NUMBERS) as EventDType[]).map((dtype) => ({
  dtype,
  number: NUMBERS[dtype],
  name: dtype.toUpperCase(),
  bytes: allocate(dtype, 0).BYTES_PER_ELEMENT,
}));

const BY_NUMBER: readonly (TensorType | undefined)[] = TENSOR_TYPES.reduce<TensorType[]>((types, type) => {
  types[type.number] = type;
  return types;
}, []);

const BY_DTYPE: ReadonlyMap<string, TensorType> = new Map(TENSOR_TYPES.map((type) => [type.dtype, type]));

const BY_NAME: ReadonlyMap<string, TensorType> = new Map(TENSOR_TYPES.map((type) => [type.name, type]));

/** The type of a number or a name of the enumeration. */
export function tensorType(numberOrName: number | string): TensorType | undefined {
  return typeof numberOrName === "number" ? BY_NUMBER[numberOrName] : BY_NAME.get(numberOrName);
}

/** How elements of a dtype are written; `undefined` for those that events do not have. */
export function tensorTypeOf(dtype: string): TensorType | undefined {
  return BY_DTYPE.get(dtype);
}

/** What is allowed, for messages. */
export const TENSOR_TYPE_NAMES: string = TENSOR_TYPES.map(({ name }) => name).join(", ");
