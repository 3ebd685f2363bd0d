import assert from "node:assert/strict";
import type { ArrayJob, SubmittedArray } from "../../core/index.ts";
import { assertAborted } from "./compare.ts";
import { endCases, preemptionCases, timeLimitCases } from "./executor-end-cases.ts";
import {
  type ExecutorFixture,
  linesOf,
  newToken,
  runToEnd,
  scriptJob,
  statesOf,
  untilOver,
  waitFor,
} from "./executor-sample.ts";
import { startCases } from "./executor-start-cases.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** Arrays that no executor can run. */
const WRONG: Readonly<Record<string, Partial<ArrayJob>>> = {
  "no elements": { elements: 0 },
  "fewer than no elements": { elements: -1 },
  "half an element": { elements: 1.5 },
  "a relative working folder": { workingFolder: "here" },
  "a relative log folder": { logFolder: "logs" },
  "a token that is too short": { token: "0123456789abcdef" },
  "a token in upper case": { token: "0123456789ABCDEF0123456789ABCDEF" },
  "a name with a space": { name: "two words" },
  "a name that is too long": { name: "n".repeat(65) },
  "an empty name": { name: "" },
  "none at once": { atOnce: 0 },
};

/** What `Executor` promises to more than one client. */
export const otherClientCases: readonly ConformanceCase<ExecutorFixture>[] = [
  {
    name: "tells another client of what this one has submitted, and lets it cancel that",
    async run(fixture) {
      assert.ok(fixture.another, "the fixture needs another(), or this case a reason to be skipped");
      const array = await fixture.executor.submit(scriptJob(fixture, waitFor("never")));
      const another = { ...fixture, executor: await fixture.another() };
      assert.deepEqual(await another.executor.find(array.token), array);
      await another.executor.cancel(array);
      assert.deepEqual(statesOf(await untilOver(another, array)), ["canceled"]);
      assert.deepEqual(statesOf(await untilOver(fixture, array)), ["canceled"]);
    },
  },
];

const questionCases: readonly ConformanceCase<ExecutorFixture>[] = [
  {
    name: "says how large an array may be, and refuses a larger one",
    async run(fixture) {
      const { arraySize, atOnce, remembers } = await fixture.executor.limits();
      assert.ok(Number.isSafeInteger(arraySize) && arraySize > 0, `arrays of ${arraySize}`);
      assert.ok(atOnce === undefined || (Number.isSafeInteger(atOnce) && atOnce > 0), `${atOnce} at once`);
      assert.equal(typeof remembers, "boolean");
      const job = scriptJob(fixture, "exit 0", { elements: arraySize + 1 });
      await assertRefused(fixture, job, "an array that is too large");
    },
  },
  {
    name: "refuses what it cannot run, and submits nothing",
    async run(fixture) {
      for (const [what, change] of Object.entries(WRONG)) {
        await assertRefused(fixture, scriptJob(fixture, "echo begun >> begun", change), what);
      }
      assert.deepEqual(await linesOf(fixture, "begun"), []);
    },
  },
  {
    name: "gives what it took as plain JSON, and finds it by its token, while it waits, runs, and where it remembers, later",
    async run(fixture) {
      const { executor } = fixture;
      const { remembers } = await executor.limits();
      const job = scriptJob(fixture, "exit 0", { elements: 2 });
      const array = await executor.submit(job);
      const expected = { token: job.token, id: array.id, elements: 2 };
      assert.deepEqual(array, expected);
      assert.deepEqual(JSON.parse(JSON.stringify(array)), expected);
      assert.ok(typeof array.id === "string" && array.id !== "", "an id");
      if (!remembers) {
        const waiting = await executor.submit(scriptJob(fixture, waitFor("never")));
        assert.deepEqual(await executor.find(waiting.token), waiting);
        await executor.cancel(waiting);
        await untilOver(fixture, waiting);
      } else {
        assert.deepEqual(await executor.find(job.token), expected, "at once");
        await untilOver(fixture, array);
        assert.deepEqual(await executor.find(job.token), expected, "when it has ended");
      }
    },
  },
  {
    name: "finds nothing under a token that it never took, and says so for certain where it remembers",
    async run({ executor }) {
      const { remembers } = await executor.limits();
      const found = await executor.find(newToken());
      assert.ok(found === "none" || (found === "unknown" && !remembers), `found ${JSON.stringify(found)}`);
    },
  },
  {
    name: "tells of several arrays at once, in the order in which they are asked for",
    async run(fixture) {
      const { executor } = fixture;
      const [first, second] = [
        await executor.submit(scriptJob(fixture, "exit 0", { elements: 3 })),
        await executor.submit(scriptJob(fixture, "exit 1", { elements: 2 })),
      ];
      for (const array of [first, second]) await untilOver(fixture, array);
      const all = await executor.observe([second, first, second]);
      const [bad, good] = [
        ["failed", "failed"],
        ["succeeded", "succeeded", "succeeded"],
      ];
      assert.deepEqual(all.map(statesOf), [bad, good, bad]);
      assert.deepEqual(await executor.observe([]), []);
    },
  },
  {
    name: "says of an array that it does not know that its elements are unknown, and takes its cancel for no error",
    async run(fixture) {
      const { executor } = fixture;
      const known = await executor.submit(scriptJob(fixture, "exit 0"));
      await untilOver(fixture, known);
      const stranger: SubmittedArray = { token: newToken(), id: "987654321", elements: 2 };
      const [unknown, ended] = await executor.observe([stranger, known]);
      assert.deepEqual(statesOf(unknown ?? []), ["unknown", "unknown"]);
      assert.deepEqual(statesOf(ended ?? []), ["succeeded"]);
      await executor.cancel(stranger);
    },
  },
  {
    name: "does nothing for a signal that is aborted already",
    async run(fixture) {
      const { executor } = fixture;
      const signal = AbortSignal.abort(new Error("called off"));
      const job = scriptJob(fixture, "echo begun >> begun");
      await assertAborted(executor.submit(job, { signal }), signal, "submit");
      await assertAborted(executor.find(job.token, { signal }), signal, "find");
      await assertAborted(executor.limits({ signal }), signal, "limits");
      const array = await executor.submit(scriptJob(fixture, waitFor("go")));
      await assertAborted(executor.observe([array], { signal }), signal, "observe");
      await assertAborted(executor.cancel(array, { signal }), signal, "cancel");
      assert.deepEqual(statesOf(await runToEnd(fixture, scriptJob(fixture, "echo > go"))), ["succeeded"]);
      assert.deepEqual(statesOf(await untilOver(fixture, array)), ["succeeded"], "of the one that was not canceled");
      assert.deepEqual(await linesOf(fixture, "begun"), []);
      const found = await executor.find(job.token);
      assert.ok(found === "none" || found === "unknown", `found ${JSON.stringify(found)}`);
    },
  },
];

/** Every promise of `Executor`, except that what it took outlives its client, which no suite within one can see. */
export const executorCases: readonly ConformanceCase<ExecutorFixture>[] = [
  ...startCases,
  ...endCases,
  ...questionCases,
  ...timeLimitCases,
  ...preemptionCases,
  ...otherClientCases,
];

/**
 * Registers the conformance suite for executors. Elements are scripts of `/bin/sh`.
 *
 * @param setup - Makes a fixture with an executor to which nothing was submitted; called for every case.
 *
 * @example
 * testExecutor(async () => ({ executor: myExecutor(), folder, timeLimit: { timeLimitS: 2, warnS: 1 }, dispose }), {
 *   skip: { [preemptionCases[0].name]: "nothing is pre-empted here" },
 * });
 */
export function testExecutor(setup: () => Promise<ExecutorFixture>, options?: ConformanceOptions): void {
  register("Executor", executorCases, setup, options);
}

async function assertRefused({ executor }: ExecutorFixture, job: ArrayJob, what: string): Promise<void> {
  const answer: unknown = await executor.submit(job).then(
    () => "taken",
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );
  const isRefused = answer === "TWIN_INVALID_ARGUMENT" || answer === "TWIN_EXECUTOR_REFUSED";
  assert.ok(isRefused, `${what} must be refused: ${String(answer)}`);
}
