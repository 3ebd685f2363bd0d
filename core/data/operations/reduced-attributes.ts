import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { Attributes, Variable } from "../dataset.ts";
import { areConvertible, convertUnits } from "../units/convert-units.ts";
import type { Statistic } from "./statistics.ts";

/** What a result is called, and the factor that takes the statistic of the values into its unit. */
export interface Description {
  readonly attributes: Attributes;
  readonly unit: string | undefined;
  readonly scale: number;
}

/** That a temperature is a difference of two (CF 1.11, section 3.1.2): 1 degC is 1 K of it, not 274.15 K. */
export const DIFFERENCE = "temperature: difference";

const METHODS: Readonly<Record<Exclude<Statistic, "count">, string>> = {
  mean: "mean",
  sum: "sum",
  min: "minimum",
  max: "maximum",
  std: "standard_deviation",
};

/** The word of CF (appendix E) for a statistic; `undefined` for a count, which has none. */
export function cellMethod(statistic: Statistic): string | undefined {
  return statistic === "count" ? undefined : METHODS[statistic];
}

/** Attributes that say how values are stored or bounded, which results are not. */
const STORED =
  /^(_FillValue|missing_value|valid_(min|max|range)|actual_range|scale_factor|add_offset|_Unsigned|flag_.*|_ChunkSizes)$/;

/** Attributes that hold for values computed from those of a variable. */
export function computedAttributes({ attributes }: Pick<Variable, "attributes">): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !STORED.test(name) && name !== "units"));
}

/**
 * Describes the statistic of a variable, by CF: unit, `cell_methods`, and where values are differences, that.
 *
 * @param how - What is appended to `cell_methods`: `"time: mean"`.
 * @throws `TWIN_INVALID_ARGUMENT` for the sum of temperatures in degC and the like.
 */
export function describeStatistic(variable: Variable, statistic: Statistic, how: string | undefined): Description {
  const attributes = { ...computedAttributes(variable), ...(how && { cell_methods: appended(variable, how) }) };
  const { unit } = variable;
  if (statistic === "count") {
    const { standard_name: name, units_metadata: _, ...others } = attributes as Readonly<Record<string, string>>;
    return {
      attributes: {
        ...others,
        ...(typeof name === "string" && { standard_name: `${name.split(/\s+/)[0]} number_of_observations` }),
      },
      unit: "1",
      scale: 1,
    };
  }
  if (statistic === "std") return asDifference(variable, attributes);
  if (statistic === "sum" && hasZeroElsewhere(unit) && !isDifference(variable)) {
    throw new InvalidArgumentError(
      `A sum of values in "${unit}" has no unit, as "${unit}" does not count from nothing. Convert "${variable.name}" to K first (convertVariables), or take its mean.`,
    );
  }
  return { attributes, unit, scale: 1 };
}

/** Describes differences of values of a variable. Those of degC are in K. */
export function asDifference(variable: Variable, attributes: Attributes): Description {
  const { unit } = variable;
  if (unit === undefined || !isTemperature(unit)) return { attributes, unit, scale: 1 };
  const isShifted = hasZeroElsewhere(unit);
  return {
    attributes: { ...attributes, units_metadata: DIFFERENCE },
    unit: isShifted ? "K" : unit,
    scale: isShifted ? convertUnits(unit, "K").scale : 1,
  };
}

/** Whether the values of a variable are said to be differences of temperatures. */
export function isDifference({ attributes }: Pick<Variable, "attributes">): boolean {
  return attributes["units_metadata"] === DIFFERENCE;
}

function isTemperature(unit: string): boolean {
  try {
    return areConvertible(unit, "K");
  } catch {
    return false;
  }
}

/** Whether 0 of a unit is not the absence of what it measures, as 0 degC is not. */
export function hasZeroElsewhere(unit: string | undefined): boolean {
  return unit !== undefined && isTemperature(unit) && convertUnits(unit, "K").offset !== 0;
}

function appended({ attributes }: Variable, how: string): string {
  const before = attributes["cell_methods"];
  return typeof before === "string" && before.trim() !== "" ? `${before.trim()} ${how}` : how;
}
