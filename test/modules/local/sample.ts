import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type ArrayJob, type ElementStatus, lockHolder, type SubmittedArray } from "twinloom";
import type { LocalExecutor } from "twinloom/modules/local";

/** A folder for elements to write to, and one for the executor. */
export interface LocalSample {
  readonly folder: string;
  readonly stateFolder: string;
  /** Ends what runs and removes both. */
  dispose(): Promise<void>;
}

export async function newFolder(): Promise<LocalSample> {
  const root = await mkdtemp(join(tmpdir(), "twinloom-local-"));
  const [folder, stateFolder] = [join(root, "work"), join(root, "state")];
  await mkdir(folder);
  return {
    folder,
    stateFolder,
    dispose: async () => {
      const supervisor = await supervisorOf(stateFolder);
      // It ends what it runs before it ends itself.
      try {
        if (supervisor !== undefined) process.kill(supervisor, "SIGTERM");
      } catch (error) {
        // It had nothing left to run.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
      await until(async () => (await supervisorOf(stateFolder)) === undefined);
      await rm(root, { recursive: true, maxRetries: 5 });
    },
  };
}

/** The process that supervises a folder. */
export async function supervisorOf(stateFolder: string): Promise<number | undefined> {
  return (await lockHolder(join(stateFolder, "supervisor")))?.pid;
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error("It did not come about within 30 s.");
    await setTimeout(10);
  }
}

export function scriptJob(folder: string, script: string, change: Partial<ArrayJob> = {}): ArrayJob {
  return {
    token: randomBytes(16).toString("hex"),
    name: "test",
    command: ["/bin/sh", "-c", script],
    workingFolder: folder,
    logFolder: join(folder, "logs"),
    elements: 1,
    resources: {},
    ...change,
  };
}

/** Asks until no element is to come. */
export async function untilOver(executor: LocalExecutor, array: SubmittedArray): Promise<readonly ElementStatus[]> {
  let statuses: readonly ElementStatus[] = [];
  await until(async () => {
    statuses = (await executor.observe([array]))[0] ?? [];
    return statuses.every(({ state }) => ["succeeded", "failed", "canceled"].includes(state));
  });
  return statuses;
}
