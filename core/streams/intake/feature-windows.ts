import type { FeatureWindow } from "./feature-rows.ts";
import { listSegments, readSegment } from "./segments.ts";
import { WindowBuffer } from "./window-buffer.ts";

/** How journals of intakes are read. */
export interface FeatureWindowsOptions {
  /** Width of a window in event time [ns]; windows begin at its multiples. */
  readonly windowNs: bigint;
  readonly signal?: AbortSignal | undefined;
}

/** A segment, and what of it was there when reading began. */
interface Span {
  readonly path: string;
  readonly records: number;
  readonly fromNs: bigint;
}

/**
 * All events of one journal, or of those of several workers, each once and in the order of time, source and sequence, in
 * windows of event time. The same events give the same rows, bit for bit, in whatever order they came, however often,
 * and whoever took them. Windows without events are left out. Journals may be being written: what was there when reading began is read.
 *
 * Memory: the rows of one segment, and of those whose times overlap with it. Everything is read twice.
 *
 * @param folders - Of the journals.
 * @throws as `readJournal` does; `TWIN_READ_FAILED` when a segment is missing; `TWIN_INVALID_ARGUMENT` for a width that is not
 *   above 0, or events of different features; the signal's reason.
 *
 * @example
 * for await (const { rows } of featureWindows("features", { windowNs: 1_000_000_000n })) add(rows);
 */
export async function* featureWindows(
  folders: string | readonly string[],
  { windowNs, signal }: FeatureWindowsOptions,
): AsyncGenerator<FeatureWindow, void, undefined> {
  const buffer = new WindowBuffer(windowNs);
  const spans: Span[] = [];
  for (const folder of typeof folders === "string" ? [folders] : folders) {
    for (const { path } of await listSegments(folder)) spans.push(...(await survey(path, signal)));
  }
  spans.sort((a, b) => (a.fromNs < b.fromNs ? -1 : 1));
  for (const { path, records, fromNs } of spans) {
    // No segment that is still to be read has anything before.
    yield* buffer.take(buffer.startOf(fromNs));
    let left = records;
    for await (const record of readSegment(path, { signal })) {
      if (left-- === 0) break;
      if (record.type === "head") continue;
      for (let row = 0; row < record.rows.count; row++) buffer.add(record.rows, row);
    }
  }
  yield* buffer.take();
}

async function survey(path: string, signal: AbortSignal | undefined): Promise<readonly Span[]> {
  let records = 0;
  let fromNs: bigint | undefined;
  for await (const record of readSegment(path, { signal })) {
    records++;
    if (record.type === "head") continue;
    for (const timeNs of record.rows.timesNs) if (fromNs === undefined || timeNs < fromNs) fromNs = timeNs;
  }
  return fromNs === undefined ? [] : [{ path, records, fromNs }];
}
