import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const PROGRAM = new URL("../thematic/climate/following/follow-until-killed.ts", import.meta.url).pathname;

/** Follows 60 days in a process of its own; killed with -9 after so many analyses. Returns what was told, by step. */
async function followIn(folder: string, killAfter: number): Promise<ReadonlyMap<number, string>> {
  const child: ChildProcess = spawn(process.execPath, ["--conditions=@twinloom/source", PROGRAM, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told = new Map<number, string>();
  let text = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    text += String(bytes);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const { step, mean } = JSON.parse(line) as { step: number; mean: readonly number[] };
      told.set(step, JSON.stringify(mean));
      if (told.size === killAfter) child.kill("SIGKILL");
    }
  });
  await once(child, "close");
  return told;
}

it("a follower that is killed with -9 goes on with the same numbers, and tells of every step", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-follow-kill-"));
  try {
    const whole = await followIn(join(folder, "whole"), Number.POSITIVE_INFINITY);
    expect(whole.size).toBe(60);
    const parts = new Map<number, string>();
    for (const killAfter of [7, 11, 5, Number.POSITIVE_INFINITY]) {
      for (const [step, mean] of await followIn(join(folder, "killed"), killAfter)) {
        // What comes again, comes alike.
        expect(parts.get(step) ?? mean).toBe(mean);
        parts.set(step, mean);
      }
    }
    expect([...parts].sort(([a], [b]) => a - b)).toEqual([...whole]);
    // The stream brings everything again, which is counted; nothing else differs.
    const state = async (name: string): Promise<unknown> => {
      const kept = JSON.parse(await readFile(join(folder, name, "follower.json"), "utf8")) as { counts: object };
      return { ...kept, counts: { ...kept.counts, repeated: 0 } };
    };
    expect(await state("killed")).toEqual(await state("whole"));
  } finally {
    await rm(folder, { recursive: true });
  }
});
