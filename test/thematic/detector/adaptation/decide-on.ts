import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Adaptable, FeatureWindow, StreamEvent } from "twinloom";
import { type Decided, decide } from "twinloom/modules/adaptation";

/** Fewer than usual: showers of full simulation are dear. */
export const REFERENCE_EVENTS = 6000;
const BATCH = 250;

export async function* featuresOf(
  adaptable: Adaptable,
  events: AsyncIterable<StreamEvent>,
): AsyncGenerator<FeatureWindow, void, undefined> {
  let batch: StreamEvent[] = [];
  for await (const event of events) {
    batch.push(event);
    if (batch.length < BATCH) continue;
    const features = adaptable.features(batch);
    const rows = {
      ...features,
      columns: features.values.length / features.count,
      sources: batch.map(({ source }) => source),
      sequences: BigUint64Array.from(batch, ({ sequence }) => sequence),
      ids: BigUint64Array.from(batch, ({ id }) => id),
    };
    yield { startNs: features.timesNs[0] as bigint, widthNs: 1_000_000n, rows };
    batch = [];
  }
}

/** What a decider, with a small reference, decides on events: their journal is left out. */
export async function decideOn(adaptable: Adaptable, events: AsyncIterable<StreamEvent>): Promise<Decided> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-decided-"));
  const options = { referenceEvents: REFERENCE_EVENTS, acceptIntervalS: 0.5, holdOffEvents: 10_000 };
  try {
    return await decide(featuresOf(adaptable, events), { adaptable, folder, ...options });
  } finally {
    await rm(folder, { recursive: true });
  }
}
