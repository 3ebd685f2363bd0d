import type { AttributeValue } from "../dataset.ts";
import { NdArray } from "../nd-array.ts";

/** The numbers of an attribute, one or many; `undefined` where it holds none, or anything else beside them. */
export function attributeNumbers(value: AttributeValue): readonly (number | bigint)[] | undefined {
  if (typeof value === "number" || typeof value === "bigint") return [value];
  if (!(value instanceof NdArray) || value.dtype === "bool" || value.size === 0) return undefined;
  const values = value.values();
  return Array.isArray(values) ? undefined : Array.from<number | bigint>(values);
}

/** An attribute in words, for messages. */
export function attributeText(value: AttributeValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  return value instanceof NdArray ? `[${value.values().slice(0, 8).join(", ")}]` : String(value);
}
