import type { DType } from "../../../core/index.ts";
import type { ColumnType } from "./describe-tree.ts";
import { damaged } from "./failure.ts";
import type { RootObject } from "./jsroot.ts";
import { numberOf, objectOf, textOf } from "./members.ts";
import { packedBytes, packedFloat } from "./packed-float.ts";
import type { PackedFloat } from "./protocol.ts";

interface Primitive {
  readonly dtype: DType;
  readonly bytes: number;
  readonly typeName: string;
  readonly packed?: PackedFloat;
}

const primitive = (dtype: DType, bytes: number, typeName: string): Primitive => ({ dtype, bytes, typeName });

/** Classes of leaves, signed and unsigned. Long_t (G) has 8 bytes in a file. */
const LEAVES: Readonly<Record<string, readonly [Primitive, Primitive]>> = {
  TLeafB: [primitive("int8", 1, "int8_t"), primitive("uint8", 1, "uint8_t")],
  TLeafS: [primitive("int16", 2, "int16_t"), primitive("uint16", 2, "uint16_t")],
  TLeafI: [primitive("int32", 4, "int32_t"), primitive("uint32", 4, "uint32_t")],
  TLeafL: [primitive("int64", 8, "int64_t"), primitive("uint64", 8, "uint64_t")],
  TLeafG: [primitive("int64", 8, "int64_t"), primitive("uint64", 8, "uint64_t")],
  TLeafF: [primitive("float32", 4, "float"), primitive("float32", 4, "float")],
  TLeafD: [primitive("float64", 8, "double"), primitive("float64", 8, "double")],
  TLeafO: [primitive("bool", 1, "bool"), primitive("bool", 1, "bool")],
};

/** The values of a branch of the plain kind: `x/F`, `a[3]/I`, `pt[n]/F`, `name/C`. */
export function leafColumn(leaf: RootObject): ColumnType {
  const className = leaf._typename ?? "";
  if (className === "TLeafC") return textColumn("char*", 0);
  if (className === "TLeafF16" || className === "TLeafD32") {
    const name = className === "TLeafF16" ? "Float16_t" : "Double32_t";
    return arrayColumn(packedPrimitive(name, textOf(leaf, "fTitle")), { leaf, headerBytes: 0 });
  }
  const both = LEAVES[className];
  if (both === undefined)
    throw damaged(`values of ${className.replace("TLeaf", "") || "no"} leaves (${className}) are not read`);
  const type = both[leaf["fIsUnsigned"] === true ? 1 : 0];
  return arrayColumn(type, { leaf, headerBytes: 0 });
}

/** @param title - Where its range is stated. */
export function packedPrimitive(typeName: "Float16_t" | "Double32_t", title: string): Primitive {
  const packed = packedFloat(typeName, title);
  return { dtype: typeName === "Float16_t" ? "float32" : "float64", bytes: packedBytes(packed), typeName, packed };
}

export function textColumn(typeName: string, headerBytes: 0 | 6): ColumnType {
  return {
    layout: { kind: "text", dtype: "string", itemBytes: 0, perRow: 1, headerBytes, record: undefined },
    rowShape: [],
    typeName,
  };
}

/**
 * Compares a leaf with the title of its branch, `u/s`, which says once more whether integers have a sign: a flipped bit
 * would make others of them.
 *
 * @see ROOT's TTree: small letters are unsigned.
 */
export function checkSign(branchTitle: string, leaf: RootObject): void {
  const letter = /\/([BbSsIiLlGg])$/.exec(branchTitle)?.[1];
  const isInteger = /^TLeaf[BSILG]$/.test(leaf._typename ?? "");
  if (letter === undefined || !isInteger) return;
  const isUnsigned = leaf["fIsUnsigned"] === true;
  if ((letter === letter.toLowerCase()) !== isUnsigned) {
    throw damaged(
      `"${branchTitle}" and its leaf, of ${isUnsigned ? "unsigned" : "signed"} integers, contradict each other`,
    );
  }
}

/** One value per entry, a fixed array, or one whose length another leaf has. */
export function arrayColumn(
  type: Primitive,
  about: { readonly leaf: RootObject; readonly headerBytes: 0 | 1; readonly isJagged?: boolean },
): ColumnType {
  const { leaf, headerBytes, isJagged = objectOf(leaf, "fLeafCount") !== undefined } = about;
  const rowShape = fixedLengths(leaf);
  const perRow = rowShape.reduce((product, length) => product * length, 1);
  const suffix = `${isJagged ? "[]" : ""}${rowShape.map((length) => `[${length}]`).join("")}`;
  return {
    layout: {
      kind: isJagged ? "jagged" : "flat",
      dtype: type.dtype,
      itemBytes: type.bytes,
      perRow,
      headerBytes,
      record: undefined,
      ...(type.packed && { packed: type.packed }),
    },
    rowShape,
    typeName: `${type.typeName}${suffix}`,
  };
}

/** Lengths in the title, `a[3][2]`; what is no number there is the name of a counter. Their product is the leaf's own. */
function fixedLengths(leaf: RootObject): number[] {
  const title = textOf(leaf, "fTitle");
  const lengths = [...title.matchAll(/\[([^\]]*)\]/g)].map(([, inside]) => inside as string);
  const fixed = lengths.filter((inside) => /^\d+$/.test(inside)).map(Number);
  const product = fixed.reduce((total, length) => total * length, 1);
  const stated = numberOf(leaf, "fLen", 1);
  // Some titles leave the length out.
  if (fixed.length === 0 && stated > 1) return [stated];
  if (product !== stated || product < 1)
    throw damaged(`"${title}" has ${product} values per entry, and says ${stated}`);
  return fixed;
}

export type { Primitive };
export { primitive };
