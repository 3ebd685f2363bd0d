// A short life of an instrument, for tests that kill what follows it.
import { type Features, NdArray, RandomStream, type StreamEvent } from "../../../../core/index.ts";
import { CHANNELS, COLUMNS, concatenated, conditionsWith, simulate } from "../loop/synthetic-twin.ts";

const STEP_NS = 1_000_000n;
const START_NS = 1_700_000_000_000_000_000n;

/** Events of {@link life} in windows that are complete. */
export const DECIDED_ON: number = 11_000;
/** Of those windows the last [ns]. */
export const LAST_WINDOW_NS: bigint = START_NS + 10_900_000_000n;

/** A gain step that lasts, and one that is gone when it has been accepted; from two sources by turns. */
export function life(): readonly StreamEvent[] {
  const random = new RandomStream({ seed: 20_261_122n, id: 8n });
  const parts: readonly [Readonly<Record<number, number>>, number][] = [
    [{}, 2500],
    [{ 3: 0.94 }, 5000],
    [{ 3: 0.94, 8: 1.08 }, 1060],
    // The last two are past the last window.
    [{ 3: 0.94 }, 2442],
  ];
  let startNs = START_NS;
  const features: Features = concatenated(
    parts.map(([changes, count]) => {
      const made = simulate({ random, conditions: conditionsWith(changes), count, startNs, stepNs: STEP_NS });
      startNs += BigInt(count) * STEP_NS;
      return made;
    }),
  );
  return Array.from({ length: features.count }, (_, row) => eventAt(features, row));
}

function eventAt({ values, timesNs }: Features, row: number): StreamEvent {
  const at = row * COLUMNS;
  return {
    source: row % 2 === 0 ? "left" : "right",
    sequence: BigInt(row >>> 1),
    id: BigInt(row),
    run: "1",
    timeNs: timesNs[row] as bigint,
    conditions: { temperature: values[at + CHANNELS] as number },
    tensors: { channels: new NdArray(values.slice(at, at + CHANNELS), { dtype: "float64", shape: [CHANNELS] }) },
  };
}
