import { type Attributes, NdArray } from "../../core/index.ts";

/** The unit that attributes state. */
export function unitOf(attributes: Attributes): string | undefined {
  for (const name of ["units", "unit"]) {
    const value = attributes[name];
    if (typeof value === "string") return value;
    if (value instanceof NdArray && value.is("string") && value.size === 1) return value.values()[0];
  }
  return undefined;
}
