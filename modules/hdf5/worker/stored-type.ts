import type { HdfNumberType, HdfType } from "../../../core/index.ts";
import type { RawMetadata } from "./library.ts";

/** Class numbers of HDF5's `H5T_class_t`. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const BITFIELD = 4;
const OPAQUE = 5;
const COMPOUND = 6;
const REFERENCE = 7;
const ENUM = 8;
const SEQUENCE = 9;
const ARRAY = 10;
const COMPLEX = 11;

/** Bytes of a sequence in the library's memory: a 32-bit length and a 32-bit pointer. */
const SEQUENCE_SIZE = 8;
const OBJECT_REFERENCE_SIZE = 8;
const REGION_REFERENCE_SIZE = 12;

/** h5wasm's description of a type in our words. What we cannot read without doubt is `"unknown"`, with the reason. */
export function storedType(raw: RawMetadata): HdfType {
  const { type, size } = raw;
  switch (type) {
    case INTEGER:
      return size >= 1 && size <= 8 ? number("integer", raw) : unknown(size, `integers of ${size} bytes`);
    case FLOAT:
      return [2, 4, 8].includes(size) ? number("float", raw) : unknown(size, `floats of ${size} bytes`);
    case BITFIELD:
      return [1, 2, 4, 8].includes(size) ? number("bitfield", raw) : unknown(size, `bit fields of ${size} bytes`);
    case STRING:
      return string(raw);
    case OPAQUE:
      return { class: "opaque", size };
    case COMPOUND:
      return {
        class: "compound",
        size,
        members: (raw.compound_type?.members ?? []).map(({ name, offset, ...member }) => ({
          name,
          offset,
          // The `shape` of a member is always []; that of an array is in its array_type.
          type: storedType(member),
        })),
      };
    case REFERENCE:
      return reference(raw);
    case ENUM:
      return enumeration(raw);
    case SEQUENCE:
      return raw.vlen_type && size === SEQUENCE_SIZE
        ? { class: "sequence", size, base: storedType(raw.vlen_type) }
        : unknown(size, "variable-length sequences of this kind");
    case ARRAY:
      return raw.array_type
        ? { class: "array", size, base: storedType(raw.array_type), shape: raw.array_type.shape ?? [] }
        : unknown(size, "arrays of this kind");
    case COMPLEX:
      return complex(raw);
    default:
      return unknown(size, type === 2 ? "times (H5T_TIME)" : `type class ${type}`);
  }
}

function number(kind: HdfNumberType["class"], { size, signed, littleEndian }: RawMetadata): HdfNumberType {
  return { class: kind, size, signed: kind === "integer" && signed, bigEndian: !littleEndian };
}

function string({ size, vlen, strpad, cset }: RawMetadata): HdfType {
  const padding = (["null-terminated", "null", "space"] as const)[strpad ?? 0] ?? "null-terminated";
  return { class: "string", size, variable: vlen, padding, charset: cset === 1 ? "utf-8" : "ascii" };
}

function reference({ size, ref_type }: RawMetadata): HdfType {
  if (ref_type === "object" && size === OBJECT_REFERENCE_SIZE) return { class: "reference", size, to: "object" };
  // h5wasm calls everything else a region; the references that HDF5 1.12 added have another size.
  if (size === REGION_REFERENCE_SIZE) return { class: "reference", size, to: "region" };
  return unknown(size, "references of HDF5 1.12 or later (H5R_ref_t)");
}

function enumeration(raw: RawMetadata): HdfType {
  if (raw.enum_type?.type !== INTEGER || ![1, 2, 4, 8].includes(raw.size))
    return unknown(raw.size, "enums of this kind");
  return { class: "enum", size: raw.size, base: number("integer", raw), members: { ...raw.enum_type.members } };
}

/** The complex type of HDF5 2.0: two floats. Shown as the compound that h5py has always used. */
function complex(raw: RawMetadata): HdfType {
  const half = raw.size / 2;
  if (![2, 4, 8].includes(half)) return unknown(raw.size, `complex numbers of ${raw.size} bytes`);
  const part = number("float", { ...raw, size: half });
  return {
    class: "compound",
    size: raw.size,
    members: [
      { name: "r", offset: 0, type: part },
      { name: "i", offset: half, type: part },
    ],
  };
}

function unknown(size: number, what: string): HdfType {
  return { class: "unknown", size, reason: `${what} are not supported` };
}
