import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../canonical/canonical-json.ts";
import type { Clock } from "../contracts/clock.ts";
import { PinLostError } from "./errors.ts";
import { writing } from "./fs/failures.ts";
import { isThere, makeStoreFolder, removeIfThere, replaceFile } from "./fs/publish.ts";
import { type StoreFs, systemCode } from "./fs/store-fs.ts";
import { STORE_NAMES } from "./layout.ts";

/** How often a writer says that it lives. */
const REFRESH_MS = 60_000;
/** When a writer that says nothing is taken for dead, unless its process can be seen from here. */
const DEAD_AFTER_MS = 60 * REFRESH_MS;
/** When a writer that could say nothing gives up, well before others do: clocks differ. */
const LOST_AFTER_MS = DEAD_AFTER_MS / 2;

const PinSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Where its pid means something, and so does a process start. */
  host: z.string(),
  pid: z.number().int(),
  /** When the process began, as its system counts; `null` where that is not known. A pid is used again. */
  started: z.string().nullable(),
  sinceMs: z.number(),
  refreshedMs: z.number(),
});
type PinFile = z.output<typeof PinSchema>;

/** Says that a writer lives: as long as it is there, no collector removes what was stored since. */
export interface Pin extends AsyncDisposable {
  /**
   * To be asked before an event is appended that needs objects stored under this pin.
   *
   * @throws `TWIN_PIN_LOST` when the writer was stopped for so long that others took it for dead.
   */
  check(): Promise<void>;
}

/** A writer that lives, or that must be taken for alive. */
export interface LivePin {
  /** Nothing stored from then on may be removed: milliseconds since 1970. */
  readonly sinceMs: number;
  readonly host: string;
  readonly pid: number;
}

/** Pins a store until the pin is disposed of. @throws `TWIN_WRITE_FAILED` */
export async function pinStore(store: string, options: { readonly fs: StoreFs; readonly clock: Clock }): Promise<Pin> {
  const { fs, clock } = options;
  const folder = join(store, STORE_NAMES.pins);
  const path = join(folder, `${randomUUID()}.json`);
  let sinceMs = clock.now();
  let refreshedMs = sinceMs;
  const write = async (): Promise<void> => {
    const now = clock.now();
    const pin: PinFile = {
      schemaVersion: 1,
      host: thisHost().name,
      pid: process.pid,
      started: startOf(process.pid),
      sinceMs,
      refreshedMs: now,
    };
    await replaceFile(fs, path, canonicalJson(pin));
    refreshedMs = now;
  };
  await writing(path, async () => {
    try {
      await makeStoreFolder(fs, folder);
      await write();
      // Objects have the times of the file system, which may be another machine's.
      const { modifiedMs } = await fs.stat(path);
      if (modifiedMs >= sinceMs) return;
      sinceMs = Math.floor(modifiedMs);
      await write();
    } catch (error) {
      // It would hold everything until this process ends.
      await removeIfThere(fs, path);
      throw error;
    }
  });
  // For good: a collector may have taken the pin for dead, and what it held may be gone.
  let isLost = false;
  const looksLost = (): boolean => {
    isLost ||= clock.now() - refreshedMs > LOST_AFTER_MS;
    return isLost;
  };
  const timer = setInterval(() => {
    if (looksLost()) return;
    // A pin that a collector removed is not brought back. A failure is seen by `check`.
    void isThere(fs, path)
      .then((there) => (there ? write() : undefined))
      .catch(() => undefined);
  }, REFRESH_MS);
  timer.unref();
  return {
    check: async () => {
      isLost ||= !(await writing(path, () => isThere(fs, path)));
      if (looksLost()) throw new PinLostError(store);
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await removeIfThere(fs, path);
    },
  };
}

/**
 * Pins of writers that live. Those of dead ones are removed: that tells a writer that was only stopped.
 *
 * @returns Also those that cannot be read or are of a newer form: those pin everything (`sinceMs` 0) while they are fresh.
 */
export async function livePins(
  store: string,
  options: { readonly fs: StoreFs; readonly clock: Clock },
): Promise<readonly LivePin[]> {
  const { fs, clock } = options;
  const folder = join(store, STORE_NAMES.pins);
  const live: LivePin[] = [];
  for (const name of await names(fs, folder)) {
    const path = join(folder, name);
    const pin = await readPin(fs, path);
    if (pin === undefined) continue;
    if (typeof pin === "number") {
      if (clock.now() - pin < DEAD_AFTER_MS) live.push({ sinceMs: 0, host: "unknown", pid: 0 });
    } else if (lives(pin, clock) || !(await isGone(fs, path, pin))) {
      live.push({ sinceMs: pin.sinceMs, host: pin.host, pid: pin.pid });
    }
  }
  return live;
}

function lives(pin: PinFile, clock: Clock): boolean {
  if (!isSeenFromHere(pin)) return clock.now() - pin.refreshedMs < DEAD_AFTER_MS;
  // A stopped process (SIGSTOP) lives, however long ago it was heard of.
  return isRunning(pin.pid) && startOf(pin.pid) === pin.started;
}

/** Whether the pid is one of the processes here. Two machines may have one name, and two containers one kernel. */
function isSeenFromHere({ host }: PinFile): boolean {
  const here = thisHost();
  return here.isKnown && host === here.name;
}

/** Removes the pin of a dead writer. One that cannot be told by that may be alive after all. */
async function isGone(fs: StoreFs, path: string, pin: PinFile): Promise<boolean> {
  try {
    await fs.remove(path);
    return true;
  } catch (error) {
    return systemCode(error) === "ENOENT" || isSeenFromHere(pin);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return systemCode(error) === "EPERM";
  }
}

async function names(fs: StoreFs, folder: string): Promise<readonly string[]> {
  try {
    return (await fs.list(folder)).map(({ name }) => name).filter((name) => /^[0-9a-f-]{36}\.json$/.test(name));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** The pin; of one that cannot be read, when it was last written. */
async function readPin(fs: StoreFs, path: string): Promise<PinFile | number | undefined> {
  try {
    const bytes = await fs.readFile(path);
    const { modifiedMs } = await fs.stat(path);
    try {
      return PinSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    } catch {
      return modifiedMs;
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Where pids mean the same: a machine since it was started, and of containers on it each its own. */
function thisHost(): { readonly name: string; readonly isKnown: boolean } {
  const boot = read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const namespace = read(() => readlinkSync("/proc/self/ns/pid"));
  const parts = [hostname(), boot, namespace].filter((part) => part !== null);
  return { name: parts.join(" "), isKnown: boot !== null && namespace !== null };
}

/** When a process began [ticks since the system was started]. @see proc_pid_stat(5), field 22 */
function startOf(pid: number): string | null {
  return read(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name of the program in parentheses, which may hold spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  });
}

function read(from: () => string | null): string | null {
  try {
    return from();
  } catch {
    return null;
  }
}
