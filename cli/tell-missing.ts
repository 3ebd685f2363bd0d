import { Deduplication, type FeatureWindow } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";

/** Passes windows on, and in the end tells which events are in none of them. */
export async function* tellingMissing(
  windows: AsyncIterable<FeatureWindow>,
  io: Pick<CommandIo, "warn">,
): AsyncGenerator<FeatureWindow, void, undefined> {
  const seen = new Deduplication();
  for await (const window of windows) {
    const { count, sources, sequences } = window.rows;
    for (let row = 0; row < count; row++) seen.admit(sources[row] as string, sequences[row] as bigint);
    yield window;
  }
  for (const { source, gaps, givenUp } of seen.sources) {
    for (const { from, to } of gaps) io.warn(harmless(`${source}: events ${from} to ${to} are missing`));
    if (givenUp > 0n) io.warn(harmless(`${source}: ${givenUp} more events are missing`));
  }
}
