import { readFile } from "node:fs/promises";
import {
  FileNotFoundError,
  LocalSource,
  readBytes,
  type Source,
  type SourceEntry,
  type SourceFile,
  type SourceOptions,
} from "../../../core/index.ts";

/** A fault, and a case that must notice it. */
export interface BrokenSource {
  readonly fault: string;
  /** Name of a case that fails. */
  readonly noticedBy: string;
  readonly source: Source;
}

/** One per promise that is easily broken, each put into the source of local files. */
export const brokenSources: readonly BrokenSource[] = [
  {
    fault: "gives zeros for what it cannot read",
    noticedBy: "refuses ranges that leave the file, and names it; reading goes on",
    source: reading((file) => async (target, position, options) => {
      const count = Math.max(0, Math.min(target.length, file.bytes - position));
      target.fill(0);
      if (position >= 0 && Number.isInteger(position))
        await file.readInto(target.subarray(0, count), position, options);
    }),
  },
  {
    fault: "stops at a block",
    noticedBy: "reads exactly the range that is asked for, wherever it lies",
    source: reading((file) => async (target, position, options) => {
      const block = 262_144 - (position % 262_144);
      await file.readInto(target.subarray(0, Math.min(target.length, block)), position, options);
    }),
  },
  {
    fault: "begins one byte late after a block",
    noticedBy: "reads exactly the range that is asked for, wherever it lies",
    source: reading((file) => async (target, position, options) => {
      const isLate = position === 262_144 && position + target.length < file.bytes;
      await file.readInto(target, isLate ? position + 1 : position, options);
    }),
  },
  {
    fault: "fills the whole memory of its target",
    noticedBy: "writes nothing beside its target",
    source: reading((file) => async (target, position, options) => {
      await file.readInto(target, position, options);
      if (target.byteOffset > 0) new Uint8Array(target.buffer)[target.byteOffset - 1] = 0;
    }),
  },
  {
    fault: "mixes up what is read at once",
    noticedBy: "reads many ranges at once",
    source: reading((file) => {
      let last = 0;
      return async (target, position, options) => {
        last = position;
        await Promise.resolve();
        await file.readInto(target, last, options);
      };
    }),
  },
  {
    fault: "fills only the first of several targets",
    noticedBy: "fills several targets in one go, if it offers that",
    source: opening((file) => ({
      ...plain(file),
      readEachInto: async ([first], options) => {
        if (first) await file.readInto(first.target, first.position, options);
      },
    })),
  },
  {
    fault: "reads on after closing",
    noticedBy: "refuses to read after closing; closing twice is allowed",
    source: opening((file) => {
      const bytes = readBytes(file, 0, file.bytes).finally(() => file.close());
      const readInto = async (target: Uint8Array, position: number): Promise<void> =>
        target.set((await bytes).subarray(position, position + target.length));
      return { ...plain(file), readInto };
    }),
  },
  {
    fault: "closes a file for all who have it open",
    noticedBy: "refuses to read after closing; closing twice is allowed",
    source: sharing(),
  },
  {
    fault: "ignores signals",
    noticedBy: "does nothing for a signal that is aborted already",
    source: reading((file) => (target, position) => file.readInto(target, position)),
  },
  {
    fault: "numbers its versions",
    noticedBy: "names the version of the bytes: the same each time, another for other files",
    source: counting(),
  },
  {
    fault: "has one version for all",
    noticedBy: "names the version of the bytes: the same each time, another for other files",
    source: opening((file) => ({ ...plain(file), version: "1" })),
  },
  {
    fault: "gives the path of another file",
    noticedBy: "gives a local path with the same bytes, and says how far it is",
    source: opening((file) => ({ ...plain(file), localPath: async () => new URL(import.meta.url).pathname })),
  },
  {
    fault: "says wrong how far a download is",
    noticedBy: "gives a local path with the same bytes, and says how far it is",
    source: opening((file) => ({
      ...plain(file),
      localPath: async (options) => {
        const path = await file.localPath();
        options?.onProgress?.({ bytes: (await readFile(path)).length, of: 1 });
        options?.onProgress?.({ bytes: 0, of: file.bytes });
        return path;
      },
    })),
  },
  {
    fault: "opens what is not there as an empty file",
    noticedBy: "says that a file is not there",
    source: changing((local) => ({
      open: async (location, options) => {
        try {
          return await local.open(location, options);
        } catch (error) {
          if (!(error instanceof FileNotFoundError)) throw error;
          const empty = await local.open(location.replace("none", "empty"), options);
          await empty.close();
          return empty;
        }
      },
    })),
  },
  {
    fault: "lists in any order",
    noticedBy: "lists what fits a pattern",
    source: listing((entries) => entries.toReversed()),
  },
  {
    fault: "forgets a file",
    noticedBy: "lists what lies directly in a folder: sorted, with sizes, without folders",
    source: listing((entries) => entries.slice(0, -1)),
  },
  {
    fault: "gives wrong sizes",
    noticedBy: "lists what lies directly in a folder: sorted, with sizes, without folders",
    source: listing((entries) => entries.map((entry) => ({ ...entry, bytes: entry.bytes + 1 }))),
  },
  {
    fault: "lists names that cannot be opened",
    noticedBy: "lists locations that can be opened",
    source: listing((entries) => entries.map((entry) => ({ ...entry, location: `${entry.location}~` }))),
  },
  {
    fault: "takes a missing folder for an empty one",
    noticedBy: "says that a folder is not there when it lists it",
    source: changing((local) => ({
      async *list(pattern, options) {
        try {
          yield* local.list(pattern, options);
        } catch (error) {
          if (!(error instanceof FileNotFoundError)) throw error;
        }
      },
    })),
  },
];

function changing(change: (local: Source) => Partial<Source>): Source {
  const local = new LocalSource();
  const whole: Source = {
    prefixes: local.prefixes,
    open: (location, options) => local.open(location, options),
    list: (pattern, options) => local.list(pattern, options),
  };
  return { ...whole, ...change(local) };
}

function opening(change: (file: SourceFile) => SourceFile): Source {
  return changing((local) => ({ open: async (location, options) => change(await local.open(location, options)) }));
}

function reading(
  change: (file: SourceFile) => (target: Uint8Array, position: number, options?: SourceOptions) => Promise<void>,
): Source {
  return opening((file) => ({ ...plain(file), readInto: change(file) }));
}

function listing(change: (entries: readonly SourceEntry[]) => readonly SourceEntry[]): Source {
  return changing((local) => ({
    async *list(pattern, options) {
      const entries: SourceEntry[] = [];
      for await (const entry of local.list(pattern, options)) entries.push(entry);
      yield* change(entries);
    },
  }));
}

function counting(): Source {
  let count = 0;
  return opening((file) => ({ ...plain(file), version: `${count++}` }));
}

function sharing(): Source {
  const files = new Map<string, SourceFile>();
  return changing((local) => ({
    open: async (location, options) => {
      const file = files.get(location) ?? (await local.open(location, options));
      files.set(location, file);
      return file;
    },
  }));
}

/** An object whose members can be replaced. */
function plain(file: SourceFile): SourceFile {
  return {
    location: file.location,
    bytes: file.bytes,
    version: file.version,
    readInto: (target, position, options) => file.readInto(target, position, options),
    localPath: (options) => file.localPath(options),
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
