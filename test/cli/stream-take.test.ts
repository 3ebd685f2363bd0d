import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeEvent } from "../../core/index.ts";
import { MemoryStream } from "../../modules/memory/index.ts";
import { recordStream } from "../../modules/recording/index.ts";
import { life } from "../modules/adaptation/decider/life.ts";
import { makeTwin, SETTINGS, twinPlugin } from "../services/living-twin.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

let cwd: string;
const run = (...args: readonly string[]): Promise<Outcome> => runTwinloom(args, { cwd });
const lastOf = ({ stdout }: Outcome): Record<string, unknown> => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");

beforeAll(async () => {
  process.env["TWINLOOM_TEST_PLUGIN"] = twinPlugin;
  cwd = await mkdtemp(join(tmpdir(), "twinloom-take-"));
  await makeTwin(cwd);
  const messages = life().map(encodeEvent);
  await record(messages, "all.twr");
  await record(
    messages.filter((_, place) => place % 2 === 0 || place < 4000 || place > 4020),
    "gap.twr",
  );
});
afterAll(() => rm(cwd, { recursive: true }));

async function record(messages: readonly Uint8Array[], file: string): Promise<void> {
  const stream = new MemoryStream({ name: "publisher", roomBytes: 1 << 26, keepBytes: 0 });
  const subscription = await stream.subscribe();
  const recorded = recordStream(subscription, join(cwd, file), {
    onProgress: (now) => void (now.messages === messages.length && subscription[Symbol.asyncDispose]()),
  });
  for (const message of messages) await stream.publish(message);
  await recorded;
}

describe("twinloom stream take", () => {
  it("keeps features, tells what is missing, and fills it; adapt decides on them as on the recording", async () => {
    const first = await run("stream", "take", "ecal.yaml", "--from", "gap.twr", "--folder", "one", "--json");
    expect(first.code, first.stderr).toBe(0);
    const gap = { source: "right", from: 2000, to: 2009 };
    expect(lastOf(first)).toMatchObject({ events: 10_992, repeated: 0, deadLetters: 0, gaps: [gap] });
    expect(first.stderr).toContain("right: events 2000 to 2009 are missing");

    const features = ["adapt", "ecal.yaml", "--features", "one", "--features", "two", "--end", ...SETTINGS];
    const without = await run(...features, "--folder", "without");
    expect(without.stderr).toContain("right: events 2000 to 2009 are missing");
    expect(lastOf(without)).toMatchObject({ events: 10_992 });

    const second = await run("stream", "take", "ecal.yaml", "--from", "all.twr", "--folder", "two");
    expect(second.stdout).toBe("11002 events, 0 that were there, 0 dead letters: two\n");
    const filled = await run(...features, "--folder", "filled");
    const replayed = await run("adapt", "ecal.yaml", "--replay", "all.twr", "--folder", "replayed", ...SETTINGS);
    expect(lastOf(filled)["digest"]).toBe(lastOf(replayed)["digest"]);
    expect(lastOf(filled)["digest"]).not.toBe(lastOf(without)["digest"]);
    expect(filled.stderr).not.toContain("missing");
  });

  it("says what is missing of what was typed", async () => {
    const typed: readonly (readonly [readonly string[], RegExp])[] = [
      [["stream", "take", "ecal.yaml", "--from", "all.twr", "--folder", "x", "--name", "n"], /--from is a recording/],
      [
        ["stream", "take", "ecal.yaml", "--from", "mqtt://h/t", "--folder", "x", "--group", "g"],
        /give each worker a --name/,
      ],
      [["adapt", "ecal.yaml", "--features", "one", "--replay", "all.twr"], /Give --replay/],
      [["adapt", "ecal.yaml", "--replay", "all.twr", "--end"], /--end is of --features/],
    ];
    for (const [args, message] of typed) {
      const { code, stderr } = await run(...args);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
  });
});
