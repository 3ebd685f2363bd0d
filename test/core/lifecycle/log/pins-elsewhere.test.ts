import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { sampleStore } from "./sample-store.ts";

// A system that does not tell which start of which machine this is.
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const unlessProc =
    <A extends readonly unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      if (String(args[0]).startsWith("/proc/")) throw new Error("there is no /proc");
      return call(...args);
    };
  return { ...fs, readFileSync: unlessProc(fs.readFileSync), readlinkSync: unlessProc(fs.readlinkSync) };
});

it("A pin is judged by its age, not by a pid, where the machine is known by its name alone", async () => {
  await using sample = await sampleStore();
  await using _ = await sample.store.pin();
  const [name] = await readdir(join(sample.folder, "pins"));
  const file = join(sample.folder, "pins", name as string);
  const pin = JSON.parse(await readFile(file, "utf8")) as { host: string; started: unknown };
  expect(pin.host).not.toContain(" ");
  expect(pin.started).toBeNull();
  const theirs = async (ageMs: number, pid: number): Promise<number> => {
    await writeFile(file, JSON.stringify({ ...pin, pid, refreshedMs: Date.now() - ageMs }));
    return (await sample.store.livePins()).length;
  };
  // A machine of the same name, whose process has a number that nothing has here, or something else.
  expect(await theirs(60_000, 2 ** 22 + 1)).toBe(1);
  expect(await theirs(2 * 3_600_000, process.pid)).toBe(0);
});
