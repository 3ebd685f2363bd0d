import type { IndexDefinition } from "../definition.ts";
import { exceedanceIndices } from "./exceedance.ts";
import { spellDurationIndices } from "./spell-duration.ts";
import { veryWetDayIndices } from "./very-wet-days.ts";

/** Indices of days beyond a percentile of a base period. */
export const percentileIndices: readonly IndexDefinition[] = [
  ...exceedanceIndices,
  ...spellDurationIndices,
  ...veryWetDayIndices,
];
