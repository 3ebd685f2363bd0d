import { type Digest, digestJson } from "../canonical/digest.ts";
import { Clock } from "../contracts/clock.ts";
import { Connector } from "../contracts/connector.ts";
import { Log } from "../contracts/log.ts";
import { Model } from "../contracts/model.ts";
import { many, type Needs, providedTokens } from "../kernel/plugin.ts";
import { compositionOf, resolveNeeds, type TwinComposition, type TwinControl } from "../kernel/twin.ts";
import { ENGINE_VERSION } from "../kernel/version.ts";
import { specDocument } from "../spec/spec-document.ts";
import type { EngineFacts } from "./environment.ts";
import type { PlanStep } from "./plan.ts";
import type { RunRecord } from "./run-record.ts";

/** What a run needs of its twin. */
export interface TwinFacts extends EngineFacts {
  readonly clock: Clock;
  readonly log: Log;
  readonly connectors: readonly Connector[];
  readonly spec: RunRecord["twin"];
  /** The sealed version that the twin came from. */
  readonly version?: Digest;
  /** Parts for the needs of a step's task. */
  resolve(step: Pick<PlanStep, "task" | "part">): Readonly<Record<string, unknown>>;
}

/** @throws `TWIN_STOPPED`; `TWIN_INVALID_ARGUMENT` for what is no twin. */
export function twinFacts(twin: TwinControl): TwinFacts {
  const composition = compositionOf(twin);
  const { clock, log, connectors } = resolveNeeds(twin, { clock: Clock, log: Log, connectors: many(Connector) });
  const spec = specDocument(composition);
  return {
    clock,
    log,
    connectors,
    spec: { name: composition.name, specDigest: digestJson(spec), spec },
    ...(composition.restoredFrom !== undefined && { version: composition.restoredFrom }),
    engine: ENGINE_VERSION,
    plugins: Object.fromEntries(
      Object.entries(composition.plugins).map(([part, { definition }]) => [
        part,
        { plugin: definition.name, version: definition.version },
      ]),
    ),
    models: modelsOf(twin, composition),
    resolve: ({ task, part = bringer(composition, task) }) =>
      resolveNeeds(twin, task.needs as Needs, { ...(part !== undefined && { part }), needer: `Task "${task.name}"` }),
  };
}

/** What the models of a twin are, as they were read: a file may be another by now. */
function modelsOf(twin: TwinControl, { plugins }: TwinComposition): EngineFacts["models"] {
  const parts = twin as unknown as Readonly<Record<string, Model>>;
  const models = Object.entries(plugins).flatMap(([part, { definition }]) => {
    const model = providedTokens(definition).includes(Model) ? parts[part] : undefined;
    return model === undefined ? [] : [[part, { name: model.name, digest: model.digest ?? null }] as const];
  });
  return Object.fromEntries(models);
}

/** The part whose plugin brings a task, where that is clear: the task then follows the wiring of that part. */
function bringer({ tasks }: TwinComposition, task: PlanStep["task"]): string | undefined {
  const parts = tasks.filter((each) => each.task === task).map(({ part }) => part);
  return parts.length === 1 ? parts[0] : undefined;
}
