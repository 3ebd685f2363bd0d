import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestJson } from "../../../../core/index.ts";
import {
  planRetraining,
  type RetrainingPlanned,
  type RetrainingRequest,
  readRetrainingPlan,
} from "../../../../modules/adaptation/index.ts";
import { decideAll, unexplained } from "./sample.ts";

const VERSION = `sha256:${"1".repeat(64)}` as const;
const POLICY = `sha256:${"2".repeat(64)}` as const;
const MODEL = `sha256:${"3".repeat(64)}` as const;
const RUNGS = [
  { name: "biases", what: "biases", leastEvents: 100, command: null, parameters: null },
  {
    ...{ name: "everything", what: "all weights", leastEvents: null, command: ["train", "{data}", "{out}"] },
    parameters: { config: "gan-cpu" },
  },
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-retraining-"));
});
afterEach(() => rm(folder, { recursive: true }));

const planning = (more: Partial<Parameters<typeof planRetraining>[0]> = {}): ReturnType<typeof planRetraining> =>
  planRetraining({
    ...{ folder: join(folder, "plans"), twin: "scale", features: [join(folder, "features")] },
    recording: join(folder, "run-7.twr"),
    models: [{ part: "network", file: join(folder, "gan.onnx"), digest: MODEL, recipe: "training", rungs: RUNGS }],
    version: async () => ({ version: VERSION, policy: POLICY }),
    ...more,
  });

describe("planRetraining", () => {
  it("writes down why, from which events, what to try in which order, and what decides", async () => {
    const { decisions } = await decideAll(join(folder, "decisions"), { retrain: planning() }, unexplained());
    const at = decisions.findIndex(({ decision }) => decision.kind === "retraining-requested");
    const [alarmed, requested] = [decisions[at - 1], decisions[at]];
    const outcome = requested?.outcome as unknown as RetrainingPlanned;
    expect(outcome.isNew).toBe(true);
    const text = await readFile(join(folder, "plans", outcome.file), "utf8");
    expect(digestJson(JSON.parse(text))).toBe(outcome.plan);

    const plan = await readRetrainingPlan(join(folder, "plans", outcome.file));
    expect(plan.twin).toEqual({ name: "scale", version: VERSION });
    expect(plan.why).toMatchObject({ decision: at, events: requested?.decision.events });
    expect(plan.why.attribution).toMatchObject({ verdict: "unexplained" });
    const [alarmEvents, events] = [alarmed?.decision.events as number, requested?.decision.events as number];
    expect(plan.data).toMatchObject({
      fromNs: alarmed?.decision.timeNs,
      toNs: requested?.decision.timeNs,
      features: ["../features"],
      recording: "../run-7.twr",
    });
    // Those after the alarm, and no others.
    expect(plan.data.sources).toEqual([
      {
        source: "synthetic",
        firstSequence: String(alarmEvents),
        lastSequence: String(events - 1),
        events: events - alarmEvents,
      },
    ]);
    expect(plan.models[0]?.rungs).toEqual(RUNGS);
    expect(plan.gate).toEqual({ policy: POLICY, betterSigmas: 3 });
    expect(plan.plan.steps["train-network"]).toEqual({
      task: "train",
      parameters: { config: "gan-cpu" },
      inputs: {},
    });
  });

  it("makes no second plan soon after another, and one when it is long ago", async () => {
    const requests: RetrainingRequest[] = [];
    const retrain = async (request: RetrainingRequest): Promise<null> => void requests.push(request) as unknown as null;
    await decideAll(join(folder, "decisions"), { retrain }, unexplained());
    const [first] = requests as [RetrainingRequest];
    const plan = planning({ leastIntervalS: 100 });
    const outcome = await plan(first);
    const later = (seconds: number): RetrainingRequest => ({
      ...first,
      earlier: [...first.earlier, { ...first, outcome }],
      decision: { ...first.decision, timeNs: String(BigInt(first.decision.timeNs) + BigInt(seconds * 1e9)) },
    });
    expect(await plan(later(99))).toEqual({ ...(outcome as object), isNew: false });
    expect(await plan(later(100))).toMatchObject({ isNew: true });
    // Made again after a restart, it is the same.
    expect(await plan(first)).toEqual(outcome);
    expect(await readdir(join(folder, "plans"))).toHaveLength(2);
  });

  it("says what is wrong with a file that is no plan", async () => {
    await expect(readRetrainingPlan(join(folder, "none.json"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    const file = join(folder, "other.json");
    await writeFile(file, "{");
    await expect(readRetrainingPlan(file)).rejects.toThrow(/no JSON/);
    await writeFile(file, '{"schemaVersion":2}');
    await expect(readRetrainingPlan(file)).rejects.toThrow(/schemaVersion/);
  });
});

describe("a decider", () => {
  it("that was killed before a plan was known makes it again", async () => {
    const folderOf = (name: string): string => join(folder, name);
    const dying = async (): Promise<never> => {
      throw new Error("killed");
    };
    await expect(decideAll(folderOf("one"), { retrain: dying }, unexplained())).rejects.toThrow("killed");
    const again = await decideAll(folderOf("one"), { retrain: planning() }, unexplained());
    const once = await decideAll(folderOf("two"), { retrain: planning() }, unexplained());
    expect(again.decisions).toEqual(once.decisions);
  });

  it("does not go on from a checkpoint of decisions that are gone", async () => {
    const all = unexplained();
    const { digest } = await decideAll(folder, {}, all);
    await readFile(join(folder, "checkpoint.json"));
    await rm(join(folder, "decisions.journal"));
    expect((await decideAll(folder, {}, all)).digest).toBe(digest);
    await rm(join(folder, "decisions.journal"));
    // With nothing to decide on there is nothing.
    expect(await decideAll(folder, {}, [])).toMatchObject({ events: 0, decisions: [] });
  });
});
