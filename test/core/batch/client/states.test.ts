import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BatchEntry } from "../../../../core/batch/client/batch-entry.ts";
import { BatchState } from "../../../../core/batch/client/batch-state.ts";
import { reconcile } from "../../../../core/batch/client/reconcile.ts";
import { indicesOf, toRanges } from "../../../../core/batch/client/run-ranges.ts";
import { isFinal } from "../../../../core/batch/client/states.ts";
import {
  digestJson,
  type ElementState,
  TASK_RUN_STATES,
  type TaskRunState,
  taskRunCanFollow,
} from "../../../../core/index.ts";
import { tokenOf } from "../sample-batch.ts";
import { HistoryCheck, problemOf } from "./legal-history.ts";

const ELEMENT_STATES: readonly ElementState[] = [
  "queued",
  "preparing",
  "running",
  "preempted",
  "succeeded",
  "failed",
  "canceled",
  "unknown",
];
const SETTINGS = { command: ["x"] as [string], workingFolder: "/x", resources: {}, stageResources: {}, packing: {} };

describe("The states of a task run", () => {
  it("go forwards, also past those that were not seen, and never back", () => {
    expect(taskRunCanFollow("created", "succeeded")).toBe(true);
    expect(taskRunCanFollow("queued", "preempted")).toBe(true);
    expect(taskRunCanFollow("preempted", "running")).toBe(true);
    expect(taskRunCanFollow("running", "queued")).toBe(false);
    expect(taskRunCanFollow("canceling", "running")).toBe(false);
    expect(taskRunCanFollow("queued", "skipped")).toBe(false);
    expect(taskRunCanFollow("unknown", "queued", "running")).toBe(false);
    expect(taskRunCanFollow("unknown", "running", "running")).toBe(true);
    expect(TASK_RUN_STATES.filter(isFinal)).toEqual(["succeeded", "failed", "canceled", "skipped"]);
  });

  it("follow one another as an order said elsewhere allows", () => {
    const known = TASK_RUN_STATES.filter((state) => state !== "unknown");
    for (const from of known) {
      for (const to of known) {
        const isLegal = problemOf(from, to, false) === undefined;
        expect([from, to, taskRunCanFollow(from, to)]).toEqual([from, to, isLegal]);
      }
    }
  });

  it("make a legal history of whatever is observed, and the journal replayed gives the states that were reached", () => {
    const observation = fc.record({
      elements: fc.array(fc.constantFrom(undefined, ...ELEMENT_STATES), { minLength: 3, maxLength: 3 }),
      accepted: fc.array(fc.nat(20), { maxLength: 2 }),
      inputs: fc.constantFrom("ready" as const, "waiting" as const, { lostIn: "first" }),
      failed: fc.boolean(),
      act: fc.constantFrom("nothing", "nothing", "nothing", "nothing", "cancel", "resume"),
      waitMs: fc.constantFrom(1000, 90_000),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 30 }), (observations) => {
        const [state, replayed] = [new BatchState(["only"], 3), new BatchState(["only"], 3)];
        const history = new HistoryCheck();
        const entries: BatchEntry[] = [];
        const accepted = new Set<number>();
        let now = 0;
        let tokens = 0;
        const write = (entry: BatchEntry): void => {
          history.add(entry, state);
          state.apply(entry);
          entries.push(entry);
        };
        const submit = (): void => {
          const open = [...state.runs("only").entries()].filter(
            ([, run]) => isFinal(run.state) && run.state !== "succeeded",
          );
          const runs = entries.length === 0 ? [0, 1, 2] : open.map(([run]) => run);
          if (runs.length === 0) return;
          const token = tokenOf(tokens++);
          write({ type: "wanted", at: now, runs: { only: toRanges(runs) }, settings: SETTINGS });
          write({ type: "submitting", at: now, token, stage: "only", elements: runs.map((run) => [run]), after: [] });
          write({ type: "submitted", at: now, token, id: "1" });
        };
        submit();
        for (const each of observations) {
          now += each.waitMs;
          if (each.act === "cancel") write({ type: "canceling", at: now });
          if (each.act === "resume") submit();
          for (const run of each.accepted) if (run < 3) accepted.add(run);
          const finals = state.runs("only").map((run) => (isFinal(run.state) ? run.state : undefined));
          const changes = reconcile({
            standings: state.runs("only"),
            accepted,
            elementOf: (run) => {
              const own = each.elements[run];
              return own && { element: run, state: own };
            },
            failureOf: () => (each.failed ? "It is broken." : undefined),
            silentSince: () => 0,
            inputsOf: () => each.inputs,
            now,
            graceMs: 60_000,
            lostMs: 60_000,
          });
          write({ type: "states", at: now, stage: "only", changes });
          for (const [run, final] of finals.entries()) {
            const reached: TaskRunState | undefined = state.runs("only")[run]?.state;
            if (accepted.has(run)) expect(reached).toBe("succeeded");
            else if (final) expect(reached).toBe(final);
          }
        }
        for (const entry of entries) replayed.apply(JSON.parse(JSON.stringify(entry)) as BatchEntry);
        expect(replayed).toEqual(state);
      }),
      { numRuns: 500 },
    );
  });
});

describe("Ranges of runs", () => {
  it("hold what they were made of, ten thousand in a few bytes", () => {
    expect(toRanges([5, 1, 2, 3, 9, 8])).toEqual([[1, 3], 5, [8, 9]]);
    expect(JSON.stringify(toRanges(Array.from({ length: 10_000 }, (_, run) => run)))).toBe("[[0,9999]]");
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(50)), (runs) => {
        expect([...indicesOf(toRanges(runs))]).toEqual(runs.sort((a, b) => a - b));
      }),
    );
  });
});

describe("The state of a batch", () => {
  it("refuses to be told of what is not there", () => {
    const state = new BatchState(["only"], 1);
    state.apply({ type: "opened", at: 0, batch: digestJson(1) });
    expect(() => state.apply({ type: "submitted", at: 0, token: tokenOf(1), id: "1" })).toThrow(RangeError);
    const changes = [{ runs: [1], state: "running" as const }];
    expect(() => state.apply({ type: "states", at: 0, stage: "only", changes })).toThrow('no run 1 of stage "only"');
  });
});
