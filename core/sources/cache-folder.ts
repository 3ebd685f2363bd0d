import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolders } from "../files/make-folders.ts";

/** What was used within this time may still be open somewhere, and stays. */
const IN_USE_MS = 60 * 60 * 1000;
/** After so large a part of the limit was added, this process looks what can go. */
const SWEEP_PART = 0.1;
/** A sweep leaves some room, so that it is not needed again at once. */
const KEEP_PART = 0.9;

/** Where sources keep copies unless told otherwise: `$XDG_CACHE_HOME/twinloom`, or `~/.cache/twinloom`. */
export function defaultCacheFolder(): string {
  const { XDG_CACHE_HOME: home = "" } = process.env;
  return join(home === "" ? join(homedir(), ".cache") : home, "twinloom");
}

interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/**
 * A folder of limited size that several processes share. Each of them removes what was used longest ago once it has added
 * a tenth of the limit; so the limit may be passed by a tenth per process, and by what was used within the last hour of
 * downloads, which may be open.
 */
export class CacheFolder {
  readonly path: string;
  readonly maxBytes: number;
  #added = Number.POSITIVE_INFINITY;
  #sweeping: Promise<void> | undefined;
  #made: Promise<void> | undefined;

  constructor(path: string, maxBytes: number) {
    this.path = path;
    this.maxBytes = maxBytes;
  }

  /** Makes the folder, readable by its owner alone: what is in it may have needed a password. */
  async make(): Promise<void> {
    this.#made ??= makeFolders(dirname(this.path)).then(async () => {
      await mkdir(this.path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      });
    });
    await this.#made.catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
  }

  /** Bytes were added; every now and then the oldest go. */
  async added(bytes: number): Promise<void> {
    this.#added += bytes;
    if (this.#added < this.maxBytes * SWEEP_PART) return;
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    this.#added = 0;
    const kept = await filesBelow(this.path);
    kept.sort((a, b) => a.usedMs - b.usedMs);
    let bytes = kept.reduce((sum, file) => sum + file.bytes, 0);
    if (bytes <= this.maxBytes) return;
    const downloads = join(this.path, "downloads");
    const recentMs = Date.now() - IN_USE_MS;
    for (const file of kept) {
      if (bytes <= this.maxBytes * KEEP_PART) break;
      if (file.path.startsWith(downloads) && file.usedMs > recentMs) continue;
      await rm(file.path, { force: true }).catch(() => undefined);
      bytes -= file.bytes;
    }
  }
}

/** Files that another process removes meanwhile are left out. */
async function filesBelow(folder: string): Promise<KeptFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: KeptFile[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(path)));
    else {
      const status = await stat(path).catch(() => undefined);
      if (status) found.push({ path, bytes: status.size, usedMs: status.mtimeMs });
    }
  }
  return found;
}
