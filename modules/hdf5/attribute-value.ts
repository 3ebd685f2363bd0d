import { type AttributeValue, type HdfAttributes, NdArray } from "../../core/index.ts";
import { columnsOf, type TypeColumn } from "./columns.ts";
import { decodeColumn, dtypeOf } from "./decode.ts";
import type { RawAttribute } from "./worker/protocol.ts";

/** Stored attributes as values. */
export function attributeValues(raw: readonly RawAttribute[]): HdfAttributes {
  return Object.fromEntries(raw.map((attribute) => [attribute.name, attributeValue(attribute)]));
}

function attributeValue({ type, shape, values, bigEndian }: RawAttribute): AttributeValue {
  const column: TypeColumn = { ...(columnsOf(type)[0] as TypeColumn), bigEndian };
  const dtype = dtypeOf(column.leaf);
  const data = decodeColumn(column, values);
  // A sequence has a length of its own; an attribute without a dataspace has no values.
  const ownShape = values.kind === "sequences" ? [data.length] : (shape ?? [0]);
  const array = new NdArray(data, { dtype, shape: ownShape });
  if (ownShape.length > 0) return array;
  const value = array.at();
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
