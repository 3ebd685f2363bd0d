import { type CheckedStep, stepsBefore } from "./check-plan.ts";
import { StepCheckpoint } from "./checkpoint.ts";
import type { RunFolder } from "./run-folder.ts";
import type { FileRecord } from "./run-record.ts";
import { runStep, type StepOutcome, skippedStep } from "./run-step.ts";
import { stepKey } from "./step-key.ts";
import type { TwinFacts } from "./twin-facts.ts";

/** How far a run is. */
export interface RunProgress {
  readonly step: string;
  /** Of the step, 0 to 1. */
  readonly fraction: number;
  readonly doing: string;
}

/** What the steps of a run share. */
export interface StepsOptions {
  readonly facts: TwinFacts;
  readonly folder: RunFolder;
  readonly signal: AbortSignal;
  readonly stopping: AbortSignal;
  /** Folder of checkpoints, if there is one. */
  readonly checkpoints: string | undefined;
  /** Largest number of steps run at the same time. */
  readonly concurrency: number;
  readonly onProgress: ((progress: RunProgress) => void) | undefined;
}

/** Runs steps in their order, each as soon as those before it are done and a place is free. */
export async function runSteps(
  steps: ReadonlyMap<string, CheckedStep>,
  run: StepsOptions,
): Promise<ReadonlyMap<string, StepOutcome>> {
  const { facts, folder, signal, stopping, concurrency, onProgress } = run;
  const outcomes = new Map<string, StepOutcome>();
  const waiting = new Map(steps);
  const running = new Set<Promise<void>>();

  const start = async (name: string, step: CheckedStep): Promise<void> => {
    const outcome = await runStep(step, {
      ...facts,
      signal,
      stopping,
      checkpoint: async (inputs) =>
        run.checkpoints === undefined
          ? undefined
          : new StepCheckpoint({
              folder: run.checkpoints,
              step: name,
              key: await stepKey(step, inputs, facts),
              log: facts.log,
            }),
      progress: (fraction, doing) => onProgress?.({ step: name, fraction, doing }),
      locate: (from) => {
        if ("file" in from) return { path: from.file };
        // Checked with the plan: the step is there, has run, and has this output.
        const sealed = outcomes.get(from.step)?.record.outputs[from.output] as FileRecord;
        return { path: folder.locate(sealed.path), sealed };
      },
      workFolder: folder.workFolder(name),
      shown: (file) => folder.shown(name, file),
      settle: () => folder.settle(name),
    });
    outcomes.set(name, outcome);
  };

  while (waiting.size > 0 || running.size > 0) {
    for (const [name, step] of waiting) {
      const before = stepsBefore(step).map((each) => outcomes.get(each)?.record.state);
      if (signal.aborted || stopping.aborted || before.some((state) => state !== undefined && state !== "succeeded")) {
        waiting.delete(name);
        outcomes.set(name, { record: skippedStep(step) });
      } else if (running.size < concurrency && before.every((state) => state === "succeeded")) {
        waiting.delete(name);
        const done = start(name, step).finally(() => running.delete(done));
        running.add(done);
      }
    }
    if (running.size > 0) await Promise.race(running);
  }
  return outcomes;
}
