import { digestJson } from "../canonical/digest.ts";
import { Clock } from "../contracts/clock.ts";
import { Connector } from "../contracts/connector.ts";
import { Log } from "../contracts/log.ts";
import { many, type Needs } from "../kernel/plugin.ts";
import { compositionOf, resolveNeeds, type TwinComposition, type TwinControl } from "../kernel/twin.ts";
import { ENGINE_VERSION } from "../kernel/version.ts";
import { specDocument } from "../spec/spec-document.ts";
import type { Environment } from "./environment.ts";
import type { PlanStep } from "./plan.ts";
import type { RunRecord } from "./run-record.ts";

/** What a run needs of its twin. */
export interface TwinFacts extends Pick<Environment, "engine" | "plugins"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly connectors: readonly Connector[];
  readonly spec: RunRecord["twin"];
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
    engine: ENGINE_VERSION,
    plugins: Object.fromEntries(
      Object.entries(composition.plugins).map(([part, { definition }]) => [
        part,
        { plugin: definition.name, version: definition.version },
      ]),
    ),
    resolve: ({ task, part = bringer(composition, task) }) =>
      resolveNeeds(twin, task.needs as Needs, { ...(part !== undefined && { part }), needer: `Task "${task.name}"` }),
  };
}

/** The part whose plugin brings a task, where that is clear: the task then follows the wiring of that part. */
function bringer({ tasks }: TwinComposition, task: PlanStep["task"]): string | undefined {
  const parts = tasks.filter((each) => each.task === task).map(({ part }) => part);
  return parts.length === 1 ? parts[0] : undefined;
}
