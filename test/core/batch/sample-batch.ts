import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Memory } from "twinloom/modules/memory";
import { z } from "zod";
import {
  type BatchDocument,
  type BatchFile,
  Clock,
  Connector,
  constant,
  createTwin,
  type Digest,
  definePlugin,
  defineTask,
  digestBytes,
  type Task,
  TaskStoppedError,
  type Twin,
  token,
} from "../../../core/index.ts";

/** The version that sample batches are sealed with. */
export const VERSION: Digest = digestBytes("a version");

/** Writes its parameters; fails on `x` 13, and stops on `x` 99 when it is asked to. */
export const note = defineTask({
  name: "note",
  description: "Writes what it is given",
  parameters: z.strictObject({
    x: z.number().default(0).describe("a number"),
    seed: z.union([z.number(), z.string()]).optional().describe("seed"),
    name: z.string().default("").describe("a name"),
  }),
  needs: {},
  inputs: { before: { description: "more", optional: true } },
  outputs: { noted: { description: "what it was given", file: "noted.json" } },
  async run({ parameters, inputs, outputs, stopping, checkpoint, signal, progress }) {
    progress(0.5, "writing");
    if (parameters.x === 13) throw Object.assign(new RangeError("13 is not allowed"), { code: "THIRTEEN" });
    if (parameters.x === 99) {
      const saved = await checkpoint?.load();
      if (saved === undefined) {
        await checkpoint?.save({ state: "half", files: {} });
        const asked = AbortSignal.any([stopping, signal]);
        if (!asked.aborted) await once(asked, "abort");
        signal.throwIfAborted();
        throw new TaskStoppedError("note", "half");
      }
    }
    const before = inputs.before === undefined ? null : (JSON.parse(await readFile(inputs.before, "utf8")) as object);
    await writeFile(outputs.noted, JSON.stringify({ ...parameters, before }));
    return parameters.x;
  },
});

const noteTask: readonly Task<never, never, never, never>[] = [note] as never;
const notes = definePlugin({
  name: "test#notes",
  version: "1.0.0",
  provides: token<object>("notes"),
  tasks: noteTask,
  create: () => ({}),
});

/** A running twin that says it is a version, with the task {@link note}. */
export async function openSample(version: Digest = VERSION): Promise<Twin> {
  return await createTwin({
    name: "sample",
    restoredFrom: version,
    plugins: {
      notes: notes(),
      files: constant(Connector, new Memory()),
      clock: constant(Clock, { now: () => Date.now() }),
    },
  });
}

/** A batch of the task {@link note}, run once per `x`. */
export function sampleDocument(
  xs: readonly number[],
  more: Partial<BatchDocument> & { readonly before?: BatchFile } = {},
): BatchDocument {
  const { before, ...members } = more;
  return {
    schemaVersion: 1,
    name: "note",
    kind: "task",
    twin: { name: "sample", version: VERSION },
    seed: null,
    swept: ["x"],
    points: xs.map((x) => ({ x })),
    stages: [{ name: "note", task: "note", parameters: {}, inputs: before ? { before } : {} }],
    ...members,
  };
}

/** A plan of two stages, the second of which reads what the first wrote. */
export function samplePlan(xs: readonly number[]): BatchDocument {
  return sampleDocument([], {
    name: "twice",
    kind: "plan",
    swept: ["first.x"],
    points: xs.map((x) => ({ "first.x": x })),
    stages: [
      { name: "first", task: "note", parameters: { name: "a" }, inputs: {} },
      { name: "second", task: "note", parameters: {}, inputs: { before: { stage: "first", output: "noted" } } },
    ],
  });
}

/** A folder of its own, removed at the end; `batch` is a path in it where nothing is. */
export async function scratch(): Promise<{ readonly path: string; readonly batch: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "twinloom-batch-"));
  return { path, batch: join(path, "batch"), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** The token of a test's submission. */
export function tokenOf(n: number): string {
  return n.toString(16).padStart(32, "0");
}
