import { ReadFailedError } from "../../files/errors.ts";
import type { FeatureRows, FeatureWindow } from "./feature-rows.ts";
import { WindowBuffer } from "./window-buffer.ts";
import type { KnownWindow } from "./window-log.ts";

interface Awaited {
  readonly window: KnownWindow;
  readonly endNs: bigint;
  readonly buffer: WindowBuffer;
  /** Those that have been read again. */
  readonly found: Set<string>;
  readonly count: bigint;
}

/** Windows that were closed before a restart, until the very events that they had have been read again. */
export class KnownWindows {
  readonly #awaited: Awaited[];

  /** @param windows - Ascending. */
  constructor(windows: readonly KnownWindow[]) {
    this.#awaited = windows.map((window) => ({
      window,
      endNs: window.startNs + window.widthNs,
      buffer: new WindowBuffer(window.widthNs),
      found: new Set(),
      count: [...window.has.values()].flat().reduce((sum, { from, to }) => sum + to - from + 1n, 0n),
    }));
  }

  /** Whether there are more that must come before any other. */
  get areAwaited(): boolean {
    return this.#awaited.length > 0;
  }

  /** Takes a row, if one of them had it. */
  add(rows: FeatureRows, row: number): void {
    const [source, sequence] = [rows.sources[row] as string, rows.sequences[row] as bigint];
    const awaited = this.#at(rows.timesNs[row] as bigint);
    const isIn = awaited?.window.has.get(source)?.some(({ from, to }) => from <= sequence && sequence <= to);
    if (!awaited || isIn !== true) return;
    awaited.found.add(`${sequence} ${source}`);
    awaited.buffer.add(rows, row);
  }

  /** Takes out the first ones as long as they are whole. */
  *take(): Generator<FeatureWindow, void, undefined> {
    for (let first = this.#awaited[0]; first && BigInt(first.found.size) === first.count; first = this.#awaited[0]) {
      this.#awaited.shift();
      yield* first.buffer.take();
    }
  }

  /** @throws `TWIN_READ_FAILED` when the first is not whole, and ends before a time. */
  check(path: string, beforeNs: bigint): void {
    const [first] = this.#awaited;
    if (!first || first.endNs > beforeNs) return;
    throw new ReadFailedError(
      path,
      `the window that starts at ${first.window.startNs} ns had ${first.count} events, and ${first.found.size} are in the journals. Give all journals that there were, with all segments since the last checkpoint.`,
    );
  }

  /** The one that a time is in. */
  #at(timeNs: bigint): Awaited | undefined {
    let low = 0;
    let high = this.#awaited.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#awaited[middle] as Awaited).endNs <= timeNs) low = middle + 1;
      else high = middle;
    }
    const found = this.#awaited[low];
    return found && found.window.startNs <= timeNs ? found : undefined;
  }
}
