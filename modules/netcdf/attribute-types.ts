import { type Attributes, type AttributeValue, type DType, NdArray } from "../../core/index.ts";

/** An attribute as a file holds it. */
export interface StoredAttribute {
  readonly name: string;
  readonly value: AttributeValue;
}

/**
 * Types of the numbers among attributes, as they were stored. Attributes of one element are shown as plain numbers, which
 * would be written as float64; a copy of a file should have the types of the original.
 */
const TYPES = new WeakMap<Attributes, ReadonlyMap<string, DType>>();

/** Attributes as they are shown: one element as a scalar. Their types are remembered. */
export function shownAttributes(stored: readonly StoredAttribute[]): Attributes {
  const types = new Map<string, DType>();
  const shown = Object.fromEntries(
    stored.map(({ name, value }) => {
      if (value instanceof NdArray && value.size === 1 && value.shape.length <= 1) {
        types.set(name, value.dtype);
        return [name, scalarOf(value)];
      }
      return [name, value];
    }),
  );
  TYPES.set(shown, types);
  return shown;
}

/** The type that an attribute had in its file, where it came from one. */
export function storedTypeOf(attributes: Attributes, name: string): DType | undefined {
  return TYPES.get(attributes)?.get(name);
}

function scalarOf(array: NdArray): AttributeValue {
  const value = array.values()[0] as string | number | bigint;
  if (array.dtype === "bool") return value !== 0;
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
