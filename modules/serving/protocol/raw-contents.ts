import { endianness } from "node:os";
import { allocate, type DataOf, type DType, decodeHalves, encodeHalves, type NdArray } from "../../../core/index.ts";
import { WireError } from "../errors.ts";
import { decodeStrings, encodeStrings } from "./strings.ts";

/** What is known of a tensor before its elements are read. */
export interface ElementsHeader {
  /** Begins messages: `Tensor "seed"`. */
  readonly what: string;
  readonly datatype: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
}

const IS_BIG_ENDIAN = endianness() === "BE";

type Numbers = Exclude<DataOf<DType>, string[]>;

/** Elements from their bytes; see `decodeTensors` for who owns them. */
export function decodeRaw(bytes: Uint8Array, header: ElementsHeader): DataOf<DType> {
  const { what, datatype, dtype, shape, size } = header;
  if (dtype === "string") return decodeStrings(bytes, header);
  // Halves travel as they are, and are held widened.
  const stored = dtype === "float16" ? "uint16" : dtype;
  const empty = allocate(stored, 0) as Numbers;
  const expected = size * empty.BYTES_PER_ELEMENT;
  if (bytes.byteLength !== expected) {
    throw new WireError(
      `${what} (${datatype}, shape [${shape}]) has ${bytes.byteLength} bytes; ${expected} were expected.`,
    );
  }
  const values = littleEndianValues(bytes, empty);
  if (dtype === "bool") checkBooleans(values as Uint8Array, what);
  return dtype === "float16" ? decodeHalves(values as Uint16Array) : values;
}

/** The bytes of an array's elements: a view where they lie row-major, save for halves and strings. */
export function encodeRaw(array: NdArray, what: string): Buffer {
  const values = array.values();
  if (Array.isArray(values)) return encodeStrings(values, what);
  const stored = array.dtype === "float16" ? encodeHalves(values as Float32Array) : values;
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  return IS_BIG_ENDIAN ? swapped(bytes, stored.BYTES_PER_ELEMENT) : bytes;
}

/** Bytes as values of the type of `like`: a view where they are aligned and most of the memory that it would keep alive. */
function littleEndianValues(bytes: Uint8Array, like: Numbers): Numbers {
  const size = like.BYTES_PER_ELEMENT;
  const View = like.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => Numbers;
  const length = bytes.byteLength / size;
  const isAligned = bytes.byteOffset % size === 0;
  const isMost = bytes.byteLength * 2 >= bytes.buffer.byteLength;
  if (isAligned && isMost && !IS_BIG_ENDIAN) return new View(bytes.buffer, bytes.byteOffset, length);
  const own = new Uint8Array(IS_BIG_ENDIAN ? swapped(bytes, size) : bytes);
  return new View(own.buffer, 0, length);
}

function checkBooleans(values: Uint8Array, what: string): void {
  const wrong = values.findIndex((value) => value > 1);
  if (wrong >= 0) {
    throw new WireError(`${what} (BOOL) has the byte ${values[wrong]} at ${wrong}; only 0 and 1 are booleans.`);
  }
}

/** A copy with the bytes of each element in the other order. */
function swapped(bytes: Uint8Array, size: number): Buffer {
  const copy = Buffer.from(bytes);
  if (size === 2) return copy.swap16();
  if (size === 4) return copy.swap32();
  return size === 8 ? copy.swap64() : copy;
}
