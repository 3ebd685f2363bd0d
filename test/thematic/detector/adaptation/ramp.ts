import { type Adaptable, type Features, RandomStream } from "../../../../core/index.ts";
import { Adaptation, type Decision } from "../../../../modules/adaptation/index.ts";
import { type CalorimeterGeometry, TestBeam } from "../../../../thematic/detector/index.ts";
import { COLUMNS } from "./shower-features.ts";

const TEMPERATURE = 1;
const FIRST_SHARE = 2;
/** Events that a stream brings at once: no part of a block. */
const CHUNK = 200;
/** Events that are read out under the same conditions. */
const EVENTS_AT_ONCE = 10;
export const PER_SECOND = 2000;
export const PER_KELVIN = -0.02;

/** A beam of which all layers' responses fall by 2 % in each kelvin. */
export function rampBeam(
  { seconds, seed, history }: { seconds: number; seed: number; history: readonly object[] },
  geometry: CalorimeterGeometry,
): TestBeam {
  const script = {
    ...{ schemaVersion: 1, source: "testbeam/ramp", events: seconds * PER_SECOND, eventsPerSecond: PER_SECOND, seed },
    ...{ energyRangeMeV: [1000, 100_000], response: { responsePerKelvin: PER_KELVIN }, history },
  };
  return new TestBeam(script, geometry);
}

/** How a beam reads events out at a time: factors on the features of its showers, and the temperature that is told. */
export interface ReadOut {
  /** Of each feature. */
  readonly factors: Float64Array;
  /** °C; NaN where it is missing. */
  readonly temperatureC: number;
}

/** A share is a sum of cells, so gains multiply it. */
export function readOutAt(beam: TestBeam, seconds: number): ReadOut {
  const { response, publishedTemperatureC } = beam.conditionsAt(seconds);
  const { gains, responsePerKelvin, temperatureC, referenceTemperatureC } = response;
  const factors = new Float64Array(COLUMNS).fill(1);
  for (let layer = 0; layer < COLUMNS - FIRST_SHARE; layer++) {
    const factor = 1 + (responsePerKelvin[layer] as number) * (temperatureC - referenceTemperatureC);
    factors[FIRST_SHARE + layer] = (gains[layer] as number) * factor;
  }
  return { factors, temperatureC: publishedTemperatureC ?? Number.NaN };
}

/** Features of an event, read out. */
export function readOut(shower: Float64Array, { factors, temperatureC }: ReadOut): Float64Array {
  const event = shower.map((value, i) => value * (factors[i] as number));
  event[TEMPERATURE] = temperatureC;
  return event;
}

/** Features of the events of a beam, in chunks: of showers drawn from a pool with replacement, so that events are independent. */
export function* beamFeatures(beam: TestBeam, pool: Features): Generator<Features, void, undefined> {
  const random = new RandomStream({ seed: BigInt(beam.script.seed), id: 1n });
  const { events } = beam.script;
  // Imported constants are slow in tests, where a loader looks them up each time.
  const columns = COLUMNS;
  for (let from = 0; from < events; from += CHUNK) {
    const count = Math.min(CHUNK, events - from);
    const values = new Float64Array(count * columns);
    const timesNs = new BigInt64Array(count);
    let now = readOutAt(beam, beam.secondsOf(from));
    for (let i = 0; i < count; i++) {
      // The temperature changes by 0.2 mK meanwhile.
      if (i % EVENTS_AT_ONCE === 0) now = readOutAt(beam, beam.secondsOf(from + i));
      const row = Math.floor(random.uniform() * pool.count) * columns;
      values.set(readOut(pool.values.subarray(row, row + columns), now), i * columns);
      timesNs[i] = BigInt(from + i) * (1_000_000_000n / BigInt(PER_SECOND));
    }
    yield { count, values, timesNs };
  }
}

/** What the loop held for right at a time. */
export interface RampPoint {
  readonly seconds: number;
  /** True response of a layer that nothing else happened to, beside that at the beginning. */
  readonly truth: number;
  readonly gain: number;
  /** Standard error, as the tracker tells. */
  readonly error: number;
  readonly coefficient: number;
  readonly coefficientError: number;
}

/** How a ramp was followed. */
export interface Followed {
  readonly points: readonly RampPoint[];
  readonly decisions: readonly Decision[];
}

/**
 * A loop that tracks the gain and its coefficient, which it does not know at first. A point is what it held for right before the
 * last events, of which the truth is: errors are those of a prediction.
 */
export async function follow(
  twin: Adaptable,
  chunks: Iterable<Features>,
  beam: TestBeam,
  referenceEvents: number,
): Promise<Followed> {
  const loop = new Adaptation(twin, { referenceEvents, track: ["common gain", "temperature coefficient"] });
  const decisions: Decision[] = [];
  const points: RampPoint[] = [];
  for (const features of chunks) {
    decisions.push(...(await loop.add(features)));
    const [gain, coefficient] = loop.tracked;
    if (!gain?.response || !coefficient) continue;
    const seconds = beam.secondsOf(loop.events - 1);
    const { gains, responsePerKelvin, temperatureC, referenceTemperatureC } = beam.conditionsAt(seconds).response;
    const factor = 1 + (responsePerKelvin[0] as number) * (temperatureC - referenceTemperatureC);
    points.push({
      seconds,
      truth: (gains[0] as number) * factor,
      gain: gain.response.value,
      error: gain.response.error,
      coefficient: coefficient.value,
      coefficientError: coefficient.error,
    });
  }
  return { points, decisions };
}
