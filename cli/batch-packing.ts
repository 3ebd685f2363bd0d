import { randomBytes } from "node:crypto";
import { type BatchFolder, choosePacking, openTwin, type Packing, runElement } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { RunsFailedError } from "./errors.ts";

/** How the task runs of a stage are put into elements. */
export interface StagePacking extends Packing {
  readonly stage: string;
  readonly taskRuns: number;
}

/**
 * Chooses for each stage how many task runs an element has.
 *
 * @param seconds - How long a task run takes [s], by stage.
 * @throws `TWIN_PACKING_IMPOSSIBLE`
 */
export function choosePackings(
  { document }: Pick<BatchFolder, "document">,
  {
    arraySize,
    seconds,
    asked,
  }: { readonly arraySize: number; readonly seconds: ReadonlyMap<string, number>; readonly asked?: number | undefined },
): readonly StagePacking[] {
  const taskRuns = document.points.length;
  return document.stages.map(({ name: stage }) => ({
    ...{ stage, taskRuns },
    ...choosePacking({ taskRuns, arraySize, seconds: seconds.get(stage), asked }),
  }));
}

/**
 * Runs the first task run of each stage in this process, as an element of its own: its result counts.
 *
 * @returns How long each took [s], by stage.
 * @throws `TWIN_TASK_RUNS_FAILED`; what `runElement` throws.
 */
export async function measureFirstRuns(
  batch: BatchFolder,
  io: Pick<CommandIo, "signal" | "progress">,
): Promise<ReadonlyMap<string, number>> {
  const seconds = new Map<string, number>();
  const { signal } = io;
  for (const { name: stage } of batch.document.stages) {
    const token = randomBytes(16).toString("hex");
    await batch.writeSubmission({ token, batch: batch.id, stage, elements: [[0]] });
    const result = await runElement(batch, {
      ...{ token, element: 0, restart: 0, job: "measured", signal },
      openTwin: (store, version) => openTwin(version, { store, signal }),
      onProgress: ({ fraction, doing }) => io.progress(fraction, `measuring ${stage}: ${doing}`),
    });
    if (result.state !== "done") throw new RunsFailedError(result.runs, batch.path);
    const accepted = await batch.readAccepted({ stage, run: 0 });
    if (accepted) seconds.set(stage, accepted.record.durationMs / 1_000);
  }
  return seconds;
}
