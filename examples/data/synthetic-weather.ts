// Made-up weather for the examples of the climate: a seasonal cycle, red noise, a trend, a planted heat wave with a drought before it,
// and a low that crosses the Atlantic. A function of its options; nothing of it was measured.
import { type Dataset, dataset, NdArray, RandomStream, type VariableInit } from "twinloom";

/** How an institute writes its files: names, units, and from when its times count. */
export type Manner = "north" | "south";

export interface WeatherOptions {
  readonly years: readonly [first: number, last: number];
  readonly manner?: Manner;
  readonly seed?: bigint;
  /** Degrees between places; 2 by default. */
  readonly spacing?: number;
}

/** The planted heat wave: the hottest day, in the middle of its fortnight, and the hottest place. */
export const HEAT_WAVE = { peak: "2003-08-07", latitude: 47, longitude: 3 } as const;

const DAY_MS = 86_400_000;
const KELVIN = 273.15;

/** Days since 1970-01-01. */
function dayOf(year: number, month = 1, day = 1): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** Numbers that remember the day before: mean 0, variance 1. */
function redNoise(stream: RandomStream, memory: number): () => number {
  let state = stream.normal();
  return () => {
    state = memory * state + Math.sqrt(1 - memory * memory) * stream.normal();
    return state;
  };
}

/** Daily weather of western Europe: tasmax, tasmin, pr, hurs and sfcWind, `[time, lat, lon]`, in the manner of an institute. */
export function weather({ years: [first, last], manner = "north", seed = 1n, spacing = 2 }: WeatherOptions): Dataset {
  const latitudes = range(40, 56, spacing);
  const longitudes = range(-6, 16, spacing);
  const places = latitudes.flatMap((latitude) => longitudes.map((longitude) => ({ latitude, longitude })));
  const [start, stop] = [dayOf(first), dayOf(last + 1)];
  const [stream, large] = [0, 1].map((purpose) => new RandomStream({ seed, id: BigInt(first), purpose })) as [
    RandomStream,
    RandomStream,
  ];
  const [warmth, westward, northward, wetness] = [0.8, 0.8, 0.8, 0.7].map((memory) => redNoise(large, memory)) as [
    () => number,
    () => number,
    () => number,
    () => number,
  ];
  const local = places.map(() => redNoise(stream, 0.6));
  const columns = { tasmax: 0, tasmin: 1, pr: 2, hurs: 3, sfcWind: 4 };
  const values = Object.keys(columns).map(() => new Float32Array((stop - start) * places.length));
  const peak = Date.parse(HEAT_WAVE.peak) / DAY_MS;

  for (let day = start; day < stop; day++) {
    // Random numbers belong to years, so that files of other years and other grids have the same weather.
    const year = new Date(day * DAY_MS).getUTCFullYear();
    if (day === dayOf(year)) for (const each of [stream, large]) each.restart(BigInt(year));
    const [all, west, north, wet] = [warmth(), westward(), northward(), wetness()];
    const season = -Math.cos((2 * Math.PI * (day - dayOf(2000) - 18)) / 365.2425);
    // From the beginning of May the heat wave's region is dry, and warmer than it should be.
    const drought = day > peak - 98 && day < peak + 20 ? 1 : 0;
    places.forEach(({ latitude, longitude }, place) => {
      const [x, y] = [(longitude - 5) / 11, (latitude - 48) / 8];
      const near = Math.exp(
        -(((latitude - HEAT_WAVE.latitude) / 5) ** 2) - ((longitude - HEAT_WAVE.longitude) / 7) ** 2,
      );
      const own = (local[place] as () => number)();
      const heat = 13 * near * Math.exp(-(((day - peak) / 5) ** 2));
      const departure = 2.8 * all + 1.8 * (west * x + north * y) + 1.2 * own + heat + 3 * drought * near;
      const celsius = 16.5 - 5 * y + (9.5 + 2 * x) * season + 0.035 * (year - 1981) + departure;
      const rainy = wet - 0.35 * all + 0.5 * own - 1.8 * drought * near - 0.25;
      const rain = heat < 2 && rainy > 0 ? 5.5 * rainy * stream.gamma(0.9) : 0;
      const at = (day - start) * places.length + place;
      const here: readonly number[] = [
        celsius,
        celsius - (rain > 0 ? 6 : 10) - 1.5 * season - Math.abs(stream.normal()),
        rain,
        Math.min(100, Math.max(24, 62 - 14 * season - 2.2 * departure + (rain > 0 ? 14 : 0) + 5 * stream.normal())),
        0.5 + stream.gamma(1.5),
      ];
      here.forEach((value, column) => {
        (values[column] as Float32Array)[at] = value;
      });
    });
  }

  const shape = [stop - start, latitudes.length, longitudes.length];
  const field = (
    column: keyof typeof columns,
    to: (value: number) => number,
    unit: string,
    said: object,
  ): VariableInit => ({
    array: new NdArray((values[columns[column]] as Float32Array).map(to), {
      ...{ dtype: "float32", shape, dims: ["time", "lat", "lon"], unit },
    }),
    attributes: { ...said },
    storage: { chunkShape: [Math.min(365, stop - start), latitudes.length, longitudes.length] },
  });
  const same = (value: number): number => value;
  const [maximum, minimum, rainfall, humidity, wind] = [
    { standard_name: "air_temperature", long_name: "Highest temperature of the day", cell_methods: "time: maximum" },
    { standard_name: "air_temperature", long_name: "Lowest temperature of the day", cell_methods: "time: minimum" },
    { long_name: "Precipitation", cell_methods: "time: mean" },
    { standard_name: "relative_humidity", long_name: "Relative humidity at noon" },
    { standard_name: "wind_speed", long_name: "Wind speed at noon" },
  ];
  const fields: Readonly<Record<string, VariableInit>> =
    manner === "north"
      ? {
          tasmax: field("tasmax", (value) => value + KELVIN, "K", maximum as object),
          tasmin: field("tasmin", (value) => value + KELVIN, "K", minimum as object),
          pr: field("pr", (value) => value / 86_400, "kg m-2 s-1", {
            standard_name: "precipitation_flux",
            ...rainfall,
          }),
          hurs: field("hurs", same, "%", humidity as object),
          sfcWind: field("sfcWind", same, "m s-1", wind as object),
        }
      : {
          tx: field("tasmax", same, "degC", maximum as object),
          tn: field("tasmin", same, "degC", minimum as object),
          rr: field("pr", same, "mm/day", { standard_name: "lwe_precipitation_rate", ...rainfall }),
          hurs: field("hurs", same, "%", humidity as object),
          sfcWind: field("sfcWind", (value) => 3.6 * value, "km/h", wind as object),
        };
  const days = Float64Array.from({ length: stop - start }, (_, index) => start + index + 0.5);
  const time =
    manner === "north"
      ? axis(
          "time",
          days.map((day) => day - dayOf(1950)),
          "days since 1950-01-01",
          { calendar: "standard", axis: "T" },
        )
      : axis(
          "time",
          days.map((day) => 24 * (day - dayOf(1980))),
          "hours since 1980-01-01",
          { calendar: "standard", axis: "T" },
        );
  return dataset({
    attributes: {
      Conventions: "CF-1.11",
      title: "Made-up weather",
      institution: manner === "north" ? "Institute of the North" : "Institute of the South",
    },
    variables: { time, ...coordinates(latitudes, longitudes), ...fields },
  });
}

/** Where the low of {@link movingLow} is, hours after it begins. */
export function lowAt(hours: number): { readonly latitude: number; readonly longitude: number } {
  return { latitude: 42 + hours / 9, longitude: -50 + 0.62 * hours - hours ** 2 / 1500 };
}

/** Sea level pressure `[time, lat, lon]`, every six hours of four days of October 1987: a low deepens, crosses the Atlantic and fills. */
export function movingLow(): Dataset {
  const [latitudes, longitudes, steps] = [range(30, 65, 1.25), range(-60, 20, 1.25), 17];
  const stream = new RandomStream({ seed: 3n, id: 0n });
  const values = new Float32Array(steps * latitudes.length * longitudes.length);
  let at = 0;
  for (let step = 0; step < steps; step++) {
    const low = lowAt(6 * step);
    const depth = 900 + 3100 * Math.sin((Math.PI * (step + 1)) / (steps + 2));
    for (const latitude of latitudes) {
      for (const longitude of longitudes) {
        const east = (longitude - low.longitude) * Math.cos((latitude * Math.PI) / 180);
        const squared = (latitude - low.latitude) ** 2 + east ** 2;
        values[at++] = 101_900 - 30 * (latitude - 30) - depth * Math.exp(-squared / (2 * 4 ** 2)) + 8 * stream.normal();
      }
    }
  }
  const hours = Float64Array.from({ length: steps }, (_, step) => 6 * step);
  const shape = [steps, latitudes.length, longitudes.length];
  return dataset({
    attributes: { Conventions: "CF-1.11", title: "A made-up low" },
    variables: {
      time: axis("time", hours, "hours since 1987-10-13", { calendar: "standard", axis: "T" }),
      ...coordinates(latitudes, longitudes),
      psl: {
        array: new NdArray(values, { dtype: "float32", shape, dims: ["time", "lat", "lon"], unit: "Pa" }),
        attributes: { standard_name: "air_pressure_at_mean_sea_level", long_name: "Pressure at sea level" },
      },
    },
  });
}

function range(first: number, last: number, spacing: number): readonly number[] {
  return Array.from({ length: Math.round((last - first) / spacing) + 1 }, (_, index) => first + index * spacing);
}

function coordinates(
  latitudes: readonly number[],
  longitudes: readonly number[],
): { readonly lat: VariableInit; readonly lon: VariableInit } {
  return {
    lat: axis("lat", Float64Array.from(latitudes), "degrees_north", { standard_name: "latitude", axis: "Y" }),
    lon: axis("lon", Float64Array.from(longitudes), "degrees_east", { standard_name: "longitude", axis: "X" }),
  };
}

function axis(
  name: string,
  values: Float64Array,
  unit: string,
  attributes: Readonly<Record<string, string>>,
): VariableInit {
  return {
    array: new NdArray(values, { dtype: "float64", shape: [values.length], dims: [name], unit }),
    attributes: { standard_name: name, ...attributes },
  };
}
