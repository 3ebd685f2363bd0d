import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  A_WHILE,
  type ExecutorFixture,
  linesOf,
  runToEnd,
  scriptJob,
  statesOf,
  statusesOf,
  textOf,
  until,
  untilOver,
  waitFor,
} from "./executor-sample.ts";
import type { ConformanceCase } from "./register.ts";

/** What `Executor` promises of time limits. */
export const timeLimitCases: readonly ConformanceCase<ExecutorFixture>[] = [
  {
    name: "tells an element before its time limit, by SIGUSR1, and ends it at the limit",
    async run(fixture) {
      const { timeLimit } = fixture;
      assert.ok(timeLimit, "the fixture needs timeLimit, or this case a reason to be skipped");
      const script = `trap 'echo told >> signs' USR1; echo begun >> signs; while [ -d "$PWD" ]; do sleep 0.1; done`;
      const [status] = await runToEnd(fixture, scriptJob(fixture, script, { resources: timeLimit }));
      assert.deepEqual([status?.state, status?.cause], ["failed", "timeout"]);
      assert.deepEqual(await linesOf(fixture, "signs"), ["begun", "told"]);
    },
  },
  {
    name: "starts an element again that was told, and ended with 75",
    async run(fixture) {
      const { timeLimit } = fixture;
      assert.ok(timeLimit, "the fixture needs timeLimit, or this case a reason to be skipped");
      const script = `echo $TWINLOOM_RESTART >> starts; [ $TWINLOOM_RESTART = 0 ] || exit 0; trap 'exit 75' USR1; while [ -d "$PWD" ]; do sleep 0.1; done`;
      const statuses = await runToEnd(fixture, scriptJob(fixture, script, { resources: timeLimit }));
      assert.deepEqual(statesOf(statuses), ["succeeded"]);
      assert.deepEqual(await linesOf(fixture, "starts"), ["0", "1"]);
    },
  },
];

/** What `Executor` promises where the system ends elements for others' sake. */
export const preemptionCases: readonly ConformanceCase<ExecutorFixture>[] = [
  {
    name: "starts an element again that was pre-empted, and counts it",
    async run(fixture) {
      const { preempt } = fixture;
      assert.ok(preempt, "the fixture needs preempt(), or this case a reason to be skipped");
      const script = `echo $TWINLOOM_RESTART >> starts; [ $TWINLOOM_RESTART != 0 ] || { ${waitFor("never")}; }`;
      const array = await fixture.executor.submit(scriptJob(fixture, script));
      await until(fixture, "it runs", async () => (await linesOf(fixture, "starts")).length > 0);
      await preempt(array, 0);
      assert.deepEqual(statesOf(await untilOver(fixture, array)), ["succeeded"]);
      assert.deepEqual(await linesOf(fixture, "starts"), ["0", "1"]);
    },
  },
];

/** What `Executor` promises of how elements end. */
export const endCases: readonly ConformanceCase<ExecutorFixture>[] = [
  {
    name: "tells that an element runs, and when it has ended that it does not",
    async run(fixture) {
      const array = await fixture.executor.submit(scriptJob(fixture, waitFor("go")));
      await until(fixture, "it runs", async () => (await statusesOf(fixture, array))[0]?.state === "running");
      await writeFile(join(fixture.folder, "go"), "");
      assert.deepEqual(statesOf(await untilOver(fixture, array)), ["succeeded"]);
    },
  },
  {
    name: "tells how elements have ended: with 0 they succeeded, with any other code failed",
    async run(fixture) {
      const statuses = await runToEnd(fixture, scriptJob(fixture, "exit $((TWINLOOM_ELEMENT * 3))", { elements: 3 }));
      assert.deepEqual(statesOf(statuses), ["succeeded", "failed", "failed"]);
      assert.deepEqual(
        statuses.slice(1).map(({ cause, exitCode }) => [cause, exitCode]),
        [
          ["executor", 3],
          ["executor", 6],
        ],
      );
    },
  },
  {
    name: "tells that an element has failed whose program is not there",
    async run(fixture) {
      const command = [join(fixture.folder, "no-such-program")] as const;
      const [status] = await runToEnd(fixture, scriptJob(fixture, "", { command }));
      assert.equal(status?.state, "failed");
      assert.ok(status?.cause === "executor" || status?.cause === "system", `cause ${status?.cause}`);
    },
  },
  {
    name: "ends the elements of an array that is canceled, those that run with all they started, and those that wait",
    async run(fixture) {
      const { executor } = fixture;
      const beats = `(while [ -d "$PWD" ] && echo . >> beats; do sleep 0.05; done) &`;
      const script = `echo $TWINLOOM_ELEMENT >> begun; ${beats} wait`;
      const array = await executor.submit(scriptJob(fixture, script, { elements: 3, atOnce: 1 }));
      await until(fixture, "what an element starts runs", async () => (await textOf(fixture, "beats")) !== "");
      await executor.cancel(array);
      assert.deepEqual(statesOf(await untilOver(fixture, array)), ["canceled", "canceled", "canceled"]);
      let [before, same] = ["", 0];
      await until(fixture, "what an element started is gone", async () => {
        const now = await textOf(fixture, "beats");
        same = now === before ? same + 1 : 0;
        before = now;
        return same >= A_WHILE;
      });
      assert.equal((await linesOf(fixture, "begun")).length, 1, "elements that were started");
    },
  },
  {
    name: "cancels an array only once, and not when it has ended, which is no error",
    async run(fixture) {
      const { executor } = fixture;
      const canceled = await executor.submit(scriptJob(fixture, waitFor("never")));
      await executor.cancel(canceled);
      await executor.cancel(canceled);
      const before = await untilOver(fixture, canceled);
      await executor.cancel(canceled);
      assert.deepEqual(statesOf(await untilOver(fixture, canceled)), statesOf(before));
      assert.deepEqual(statesOf(before), ["canceled"]);
      const ended = await executor.submit(scriptJob(fixture, "exit $TWINLOOM_ELEMENT", { elements: 2 }));
      await untilOver(fixture, ended);
      await executor.cancel(ended);
      assert.deepEqual(statesOf(await untilOver(fixture, ended)), ["succeeded", "failed"], "of one that had ended");
    },
  },
];
