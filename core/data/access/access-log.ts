import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestFile } from "../../canonical/digest.ts";
import type { OpenDataset } from "../../contracts/connector.ts";
import { redactLocation } from "../../sources/redact.ts";
import type { IndexSelection } from "../read-blocks.ts";
import { watchReads } from "./watch-reads.ts";
import type { ReadEvent } from "./watched.ts";

/** What was read: plain JSON, the same for the same reads in whatever order they were made. */
export interface AccessRecord {
  /** Sorted by location and version. */
  readonly sources: readonly SourceAccess[];
  /** Of all values that were given. */
  readonly bytes: number;
}

/** What was read of one file. */
export interface SourceAccess {
  readonly location: string;
  readonly format: string;
  /** Names the bytes: an ETag, or size and time of change; `null` where the connector tells none. */
  readonly version: string | null;
  /** Of the file's bytes, where it was asked for and the file is local. */
  readonly digest?: Digest;
  /** Sorted by variable and selection. */
  readonly reads: readonly VariableAccess[];
}

/** What was read of one variable. */
export interface VariableAccess {
  readonly variable: string;
  /** By index, whole dimensions left out; `null` for several selections together, where there are too many to list. */
  readonly selection: IndexSelection | null;
  /** How often. */
  readonly reads: number;
  readonly bytes: number;
}

interface Entry {
  readonly selection: IndexSelection | null;
  reads: number;
  bytes: number;
}

interface Source {
  readonly location: string;
  readonly format: string;
  readonly version: string | undefined;
  readonly variables: Map<string, Map<string, Entry>>;
}

/** Collects reads, each selection once, in bounded memory. */
export class AccessLog {
  readonly #sources = new Map<string, Source>();
  readonly #mostSelections: number;

  /** @param options - `mostSelections`: of one variable of one file; beyond, they are counted together. 100 by default. */
  constructor(options: { readonly mostSelections?: number } = {}) {
    this.#mostSelections = options.mostSelections ?? 100;
  }

  /** Takes a read down. A function of its own, to hand it over as a listener. */
  readonly add = ({ source, format, version, variable, selection, bytes }: ReadEvent): void => {
    const sourceKey = JSON.stringify([source, version]);
    let known = this.#sources.get(sourceKey);
    if (!known) {
      known = { location: redactLocation(source), format, version, variables: new Map() };
      this.#sources.set(sourceKey, known);
    }
    let entries = known.variables.get(variable);
    if (!entries) {
      entries = new Map();
      known.variables.set(variable, entries);
    }
    const key = canonicalJson(selection);
    const together = entries.get("");
    const entry = together ?? entries.get(key);
    if (entry) {
      entry.reads++;
      entry.bytes += bytes;
    } else if (entries.size < this.#mostSelections) {
      entries.set(key, { selection, reads: 1, bytes });
    } else {
      const all = [...entries.values()];
      entries.clear();
      entries.set("", {
        selection: null,
        reads: all.reduce((sum, each) => sum + each.reads, 1),
        bytes: all.reduce((sum, each) => sum + each.bytes, bytes),
      });
    }
  };

  /** The dataset, with its reads taken down here. */
  watch(dataset: OpenDataset): OpenDataset {
    return watchReads(dataset, this.add);
  }

  /** Whether nothing was read. */
  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** What was read so far. */
  record(): AccessRecord {
    const sources = [...this.#sources.entries()].sort(byKey).map(([, source]) => sourceAccess(source));
    const bytes = sources.reduce((sum, { reads }) => sum + reads.reduce((own, read) => own + read.bytes, 0), 0);
    return { sources, bytes };
  }
}

/**
 * Adds the digests of those files that are local paths. Reads them whole.
 *
 * @throws What the file system throws for a file that is no longer there.
 */
export async function withDigests(
  record: AccessRecord,
  options: { readonly signal?: AbortSignal } = {},
): Promise<AccessRecord> {
  const sources: SourceAccess[] = [];
  for (const source of record.sources) {
    const isLocal = !/^[a-z][a-z0-9+.-]+:/i.test(source.location) && !source.location.startsWith("federation of ");
    const { reads, ...rest } = source;
    if (isLocal) sources.push({ ...rest, digest: (await digestFile(source.location, options)).digest, reads });
    else sources.push(source);
  }
  return { ...record, sources };
}

function sourceAccess({ location, format, version, variables }: Source): SourceAccess {
  const reads = [...variables.entries()]
    .sort(byKey)
    .flatMap(([variable, entries]) =>
      [...entries.entries()]
        .sort(byKey)
        .map(([, { selection, reads: count, bytes }]) => ({ variable, selection, reads: count, bytes })),
    );
  return { location, format, version: version ?? null, reads };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
