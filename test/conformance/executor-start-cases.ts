import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ExecutorFixture,
  linesOf,
  pass,
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

/** Each of them is a trap of one shell or another, or of names that a batch system replaces. */
const ARGUMENTS = ["a b", "'", '"', "two\nlines", "$HOME `id` $(id)", "*", "", "\\", "%A_%a %j", "-n", "Größe", "#!"];

/** What `Executor` promises of elements that are started. */
export const startCases: readonly ConformanceCase<ExecutorFixture>[] = [
  {
    name: "starts each element once, with its index, its restarts and the array's id in its environment",
    async run(fixture) {
      const script = 'echo "$TWINLOOM_RESTART $TWINLOOM_JOB $FLAVOUR" >> element.$TWINLOOM_ELEMENT';
      const job = scriptJob(fixture, script, { elements: 3, environment: { FLAVOUR: "up, down; 'strange'" } });
      const array = await fixture.executor.submit(job);
      assert.deepEqual(statesOf(await untilOver(fixture, array)), ["succeeded", "succeeded", "succeeded"]);
      for (const element of [0, 1, 2]) {
        assert.deepEqual(await linesOf(fixture, `element.${element}`), [`0 ${array.id} up, down; 'strange'`]);
      }
      assert.deepEqual(await linesOf(fixture, "element.3"), [], "an element too many");
    },
  },
  {
    name: "gives a program its arguments as they are, whatever is in them",
    async run(fixture) {
      const script = `for each in "$@"; do printf '%s\\0' "$each"; done > arguments`;
      const job = scriptJob(fixture, script, { command: ["/bin/sh", "-c", script, "sh", ...ARGUMENTS] });
      assert.deepEqual(statesOf(await runToEnd(fixture, job)), ["succeeded"]);
      assert.deepEqual((await textOf(fixture, "arguments")).split("\0").slice(0, -1), ARGUMENTS);
    },
  },
  {
    name: "runs a program in the working folder",
    async run(fixture) {
      const workingFolder = join(fixture.folder, "a folder's");
      await mkdir(workingFolder);
      await runToEnd(fixture, scriptJob(fixture, "echo here > where", { workingFolder }));
      assert.deepEqual(await linesOf(fixture, join("a folder's", "where")), ["here"]);
    },
  },
  {
    name: "appends what an element prints to its log, of each of its starts, and makes the folder",
    async run(fixture) {
      const script =
        'echo "out $TWINLOOM_RESTART"; echo "err $TWINLOOM_RESTART" >&2; [ $TWINLOOM_RESTART = 1 ] || exit 75';
      const logFolder = join(fixture.folder, "deep", "logs of it");
      await runToEnd(fixture, scriptJob(fixture, script, { elements: 2, logFolder }));
      for (const element of [0, 1]) {
        const lines = await linesOf(fixture, join("deep", "logs of it", `${element}.log`));
        // A batch system may say something of its own.
        const own = lines.filter((line) => /^(out|err) /.test(line));
        assert.deepEqual(own.toSorted(), ["err 0", "err 1", "out 0", "out 1"], `log of element ${element}`);
        assert.ok(own.indexOf("out 0") < own.indexOf("out 1"), "the log of the first start comes first");
      }
    },
  },
  {
    name: "starts an element again that ends with 75, and no other, and counts its restarts",
    async run(fixture) {
      const script =
        'echo $TWINLOOM_RESTART >> starts.$TWINLOOM_ELEMENT; [ "$TWINLOOM_ELEMENT" = 0 ] || [ $TWINLOOM_RESTART = 2 ] || exit 75';
      const statuses = await runToEnd(fixture, scriptJob(fixture, script, { elements: 2 }));
      assert.deepEqual(statesOf(statuses), ["succeeded", "succeeded"]);
      assert.deepEqual(await linesOf(fixture, "starts.0"), ["0"]);
      assert.deepEqual(await linesOf(fixture, "starts.1"), ["0", "1", "2"]);
    },
  },
  {
    name: "runs no more elements at once than it is told to",
    async run(fixture) {
      const script = `echo $TWINLOOM_ELEMENT >> begun; ${waitFor("go")}; echo $TWINLOOM_ELEMENT >> ended`;
      const array = await fixture.executor.submit(scriptJob(fixture, script, { elements: 3, atOnce: 1 }));
      await until(fixture, "an element runs", async () => (await linesOf(fixture, "begun")).length > 0);
      await pass(fixture);
      assert.equal((await linesOf(fixture, "begun")).length, 1, "elements that run");
      assert.deepEqual(statesOf(await statusesOf(fixture, array)).toSorted(), ["queued", "queued", "running"]);
      await writeFile(join(fixture.folder, "go"), "");
      await untilOver(fixture, array);
      assert.deepEqual(await linesOf(fixture, "begun"), await linesOf(fixture, "ended"), "one after the other");
    },
  },
  {
    name: "starts an array when those before it have succeeded",
    async run(fixture) {
      const { executor } = fixture;
      const first = await executor.submit(scriptJob(fixture, `${waitFor("go")}; echo first >> order`, { elements: 2 }));
      const second = await executor.submit(scriptJob(fixture, "echo second >> order", { after: [first.id] }));
      await until(fixture, "one runs", async () => statesOf(await statusesOf(fixture, first)).includes("running"));
      await pass(fixture);
      assert.deepEqual(statesOf(await statusesOf(fixture, second)), ["queued"], "while the one before it runs");
      await writeFile(join(fixture.folder, "go"), "");
      assert.deepEqual(statesOf(await untilOver(fixture, second)), ["succeeded"]);
      assert.deepEqual(await linesOf(fixture, "order"), ["first", "first", "second"]);
    },
  },
  {
    name: "cancels an array where an element of one before it has failed, and those after it",
    async run(fixture) {
      const { executor } = fixture;
      const first = await executor.submit(scriptJob(fixture, "exit $TWINLOOM_ELEMENT", { elements: 2 }));
      const begins = "echo begun >> begun";
      const second = await executor.submit(scriptJob(fixture, begins, { elements: 2, after: [first.id] }));
      const third = await executor.submit(scriptJob(fixture, begins, { after: [second.id] }));
      assert.deepEqual(statesOf(await untilOver(fixture, first)), ["succeeded", "failed"]);
      assert.deepEqual(statesOf(await untilOver(fixture, second)), ["canceled", "canceled"]);
      assert.deepEqual(statesOf(await untilOver(fixture, third)), ["canceled"]);
      assert.deepEqual(await linesOf(fixture, "begun"), []);
    },
  },
];
