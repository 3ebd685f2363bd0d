import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openJournal, RandomStream, readJournal } from "../../../../core/index.ts";
import { KIND } from "./sample.ts";

const RUNS = 20;
const SCRIPT = join(import.meta.dirname, "writer-process.ts");

/** Starts a writer. @returns How to kill it after a time, and what it had acknowledged. */
function startWriter(path: string): { child: ChildProcess; started: Promise<void>; acknowledged: () => number } {
  const child = spawn(process.execPath, ["--conditions=@twinloom/source", SCRIPT, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  const started = new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes;
      if (text.includes("\n")) resolve();
    });
    child.on("exit", () => reject(new Error("the writer ended before it was killed")));
  });
  // The last line may be cut off by the kill.
  return { child, started, acknowledged: () => Number(text.split("\n").at(-2) ?? 0) };
}

it(`keeps all that was acknowledged when the writer is killed with -9, ${RUNS} times, and takes over its lock`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-journal-"));
  const path = join(folder, "killed.journal");
  const random = new RandomStream({ seed: 20261122n, id: 0n });
  let torn = 0;
  let before = 0;
  for (let run = 0; run < RUNS; run++) {
    const { child, started, acknowledged } = startWriter(path);
    await started;
    await new Promise((resolve) => setTimeout(resolve, random.uniform() * 150));
    child.kill("SIGKILL");
    await once(child, "exit");
    const expected = acknowledged();
    expect(expected, `run ${run}: acknowledged`).toBeGreaterThanOrEqual(before);
    let count = 0;
    for await (const record of readJournal(path, { kind: KIND, onEnd: ({ tornBytes }) => (torn += tornBytes) })) {
      const bytes = Buffer.from(record);
      expect(bytes.readUInt32LE(0), `run ${run}: record ${count}`).toBe(count);
      expect(bytes.length).toBe(200 + (count % 3000));
      expect(bytes.subarray(4).every((byte) => byte === (count & 255))).toBe(true);
      count++;
    }
    expect(count, `run ${run}: records`).toBeGreaterThanOrEqual(expected);
    before = count;
  }
  await using journal = await openJournal(path, { kind: KIND });
  expect(journal.found.records).toBe(before);
  expect(before).toBeGreaterThan(RUNS);
  await journal.close();
  await rm(folder, { recursive: true });
}, 300_000);
