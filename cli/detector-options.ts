import type { OptionDefinitions } from "./command.ts";

/** Option of every command that has a calorimeter. */
export const GEOMETRY_OPTION = {
  geometry: {
    kind: "text",
    placeholder: "name",
    description: "shipped geometry, or a binning .xml file with its .json beside it",
    default: "w-si-45",
  },
} as const satisfies OptionDefinitions;

/** Options of every command that judges showers. */
export const JUDGING_OPTIONS = {
  reference: { kind: "text", placeholder: "file", description: "showers to judge them by", required: true },
  secondReference: {
    kind: "text",
    placeholder: "file",
    description: "another set of the reference's simulation, to measure floors with (default: the reference's halves)",
  },
  metrics: {
    kind: "text",
    placeholder: "which",
    choices: ["all", "fast"],
    description: "fast leaves out FPD, KPD and PRDC, which take minutes for large sets",
    default: "all",
  },
  ...GEOMETRY_OPTION,
} as const satisfies OptionDefinitions;

/** Models that are formulas. */
export const PARAMETRISED_MODELS: readonly string[] = ["gflash", "gflash-published"];
