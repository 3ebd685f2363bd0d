import type { HdfNumberType, HdfType } from "../../core/index.ts";
import type { ElementLayout } from "./worker/protocol.ts";

/** One readable part of a type: all of it, or a member of a compound. */
export interface TypeColumn {
  /** Names of the members that lead to it; empty for the type itself. */
  readonly members: readonly string[];
  /** Lengths of the axes that array members and opaque bytes add. */
  readonly extraShape: readonly number[];
  readonly leaf: LeafType;
  readonly layout: ElementLayout;
  /** Byte order of the leaf as it comes out of the library, which is not always that of the file. */
  readonly bigEndian: boolean;
}

/** A type without parts. */
export type LeafType = Exclude<HdfType, { readonly class: "compound" | "array" }>;

/** The columns of a type, in the order of its members. */
export function columnsOf(type: HdfType): readonly TypeColumn[] {
  const pointers = hasPointers(type);
  const littleInMemory = swappedLeaves(type);
  return leavesOf(type, { members: [], extraShape: [], offsets: [0] }).map(
    ({ leaf, members, extraShape, offsets }) => ({
      members,
      extraShape: leaf.class === "opaque" ? [...extraShape, leaf.size] : extraShape,
      leaf: leaf.class === "sequence" && !isPlain(leaf.base) ? unreadable(leaf) : leaf,
      layout: {
        size: type.size,
        offsets,
        leafSize: leaf.size,
        leaf: leafKind(leaf),
        ...(leaf.class === "sequence" && { baseSize: leaf.base.size }),
        pointers,
      },
      bigEndian: isBigEndian(leaf) && !littleInMemory.has(leaf),
    }),
  );
}

/** All bytes of a compound as one column, as the file has them. */
export function bytesOf(type: HdfType): TypeColumn {
  const { size } = type;
  const hasPlaces = hasPointers(type);
  // Where a member is of variable length, the bytes are addresses in memory, which say nothing.
  const leaf: LeafType = hasPlaces
    ? { class: "unknown", size, reason: "it has members of variable length, which have no bytes of their own" }
    : { class: "opaque", size };
  return {
    members: [],
    extraShape: [size],
    leaf,
    layout: { size, offsets: [0], leafSize: size, leaf: "plain", pointers: hasPlaces },
    bigEndian: false,
  };
}

interface Place {
  readonly members: readonly string[];
  readonly extraShape: readonly number[];
  /** Byte offsets of all its elements. */
  readonly offsets: readonly number[];
}

function leavesOf(type: HdfType, place: Place): readonly (Place & { readonly leaf: LeafType })[] {
  if (type.class === "compound") {
    return type.members.flatMap((member) =>
      leavesOf(member.type, {
        members: [...place.members, member.name],
        extraShape: place.extraShape,
        offsets: place.offsets.map((offset) => offset + member.offset),
      }),
    );
  }
  if (type.class === "array") {
    const count = type.shape.reduce((product, length) => product * length, 1);
    // Guards against the hostile: an array type can claim more elements than bytes.
    if (count * type.base.size !== type.size) {
      return [{ ...place, leaf: { class: "unknown", size: type.size, reason: "its array type contradicts itself" } }];
    }
    return leavesOf(type.base, {
      members: place.members,
      extraShape: [...place.extraShape, ...type.shape],
      offsets: place.offsets.flatMap((offset) => Array.from({ length: count }, (_, i) => offset + i * type.base.size)),
    });
  }
  return [{ ...place, leaf: type }];
}

function leafKind(leaf: LeafType): ElementLayout["leaf"] {
  if (leaf.class === "string" && leaf.variable) return "string";
  if (leaf.class === "sequence") return "sequence";
  if (leaf.class === "reference") return leaf.to === "object" ? "reference-object" : "reference-region";
  return "plain";
}

function unreadable(leaf: HdfType & { readonly class: "sequence" }): LeafType {
  return {
    class: "unknown",
    size: leaf.size,
    reason: `variable-length sequences of ${leaf.base.class} values are not supported`,
  };
}

function isPlain(type: HdfType): boolean {
  return type.class === "integer" || type.class === "float" || type.class === "bitfield" || type.class === "enum";
}

function hasPointers(type: HdfType): boolean {
  if (type.class === "compound") return type.members.some((member) => hasPointers(member.type));
  if (type.class === "array") return hasPointers(type.base);
  return type.class === "sequence" || (type.class === "string" && type.variable);
}

/** The numbers in a leaf: itself, the base of an enum or of a sequence. */
export function numberIn(type: HdfType): HdfNumberType | undefined {
  switch (type.class) {
    case "integer":
    case "float":
    case "bitfield":
      return type;
    case "enum":
      return type.base;
    case "sequence":
      return numberIn(type.base);
    default:
      return undefined;
  }
}

function isBigEndian(leaf: LeafType): boolean {
  return numberIn(leaf)?.bigEndian === true;
}

/**
 * h5wasm asks for little-endian values by `H5Tset_order` on the whole type, if `H5Tget_order` calls it big-endian, and
 * ignores the outcome. What that does to the parts is replayed here: nothing where the orders are mixed; and it stops
 * at the first enum, whose order cannot be set.
 *
 * @returns The leaves that come out little-endian although the file has them big-endian.
 */
function swappedLeaves(type: HdfType): ReadonlySet<HdfType> {
  const swapped = new Set<HdfType>();
  if (orderOf(type) === "big") setOrder(type, swapped);
  return swapped;
}

function setOrder(type: HdfType, swapped: Set<HdfType>): boolean {
  switch (type.class) {
    case "enum":
      return Object.keys(type.members).length === 0;
    case "compound":
      return type.members.every((member) => setOrder(member.type, swapped));
    case "array":
      return setOrder(type.base, swapped);
    default:
      swapped.add(type);
      return true;
  }
}

function orderOf(type: HdfType): "big" | "little" | "none" | "mixed" {
  switch (type.class) {
    case "compound": {
      const orders = new Set(type.members.map((member) => orderOf(member.type)));
      orders.delete("none");
      const [first] = orders;
      return orders.size > 1 ? "mixed" : (first ?? "none");
    }
    case "array":
      return orderOf(type.base);
    default: {
      const number = numberIn(type);
      if (number === undefined) return type.class === "string" && type.variable ? "little" : "none";
      return number.bigEndian ? "big" : "little";
    }
  }
}
