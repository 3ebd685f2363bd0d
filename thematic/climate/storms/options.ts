import { InvalidArgumentError } from "../../../core/index.ts";
import type { StormCriteria } from "./candidate.ts";
import type { StormDims, StormField } from "./field.ts";

/** What storms are found in, and how. Radii are degrees of arc on the great circle. */
export interface DetectStormsOptions {
  /** Pressure at sea level (or at the surface: see `anomaly` and `orography`). */
  readonly pressure: StormField;
  /** Wind at 10 m, for `windSpeed`. Both or none. */
  readonly u?: StormField;
  readonly v?: StormField;
  /** How much pressure must rise, Pa, within how many degrees: 200 and 5.5. */
  readonly contour?: { readonly rise?: number; readonly radius?: number };
  /** Of lows that are nearer to each other than this, one is taken; 6. */
  readonly mergeRadius?: number;
  /** Within which the greatest wind is looked for; 2. */
  readonly windRadius?: number;
  /**
   * Lows are found in the difference from the mean of each point over all steps, which takes away what always lies over high ground. The
   * data are read twice. False by default.
   */
  readonly anomaly?: boolean;
  /** Lows over ground that is higher than `maxHeight`, m, (or of unknown height) are left out; 1000. `field` is `[lat, lon]`. */
  readonly orography?: { readonly field: StormField; readonly maxHeight?: number };
  /** The layer whose warm core is looked for. **Not tried on real fields**: only on analytic vortices. */
  readonly warmCore?: WarmCoreOptions;
  /** Wind at 850 hPa, for `vorticity`. **Not tried on real fields**: only on analytic vortices. */
  readonly lowerWind?: { readonly u: StormField; readonly v: StormField };
  /** Where the time coordinate is no CF time: what its numbers count, or the times themselves. */
  readonly times?: { readonly unit: string; readonly calendar?: string; readonly values?: readonly number[] };
  /** Names of dimensions that are not recognised. */
  readonly dims?: Partial<StormDims>;
  /** Of values read at a time; 64 MB. One step of all fields at least. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onProgress?: (fraction: number) => void;
}

/** A layer by its thickness (geopotential or its height at two levels, the upper one first) or by the mean of two temperatures. */
export type WarmCoreOptions = (
  | { readonly thickness: readonly [upper: StormField, lower: StormField] }
  | { readonly temperature: readonly [upper: StormField, lower: StormField] }
) & {
  /** By how much it must fall: 6 m of thickness (300 to 500 hPa), 0.4 K of temperature. The latter is a choice of ours. */
  readonly drop?: number;
  /** Within how many degrees; 6.5. */
  readonly radius?: number;
  /** How far from the low it may be warmest; 1. */
  readonly within?: number;
};

/** @throws `TWIN_INVALID_ARGUMENT` for numbers that are not positive, and for one component of wind without the other. */
export function criteriaOf(options: DetectStormsOptions): StormCriteria {
  const { contour, mergeRadius = 6, windRadius = 2, orography, warmCore, maxBytes = 64e6 } = options;
  if ((options.u === undefined) !== (options.v === undefined)) {
    throw new InvalidArgumentError(`Wind needs both components: ${options.u === undefined ? "u" : "v"} is missing.`);
  }
  const isThickness = warmCore !== undefined && "thickness" in warmCore;
  const criteria: StormCriteria = {
    contour: { rise: contour?.rise ?? 200, radius: contour?.radius ?? 5.5 },
    mergeRadius,
    windRadius,
    maxHeight: orography?.maxHeight ?? 1000,
    warmCore: {
      drop: warmCore?.drop ?? (isThickness ? 6 : 0.4),
      radius: warmCore?.radius ?? 6.5,
      within: warmCore?.within ?? 1,
    },
  };
  positive({ "contour.rise": criteria.contour.rise, maxBytes, "warmCore.drop": criteria.warmCore.drop });
  angle({
    "contour.radius": criteria.contour.radius,
    "warmCore.radius": criteria.warmCore.radius,
    "warmCore.within": criteria.warmCore.within,
    mergeRadius,
    windRadius,
  });
  if (!Number.isFinite(criteria.maxHeight))
    throw new InvalidArgumentError("orography.maxHeight must be a number of metres.");
  return criteria;
}

/** @throws `TWIN_INVALID_ARGUMENT`. */
export function positive(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new InvalidArgumentError(`${name} is ${value}; give a number above 0.`);
  }
}

function angle(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value >= 0 && value <= 90))
      throw new InvalidArgumentError(`${name} is ${value}; give degrees of arc, 0 to 90.`);
  }
}
