import type { DType } from "../../../core/index.ts";
import { padded, u8, u16, u32 } from "./bytes.ts";

/** Bytes of an element in the file; a variable-length string is a length and a place in a global heap. */
export function storedSize(dtype: DType): number {
  switch (dtype) {
    case "bool":
    case "int8":
    case "uint8":
      return 1;
    case "float16":
    case "int16":
    case "uint16":
      return 2;
    case "float32":
    case "int32":
    case "uint32":
      return 4;
    case "string":
      return SEQUENCE_SIZE;
    default:
      return 8;
  }
}

/** Bytes that stand for a sequence: length (4), address of the heap (8), index in it (4). */
export const SEQUENCE_SIZE = 16;

/** Datatype message of a dtype. @see Source: HDF5 File Format Specification 3.0, IV.A.2.d. */
export function encodeType(dtype: DType): Buffer {
  switch (dtype) {
    case "float16":
      return float({ size: 2, exponentBits: 5, fractionBits: 10 });
    case "float32":
      return float({ size: 4, exponentBits: 8, fractionBits: 23 });
    case "float64":
      return float({ size: 8, exponentBits: 11, fractionBits: 52 });
    case "bool":
      return BOOLEAN;
    case "string":
      return STRING;
    default:
      return integer(storedSize(dtype), dtype.startsWith("int"));
  }
}

const INTEGER = 0;
const FLOAT = 1;
const TEXT = 3;
const COMPOUND = 6;
const REFERENCE = 7;
const ENUM = 8;
const SEQUENCE = 9;

function head(kind: number, version: number, bits: readonly [number, number, number], size: number): Buffer {
  return Buffer.concat([Buffer.from([(version << 4) | kind, ...bits]), u32(size)]);
}

function integer(size: number, signed: boolean): Buffer {
  return Buffer.concat([head(INTEGER, 1, [signed ? 0x08 : 0, 0, 0], size), u16(0), u16(size * 8)]);
}

interface FloatLayout {
  readonly size: number;
  readonly exponentBits: number;
  readonly fractionBits: number;
}

function float({ size, exponentBits, fractionBits }: FloatLayout): Buffer {
  // 0x20: the leading bit of the fraction is implied. The sign is the highest bit.
  return Buffer.concat([
    head(FLOAT, 1, [0x20, size * 8 - 1, 0], size),
    u16(0),
    u16(size * 8),
    Buffer.from([fractionBits, exponentBits, 0, fractionBits]),
    u32(2 ** (exponentBits - 1) - 1),
  ]);
}

/** h5py's boolean: an 8-bit enum of FALSE and TRUE. Names are padded to eight bytes in version 1. */
const BOOLEAN = Buffer.concat([
  head(ENUM, 1, [2, 0, 0], 1),
  integer(1, true),
  padded(Buffer.from("FALSE\0"), 8),
  padded(Buffer.from("TRUE\0"), 8),
  Buffer.from([0, 1]),
]);

/** Variable-length UTF-8 string, null-terminated, based on unsigned bytes as HDF5 itself has it. */
const STRING = Buffer.concat([head(SEQUENCE, 1, [1, 1, 0], SEQUENCE_SIZE), integer(1, false)]);

/** Null-terminated string of fixed length. */
export function fixedText(size: number, charset: "ascii" | "utf-8" = "ascii"): Buffer {
  return head(TEXT, 1, [charset === "ascii" ? 0x00 : 0x10, 0, 0], size);
}

/** Reference to an object: the address of its header. */
const OBJECT_REFERENCE = head(REFERENCE, 1, [0, 0, 0], 8);

/** Type of `DIMENSION_LIST`: for each axis the references to its scales. */
export const REFERENCE_SEQUENCE: Buffer = Buffer.concat([
  head(SEQUENCE, 1, [0, 0, 0], SEQUENCE_SIZE),
  OBJECT_REFERENCE,
]);

/** Type of `REFERENCE_LIST`, 16 bytes: for each use of a scale the dataset and the axis. */
export const SCALE_USE: Buffer = Buffer.concat([
  head(COMPOUND, 3, [2, 0, 0], 16),
  Buffer.from("dataset\0"),
  u8(0),
  OBJECT_REFERENCE,
  Buffer.from("dimension\0"),
  u8(8),
  integer(4, true),
]);
/** Big-endian float32, the type that netCDF-4 gives dimensions without a variable. */
export const BIG_ENDIAN_FLOAT32: Buffer = (() => {
  const type = Buffer.from(encodeType("float32"));
  type[1] = (type[1] as number) | 1;
  return type;
})();
