import { createHash, type Hash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { system } from "../files/write-atomically.ts";

/** How often the state is saved, so that a killed process loses no more. */
const SAVE_BYTES = 64 << 20;
/** A download of another machine that was not written for so long is given up. */
const STALE_MS = 10 * 60 * 1000;
const ENDING = ".partial";

/** What a partial download says of itself. */
interface State {
  /** So many bytes are on disk; what follows them is not trusted. */
  readonly bytes: number;
  /** Their digest: after a crash a file may hold zeros where data should be. */
  readonly sha256: string;
  /** Who writes it; 0 when nobody does. */
  readonly pid: number;
  readonly host: string;
}

/**
 * The file into which a download is written, owned by this process: one that was left behind is taken over by renaming
 * it, which only one process can. Its first bytes count only when their digest is right.
 */
export class PartialDownload {
  readonly path: string;
  readonly #handle: FileHandle;
  #hash: Hash;
  #bytes: number;
  #savedBytes: number;

  private constructor(path: string, handle: FileHandle, start: { readonly hash: Hash; readonly bytes: number }) {
    this.path = path;
    this.#handle = handle;
    this.#hash = start.hash;
    this.#bytes = start.bytes;
    this.#savedBytes = start.bytes;
  }

  /** @param folder - Of this very version of the object. */
  static async begin(folder: string): Promise<PartialDownload> {
    const path = join(folder, `${randomBytes(6).toString("hex")}${ENDING}`);
    const left = await claim(folder, path);
    return await system(path, async () => {
      const handle = await open(path, left ? "r+" : "wx");
      if (left) {
        const hash = await digestOf(path, left.bytes);
        if (hash.copy().digest("hex") === left.sha256) {
          await handle.truncate(left.bytes);
          return new PartialDownload(path, handle, { hash, bytes: left.bytes });
        }
        await handle.truncate(0);
      }
      return new PartialDownload(path, handle, { hash: createHash("sha256"), bytes: 0 });
    });
  }

  /** Bytes that are there already. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Forgets what is there. */
  async restart(): Promise<void> {
    await system(this.path, () => this.#takeBack(0));
  }

  /** A position before the end takes back what was written from there on. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    await system(this.path, async () => {
      if (position < this.#bytes) await this.#takeBack(position);
      for (let done = 0; done < bytes.length; ) {
        done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
      this.#hash.update(bytes);
      this.#bytes += bytes.length;
      if (this.#bytes - this.#savedBytes >= SAVE_BYTES) await this.#save(process.pid);
    });
  }

  /** @returns The digest of all bytes, which are on disk. */
  async finish(): Promise<string> {
    return await system(this.path, async () => {
      await this.#handle.sync();
      await this.#handle.close();
      await rm(stateOf(this.path), { force: true });
      return this.#hash.digest("hex");
    });
  }

  /** Leaves what is there for the next try. */
  async leave(): Promise<void> {
    try {
      if (this.#bytes > 0) await this.#save(0);
      await this.#handle.close();
      if (this.#bytes === 0) await rm(this.path, { force: true });
    } catch {
      await this.discard();
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.path, { force: true });
    await rm(stateOf(this.path), { force: true });
  }

  async #save(pid: number): Promise<void> {
    await this.#handle.datasync();
    const state: State = { bytes: this.#bytes, sha256: this.#hash.copy().digest("hex"), pid, host: hostname() };
    const temporary = `${stateOf(this.path)}.new`;
    await writeFile(temporary, JSON.stringify(state));
    await rename(temporary, stateOf(this.path));
    this.#savedBytes = this.#bytes;
  }

  async #takeBack(position: number): Promise<void> {
    await this.#handle.truncate(position);
    this.#hash = await digestOf(this.path, position);
    this.#bytes = position;
    this.#savedBytes = Math.min(this.#savedBytes, position);
  }
}

/** Takes over the longest partial download that nobody writes. */
async function claim(folder: string, path: string): Promise<State | undefined> {
  const left: { readonly path: string; readonly state: State }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(ENDING)) continue;
    const state = await freeState(join(folder, name));
    if (state) left.push({ path: join(folder, name), state });
  }
  left.sort((a, b) => b.state.bytes - a.state.bytes);
  for (const each of left) {
    try {
      await rename(each.path, path);
    } catch {
      // Another process was faster.
      continue;
    }
    await rm(stateOf(each.path), { force: true });
    return each.state;
  }
  return undefined;
}

async function freeState(path: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(stateOf(path), "utf8")) as State;
    const isHere = state.host === hostname();
    if (state.pid === 0 || (isHere && !isAlive(state.pid))) return state;
    return !isHere && (await stat(path)).mtimeMs < Date.now() - STALE_MS ? state : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function stateOf(path: string): string {
  return `${path}.json`;
}

async function digestOf(path: string, length: number): Promise<Hash> {
  const hash = createHash("sha256");
  if (length > 0) for await (const bytes of createReadStream(path, { end: length - 1 })) hash.update(bytes as Buffer);
  return hash;
}
