import { absentSteps, InvalidArgumentError, type SeriesKernel, type TimeAxis } from "../../../../core/index.ts";
import type { IndexContext, IndexDefinition, IndexInput, IndexParameter } from "../definition.ts";
import { PR } from "../inputs.ts";
import { type DayLengths, dayLengths, type LatitudeBands } from "./day-length.ts";
import { FIRE_CODES, type FireCode, fireWeatherRecurrence, type RecurrenceOptions } from "./recurrence.ts";
import { type FireSeason, fireSeason } from "./season.ts";

/** Weather at noon, and where it is. */
export const FIRE_INPUTS: readonly IndexInput[] = [
  { name: "tas", standardName: "air_temperature", unit: "degC" },
  { name: "hurs", standardName: "relative_humidity", unit: "%" },
  { name: "sfcWind", standardName: "wind_speed", unit: "km/h" },
  PR,
  { name: "lat", standardName: "latitude", unit: "degrees_north", isConstant: true },
];

/** Depth of snow, for seasons and starts that go by it. */
export const SNOW_INPUT: IndexInput = { name: "snd", standardName: "surface_snow_thickness", unit: "m" };

/** One line for each code. */
export const FIRE_TITLES: Readonly<Record<FireCode, string>> = {
  FFMC: "Fine fuel moisture code",
  DMC: "Duff moisture code",
  DC: "Drought code",
  ISI: "Initial spread index",
  BUI: "Build-up index",
  FWI: "Fire weather index",
  DSR: "Daily severity rating",
};

/** Codes that the first day, or a season, starts with. */
export const FIRE_START = { ffmc: 85, dmc: 6, dc: 15 } as const;

/** Parts of the Canadian fire weather index system, by day. */
export const fireIndices: readonly IndexDefinition[] = FIRE_CODES.map((code) => ({
  name: code,
  title: FIRE_TITLES[code],
  definition: `${FIRE_TITLES[code]} of the Canadian Forest Fire Weather Index System, by day, from temperature, relative humidity, wind and the precipitation of 24 hours, all at noon. All year (season 0), or while it is fire season by temperature (season 1: WF93, three days above 12 degC until three below 5 degC), with NaN out of season; with overwintering 1 the drought code of spring follows from that of autumn and the precipitation between. A day with a missing value is missing, and so are all after it, up to the next season, unless there are at most maxGap such days in a row: codes are carried over those. More than 100 % of humidity is taken for 100 %.`,
  source:
    "Van Wagner (1987), Development and structure of the Canadian Forest Fire Weather Index System, Forestry Technical Report 35; equations of Van Wagner and Pickett (1985), Report 33",
  peers: {
    follows: "xclim",
    differences: {
      xclim: "A missing precipitation counts as none; humidity above 100 % gives NaN.",
      cffdrs:
        "Day lengths change at 10 and 30 degrees of latitude, factors of the drought code at 20, with 1.4 between (here and in xclim: 15 and 30, 15, and 1.39); ask fireWeather for bands cffdrs. Seasons are looked for one day earlier at the start of the data.",
    },
  },
  inputs: FIRE_INPUTS,
  unit: "1",
  cellMethods: "time: point",
  frequency: "D",
  along: "steps",
  parameters: {
    ffmcStart: parameter(FIRE_START.ffmc, "Fine fuel moisture code before the first day, or of a season's start", 101),
    dmcStart: parameter(FIRE_START.dmc, "Duff moisture code before the first day, or of a season's start"),
    dcStart: parameter(FIRE_START.dc, "Drought code before the first day, or of a season's start"),
    season: { ...parameter(0, "0: all year; 1: fire season by temperature (WF93)", 1), isInteger: true },
    overwintering: {
      ...parameter(0, "1: the drought code is carried over winter; needs season 1", 1),
      isInteger: true,
    },
    maxGap: {
      ...parameter(0, "Days with a missing value, in a row, over which codes are carried"),
      unit: "day",
      isInteger: true,
    },
  },
  kernel({ axis, parameters }: IndexContext): SeriesKernel {
    const number = (name: string): number => parameters[name] as number;
    if (number("overwintering") !== 0 && number("season") === 0) {
      throw new InvalidArgumentError(`Overwintering is of fire seasons: ${code} needs the parameter season 1 with it.`);
    }
    const season: FireSeason | undefined = number("season") === 0 ? undefined : { method: "WF93" };
    const kernel = fireWeatherKernel(axis, {
      start: { ffmc: number("ffmcStart"), dmc: number("dmcStart"), dc: number("dcStart") },
      season,
      ...(season && number("overwintering") !== 0 && { overwintering: { carryOver: 0.75, wetting: 0.75 } }),
      maxGap: number("maxGap"),
    });
    const scratch = FIRE_CODES.map(() => new Float64Array(axis.length));
    const own = FIRE_CODES.indexOf(code);
    return (inputs, [output]) => {
      for (const each of scratch) each.fill(Number.NaN);
      kernel(inputs, scratch);
      (output as Float64Array).set(scratch[own] as Float64Array);
    };
  },
}));

function parameter(value: number, description: string, max?: number): IndexParameter {
  return { default: value, unit: "1", description, min: 0, ...(max !== undefined && { max }) };
}

/** What a {@link fireWeatherKernel} is made from. */
export interface FireKernelOptions extends Omit<RecurrenceOptions, "snowDepth"> {
  readonly season?: FireSeason | undefined;
  /** `"gfwed"` by default. */
  readonly bands?: LatitudeBands | undefined;
}

/** Kernel from tas, hurs, sfcWind, pr, lat, and snd where there is one, to all codes in the order of {@link FIRE_CODES}. */
export function fireWeatherKernel(axis: TimeAxis, options: FireKernelOptions): SeriesKernel {
  const { season, bands = "gfwed" } = options;
  const absent = absentSteps(axis);
  const active = season && new Uint8Array(axis.length);
  const recurrence = { ...options, snowDepth: season?.snowDepth ?? 0.01 };
  const tables = new Map<number, DayLengths>();
  return (inputs, outputs) => {
    const [temperature, humidity, wind, rain, latitudes, snow] = inputs as readonly [
      ...(readonly [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]),
      Float64Array | undefined,
    ];
    const latitude = latitudes[0] ?? Number.NaN;
    // No place, such as a corner of a grid.
    if (Number.isNaN(latitude)) return;
    const lengths = tables.get(latitude) ?? dayLengths(latitude, bands);
    tables.set(latitude, lengths);
    if (season && active) fireSeason({ temperature, snow }, season, { year: axis.year, absent, active });
    const series = { temperature, humidity, wind, rain, snow, month: axis.month, absent, active };
    fireWeatherRecurrence(
      series,
      lengths,
      recurrence,
      Object.fromEntries(FIRE_CODES.map((code, i) => [code, outputs[i]])) as Record<FireCode, Float64Array>,
    );
  };
}
