import {
  type Adaptable,
  type AdaptableCondition,
  type Features,
  InvalidArgumentError,
} from "../../../../core/index.ts";

/** A condition that is tracked, and how it drifts. */
export interface Tracked extends Pick<AdaptableCondition, "name" | "min" | "max" | "worth"> {
  /** In the vector of conditions. */
  readonly index: number;
  /** Standard deviation of its walk, per √s. */
  readonly walk: number;
  /** Standard deviation of its rate, per s. */
  readonly rate: number;
  readonly slowControl: TrackedCoefficient | undefined;
}

/** What a tracked coefficient multiplies, if that is tracked as well. */
export interface TrackedCoefficient {
  readonly feature: number;
  readonly reference: number;
  readonly usualPerSecond: number;
  readonly mostPerSecond: number;
  readonly resolution: number;
  /** Place among those tracked. */
  readonly multiplies: number | undefined;
}

/**
 * The conditions to track, in the order of the twin.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for names that the twin does not have, or that do not drift.
 */
export function trackedConditions(
  { conditions }: Pick<Adaptable, "conditions">,
  names: readonly string[],
): readonly Tracked[] {
  const drifting = conditions.filter(({ drift }) => drift);
  for (const name of names) {
    if (drifting.some((condition) => condition.name === name)) continue;
    const all = drifting.map((condition) => `"${condition.name}"`).join(", ") || "none";
    throw new InvalidArgumentError(`"${name}" cannot be tracked: conditions of this twin that drift are ${all}.`);
  }
  const indices = [...conditions.keys()].filter((index) => names.includes(conditions[index]?.name ?? ""));
  return indices.map((index) => {
    const { name, min, max, worth, drift, slowControl } = conditions[index] as AdaptableCondition;
    const { walk = 0, rate = 0 } = drift ?? {};
    if (!slowControl) return { index, name, min, max, worth, walk, rate, slowControl: undefined };
    const { feature, reference, usualPerSecond, mostPerSecond, resolution } = slowControl;
    const place = indices.indexOf(slowControl.multiplies);
    const multiplies = place < 0 ? undefined : place;
    const coefficient = { feature, reference, usualPerSecond, mostPerSecond, resolution, multiplies };
    return { index, name, min, max, worth, walk, rate, slowControl: coefficient };
  });
}

/** Slow control of an event; missing, it counts as its reference. */
export function readingOf(
  { values }: Pick<Features, "values">,
  row: number,
  { feature, reference }: TrackedCoefficient,
): number {
  const value = values[row + feature] as number;
  return Number.isNaN(value) ? reference : value;
}

/**
 * A condition times all that multiplies it: 1 + coefficient × (reading - reference), each.
 *
 * @returns With the derivative by each tracked condition, for its error; `undefined` where nothing multiplies it.
 */
export function responseOf(
  place: number,
  {
    tracked,
    values,
    readings,
  }: { readonly tracked: readonly Tracked[]; readonly values: Float64Array; readonly readings: readonly number[] },
): { readonly value: number; readonly factors: readonly number[] } | undefined {
  const factors: number[] = tracked.map((_, i) => (i === place ? 1 : 0));
  let value = values[place] as number;
  let isMultiplied = false;
  tracked.forEach(({ slowControl }, i) => {
    if (slowControl?.multiplies !== place) return;
    isMultiplied = true;
    const above = (readings[i] as number) - slowControl.reference;
    const by = 1 + (values[i] as number) * above;
    for (const [k, factor] of factors.entries()) factors[k] = factor * by;
    factors[i] = value * above;
    value *= by;
  });
  return isMultiplied ? { value, factors } : undefined;
}
