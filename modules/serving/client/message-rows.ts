import { bytesPerElement, type DType } from "../../../core/index.ts";

/** For what a message has beside its values: names, shapes, parameters. */
const HEADER_BYTES = 16 * 1024;
/** A guess: texts have the length that they have. */
const TEXT_BYTES = 64;
/** Values per event that 16 bits can tell apart; see docs/reference/serving-protocol.md, "Sparse". */
const INDEX16_REACH = 0x10000;

/** Values that belong to one row of a message. */
export interface RowValues {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * How many rows fit a message however full they are; 1 at least, so that the one that does not fit is an error that says so.
 *
 * @param isSparse - float32 values travel with their places; where none is 0 that is more, not less.
 */
export function rowsThatFit(
  values: readonly RowValues[],
  { maxMessageBytes, isSparse = false }: { readonly maxMessageBytes: number; readonly isSparse?: boolean },
): number {
  const bytes = values.reduce((sum, { dtype, shape }) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const each = dtype === "string" ? TEXT_BYTES : bytesPerElement(dtype);
    const place = isSparse && dtype === "float32" ? (count > INDEX16_REACH ? 4 : 2) : 0;
    return sum + count * (each + place) + (place > 0 ? 4 : 0);
  }, 0);
  return Math.max(1, Math.floor((maxMessageBytes - HEADER_BYTES) / Math.max(1, bytes)));
}
