import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs, systemError } from "./intercepted-fs.ts";
import { sampleStore } from "./sample-store.ts";

const HOUR_MS = 3_600_000;

async function pinFile(folder: string): Promise<string> {
  const [name] = await readdir(join(folder, "pins"));
  return join(folder, "pins", name as string);
}

/** A pin whose writer has a clock that can be put forward, as its machine goes on or while it is stopped. */
async function pinned() {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const sample = await sampleStore();
  samples.push(sample);
  let skewMs = 0;
  const writer = await openStore(sample.folder, { clock: { now: () => Date.now() + skewMs }, index: false });
  return {
    pin: await writer.pin(),
    file: await pinFile(sample.folder),
    pass: (ms: number, { ticks = true } = {}): void => {
      skewMs += ms;
      if (ticks) vi.advanceTimersByTime(60_000);
    },
  };
}

const samples: AsyncDisposable[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const sample of samples.splice(0)) await sample[Symbol.asyncDispose]();
});

describe("A pin", () => {
  it("is seen by others while it is held, with when it began", async () => {
    await using sample = await sampleStore();
    const other = await openStore(sample.folder, { index: false });
    const before = Date.now();
    const pin = await sample.store.pin();
    const [seen] = await other.livePins();
    expect(seen?.pid).toBe(process.pid);
    // The file system may have a coarser clock.
    expect(seen?.sinceMs).toBeGreaterThan(before - 2000);
    expect(seen?.sinceMs).toBeLessThanOrEqual(Date.now());
    await expect(pin.check()).resolves.toBeUndefined();
    await pin[Symbol.asyncDispose]();
    expect(await other.livePins()).toEqual([]);
    expect(await readdir(join(sample.folder, "pins"))).toEqual([]);
  });

  it("of a process of this machine that ended is dead, and one of a stopped process is not", async () => {
    await using sample = await sampleStore({ clock: { now: () => Date.now() + 100 * HOUR_MS } });
    await using _ = await sample.store.pin();
    const file = await pinFile(sample.folder);
    const child = spawn(process.execPath, ["-e", "process.stdout.write('up'); setInterval(() => {}, 1000)"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const pin = JSON.parse(await readFile(file, "utf8")) as object;
    const started = await readFile(`/proc/${child.pid}/stat`, "utf8").then(
      (stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19],
      () => null,
    );
    const theirs = async (more: object): Promise<void> =>
      await writeFile(
        join(sample.folder, "pins", "00000000-0000-4000-8000-000000000000.json"),
        JSON.stringify({ ...pin, pid: child.pid, started, ...more }),
      );
    await theirs({ refreshedMs: 0 });
    child.kill("SIGSTOP");
    expect(await sample.store.livePins()).toHaveLength(2);
    // The same number, given to another process since.
    await theirs({ started: "1" });
    expect(await sample.store.livePins()).toHaveLength(1);
    await theirs({});
    child.kill("SIGKILL");
    await once(child, "close");
    expect(await sample.store.livePins()).toHaveLength(1);
  });

  it("is refreshed, so that machines elsewhere know that its writer lives", async () => {
    const { pin, file, pass } = await pinned();
    const refreshed = async (): Promise<number> => JSON.parse(await readFile(file, "utf8")).refreshedMs;
    const first = await refreshed();
    // Three hours in all: without a refresh it would be lost in the first.
    for (let count = 1; count <= 9; count++) {
      pass(HOUR_MS / 3);
      await vi.waitUntil(async () => (await refreshed()) >= first + (count * HOUR_MS) / 3);
      await expect(pin.check()).resolves.toBeUndefined();
    }
    await pin[Symbol.asyncDispose]();
  });

  it("is lost when its writer was stopped for long, also where it goes on before anybody asks", async () => {
    for (const goesOnFirst of [false, true]) {
      const { pin, file, pass } = await pinned();
      const before = await readFile(file, "utf8");
      // SIGSTOP, and SIGCONT two hours later.
      pass(2 * HOUR_MS, { ticks: goesOnFirst });
      await expect(pin.check()).rejects.toMatchObject({ code: "TWIN_PIN_LOST" });
      // Nor is it brought back.
      pass(0, { ticks: true });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await readFile(file, "utf8")).toBe(before);
      await expect(pin.check()).rejects.toMatchObject({ code: "TWIN_PIN_LOST" });
      await pin[Symbol.asyncDispose]();
    }
  });

  it("that looks dead and cannot be removed holds on: its writer could not know", async () => {
    await using sample = await sampleStore();
    await using _ = await sample.store.pin();
    const file = await pinFile(sample.folder);
    const pin = JSON.parse(await readFile(file, "utf8")) as object;
    await writeFile(file, JSON.stringify({ ...pin, host: "elsewhere", refreshedMs: 0 }));
    const fs = interceptedFs((call, path) => {
      if (call === "remove" && path === file) throw systemError("EACCES");
    });
    expect(await (await openStore(sample.folder, { fs, index: false })).livePins()).toHaveLength(1);
    expect(await sample.store.livePins()).toHaveLength(0);
  });

  it("of another machine is alive while it is refreshed", async () => {
    await using sample = await sampleStore();
    await using _ = await sample.store.pin();
    const file = await pinFile(sample.folder);
    const pin = JSON.parse(await readFile(file, "utf8")) as object;
    const now = Date.now();
    for (const [ageMs, isAlive] of [
      [HOUR_MS / 2, true],
      [2 * HOUR_MS, false],
    ] as const) {
      await writeFile(file, JSON.stringify({ ...pin, host: "elsewhere", pid: 1, refreshedMs: now - ageMs }));
      expect((await sample.store.livePins()).length).toBe(isAlive ? 1 : 0);
    }
  });

  it("that cannot be read holds everything, until it is old", async () => {
    await using sample = await sampleStore();
    await using _ = await sample.store.pin();
    const file = await pinFile(sample.folder);
    await writeFile(file, '{"schemaVersion":2}');
    expect(await sample.store.livePins()).toEqual([{ sinceMs: 0, host: "unknown", pid: 0 }]);
    const old = (Date.now() - 2 * HOUR_MS) / 1000;
    await utimes(file, old, old);
    expect(await sample.store.livePins()).toEqual([]);
  });
});
