import {
  broadcastVariable,
  type Dataset,
  dataset,
  InvalidArgumentError,
  lazySeries,
  NdArray,
  readTimeAxis,
  type SeriesOutput,
  type Variable,
} from "../../../../core/index.ts";
import { oneOf } from "../../one-of.ts";
import type { IndexDefinition } from "../definition.ts";
import { checkSteps, type FoundInput, findInputs } from "../find-inputs.ts";
import { resultDataset } from "../result-dataset.ts";
import type { Overwintering } from "./codes.ts";
import type { LatitudeBands } from "./day-length.ts";
import { FIRE_INPUTS, FIRE_START, FIRE_TITLES, fireIndices, fireWeatherKernel, SNOW_INPUT } from "./definitions.ts";
import { type DryStart, FIRE_CODES } from "./recurrence.ts";
import type { FireSeason } from "./season.ts";

/** How {@link fireWeather} computes. */
export interface FireWeatherOptions {
  /** Names of variables, by input: `{ sfcWind: "ws" }`. Others are found as `climateIndex` finds them. */
  readonly variables?: Readonly<Partial<Record<"tas" | "hurs" | "sfcWind" | "pr" | "lat" | "snd", string>>> | undefined;
  /** Degrees north, of all places; where the dataset has no latitude with a unit. */
  readonly latitude?: number | undefined;
  /** Codes of the day before the first, or that each season starts with: 85, 6 and 15 by default. */
  readonly start?: { readonly ffmc?: number; readonly dmc?: number; readonly dc?: number } | undefined;
  /** Codes are computed in the fire season alone. All year by default. */
  readonly season?: FireSeason | undefined;
  /** The drought code of spring follows from that of autumn and the precipitation of winter. Not by default. */
  readonly overwintering?: boolean | Partial<Overwintering> | undefined;
  /** Seasons start with more where it was dry before. Not by default. */
  readonly dryStart?: DryStart | undefined;
  /** Days with a missing value, one after the other, over which codes are carried; 0 by default. */
  readonly maxGap?: number | undefined;
  /** Of tables of the day's length; `"gfwed"` by default, as xclim. */
  readonly bands?: LatitudeBands | undefined;
  /** Memory for what is computed at once, in bytes. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The Canadian fire weather index system: FFMC, DMC, DC, ISI, BUI, FWI and DSR of each day, at each place of a dataset.
 *
 * Values are of noon, local standard time: temperature, relative humidity, wind at 10 m, and the precipitation of 24 hours; with daily
 * means, say so where you report results. A missing day is missing in all codes; what comes after it is, too, up to the start of the next
 * season, unless `maxGap` lets codes be carried over it. Out of season codes are missing.
 *
 * @returns A CF dataset of float64 variables `[time, …]`, computed when they are read; all codes of a place are computed at once.
 * @see C. E. Van Wagner, "Development and structure of the Canadian Forest Fire Weather Index System" (1987).
 * @throws `TWIN_CLIMATE_INPUT_INVALID` where a variable is missing, has another unit or steps that are not days, or a latitude is none
 *   (when read); `TWIN_TIME_AXIS_INVALID`; `TWIN_INVALID_ARGUMENT`, `TWIN_INVALID_DATASET` where dimensions do not fit.
 *
 * @example
 * const codes = await fireWeather(weather, { season: { method: "WF93" }, overwintering: true });
 * const fwi = await codes.variables["FWI"]?.read(); // [time, lat, lon]
 */
export async function fireWeather(source: Dataset, options: FireWeatherOptions = {}): Promise<Dataset> {
  const { latitude, season, dryStart, maxGap = 0, bands, signal } = options;
  if (!(Number.isInteger(maxGap) && maxGap >= 0)) {
    throw new InvalidArgumentError(`\`maxGap\` is ${maxGap}; give a number of days, 0 or more.`);
  }
  if ((options.overwintering || dryStart) && !season) {
    throw new InvalidArgumentError("Overwintering and dry starts are of fire seasons: give a `season`, too.");
  }
  checkWords(options);
  checkNumbers(options);
  const needsSnow = season !== undefined && season.method !== "WF93";
  const definition: IndexDefinition = {
    ...(fireIndices[FIRE_CODES.indexOf("FWI")] as IndexDefinition),
    inputs: [
      ...FIRE_INPUTS.filter(({ name }) => name !== "lat" || latitude === undefined),
      ...(needsSnow ? [SNOW_INPUT] : []),
    ],
  };
  const found = findInputs(source, definition, options.variables);
  const { variable: like } = found[0] as FoundInput;
  const axis = await readTimeAxis(source, { dim: timeOf(source, like), signal });
  checkSteps(axis, definition);
  const inputs = found.map(({ variable, unit, input }) => ({
    variable: input.isConstant ? broadcastVariable(variable, like) : variable,
    unit,
    context: input.context,
  }));
  if (latitude !== undefined)
    inputs.splice(4, 0, { variable: everywhere(latitude, like), unit: "degrees_north", context: undefined });

  const outputs = FIRE_CODES.map((name): SeriesOutput => ({ name, dim: axis.dim, length: axis.length, unit: "1" }));
  const codes = await lazySeries(inputs, {
    along: axis.dim,
    outputs,
    kernel: fireWeatherKernel(axis, {
      start: { ...FIRE_START, ...options.start },
      season,
      dryStart,
      ...{ maxGap, bands },
      ...(options.overwintering && {
        overwintering: {
          carryOver: 0.75,
          wetting: 0.75,
          ...(options.overwintering === true ? {} : options.overwintering),
        },
      }),
    }),
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
    ...(signal && { signal }),
  });
  const parts = await Promise.all(
    FIRE_CODES.map((name) =>
      resultDataset({
        ...{ source, like, axis, name, signal },
        result: codes[name] as Variable,
        attributes: { long_name: FIRE_TITLES[name], cell_methods: "time: point" },
      }),
    ),
  );
  return { ...(parts[0] as Dataset), variables: Object.assign({}, ...parts.map(({ variables }) => variables)) };
}

function checkWords({ season, dryStart, bands }: FireWeatherOptions): void {
  oneOf("season.method", season?.method, ["WF93", "LA08", "GFWED"]);
  oneOf("dryStart.method", dryStart?.method, ["CFS", "GFWED"]);
  oneOf("bands", bands, ["gfwed", "cffdrs"]);
}

/** Codes that there are, and parts of moisture. */
function checkNumbers({ start = {}, overwintering }: FireWeatherOptions): void {
  const { carryOver, wetting } = typeof overwintering === "object" ? overwintering : {};
  const limits = {
    "start.ffmc": [start.ffmc, 101],
    "start.dmc": [start.dmc, Number.MAX_VALUE],
    "start.dc": [start.dc, Number.MAX_VALUE],
    "overwintering.carryOver": [carryOver, 1],
    "overwintering.wetting": [wetting, 1],
  } as const;
  for (const [name, [value, most]] of Object.entries(limits)) {
    if (value === undefined || (value >= 0 && value <= most)) continue;
    const upTo = most === Number.MAX_VALUE ? "" : `, at most ${most}`;
    throw new InvalidArgumentError(`\`${name}\` is ${value}; give a number of 0 or more${upTo}.`);
  }
}

function timeOf({ variables }: Dataset, { dims }: Variable): string | undefined {
  const times = dims.filter((dim) => / since /.test(variables[dim]?.unit ?? ""));
  return times.length === 1 ? times[0] : undefined;
}

function everywhere(latitude: number, like: Variable): Variable {
  const array = new NdArray(Float64Array.of(latitude), {
    dtype: "float64",
    shape: [],
    dims: [],
    unit: "degrees_north",
  });
  return broadcastVariable(dataset({ variables: { lat: array } }).variables["lat"] as Variable, like);
}
