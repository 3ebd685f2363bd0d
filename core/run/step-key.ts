import type { Digest } from "../canonical/digest.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import type { CheckedStep } from "./check-plan.ts";
import { currentEnvironment } from "./environment.ts";
import type { FileRecord } from "./run-record.ts";
import type { TwinFacts } from "./twin-facts.ts";

/**
 * What makes two pieces of work the same: steps with equal keys give equal results, wherever they run. Paths are no part
 * of it, nor is the model of the processor: a task that was stopped may go on in another folder and on another machine.
 */
export interface StepKey {
  readonly task: string;
  readonly part: string | null;
  readonly parameters: JsonValue;
  /** Digests of the bytes, by input. */
  readonly inputs: Readonly<Record<string, Digest>>;
  readonly twin: { readonly specDigest: Digest; readonly version: Digest | null };
  readonly environment: {
    readonly engine: string;
    readonly node: string;
    readonly platform: string;
    readonly architecture: string;
    readonly lock: Digest | null;
    readonly plugins: TwinFacts["plugins"];
    readonly models: TwinFacts["models"];
  };
}

/** The key of a step whose inputs were digested. */
export async function stepKey(
  step: CheckedStep,
  inputs: Readonly<Record<string, FileRecord>>,
  facts: Pick<TwinFacts, "spec" | "version" | "engine" | "plugins" | "models">,
): Promise<StepKey> {
  const { engine, node, os, cpu, lock } = await currentEnvironment(facts);
  return {
    task: step.task.name,
    part: step.part ?? null,
    parameters: step.checked as JsonValue,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { fileDigest }]) => [name, fileDigest])),
    twin: { specDigest: facts.spec.specDigest, version: facts.version ?? null },
    environment: {
      engine,
      node,
      platform: os.platform,
      architecture: cpu.architecture,
      lock: lock?.digest ?? null,
      plugins: facts.plugins,
      models: facts.models,
    },
  };
}
