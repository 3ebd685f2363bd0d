import type { IndexInput } from "./definition.ts";

/** Maximum temperature of each day. */
export const TASMAX: IndexInput = {
  name: "tasmax",
  standardName: "air_temperature",
  unit: "degC",
  cellMethod: "maximum",
};

/** Minimum temperature of each day. */
export const TASMIN: IndexInput = {
  name: "tasmin",
  standardName: "air_temperature",
  unit: "degC",
  cellMethod: "minimum",
};

/** Mean temperature of each day. */
export const TAS: IndexInput = { name: "tas", standardName: "air_temperature", unit: "degC", cellMethod: "mean" };

/** Precipitation: a rate, or the amount of each day. */
export const PR: IndexInput = {
  name: "pr",
  standardName: "precipitation_flux",
  otherStandardNames: [
    "lwe_precipitation_rate",
    "rainfall_rate",
    "precipitation_amount",
    "lwe_thickness_of_precipitation_amount",
    "thickness_of_rainfall_amount",
  ],
  unit: "mm/day",
  context: "water",
};
