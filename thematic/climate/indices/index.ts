import type { IndexDefinition } from "./definition.ts";
import { droughtIndices } from "./drought/index.ts";
import { fireIndices } from "./fire/index.ts";
import { percentileIndices } from "./percentile/index.ts";
import { precipitationIndices } from "./precipitation.ts";
import { temperatureIndices } from "./temperature.ts";

/** All climate indices. Each family is an array in a file of its own. */
export const INDICES: readonly IndexDefinition[] = [
  ...temperatureIndices,
  ...precipitationIndices,
  ...percentileIndices,
  ...droughtIndices,
  ...fireIndices,
];
