import { damaged } from "./failure.ts";
import type { PackedFloat, TypedArray } from "./protocol.ts";

// Float16_t and Double32_t: floats that are stored with fewer bits. How is in the title of the member or leaf, as
// [low, high, bits]; the encoding is that of TBufferFile::WriteFloat16 and WriteDouble32 of ROOT. (uproot multiplies in
// float32, and differs in the last bits of a Float16_t with a range.)

const BITS_BY_DEFAULT = 32;
/** Of a Float16_t that states nothing. */
const MANTISSA_BITS = 12;

/** @throws When the range is stated in a way that is not known. */
export function packedFloat(name: "Float16_t" | "Double32_t", title: string): PackedFloat {
  const stated = /\[([^\]]*,[^\]]*)\]/.exec(title)?.[1];
  const [low = 0, high = 0, bits = stated === undefined ? 0 : BITS_BY_DEFAULT, ...more] =
    stated?.split(",").map(limit) ?? [];
  if (more.length > 0 || ![low, high].every(Number.isFinite) || (stated !== undefined && !(bits >= 2 && bits <= 32))) {
    throw damaged(`${name} with the range [${stated}] is not read`);
  }
  if (low < high) return { kind: "range", low, factor: (bits < 32 ? 2 ** bits : 2 ** 32 - 1) / (high - low) };
  if (low !== 0 || high !== 0) throw damaged(`${name} with the range [${stated}] is not read`);
  if (name === "Float16_t") return { kind: "mantissa", bits: bits === 0 ? MANTISSA_BITS : mantissa(bits) };
  return bits === 0 ? { kind: "float32" } : { kind: "mantissa", bits: mantissa(bits) };
}

function mantissa(bits: number): number {
  if (bits <= 14) return bits;
  throw damaged(`a float with ${bits} bits of mantissa is not read`);
}

function limit(text: string): number {
  const [, sign, name] = /^\s*(-?)\s*(.*?)\s*$/.exec(text) ?? [];
  const known: Readonly<Record<string, number>> = {
    pi: Math.PI,
    twopi: 2 * Math.PI,
    "2pi": 2 * Math.PI,
    "2*pi": 2 * Math.PI,
    "pi/2": Math.PI / 2,
    "pi/4": Math.PI / 4,
  };
  const value =
    name !== undefined && Object.hasOwn(known, name)
      ? (known[name] as number)
      : name === ""
        ? Number.NaN
        : Number(name);
  return sign === "-" ? -value : value;
}

/** Bytes of a value in the file. */
export function packedBytes({ kind }: PackedFloat): number {
  return kind === "mantissa" ? 3 : 4;
}

export function unpackFloats(bytes: Uint8Array, packed: PackedFloat, dtype: "float32" | "float64"): TypedArray {
  const size = packedBytes(packed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / size;
  const values = dtype === "float32" ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = valueAt(view, i * size, packed);
  return values;
}

const WORD = new DataView(new ArrayBuffer(4));

function valueAt(view: DataView, at: number, packed: PackedFloat): number {
  if (packed.kind === "float32") return view.getFloat32(at);
  if (packed.kind === "range") return view.getUint32(at) / packed.factor + packed.low;
  // One byte of exponent; then the sign, above as many bits of the mantissa as are kept and a leading one.
  const { bits } = packed;
  const kept = view.getUint16(at + 1);
  WORD.setUint32(0, ((view.getUint8(at) << 23) | ((kept & (2 ** (bits + 1) - 1)) << (23 - bits))) >>> 0);
  const value = WORD.getFloat32(0);
  return (kept & (2 ** (bits + 1))) === 0 ? value : -value;
}
