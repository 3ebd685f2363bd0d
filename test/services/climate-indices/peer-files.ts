import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cfTime, dataset, NdArray, RandomStream } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import type { PeerFile } from "./xclim-peer.ts";

/** Whether all files are compared: TWINLOOM_LONG=1. Else one of each calendar, and one with gaps. */
const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

const shared = fileURLToPath(new URL("../../../../shared/data/netcdf/", import.meta.url));

/** Real files, of several institutes and calendars; those that are there. */
export const REAL_FILES: readonly PeerFile[] = [
  {
    name: "ERA5 at 5 cities (proleptic_gregorian)",
    path: join(shared, "xclim-testdata/daily_surface_cancities_1990-1993.nc"),
    variables: { tas: "tas", tasmax: "tasmax", tasmin: "tasmin", pr: "pr" },
    frequencies: IS_LONG ? ["YS", "YS-JUL", "QS-DEC", "MS"] : ["YS", "QS-DEC"],
  },
  {
    name: "CanESM2 (noleap)",
    path: join(shared, "xclim-testdata/CanESM2_1950-2100.nc"),
    variables: { tasmax: "tasmax", tas: "tasmax", tasmin: "tasmax", pr: "pr" },
    frequencies: IS_LONG ? ["YS", "QS-DEC"] : ["YS"],
    steps: 8 * 365 + 100,
  },
  {
    name: "NRCAN (noleap, mm s-1)",
    path: join(shared, "xclim-testdata/nrcan_1950-2013.nc"),
    variables: { tasmax: "tasmax", tas: "tasmax", tasmin: "tasmax", pr: "pr" },
    frequencies: ["YS", "YS-JUL"],
    steps: 8 * 365,
  },
  {
    name: "EC-EARTH (standard)",
    path: join(shared, "mini-esgf-data/tas_day_EC-EARTH_historical_r1i1p1_19700101-19791231.nc"),
    variables: { tasmax: "tas", tasmin: "tas", tas: "tas" },
    frequencies: ["YS", "QS-DEC"],
  },
  {
    name: "GISS (noleap)",
    path: join(shared, "xclim-testdata/tas.sresb1.giss_model_e_r.run1.atm.da.nc"),
    variables: { tasmax: "tas", tasmin: "tas", tas: "tas" },
    frequencies: ["YS", "YS-JUL"],
    steps: 8 * 365,
  },
].filter(({ path }) => existsSync(path));

const SHORT_MADE = [0, 2];

/** Real files that are compared. */
export const COMPARED_FILES: readonly PeerFile[] = REAL_FILES.filter(
  ({ name }) => IS_LONG || /^(ERA5|CanESM2|EC-EARTH)/.test(name),
);

/** Numbers of the made files that are compared. */
export const COMPARED_MADE: readonly number[] = IS_LONG ? [0, 1, 2, 3, 4] : SHORT_MADE;

/** What a made file is like. */
interface Made {
  readonly calendar: string;
  readonly since: string;
  readonly steps: number;
  readonly dtype: "float32" | "float64";
  readonly unit: "K" | "degC";
  readonly rain: "kg m-2 s-1" | "mm/day";
  /** Share of the days that are missing. */
  readonly gaps: number;
}

const MADE: readonly Made[] = [
  {
    calendar: "360_day",
    since: "2001-01-01",
    steps: 5 * 360,
    dtype: "float32",
    unit: "K",
    rain: "kg m-2 s-1",
    gaps: 0,
  },
  {
    calendar: "360_day",
    since: "2001-03-12",
    steps: 3 * 360,
    dtype: "float64",
    unit: "degC",
    rain: "mm/day",
    gaps: 0.002,
  },
  {
    calendar: "standard",
    since: "1999-05-17",
    steps: 1500,
    dtype: "float32",
    unit: "K",
    rain: "kg m-2 s-1",
    gaps: 0.0007,
  },
  {
    calendar: "all_leap",
    since: "2001-01-01",
    steps: 3 * 366,
    dtype: "float64",
    unit: "K",
    rain: "mm/day",
    gaps: 0.001,
  },
  { calendar: "julian", since: "1899-12-01", steps: 1200, dtype: "float32", unit: "degC", rain: "mm/day", gaps: 0 },
];

/**
 * Writes files of made weather, the {@link COMPARED_MADE} ones by default, at two places: tenths of degrees and of millimetres, of which many are just thresholds, with
 * missing days. Values in kg m-2 s-1 are float32: of float64 ones, the last digit of a conversion would tell on which side of a
 * threshold they are, and programs differ in it.
 */
export async function writeMadeFiles(
  folder: string,
  which: readonly number[] = COMPARED_MADE,
): Promise<readonly PeerFile[]> {
  const hdf5 = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
  const files: PeerFile[] = [];
  for (const i of which) {
    const made = MADE[i] as Made;
    const path = join(folder, `made-${i}.nc`);
    await hdf5.write(path, madeWeather(made, i));
    files.push({
      name: `made ${made.calendar} from ${made.since} (${made.dtype}, ${made.unit}, ${made.rain}${made.gaps > 0 ? ", gaps" : ""})`,
      path,
      variables: { tas: "tas", tasmax: "tasmax", tasmin: "tasmin", pr: "pr" },
      frequencies: i === 0 ? ["YS", "YS-JUL", "MS"] : ["YS-JUL", "QS-DEC"],
    });
  }
  await hdf5.stop();
  return files;
}

function madeWeather(made: Made, seed: number): ReturnType<typeof dataset> {
  const { calendar, since, steps, dtype, unit, rain, gaps } = made;
  const time = cfTime({ unit: `days since ${since}`, calendar });
  const random = new RandomStream({ seed: 9n, purpose: 1, id: BigInt(seed) });
  const arrays: Record<string, number[]> = { tasmin: [], tas: [], tasmax: [], pr: [] };
  const kelvin = unit === "K" ? 273.15 : 0;
  const perSecond = rain === "mm/day" ? 1 : 1 / 86_400;
  for (let place = 0; place < 2; place++) {
    let weather = 0;
    for (let step = 0; step < steps; step++) {
      const { month, day } = time.decode(step);
      weather = 0.8 * weather + random.normal() * 3;
      const season = -Math.cos(((month - 1 + day / 30) / 12) * 2 * Math.PI);
      const mean = Math.round(10 * (place === 0 ? 8 + 17 * season + weather : 26 + 3 * season + weather / 2));
      const range = Math.round(10 * (place === 0 ? 5 : 4) * (0.5 + random.uniform()));
      const wet = random.uniform() < 0.4 ? Math.round(-80 * Math.log(1 - random.uniform())) / 10 : 0;
      const values: readonly (readonly [string, number])[] = [
        ["tasmin", (mean - range) / 10 + kelvin],
        ["tas", mean / 10 + kelvin],
        ["tasmax", (mean + range) / 10 + kelvin],
        ["pr", wet * perSecond],
      ];
      for (const [name, value] of values) arrays[name]?.push(random.uniform() < gaps ? Number.NaN : value);
    }
  }
  const variable = (name: string, of: string, methods: string, standardName: string) => ({
    array: new NdArray(
      dtype === "float32" ? Float32Array.from(arrays[name] ?? []) : Float64Array.from(arrays[name] ?? []),
      {
        dtype,
        shape: [2, steps],
        dims: ["place", "time"],
        unit: of,
      },
    ),
    attributes: { standard_name: standardName, cell_methods: methods },
  });
  const days = Float64Array.from({ length: steps }, (_, step) => step);
  return dataset({
    variables: {
      time: {
        array: new NdArray(days, { dtype: "float64", shape: [steps], dims: ["time"], unit: time.unit }),
        attributes: { standard_name: "time", calendar },
      },
      tasmin: variable("tasmin", unit, "time: minimum", "air_temperature"),
      tas: variable("tas", unit, "time: mean", "air_temperature"),
      tasmax: variable("tasmax", unit, "time: maximum", "air_temperature"),
      pr: variable("pr", rain, "time: mean", "precipitation_flux"),
    },
  });
}
