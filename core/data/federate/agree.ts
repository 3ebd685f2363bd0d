import type { Attributes, AttributeValue, Storage } from "../dataset.ts";
import { NdArray } from "../nd-array.ts";
import { PartsDisagreeError } from "./errors.ts";
import { calendarName, PACKING, type PartVariable, type ValueForm } from "./reconcile.ts";

/** The attributes in which all agree, in the order of the first. */
export function commonAttributes(all: readonly Attributes[]): Attributes {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) =>
      others.every((other) => Object.hasOwn(other, name) && isSameAttribute(value, other[name] as AttributeValue)),
    ),
  );
}

/** The common attributes of a variable, with those that follow from the form of its values. */
export function variableAttributes(
  variables: readonly PartVariable[],
  { dtype, scale, fillValue }: ValueForm,
): Attributes {
  const [first] = variables as readonly [PartVariable];
  const { units, calendar, _FillValue, ...rest } = commonAttributes(variables.map(({ facts }) => facts.attributes));
  // A fill value of an integer type that is now a float says nothing any more.
  const isKept = _FillValue !== undefined && first.facts.fillValue === undefined && dtype === first.facts.dtype;
  return {
    ...rest,
    ...(first.facts.unit !== undefined && scale.unit !== undefined && { units: scale.unit }),
    ...("calendar" in first.facts.attributes && { calendar: calendarName(scale) }),
    ...(fillValue !== undefined ? { _FillValue: fillValue } : isKept && { _FillValue }),
  };
}

/** How a variable lies in files, as far as all agree. */
export function commonStorage(variables: readonly PartVariable[]): Storage {
  const [first, ...others] = variables.map(({ facts }) => facts.storage) as [Storage, ...Storage[]];
  const hasSame = (key: "chunkShape" | "filters"): boolean =>
    others.every((other) => String(other[key]) === String(first[key]));
  return {
    filters: hasSame("filters") ? first.filters : [],
    ...(first.chunkShape && hasSame("chunkShape") && { chunkShape: first.chunkShape }),
  };
}

/**
 * Checks that a variable has the same dimensions and lengths in two parts, and that stored numbers mean the same.
 *
 * @param along - Dimension whose length may differ.
 * @throws {@link PartsDisagreeError}
 */
export function checkAlike(first: PartVariable, other: PartVariable, along?: string): void {
  const [a, b] = [first.facts, other.facts];
  const refuse = (problem: string): never => {
    throw new PartsDisagreeError([first.part, other.part], `"${a.path}" ${problem}`, { variable: a.path });
  };
  if (a.dims.join() !== b.dims.join())
    refuse(`has dimensions (${a.dims.join(", ")}) in the one and (${b.dims.join(", ")}) in the other.`);
  a.dims.forEach((dim, axis) => {
    if (dim === along || a.shape[axis] === b.shape[axis]) return;
    refuse(`has length ${a.shape[axis]} along "${dim}" in the one and ${b.shape[axis]} in the other.`);
  });
  for (const name of PACKING) {
    if (name === "_FillValue" && (a.fillValue !== undefined || b.fillValue !== undefined)) continue;
    const [own, others] = [a.attributes[name], b.attributes[name]].map((value) =>
      name === "_FillValue" && isNaNAttribute(value) ? undefined : value,
    );
    const isSame = own === undefined || others === undefined ? own === others : isSameAttribute(own, others);
    if (isSame) continue;
    refuse(
      `is stored with ${name} ${shown(own)} in the one and ${shown(others)} in the other, so equal numbers mean different values. Open the parts with \`decode: true\`.`,
    );
  }
}

/** NaN is missing in every float, said or not: writers of NetCDF say it, those of HDF5 do not. */
function isNaNAttribute(value: AttributeValue | undefined): boolean {
  return Number.isNaN(value instanceof NdArray && value.size === 1 ? value.values()[0] : value);
}

function isSameAttribute(a: AttributeValue, b: AttributeValue): boolean {
  if (a instanceof NdArray && b instanceof NdArray) {
    if (String(a.shape) !== String(b.shape)) return false;
    const [own, other] = [a.values(), b.values()];
    return own.every((value: unknown, i: number) => Object.is(value, other[i]));
  }
  const plain = (value: AttributeValue): unknown =>
    value instanceof NdArray && value.size === 1 ? value.values()[0] : value;
  const [own, other] = [plain(a), plain(b)];
  return (
    Object.is(own, other) || (typeof own !== "string" && typeof other !== "string" && String(own) === String(other))
  );
}

function shown(value: AttributeValue | undefined): string {
  if (value === undefined) return "(none)";
  return value instanceof NdArray ? `[${value.values().slice(0, 4).join(", ")}]` : String(value);
}
