import { CONDITION_NAMES } from "../adaptation/detector-conditions.ts";
import { secondsOf } from "./script.ts";
import type { TestBeam } from "./test-beam.ts";

/** True conditions at a time, by the names that an adaptable detector has for them. */
export interface TrueConditions {
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** In the units of those conditions. */
  readonly conditions: Readonly<Record<string, number>>;
}

const NS = 1e9;
/** Between the first event and the last. */
const STEPS = 1000;

/**
 * What a twin should find of a test beam: the true conditions from the first event to the last, at a thousand equal steps, and on both
 * sides of every change. A function of the script alone.
 *
 * - `gain of layer n`: less the common gain, which is the median of all layers.
 * - `temperature coefficient`, 1/K: the median of all layers.
 * - `common gain`: that which gives the true response at the temperature that slow control tells (the last one told, where it is missing). It
 *   makes up for what slow control gets wrong.
 * - `absorber thickness`, mm.
 */
export function* trueConditions(beam: TestBeam): Generator<TrueConditions, void, undefined> {
  const { script } = beam;
  const startNs = BigInt(Date.parse(script.startsAt)) * 1_000_000n;
  let told = script.response.referenceTemperatureC;
  for (const timeNs of timesOf(beam)) {
    const { response, publishedTemperatureC, absorberMm } = beam.conditionsAt(timeNs / NS);
    const { gains, temperatureC, referenceTemperatureC, responsePerKelvin } = response;
    told = publishedTemperatureC ?? told;
    const perKelvin = typeof responsePerKelvin === "number" ? responsePerKelvin : median(responsePerKelvin);
    const common = median(gains);
    const missed =
      (1 + perKelvin * (temperatureC - referenceTemperatureC)) / (1 + perKelvin * (told - referenceTemperatureC));
    yield {
      timeNs: startNs + BigInt(timeNs),
      conditions: {
        [CONDITION_NAMES.commonGain]: common * missed,
        [CONDITION_NAMES.perKelvin]: perKelvin,
        ...Object.fromEntries(gains.map((gain, layer) => [CONDITION_NAMES.gainOfLayer(layer), gain / common])),
        [CONDITION_NAMES.absorber]: absorberMm,
      },
    };
  }
}

/** Whole nanoseconds after the first event, ascending. */
function timesOf({ script, durationSeconds }: TestBeam): readonly number[] {
  const lastNs = Math.round(durationSeconds * NS);
  const times = new Set<number>();
  for (let step = 0; step <= STEPS; step++) times.add(Math.round((lastNs * step) / STEPS));
  for (const change of script.history) {
    for (const time of [change.at, "until" in change ? change.until : undefined]) {
      if (!time) continue;
      const atNs = Math.round(secondsOf(time, script.eventsPerSecond) * NS);
      for (const each of [atNs - 1, atNs]) if (each > 0 && each <= lastNs) times.add(each);
    }
  }
  return [...times].sort((a, b) => a - b);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return ((low as number) + (high as number)) / 2;
}
