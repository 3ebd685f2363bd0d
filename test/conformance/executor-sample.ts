import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ArrayJob, ElementState, ElementStatus, Executor, SubmittedArray } from "../../core/index.ts";

/** An executor under test, with nothing submitted. */
export interface ExecutorFixture {
  readonly executor: Executor;
  /** An empty folder, absolute, that elements see under the same path. */
  readonly folder: string;
  /** How often the suite asks, ms; 50 by default. */
  readonly pollMs?: number;
  /** How long it waits for what must come about, ms; 60 000 by default. The runner's own limit is to be above that. */
  readonly deadlineMs?: number;
  /** The shortest time limit that is enforced, with a warning; without it the cases of `timeLimitCases` are to be skipped. */
  readonly timeLimit?: { readonly timeLimitS: number; readonly warnS: number };
  /** Another client of the same batch system; without it `otherClientCases` are to be skipped. */
  another?(): Promise<Executor>;
  /** Ends a running element as the system does for others' sake; without it `preemptionCases` are to be skipped. */
  preempt?(array: SubmittedArray, element: number): Promise<void>;
  /** Ends what still runs and removes what the fixture made. */
  dispose?(): Promise<void>;
}

/** States after which nothing more comes. */
const FINAL: ReadonlySet<ElementState> = new Set(["succeeded", "failed", "canceled"]);

/** Polls after which what did not happen is taken not to. */
export const A_WHILE = 10;

/** Waits, in a shell script, until the suite has made a file; or until its folder is gone. */
export const waitFor = (name: string): string => `while [ -d "$PWD" ] && ! [ -e ${name} ]; do sleep 0.05; done`;

export function newToken(): string {
  return randomBytes(16).toString("hex");
}

/** Elements that run a shell script in the folder of the fixture. */
export function scriptJob({ folder }: ExecutorFixture, script: string, change: Partial<ArrayJob> = {}): ArrayJob {
  return {
    token: newToken(),
    name: "conformance",
    command: ["/bin/sh", "-c", script],
    workingFolder: folder,
    logFolder: join(folder, "logs"),
    elements: 1,
    resources: {},
    ...change,
  };
}

export async function statusesOf(
  { executor }: ExecutorFixture,
  array: SubmittedArray,
): Promise<readonly ElementStatus[]> {
  const [statuses] = await executor.observe([array]);
  assert.ok(statuses, "observe gives statuses of the array");
  assert.deepEqual(
    statuses.map(({ element }) => element),
    Array.from({ length: array.elements }, (_, element) => element),
    "elements of an array, in order",
  );
  return statuses;
}

/** Asks until it is so. */
export async function until(
  { pollMs = 50, deadlineMs = 60_000 }: ExecutorFixture,
  what: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) assert.fail(`${what}: not within ${deadlineMs} ms`);
    await setTimeout(pollMs);
  }
}

/** Asks a while longer, as something is not to come about. */
export async function pass({ pollMs = 50 }: ExecutorFixture): Promise<void> {
  await setTimeout(A_WHILE * pollMs);
}

/** Waits until all elements have ended. */
export async function untilOver(fixture: ExecutorFixture, array: SubmittedArray): Promise<readonly ElementStatus[]> {
  let last: readonly ElementStatus[] = [];
  try {
    await until(fixture, "all elements have ended", async () => {
      last = await statusesOf(fixture, array);
      return last.every(({ state }) => FINAL.has(state));
    });
  } catch (error) {
    if (error instanceof assert.AssertionError) assert.fail(`${error.message}; they are ${JSON.stringify(last)}`);
    throw error;
  }
  return last;
}

/** Submits an array and waits until its elements have ended. */
export async function runToEnd(fixture: ExecutorFixture, job: ArrayJob): Promise<readonly ElementStatus[]> {
  return await untilOver(fixture, await fixture.executor.submit(job));
}

export function statesOf(statuses: readonly ElementStatus[]): readonly ElementState[] {
  return statuses.map(({ state }) => state);
}

/** What elements have written so far; empty where there is no such file. */
export async function textOf({ folder }: ExecutorFixture, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Lines that elements have written. */
export async function linesOf(fixture: ExecutorFixture, name: string): Promise<readonly string[]> {
  return (await textOf(fixture, name)).split("\n").slice(0, -1);
}
