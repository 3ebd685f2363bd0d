import type { TableFormat } from "./table-format.ts";
import { booleanOf, floatOf, integerOf, type ParsedType, RANGES } from "./values.ts";

/** Finds out the type of a column, field by field. */
export class ColumnGuess {
  readonly #missing: ReadonlySet<string>;
  readonly #decimal: "." | ",";
  #kind: "nothing" | "integer" | "float" | "bool" | "string" = "nothing";
  #low: number | bigint = 0;
  #high: number | bigint = 0;
  #hasGaps: boolean = false;

  constructor({ missing, decimal }: Pick<TableFormat, "missing" | "decimal">) {
    this.#missing = new Set(missing);
    this.#decimal = decimal;
  }

  add(field: string): void {
    if (this.#kind === "string") return;
    const text = field.trim();
    if (this.#missing.has(text)) {
      this.#hasGaps = true;
      return;
    }
    if (this.#kind === "nothing" || this.#kind === "integer") {
      const value = integerOf(text);
      if (value !== undefined) {
        if (this.#kind === "nothing") this.#low = this.#high = value;
        else if (value < this.#low) this.#low = value;
        else if (value > this.#high) this.#high = value;
        this.#kind = "integer";
        // "-0" is a float: no integer tells it from 0.
        if (Object.is(value, -0)) this.#kind = "float";
        return;
      }
    }
    if (this.#kind !== "bool" && floatOf(text, this.#decimal) !== undefined) {
      this.#kind = "float";
      return;
    }
    const isFirst = this.#kind === "nothing";
    this.#kind = (isFirst || this.#kind === "bool") && booleanOf(text) !== undefined ? "bool" : "string";
  }

  /**
   * Integers are int32 where they fit, else int64, uint64; with gaps the lowest of the type (of uint64 the highest) stands
   * for missing. Integers beyond that, and booleans with gaps, stay texts, so that nothing is lost.
   */
  finish(): ParsedType {
    switch (this.#kind) {
      case "integer":
        return this.#integers();
      case "bool":
        return this.#hasGaps ? { type: "string", dtype: "string" } : { type: "bool", dtype: "bool" };
      case "string":
        return { type: "string", dtype: "string" };
      default:
        return { type: "float64", dtype: "float64" };
    }
  }

  #integers(): ParsedType {
    for (const dtype of ["int32", "int64", "uint64"] as const) {
      const [low, high] = RANGES[dtype] as readonly [bigint, bigint];
      const fill = dtype === "uint64" ? high : low;
      const isTaken = this.#hasGaps && (dtype === "uint64" ? this.#high >= fill : this.#low <= fill);
      if (this.#low < low || this.#high > high || isTaken) continue;
      const fillValue = dtype === "int32" ? Number(fill) : fill;
      return { type: dtype, dtype, ...(this.#hasGaps && { fillValue }) };
    }
    return { type: "string", dtype: "string" };
  }
}

/** A type that was asked for; with what stands for missing, should a field be. */
export function statedType(type: NonNullable<TableFormat["columns"][string]["type"]>): ParsedType {
  const dtype = type === "time" ? "float64" : type;
  const range = RANGES[dtype];
  if (range === undefined) return { type, dtype };
  const fill = range[0] < 0n ? range[0] : range[1];
  return { type, dtype, fillValue: dtype.endsWith("64") ? fill : Number(fill) };
}
