import { spawnSync } from "node:child_process";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConditionsChange, checkDecisions, decide, readDecisions } from "../../../../modules/adaptation/index.ts";
import { SyntheticTwin } from "../loop/synthetic-twin.ts";
import { decideAll, given, SETTINGS, windows } from "./sample.ts";

const ALL = windows();
const KINDS = [
  ...["referred", "alarmed", "proposed", "accepted", "referred"],
  ...["alarmed", "proposed", "accepted", "rolled-back"],
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-decide-"));
});
afterEach(() => rm(folder, { recursive: true }));

function killedAt(when: string, at: number): void {
  const file = fileURLToPath(import.meta.resolve("./decider-process.ts"));
  const { signal, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@twinloom/source", file, folder, when, String(at)],
    { encoding: "utf8" },
  );
  expect(signal, stderr).toBe("SIGKILL");
}

const aside = await mkdtemp(join(tmpdir(), "twinloom-decide-"));
const undisturbed = decideAll(aside, {}, ALL);
afterAll(() => rm(aside, { recursive: true }));

describe("decide", () => {
  it("adapts the twin, takes it back, and writes all of it down", async () => {
    const adaptable = new SyntheticTwin();
    const acts: ConditionsChange[] = [];
    const act = async (change: ConditionsChange): Promise<string> => `act ${acts.push(change)}`;
    const { decisions, conditions, events } = await decideAll(folder, { adaptable, act }, ALL);
    expect(decisions.map(({ decision }) => decision.kind).slice(0, KINDS.length)).toEqual(KINDS);
    expect(events).toBe(30_200);
    expect(adaptable.current).toEqual(conditions);
    expect(conditions[3]).toBeCloseTo(0.96, 2);
    expect(conditions[8]).toBe(1);
    expect(acts.map(({ number, decision, earlier }) => [number, decision.kind, earlier.length])).toEqual([
      [3, "accepted", 3],
      [7, "accepted", 7],
      [8, "rolled-back", 8],
    ]);
    expect(acts[2]?.earlier[7]?.outcome).toBe("act 2");
    expect(await readDecisions(folder)).toEqual(decisions);
  });

  it("decides the same in windows of whatever width", async () => {
    const { digest } = await decideAll(folder, {}, windows(0.35));
    expect(digest).toBe((await undisturbed).digest);
  });

  it.each<readonly [string, string, number]>([
    ["while it gathers a reference", "events", 2000],
    ["while it looks for a cause", "events", 6000],
    ["behind a checkpoint", "events", 20_000],
    ["when it has decided, before it acts", "before", 3],
    ["when it has acted, before that is known", "after", 3],
    ["before it takes something back", "before", 8],
  ])("killed %s, goes on and decides the same, bit for bit", async (_, when, at) => {
    killedAt(when, at);
    const acts: number[] = [];
    const adaptable = new SyntheticTwin();
    const act = async ({ number }: ConditionsChange): Promise<object> => ({ done: acts.push(number) && number });
    const { digest, conditions, decisions } = await decideAll(folder, { adaptable, act: act as never }, ALL);
    expect(digest).toBe((await undisturbed).digest);
    expect(adaptable.current).toEqual(conditions);
    expect(decisions.map(({ outcome }) => outcome).filter(Boolean)).toEqual([{ done: 3 }, { done: 7 }, { done: 8 }]);
    const done = (await readFile(join(folder, "acts"), "utf8").catch(() => "")).split("\n").filter(Boolean);
    // What was done when it was killed is done again, and nothing else is.
    expect(done.length + acts.length).toBe(when === "after" ? 4 : 3);
  });

  it("does not take events again that are behind a checkpoint", async () => {
    await decideAll(folder, {}, ALL);
    await access(join(folder, "checkpoint.json"));
    const { digest } = await decideAll(folder, {}, ALL.slice(14));
    expect(digest).toBe((await undisturbed).digest);
  });

  it("lets only one decide", async () => {
    const [opened, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = (async function* () {
      yield* given(ALL.slice(0, 1));
      await ending.promise;
    })();
    const onProgress = (): void => opened.resolve();
    const first = decide(slow, { adaptable: new SyntheticTwin(), folder, ...SETTINGS, onProgress });
    await opened.promise;
    await expect(decideAll(folder)).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
    ending.resolve();
    await first;
  });

  it("refuses decisions of other options or other events", async () => {
    await decideAll(folder, { checkpointEvents: 1e9 }, ALL.slice(0, 6));
    const same = { adaptable: new SyntheticTwin(), folder, ...SETTINGS };
    await checkDecisions(same);
    const other = checkDecisions({ ...same, windowEvents: 900 });
    await expect(other).rejects.toMatchObject({ code: "TWIN_DECISIONS_DIVERGED" });
    await expect(decideAll(folder, { windowEvents: 900 })).rejects.toThrow(/settings\.windowEvents: \d+, and now 900/);
    await expect(decideAll(folder, {}, ALL.slice(3))).rejects.toThrow(/Decision 0 .*was "referred" after 4000 events/);
    await writeFile(join(folder, "checkpoint.json"), "{");
    await expect(decideAll(folder)).rejects.toThrow(/Delete it/);
    await expect(checkDecisions(same)).rejects.toThrow(/Delete it/);
  });
});
