import type { OptionDefinitions } from "./command.ts";
import { FEDERATION_OPTIONS } from "./federation-options.ts";

/** Options of every command that computes something from climate data. */
export const CLIMATE_OPTIONS = {
  var: {
    kind: "text",
    placeholder: "name",
    description: "variable to compute from, or input=variable where there are several",
    many: true,
  },
  slice: {
    kind: "text",
    placeholder: "dim=from..to",
    description: "part of a dimension, as for `data read`: lat=36..66, time=1961..1990; longitudes go around",
    many: true,
  },
  out: {
    kind: "text",
    placeholder: "file",
    description: "file to write: .nc, .zarr or .h5; it appears when it is complete",
  },
  level: { kind: "integer", placeholder: "n", description: "gzip level, 0 for none (default: 4)", min: 0, max: 9 },
  replace: { kind: "flag", description: "replace an existing output" },
  memory: {
    kind: "integer",
    placeholder: "MB",
    description: "memory for the data that are computed from [MB]",
    min: 16,
    default: 256,
  },
  ...FEDERATION_OPTIONS,
} as const satisfies OptionDefinitions;
