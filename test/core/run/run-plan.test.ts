import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  artifact,
  canonicalJson,
  checkPlan,
  compareRuns,
  definePlan,
  defineTask,
  digestBytes,
  digestJson,
  file,
  type Plan,
  planDocument,
  type RunFailedError,
  type RunProgress,
  type RunRecord,
  readRunRecord,
  runPlan,
  runTask,
  type StepRecord,
  type TwinControl,
} from "../../../core/index.ts";
import { Missing, make, sampleTwin, sum } from "./sample-twin.ts";

let folder: string;
let twin: TwinControl;
let out: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-run-"));
  out = join(folder, "run");
  twin = await sampleTwin();
});
afterEach(async () => {
  await twin.stop();
  await rm(folder, { recursive: true });
});

/** Two steps that feed a third. */
const plan: Plan = definePlan("three", (step) => {
  const one = step("one", make, { parameters: { seed: 2 } });
  const two = step("two", make, { parameters: { seed: 5, n: 2 } });
  step("total", sum, { inputs: { numbers: one.outputs.numbers, more: two.outputs.numbers } });
});

async function files(path: string): Promise<readonly string[]> {
  return (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort((a, b) => (a < b ? -1 : 1));
}

async function failureOf(running: Promise<unknown>): Promise<RunFailedError> {
  return running.then(
    () => expect.fail("the run must fail"),
    (error: RunFailedError) => error,
  );
}

describe("runPlan", () => {
  it("runs the steps in their order and hands outputs over", async () => {
    const record = await runPlan(twin, plan, { out });
    expect(record.state).toBe("succeeded");
    expect(stepOf(record, "total").result).toBe(0 + 2 + 4 + 0 + 5);
    expect(await files(folder)).toEqual([
      "run/one/numbers.json",
      "run/run.json",
      "run/total/deep/total.json",
      "run/two/numbers.json",
    ]);
    expect(stepOf(record, "total").inputs["numbers"]).toEqual(stepOf(record, "one").outputs["numbers"]);
  });

  it("seals a record that is canonical JSON, and notices a change of it", async () => {
    const record = await runPlan(twin, plan, { out, seed: 18446744073709551615n });
    const path = join(out, "run.json");
    const text = await readFile(path, "utf8");
    expect(text).toBe(canonicalJson(record));
    expect(await readRunRecord(path)).toEqual(record);
    expect(await readRunRecord(out)).toEqual(record);
    await writeFile(path, text.replace('"state":"succeeded"', '"state":"failed"'));
    await expect(readRunRecord(path)).rejects.toMatchObject({ code: "TWIN_RUN_RECORD_DAMAGED" });
    await writeFile(path, text.replace('"schemaVersion":1', '"schemaVersion":2'));
    await expect(readRunRecord(path)).rejects.toMatchObject({ code: "TWIN_RUN_RECORD_DAMAGED" });
    await expect(readRunRecord(folder)).rejects.toMatchObject({ code: "TWIN_RUN_RECORD_DAMAGED" });
  });

  it("records the twin, what was asked, the environment and the times", async () => {
    const record = await runPlan(twin, plan, { out, concurrency: 1 });
    expect(record).toMatchObject({
      schemaVersion: 1,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      twin: { name: "sample", specDigest: expect.stringMatching(/^sha256:/), spec: { twin: "sample" } },
      kind: "plan",
      seed: null,
      plan: planDocument(plan),
      environment: {
        node: process.version,
        os: { platform: process.platform },
        plugins: { calculator: { plugin: "test#calculator", version: "1.2.3" } },
      },
      startedAt: "2001-09-09T01:46:40.000Z",
      endedAt: "2001-09-09T01:46:47.000Z",
      durationMs: 7000,
    });
    expect(stepOf(record, "one")).toEqual({
      task: "make",
      state: "succeeded",
      parameters: { seed: 2, n: 3 },
      inputs: {},
      outputs: {
        numbers: {
          path: "one/numbers.json",
          bytes: 17,
          fileDigest: digestBytes("[\n  0,\n  2,\n  4\n]"),
          contentDigest: digestJson([0, 2, 4]),
        },
      },
      result: { n: 3 },
      startedAt: "2001-09-09T01:46:41.000Z",
      endedAt: "2001-09-09T01:46:42.000Z",
      durationMs: 1000,
    });
  });

  it("makes the same outputs again, though records differ", async () => {
    const first = await runPlan(twin, plan, { out });
    const second = await runPlan(twin, plan, { out: join(folder, "again") });
    const other = await runPlan(twin, plan, { out: join(folder, "other"), parameters: { "one.seed": 3 } });
    expect((await compareRuns(first, second)).verdict).toBe("identical");
    expect(first.digest).not.toBe(second.digest);
    expect((await compareRuns(first, other)).verdict).toBe("different");
  });

  it("gives the seed of the run to each task that takes one and has none", async () => {
    const seedless = definePlan("seedless", (step) => {
      step("one", make);
      step("two", make, { parameters: { seed: 5 } });
    });
    const record = await runPlan(twin, seedless, { out, seed: 11 });
    expect(stepOf(record, "one").parameters).toEqual({ seed: 11, n: 3 });
    expect(stepOf(record, "two").parameters).toEqual({ seed: 5, n: 3 });
    await expect(runPlan(twin, seedless, { out: join(folder, "x"), seed: -1 })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
  });

  it("tells how far each step is", async () => {
    const seen: RunProgress[] = [];
    await runPlan(twin, plan, { out, concurrency: 1, onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { step: "one", fraction: 0.5, doing: "multiplying" },
      { step: "two", fraction: 0.5, doing: "multiplying" },
    ]);
  });

  it("runs steps that do not wait for each other at the same time, as many as allowed", async () => {
    const meet = new Meeting(2);
    const wait = defineTask({
      name: "wait",
      description: "Waits until two are there",
      parameters: z.object({}),
      needs: {},
      inputs: {},
      outputs: {},
      run: async () => meet.arrive(),
    });
    const pair = definePlan("pair", (step) => {
      step("a", wait);
      step("b", wait);
    });
    expect((await runPlan(twin, pair, { out, concurrency: 2 })).state).toBe("succeeded");
    await expect(runPlan(twin, pair, { out, concurrency: 0 })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("reports everything that is wrong together, and makes nothing", async () => {
    const needy = defineTask({ ...make, name: "needy", needs: { missing: Missing } });
    const wrong: Plan = {
      name: "wrong",
      steps: {
        one: { task: make, parameters: { sed: 2 }, inputs: {} },
        two: {
          task: sum,
          parameters: {},
          inputs: { numbers: { step: "three", output: "numbers" }, mor: file("nope.json") },
        },
        four: { task: sum, parameters: {}, inputs: { numbers: { step: "one", output: "nmbers" } } },
        Five: { task: sum, parameters: {}, inputs: {} },
        six: { task: needy, parameters: { seed: 1 }, inputs: {} },
      },
    };
    const error = await runPlan(twin, wrong, { out }).catch((reason) => reason);
    expect(error).toMatchObject({ code: "TWIN_INVALID_PLAN" });
    expect(error.message.split("\n")).toEqual([
      'Plan "wrong" cannot run:',
      '  one.parameters.sed: Unknown. Did you mean "seed"? There are: seed, n.',
      "  one.parameters.seed: Missing; it must be a number.",
      '  two.inputs.numbers: There is no step "three". There are: one, two, Five, four, six. A file is written !artifact three.numbers.',
      '  two.inputs.mor: Task "sum" has no such input. Did you mean "more"? There are: more, numbers.',
      '  four.inputs.numbers: Step "one" has no output "nmbers". Did you mean "numbers"? There is: numbers.',
      '  Five: "Five" is no step name: use lower-case letters, digits and dashes, and not "partial".',
      '  Five.inputs.numbers: Missing; task "sum" needs it: the numbers',
      '  two.inputs.mor: There is no file "nope.json".',
      expect.stringContaining('  six: Task "needy" needs a missing'),
    ]);
    expect(await files(folder)).toEqual([]);
  });

  it("finds cycles", () => {
    const circle: Plan = {
      name: "circle",
      steps: {
        a: { task: sum, parameters: {}, inputs: { numbers: { step: "b", output: "total" } } },
        b: { task: sum, parameters: {}, inputs: { numbers: { step: "a", output: "total" } } },
      },
    };
    expect(checkPlan(circle).problems).toEqual([
      { path: ["a"], message: "Waits for itself: a reads from b reads from a." },
    ]);
  });

  it("does not overwrite a run unless asked, and never anything else", async () => {
    const first = await runPlan(twin, plan, { out });
    await expect(runPlan(twin, plan, { out })).rejects.toMatchObject({ code: "TWIN_RUN_FOLDER_EXISTS" });
    expect(await readRunRecord(join(out, "run.json"))).toEqual(first);
    const second = await runPlan(twin, plan, { out, existing: "replace" });
    expect(await readRunRecord(join(out, "run.json"))).toEqual(second);

    const precious = join(folder, "precious");
    await mkdir(precious);
    await writeFile(join(precious, "thesis.tex"), "");
    const running = runPlan(twin, plan, { out: precious, existing: "replace" });
    await expect(running).rejects.toMatchObject({ code: "TWIN_RUN_FOLDER_EXISTS" });
    await expect(runPlan(twin, plan, { out: join(precious, "thesis.tex") })).rejects.toMatchObject({
      code: "TWIN_RUN_FOLDER_EXISTS",
    });
    expect(await files(precious)).toEqual(["thesis.tex"]);
    await mkdir(join(folder, "empty"));
    expect((await runPlan(twin, plan, { out: join(folder, "empty") })).state).toBe("succeeded");
  });

  it("is kept when others run into the same folder: one of them seals, and the others are told", async () => {
    for (let round = 0; round < 10; round++) {
      const place = join(folder, `round-${round}`);
      const runs = await Promise.allSettled([1, 2, 3, 4, 5].map(() => runPlan(twin, plan, { out: place })));
      const sealed = runs.filter((run) => run.status === "fulfilled");
      expect(sealed).toHaveLength(1);
      expect(await readRunRecord(join(place, "run.json"))).toEqual(sealed[0]?.value);
      for (const run of runs.filter((each) => each.status === "rejected")) {
        expect(run.reason).toMatchObject({ code: "TWIN_RUN_FOLDER_EXISTS" });
      }
      const replacing = [1, 2, 3, 4].map(() => runPlan(twin, plan, { out: place, existing: "replace" }));
      const records = await Promise.all(replacing);
      expect(records.map(({ id }) => id)).toContain((await readRunRecord(join(place, "run.json"))).id);
    }
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("refuses a folder that cannot be made, in so many words", async () => {
    await writeFile(join(folder, "notes.txt"), "");
    const below = join(folder, "notes.txt", "run", "1");
    await expect(runPlan(twin, plan, { out: below })).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
    await expect(runPlan(twin, plan, { out: "" })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("takes undefined parameters and inputs as not given", async () => {
    const loose = { parameters: { seed: 4, n: undefined }, inputs: { numbers: undefined } } as object;
    const record = await runPlan(
      twin,
      definePlan("loose", (step) => void step("make", make, loose)),
      { out, parameters: { "make.n": undefined } },
    );
    expect(stepOf(record, "make")).toMatchObject({ parameters: { seed: 4, n: 3 }, inputs: {} });
    const alone = await runTask(twin, "make", { ...loose, out: join(folder, "alone") });
    expect(stepOf(alone, "make").parameters).toEqual({ seed: 4, n: 3 });
  });

  it("refuses parameters that its record could not hold, before anything runs", () => {
    const day = z.string().transform((text) => new Date(text));
    const dated = { ...make, parameters: z.object({ day }) };
    const big = { ...make, parameters: z.object({ id: z.bigint() }) };
    const { problems } = checkPlan(
      definePlan("odd", (step) => {
        step("dated", dated as never, { parameters: { day: "2026-01-01" } as never });
        step("big", big as never, { parameters: { id: 3n } as never });
      }),
    );
    expect(problems).toEqual([
      { path: ["dated", "parameters"], message: expect.stringContaining("$.read.day is not a plain object") },
      { path: ["big", "parameters"], message: expect.stringContaining("$.given.id is a bigint") },
    ]);
  });

  it("refuses outputs without a file of their own", () => {
    const file = (name: string): { description: string; file: string } => ({ description: "", file: name });
    const outputs = { a: file("x.json"), b: file("./x.json"), c: file("."), d: file("run.json"), e: file("../x") };
    const messy = defineTask({ ...make, outputs } as never);
    const { problems } = checkPlan(definePlan("p", (step) => void step("messy", messy, { parameters: { seed: 1 } })));
    expect(problems.map(({ path }) => path[2])).toEqual(["b", "c", "d", "e"]);
  });

  it("keeps what a task wrote unasked, but not in the place of its own files", async () => {
    const busy = defineTask({
      ...make,
      run: async (context) => {
        const work = dirname(context.outputs.numbers);
        await mkdir(join(work, "partial"));
        for (const name of ["run.json", "log.txt", "partial/x"]) await writeFile(join(work, name), "mine");
        return make.run(context);
      },
    });
    const record = await runTask(twin, busy, { out, parameters: { seed: 1 } });
    expect(await readRunRecord(join(out, "run.json"))).toEqual(record);
    expect(await files(out)).toEqual([
      "log.txt",
      "numbers.json",
      "partial/make/partial/x",
      "partial/make/run.json",
      "run.json",
    ]);
  });

  it("refuses a seed that is none", async () => {
    for (const seed of [-1, 1.5, 2 ** 53, 2n ** 64n, "7", null] as number[]) {
      await expect(runPlan(twin, plan, { out, seed })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    }
  });

  it("has a null result where a task returns nothing", async () => {
    const silent = defineTask({ ...make, outputs: {}, run: (async () => undefined) as never });
    expect(stepOf(await runTask(twin, silent, { out, parameters: { seed: 1 } }), "make").result).toBeNull();
  });

  it("compares JSON inputs without a canonical form by their bytes", async () => {
    const odd = { infinite: "[1e999]", surrogate: '["\\ud800"]', deep: "[".repeat(20_000) + "]".repeat(20_000) };
    const reader = defineTask({ ...sum, outputs: {}, run: async () => null });
    for (const [name, text] of Object.entries(odd)) {
      const path = join(folder, `${name}.json`);
      await writeFile(path, text);
      const record = await runTask(twin, reader, { out: join(folder, name), inputs: { numbers: path } });
      expect(stepOf(record, "sum").inputs["numbers"]).toMatchObject({ contentDigest: null, bytes: text.length });
    }
  });
});

describe("A run that fails", () => {
  it("seals a record whatever was thrown", async () => {
    const thrown = [undefined, "boom", Object.create(null), new Error("half a pair: \ud800"), Symbol("s")];
    for (const [index, value] of thrown.entries()) {
      const throwing = defineTask({ ...make, run: () => Promise.reject(value) });
      const place = join(folder, String(index));
      const error = await failureOf(runTask(twin, throwing, { out: place, parameters: { seed: 1 } }));
      expect(error).toMatchObject({ code: "TWIN_RUN_FAILED" });
      expect(await readRunRecord(join(place, "run.json"))).toEqual(error.record);
    }
  });

  it("stops the steps after the failed one, runs the others, and leaves a record", async () => {
    const failing = definePlan("failing", (step) => {
      const bad = step("bad", make, { parameters: { seed: 13 } });
      const total = step("total", sum, { inputs: { numbers: bad.outputs.numbers } });
      step("after", sum, { inputs: { numbers: total.outputs.total } });
      step("other", make, { parameters: { seed: 1 } });
    });
    const error = await failureOf(runPlan(twin, failing, { out }));
    expect(error.message).toBe(
      `Step "total" failed: 13 is not allowed\nNot run: after. The record of the run is ${join(out, "run.json")}.`,
    );
    expect(error).toMatchObject({ code: "TWIN_RUN_FAILED", cause: expect.any(RangeError) });
    const record = await readRunRecord(join(out, "run.json"));
    expect(record).toEqual(error.record);
    expect(states(record)).toEqual({ bad: "succeeded", total: "failed", after: "skipped", other: "succeeded" });
    expect(stepOf(record, "total").error).toEqual({ code: null, name: "RangeError", message: "13 is not allowed" });
    expect(stepOf(record, "total").outputs).toEqual({});
    expect(await files(out)).toEqual([
      "bad/numbers.json",
      "other/numbers.json",
      "partial/total/deep/total.json",
      "run.json",
    ]);
    expect(await readdir(folder)).toEqual(["run"]);
  });

  it("fails when a declared output is missing", async () => {
    const lazy = defineTask({ ...make, name: "lazy", run: async () => null });
    const error = await failureOf(runTask(twin, lazy, { out, parameters: { seed: 1 } }));
    expect(error.cause).toMatchObject({ code: "TWIN_OUTPUT_MISSING" });
    expect(stepOf(error.record, "lazy").error?.message).toContain('its output "numbers" (numbers.json)');
  });

  it("fails when the result is no JSON", async () => {
    const odd = defineTask({ ...make, name: "odd", run: async () => ({ value: Number.NaN }) });
    const error = await failureOf(runTask(twin, odd, { out, parameters: { seed: 1 } }));
    expect(error.cause).toMatchObject({
      code: "TWIN_NOT_CANONICAL",
      message: expect.stringContaining("$.value is NaN"),
    });
  });

  it("fails when an input changes while it is used", async () => {
    const input = join(folder, "input.json");
    await writeFile(input, "[1]");
    const meddling = defineTask({
      ...sum,
      name: "meddling",
      run: async (context) => {
        await writeFile(input, "[2]");
        return sum.run(context);
      },
    });
    const error = await failureOf(runTask(twin, meddling, { out, inputs: { numbers: input } }));
    expect(error.cause).toMatchObject({ code: "TWIN_INPUT_CHANGED", location: input });
  });

  it("fails when what a step handed over was changed", async () => {
    const meddling = defineTask({
      ...make,
      name: "meddling",
      inputs: { victim: { description: "a file to spoil" } },
      run: async ({ inputs, outputs }) => {
        await writeFile(inputs.victim as string, "[6, 6, 6]");
        await writeFile(outputs.numbers, "[]");
        return null;
      },
    });
    const spoiled = definePlan("spoiled", (step) => {
      const one = step("one", make, { parameters: { seed: 1 } });
      const spoiler = step("spoiler", meddling, { parameters: { seed: 1 }, inputs: { victim: one.outputs.numbers } });
      step("total", sum, { inputs: { numbers: one.outputs.numbers, more: spoiler.outputs.numbers } });
    });
    const error = await failureOf(runPlan(twin, spoiled, { out }));
    expect(states(error.record)).toEqual({ one: "succeeded", spoiler: "failed", total: "skipped" });
    expect(error.cause).toMatchObject({ code: "TWIN_INPUT_CHANGED" });
  });

  it("fails when an artifact is not the one that was meant", async () => {
    const input = join(folder, "input.json");
    await writeFile(input, "[1]");
    const digest = `sha256:${"0".repeat(64)}`;
    const pinned = definePlan("pinned", (step) => {
      step("total", sum, { inputs: { numbers: artifact(input, { digest }) } });
    });
    const error = await failureOf(runPlan(twin, pinned, { out }));
    expect(error.cause).toMatchObject({ code: "TWIN_ARTIFACT_CHANGED" });
  });
});

describe("A run that is canceled", () => {
  it("leaves a record, and rejects with the reason of its signal", async () => {
    const endless = definePlan("endless", (step) => {
      const numbers = step("numbers", make, { parameters: { seed: 99, n: 2 } });
      const total = step("total", sum, { inputs: { numbers: numbers.outputs.numbers } });
      step("after", sum, { inputs: { numbers: total.outputs.total } });
    });
    const abort = new AbortController();
    const reason = new Error("called off");
    const running = runPlan(twin, endless, {
      out,
      signal: abort.signal,
      onProgress: () => setImmediate(() => abort.abort(reason)),
    });
    await expect(running).rejects.toBe(reason);
    const record = await readRunRecord(join(out, "run.json"));
    expect(record.state).toBe("canceled");
    expect(stepOf(record, "after").state).toBe("skipped");
  });

  it("makes nothing when it was canceled before", async () => {
    const signal = AbortSignal.abort(new Error("called off"));
    await expect(runPlan(twin, plan, { out, signal })).rejects.toBe(signal.reason);
    expect(await files(folder)).toEqual([]);
  });
});

describe("runTask", () => {
  it("runs a task of the twin by its name; its outputs lie beside the record", async () => {
    const input = join(folder, "input.json");
    await writeFile(input, "[1, 2]");
    const record = await runTask(twin, "sum", { out, inputs: { numbers: input }, parameters: { scale: 10 } });
    expect(record).toMatchObject({ kind: "task", steps: { sum: { result: 30, parameters: { scale: 10 } } } });
    expect(stepOf(record, "sum").inputs["numbers"]).toMatchObject({ path: input, bytes: 6 });
    expect(await files(out)).toEqual(["deep/total.json", "run.json"]);
  });

  it("lists the nearest parameters when one is not known", async () => {
    await expect(runTask(twin, "make", { out, parameters: { sead: 1, n: 0 } })).rejects.toMatchObject({
      code: "TWIN_INVALID_PARAMETERS",
      problems: [
        { path: ["sead"], message: 'Unknown. Did you mean "seed"? There are: seed, n.' },
        { path: ["seed"], message: "Missing; it must be a number." },
        { path: ["n"], message: "Too small: expected number to be >=1." },
      ],
    });
  });

  it("lists the tasks when one is not known", async () => {
    await expect(runTask(twin, "mak", { out })).rejects.toMatchObject({
      code: "TWIN_TASK_NOT_FOUND",
      message: expect.stringContaining("There are: make, sum."),
    });
    await expect(runPlan(twin, "mak", { out })).rejects.toMatchObject({ code: "TWIN_TASK_NOT_FOUND" });
  });
});

function stepOf({ steps }: RunRecord, name: string): StepRecord {
  return steps[name] as StepRecord;
}

function states({ steps }: RunRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(steps).map(([name, { state }]) => [name, state]));
}

/** Lets nobody go before so many have come. */
class Meeting {
  readonly #all = Promise.withResolvers<null>();
  #missing: number;

  constructor(count: number) {
    this.#missing = count;
  }

  arrive(): Promise<null> {
    if (--this.#missing === 0) this.#all.resolve(null);
    return this.#all.promise;
  }
}
