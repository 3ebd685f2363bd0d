import { type FeatureRows, type Features, type FeatureWindow, RandomStream } from "../../../../core/index.ts";
import { type AdaptationOptions, type Decided, decide } from "../../../../modules/adaptation/index.ts";
import {
  CHANNELS,
  COLUMNS,
  concatenated,
  conditionsWith,
  PER_KELVIN,
  type Simulation,
  SyntheticTwin,
  simulate,
} from "../loop/synthetic-twin.ts";

export const SETTINGS: AdaptationOptions = { referenceEvents: 4000, windowEvents: 1000, acceptIntervalS: 0 };
const STEP_NS = 500_000n;
const START_NS = 1_700_000_000_000_000_000n;

/** A gain step that lasts, then a long quiet time, then one that is gone when it has been accepted. */
export function windows(widthS: number = 0.5): readonly FeatureWindow[] {
  const random = new RandomStream({ seed: 20_261_122n, id: 4n });
  const parts: readonly [Readonly<Record<number, number>>, number][] = [
    [{}, 5000],
    [{ 3: 0.96 }, 16_000],
    [{ 3: 0.96, 8: 1.05 }, 3200],
    [{ 3: 0.96 }, 6000],
  ];
  let startNs = START_NS;
  const features = concatenated(
    parts.map(([changes, count]) => {
      const simulation: Simulation = { random, conditions: conditionsWith(changes), count, startNs, stepNs: STEP_NS };
      startNs += BigInt(count) * STEP_NS;
      return simulate(simulation);
    }),
  );
  return windowsOf(features, widthS);
}

/** Noise of neighbours that no condition is about, and then a long quiet time. */
export function unexplained(): readonly FeatureWindow[] {
  const random = new RandomStream({ seed: 20_261_122n, id: 6n });
  const so = { random, conditions: conditionsWith({}), stepNs: STEP_NS };
  const startNs = START_NS + 6000n * STEP_NS;
  const features = concatenated([
    simulate({ ...so, count: 6000, startNs: START_NS }),
    simulate({ ...so, count: 14_000, startNs, correlation: 0.3 }),
  ]);
  return windowsOf(features, 0.5);
}

/** A response that falls by 2 % in 12 s, with a temperature that nobody tells. */
export function drifting(): readonly FeatureWindow[] {
  const features = simulate({
    ...{ random: new RandomStream({ seed: 20_261_122n, id: 7n }), conditions: conditionsWith({ [PER_KELVIN]: -0.02 }) },
    ...{ count: 30_000, startNs: START_NS, stepNs: STEP_NS },
    temperature: (event) => Math.max(0, event - 6000) / 24_000,
  });
  for (let event = 0; event < features.count; event++) features.values[event * COLUMNS + CHANNELS] = Number.NaN;
  return windowsOf(features, 0.5);
}

function windowsOf(features: Features, widthS: number): readonly FeatureWindow[] {
  const widthNs = BigInt(widthS * 1e9);
  const size = Number(widthNs / STEP_NS);
  return Array.from({ length: Math.ceil(features.count / size) }, (_, i) => {
    const [from, to] = [i * size, Math.min(features.count, (i + 1) * size)];
    const rows: FeatureRows = {
      count: to - from,
      columns: COLUMNS,
      values: features.values.subarray(from * COLUMNS, to * COLUMNS),
      timesNs: features.timesNs.subarray(from, to),
      sources: Array.from({ length: to - from }, () => "synthetic"),
      sequences: BigUint64Array.from({ length: to - from }, (_, row) => BigInt(from + row)),
      ids: BigUint64Array.from({ length: to - from }, (_, row) => BigInt(from + row)),
    };
    return { startNs: START_NS + BigInt(i) * widthNs, widthNs, rows };
  });
}

export async function* given(all: readonly FeatureWindow[]): AsyncGenerator<FeatureWindow, void, undefined> {
  yield* all;
}

export async function decideAll(
  folder: string,
  more: Partial<Parameters<typeof decide>[1]> = {},
  all: readonly FeatureWindow[] = windows(),
): Promise<Decided> {
  return await decide(given(all), {
    adaptable: new SyntheticTwin(),
    folder,
    checkpointEvents: 2000,
    ...SETTINGS,
    ...more,
  });
}
