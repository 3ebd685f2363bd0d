import type { DType, HdfNumberType, HdfType } from "../../../core/index.ts";

/** How a stored type is shown. */
export interface ShownType {
  readonly dtype: DType;
  /** Lengths of the axes behind those of the dataset: bytes of an element, lengths of arrays. */
  readonly extraShape: readonly number[];
  /** The type in NetCDF's words where the dtype does not tell all. */
  readonly note?: string;
  /** Whether it is NetCDF's `char`, which HDF5 has as a string of one byte. */
  readonly isChar: boolean;
}

/** How a stored type is shown: user types as their bytes, enums as their integers. */
export function shownType(type: HdfType): ShownType {
  const shown = (dtype: DType, note?: string, extraShape: readonly number[] = []): ShownType => ({
    dtype,
    extraShape,
    isChar: false,
    ...(note !== undefined && { note }),
  });
  switch (type.class) {
    case "integer":
    case "float":
      return shown(numberDType(type), type.bigEndian && type.size > 1 ? `big-endian ${numberDType(type)}` : undefined);
    case "bitfield":
      return shown(numberDType(type), `bit field of ${type.size * 8}`);
    case "string":
      if (type.variable) return shown("string");
      return type.size === 1
        ? { dtype: "uint8", extraShape: [], note: "char", isChar: true }
        : shown("string", `fixed-length string of ${type.size} bytes`);
    case "enum":
      return shown(isBoolean(type) ? "bool" : numberDType(type.base), enumNote(type));
    case "opaque":
      return shown("uint8", `opaque of ${type.size} bytes`, [type.size]);
    case "compound": {
      const members = type.members.map(({ name, offset, type: member }) => `${name}: ${words(member)} at ${offset}`);
      return shown("uint8", `compound of ${type.size} bytes {${members.join(", ")}}`, [type.size]);
    }
    case "array": {
      const base = shownType(type.base);
      return { ...base, extraShape: [...type.shape, ...base.extraShape] };
    }
    case "sequence":
      return shown("uint8", `variable-length sequence of ${words(type.base)}`);
    case "reference":
      return shown("string", "reference, as a path");
    case "unknown":
      return shown("uint8", `unreadable: ${type.reason}`);
  }
}

function numberDType({ class: kind, size, signed }: HdfNumberType): DType {
  if (kind === "float") return `float${(size * 8) as 16 | 32 | 64}`;
  // Odd sizes are widened to the next one.
  const bits = size <= 2 ? ((size * 8) as 8 | 16) : size <= 4 ? 32 : 64;
  return `${signed ? "int" : "uint"}${bits}`;
}

/** Whether an enum is h5py's boolean. */
function isBoolean({ size, members }: HdfType & { readonly class: "enum" }): boolean {
  return size === 1 && Object.keys(members).length === 2 && members["FALSE"] === 0 && members["TRUE"] === 1;
}

function enumNote({ base, members }: HdfType & { readonly class: "enum" }): string {
  const names = Object.entries(members).map(([name, value]) => `${name} = ${value}`);
  return `enum ${numberDType(base)} {${names.join(", ")}}`;
}

function words(type: HdfType): string {
  const { dtype, note } = shownType(type);
  const order = type.class === "integer" || type.class === "float" ? (type.bigEndian ? "big-endian " : "") : "";
  const text = type.class === "integer" || type.class === "float" ? `${order}${dtype}` : (note ?? dtype);
  return type.class === "array" ? `${text}[${type.shape.join(", ")}]` : text;
}
