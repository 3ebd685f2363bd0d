const INTEGER = 0;
const FLOAT = 1;
const BITFIELD = 4;
const COMPOUND = 6;
const ENUM = 8;
const SEQUENCE = 9;
const ARRAY = 10;
const COMPLEX = 11;

/** Exponent position and bits, fraction bits, bias of IEEE 754 binary16, 32 and 64, by size. */
const IEEE: Readonly<Record<number, readonly [number, number, number, number]>> = {
  2: [10, 5, 10, 15],
  4: [23, 8, 23, 127],
  8: [52, 11, 52, 1023],
};

/**
 * Finds numbers in a datatype message that do not fill their bytes, or floats that are not IEEE 754. h5wasm tells of
 * neither and hands their bytes over as if they were ordinary.
 *
 * @returns What is odd, if anything is, and the length of the message.
 * @see Source: HDF5 File Format Specification 3.0, IV.A.2.d.
 */
export function oddType(message: Buffer): { readonly odd?: string; readonly length: number } {
  const first = message[0] as number;
  const kind = first & 0x0f;
  const version = first >> 4;
  const size = message.readUInt32LE(4);
  const bits = message.readUIntLE(1, 3);
  switch (kind) {
    case INTEGER:
    case BITFIELD:
      return { ...oddInteger(message, size), length: 12 };
    case FLOAT:
      return { ...oddFloat(message, size, bits), length: 20 };
    case COMPOUND:
      return oddCompound(message, { version, members: bits & 0xffff, size });
    case ENUM:
      return oddEnum(message, { version, members: bits & 0xffff });
    case SEQUENCE:
    case COMPLEX:
      return inside(message, 8);
    case ARRAY: {
      const rank = message[8] as number;
      return inside(message, version < 3 ? 12 + rank * 8 : 9 + rank * 4);
    }
    case 5:
      // An opaque type has a tag of the length that its bits say.
      return { length: 8 + (bits & 0xff) };
    case 2:
      return { length: 10 };
    default:
      return { length: 8 };
  }
}

function inside(message: Buffer, at: number): { readonly odd?: string; readonly length: number } {
  const base = oddType(message.subarray(at));
  return { ...base, length: at + base.length };
}

function oddInteger(message: Buffer, size: number): { readonly odd?: string } {
  const offset = message.readUInt16LE(8);
  const precision = message.readUInt16LE(10);
  if (offset === 0 && precision === size * 8) return {};
  return { odd: `integers of ${precision} bits at bit ${offset} of ${size} bytes are not supported` };
}

function oddFloat(message: Buffer, size: number, bits: number): { readonly odd?: string } {
  const layout = [message[12], message[13], message[15], message.readUInt32LE(16)];
  const isPlain =
    message.readUInt16LE(8) === 0 &&
    message.readUInt16LE(10) === size * 8 &&
    message[14] === 0 &&
    // Bit 6 marks the byte order of the VAX; bits 4 and 5 are 2 for an implied leading bit.
    (bits & 0x40) === 0 &&
    ((bits >> 4) & 3) === 2 &&
    ((bits >> 8) & 0xff) === size * 8 - 1;
  if (isPlain && IEEE[size]?.every((value, i) => value === layout[i])) return {};
  return { odd: `floats of ${size} bytes with ${layout[1]} exponent and ${layout[2]} fraction bits are not supported` };
}

function oddCompound(
  message: Buffer,
  { version, members, size }: { readonly version: number; readonly members: number; readonly size: number },
): { readonly odd?: string; readonly length: number } {
  const offsetBytes = size < 2 ** 8 ? 1 : size < 2 ** 16 ? 2 : size < 2 ** 24 ? 3 : 4;
  let at = 8;
  let odd: string | undefined;
  for (let i = 0; i < members; i++) {
    at = afterName(message, at, version);
    // Version 1 has an array's rank and lengths here, version 2 a 4-byte offset, version 3 the fewest bytes.
    at += version === 1 ? 32 : version === 2 ? 4 : offsetBytes;
    const member = oddType(message.subarray(at));
    odd ??= member.odd;
    at += member.length;
  }
  return { ...(odd !== undefined && { odd }), length: at };
}

function oddEnum(
  message: Buffer,
  { version, members }: { readonly version: number; readonly members: number },
): { readonly odd?: string; readonly length: number } {
  const base = oddType(message.subarray(8));
  let at = 8 + base.length;
  for (let i = 0; i < members; i++) at = afterName(message, at, version);
  return { ...base, length: at + members * message.readUInt32LE(4) };
}

/** Names end with a NUL; before version 3 they are padded to a multiple of eight bytes. */
function afterName(message: Buffer, at: number, version: number): number {
  const end = message.indexOf(0, at);
  if (end < 0) throw new Error("a name without an end");
  const length = end + 1 - at;
  return at + (version < 3 ? Math.ceil(length / 8) * 8 : length);
}
