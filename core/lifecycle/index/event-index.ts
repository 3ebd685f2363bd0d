import { closeSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { STORE_NAMES } from "../layout.ts";
import type { EventCache } from "../log/event-log.ts";
import { eventFile, folderOfTwin, sequenceOf } from "../log/folder-name.ts";
import { loadSqlite } from "./load-sqlite.ts";

/** Raised when the table changes, or what an event may be; an index of another form is made anew. */
export const FORM = 2;
/** Files that are looked at before other work has its turn. */
const AT_ONCE = 250;
/** How long it waits for another process [ms]; then the files are read instead. */
const BUSY_MS = 200;
const TABLE = `CREATE TABLE events (twin TEXT NOT NULL, sequence INTEGER NOT NULL, file TEXT NOT NULL,
  text TEXT NOT NULL, PRIMARY KEY (twin, sequence)) WITHOUT ROWID`;

/** How an index is opened. */
export interface EventIndexOptions {
  /** Network file system that it lies on: then it does without a write-ahead log. */
  readonly network?: string | undefined;
  /** Told once in the life of an index that it does without. */
  readonly onNetwork?: ((fileSystem: string) => void) | undefined;
}

/**
 * Copies of events in an SQLite file, so that ten thousand need not be read from ten thousand files.
 *
 * It decides nothing and is never trusted: a copy counts as long as its file has the size, the times and the inode that it
 * had before it was read, and whoever reads copies compares their chain of digests and its end with the log. It may be
 * deleted at any time. Where it cannot be read or written, it has nothing, and no command fails.
 */
export class EventIndex implements EventCache {
  readonly #file: string;
  readonly #options: EventIndexOptions;
  /** `undefined` where there is none that works. */
  #database: DatabaseSync | "unopened" | undefined = "unopened";

  /** Opens nothing yet. */
  constructor(file: string, options: EventIndexOptions = {}) {
    this.#file = file;
    this.#options = options;
  }

  async look(twin: string): Promise<readonly string[]> {
    const folder = join(dirname(this.#file), STORE_NAMES.events, folderOfTwin(twin));
    const names = await readdir(folder).catch(() => []);
    const count = names.reduce((last, name) => Math.max(last, sequenceOf(name)), 0);
    const seen: string[] = [];
    for (let sequence = 1; sequence <= count; sequence++) {
      const file = facts(`${folder}${sep}${eventFile(sequence)}`);
      if (file === undefined) break;
      seen.push(file);
      // Ten thousand calls that wait take a fifth of the time of those that do not; others have their turn in between.
      if (sequence % AT_ONCE === 0) await setImmediate();
    }
    return seen;
  }

  load(twin: string, seen: readonly string[]): readonly string[] {
    return this.#try((database) => {
      const rows = database.prepare("SELECT file, text FROM events WHERE twin = ? ORDER BY sequence").all(twin);
      const other = rows.findIndex(({ file, text }, index) => file !== seen[index] || typeof text !== "string");
      return rows.slice(0, other < 0 ? rows.length : other).map(({ text }) => text as string);
    }, []);
  }

  save(twin: string, first: number, texts: readonly string[], seen: readonly string[]): void {
    this.#try((database) => {
      // Taken at once: two that read first could not both go on to write.
      database.exec("BEGIN IMMEDIATE");
      try {
        database.prepare("DELETE FROM events WHERE twin = ? AND sequence >= ?").run(twin, first);
        const { last } = database.prepare("SELECT max(sequence) AS last FROM events WHERE twin = ?").get(twin) ?? {};
        if (Number(last ?? 0) >= first - 1) {
          const insert = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?)");
          for (const [index, text] of texts.entries()) {
            const sequence = first + index;
            // What came later was not looked at before it was read.
            const file = seen[sequence - 1];
            if (file !== undefined) insert.run(twin, sequence, file, text);
          }
        }
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    }, undefined);
  }

  close(): void {
    const database = this.#database;
    this.#database = undefined;
    if (database !== undefined && database !== "unopened") closeQuietly(database);
  }

  /** Runs a call; where it fails, the index is left alone by this process from then on. */
  #try<T>(call: (database: DatabaseSync) => T, otherwise: T): T {
    // What is damaged is removed at the first try.
    if (this.#database === "unopened") this.#database = this.#open() ?? this.#open();
    const database = this.#database;
    if (database === undefined) return otherwise;
    try {
      return call(database);
    } catch (error) {
      this.close();
      if (isDamage(error)) this.#remove();
      return otherwise;
    }
  }

  /** The database; one that is damaged or of another form is removed, and is there to be made at the second try. */
  #open(): DatabaseSync | undefined {
    const sqlite = loadSqlite();
    if (sqlite === undefined) return undefined;
    const { network, onNetwork } = this.#options;
    // It must not even be opened there with a write-ahead log.
    if (network !== undefined && usesWal(this.#file)) this.#remove();
    let database: DatabaseSync | undefined;
    try {
      database = new sqlite.DatabaseSync(this.#file);
      database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      const form = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
      if (form !== FORM) {
        if (form !== 0) throw new OtherFormError();
        database.exec(`PRAGMA journal_mode = ${network === undefined ? "WAL" : "DELETE"}`);
        database.exec(`BEGIN IMMEDIATE; ${TABLE}; PRAGMA user_version = ${FORM}; COMMIT`);
        if (network !== undefined) onNetwork?.(network);
      }
      database.exec(`PRAGMA synchronous = ${network === undefined ? "NORMAL" : "FULL"}`);
      // Says whether the pages can be read at all.
      database.prepare("SELECT count(*) FROM events WHERE twin = ''").get();
      return database;
    } catch (error) {
      if (database) closeQuietly(database);
      if (isDamage(error)) this.#remove();
      return undefined;
    }
  }

  #remove(): void {
    try {
      for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(`${this.#file}${end}`, { force: true });
    } catch {
      // A store that cannot be written to has no index.
    }
  }
}

/** What changes with every change of a file, but for one that a disk makes by itself; `undefined` where there is none. */
function facts(path: string): string | undefined {
  try {
    const { size, mtimeMs, ctimeMs, dev, ino } = statSync(path);
    return `${size} ${mtimeMs} ${ctimeMs} ${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** What it held is in the log; it may never have been open. */
function closeQuietly(database: DatabaseSync): void {
  try {
    database.close();
  } catch {
    // Nothing is lost.
  }
}

/**
 * Whether the file is no index, or none of this form, so that only a new one helps; not where another process has it, the
 * disk is full or it may not be written to.
 *
 * @see https://sqlite.org/rescode.html
 */
function isDamage(error: unknown): boolean {
  if (error instanceof OtherFormError) return true;
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  const [ERROR, CORRUPT, NOTADB] = [1, 11, 26];
  return code === ERROR || code === CORRUPT || code === NOTADB;
}

/** Made by another Twinloom. Never seen outside. */
class OtherFormError extends Error {}

/** What the header of an SQLite file says. @see https://sqlite.org/fileformat.html#file_format_version_numbers */
function usesWal(file: string): boolean {
  try {
    const handle = openSync(file, "r");
    try {
      const header = Buffer.alloc(20);
      return readSync(handle, header, 0, 20, 0) === 20 && header[18] === 2;
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}
