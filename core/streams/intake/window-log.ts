import { type Journal, openJournal } from "../../files/journal/journal.ts";
import { readJournal } from "../../files/journal/read-journal.ts";
import { type SequenceGap, SourceSequences } from "../source-sequences.ts";
import type { FeatureRows, FeatureWindow } from "./feature-rows.ts";

/** Kind of the journals of closed windows; see docs/reference/intake-format.md. */
const WINDOWS_KIND = "twinloom.windows.v1";

/** Which events were in a window that has been closed. */
export interface KnownWindow {
  readonly startNs: bigint;
  readonly widthNs: bigint;
  /** Sequences by source, ascending. */
  readonly has: ReadonlyMap<string, readonly SequenceGap[]>;
}

type Range = readonly [from: string, to: string];

/** A record. Numbers are texts, since sequences have 64 bits. */
interface Entry {
  readonly startNs: string;
  readonly widthNs: string;
  readonly has: readonly (readonly [source: string, ranges: readonly Range[]])[];
  /** Of each source whose state is another than in the record before: what was used, or is waited for no longer. */
  readonly sources: readonly (readonly [source: string, next: string, gaps: readonly Range[]])[];
}

/**
 * Which events each window had, in a file: written before a window is given to anybody. Windows are the same after a restart,
 * also where some were closed with a gap that has been filled since.
 */
export class WindowLog implements AsyncDisposable {
  /** Those that were closed before this was opened and end after the time that was asked for, in order. */
  readonly known: readonly KnownWindow[];
  /** Where the last one ended that was closed before; `undefined` where there is none. */
  readonly knownNs: bigint | undefined;
  readonly #journal: Journal;
  /** What was used, or is waited for no longer. */
  readonly #used: Map<string, SourceSequences>;
  readonly #changed: Set<string> = new Set();

  private constructor(
    journal: Journal,
    read: {
      readonly known: readonly KnownWindow[];
      readonly knownNs: bigint | undefined;
      readonly used: Map<string, SourceSequences>;
    },
  ) {
    this.#journal = journal;
    this.known = read.known;
    this.knownNs = read.knownNs;
    this.#used = read.used;
  }

  /** @throws as `openJournal` does: `TWIN_FILE_LOCKED` while another has it open */
  static async open(
    path: string,
    { afterNs, signal }: { readonly afterNs?: bigint | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<WindowLog> {
    const journal = await openJournal(path, { kind: WINDOWS_KIND, signal });
    try {
      const known: KnownWindow[] = [];
      const used = new Map<string, SourceSequences>();
      let knownNs: bigint | undefined;
      for await (const bytes of readJournal(path, { kind: WINDOWS_KIND, signal })) {
        // As append wrote it: the journal's checksums vouch for that.
        const { startNs, widthNs, has, sources } = JSON.parse(new TextDecoder().decode(bytes)) as Entry;
        for (const [source, next, gaps] of sources) {
          used.set(source, new SourceSequences(BigInt(next), gaps.map(gapOf)));
        }
        knownNs = BigInt(startNs) + BigInt(widthNs);
        if (afterNs !== undefined && knownNs <= afterNs) continue;
        const ranges = new Map(has.map(([source, texts]) => [source, texts.map(gapOf)]));
        known.push({ startNs: BigInt(startNs), widthNs: BigInt(widthNs), has: ranges });
      }
      return new WindowLog(journal, { known, knownNs, used });
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** What was used of each source, or is waited for no longer. */
  get used(): ReadonlyMap<string, SourceSequences> {
    return this.#used;
  }

  /** Notes what no window will have: in the record of the next one. */
  leaveOut(source: string, gap: SequenceGap): void {
    this.#of(source).takeRange(gap);
  }

  /** Writes down what a window has; resolves when it is durable. */
  async append({ startNs, widthNs, rows }: FeatureWindow): Promise<void> {
    const has = rangesOf(rows);
    for (const [source, ranges] of has) for (const range of ranges) this.#of(source).takeRange(range);
    const entry: Entry = {
      startNs: String(startNs),
      widthNs: String(widthNs),
      has: [...has].map(([source, ranges]) => [source, ranges.map(textOf)]),
      sources: [...this.#changed].map((source) => {
        const { next, gaps } = this.#of(source);
        return [source, String(next), gaps.map(textOf)];
      }),
    };
    this.#changed.clear();
    await this.#journal.append(new TextEncoder().encode(JSON.stringify(entry)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal.close();
  }

  #of(source: string): SourceSequences {
    this.#changed.add(source);
    const own = this.#used.get(source) ?? new SourceSequences();
    this.#used.set(source, own);
    return own;
  }
}

function rangesOf({ count, sources, sequences }: FeatureRows): ReadonlyMap<string, readonly SequenceGap[]> {
  const bySource = new Map<string, bigint[]>();
  for (let row = 0; row < count; row++) {
    const own = bySource.get(sources[row] as string) ?? [];
    bySource.set(sources[row] as string, own);
    own.push(sequences[row] as bigint);
  }
  return new Map([...bySource].map(([source, own]) => [source, merged(own)]));
}

function merged(sequences: bigint[]): readonly SequenceGap[] {
  const ranges: { from: bigint; to: bigint }[] = [];
  for (const sequence of sequences.sort((a, b) => (a < b ? -1 : 1))) {
    const last = ranges.at(-1);
    if (last && sequence <= last.to + 1n) last.to = sequence;
    else ranges.push({ from: sequence, to: sequence });
  }
  return ranges;
}

function gapOf([from, to]: Range): SequenceGap {
  return { from: BigInt(from), to: BigInt(to) };
}

function textOf({ from, to }: SequenceGap): Range {
  return [String(from), String(to)];
}
