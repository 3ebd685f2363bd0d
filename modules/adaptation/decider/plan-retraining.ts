import { join, relative, sep } from "node:path";
import {
  canonicalJson,
  type Digest,
  digestJson,
  type JsonValue,
  type PlanDocument,
  writeFileAtomically,
} from "../../../core/index.ts";
import type { RetrainingRequest } from "./decide.ts";
import type { RecordedDecision } from "./decisions-journal.ts";
import type { RetrainingPlan, TrainingRecipe } from "./retraining-plan.ts";

/** A version and what gates its successors. */
export interface VersionGated {
  readonly version: Digest;
  readonly policy: Digest | null;
}

/** Of what plans are made that requests of retraining become. */
export interface PlanRetrainingOptions {
  /** Folder of the plans; made where it is missing. */
  readonly folder: string;
  /** Name of the twin. */
  readonly twin: string;
  readonly models: readonly TrainingRecipe[];
  /** Folders of the features, and recording of the events. */
  readonly features: readonly string[];
  readonly recording?: string | undefined;
  /** The version in use after these decisions, and the policy that was sealed with it. */
  readonly version?: ((earlier: readonly RecordedDecision[]) => Promise<VersionGated>) | undefined;
  /** By how many standard errors the trained model must be better; 3 by default. */
  readonly betterSigmas?: number | undefined;
  /** Least event time between two plans, s; 3,600 by default. */
  readonly leastIntervalS?: number | undefined;
}

/** What was done about a request; the outcome of its decision. */
export interface RetrainingPlanned {
  /** The plan, by name and content: a new one, or the last, where that is not long ago. */
  readonly plan: Digest;
  readonly file: string;
  readonly isNew: boolean;
}

/**
 * What `decide` calls for requests of retraining: writes a plan into the folder, named by its content, and gives its digest, so that the
 * journal of decisions vouches for it. It trains nothing: that is for people, or a batch system, to begin. A request not
 * long after another makes no plan. Doing it again changes nothing.
 *
 * The function throws `TWIN_WRITE_FAILED`.
 *
 * @example
 * const retrain = planRetraining({ folder: "retraining", twin: "ecal", models: [], features: ["features"] });
 * await decide(windows, { adaptable, folder: "decisions", retrain });
 */
export function planRetraining(options: PlanRetrainingOptions): (request: RetrainingRequest) => Promise<JsonValue> {
  const { folder, leastIntervalS = 3600 } = options;
  return async (request) => {
    const last = request.earlier.findLast(({ outcome }) => isPlanned(outcome) && outcome.isNew);
    const intervalNs = BigInt(Math.round(leastIntervalS * 1e9));
    if (last && BigInt(request.decision.timeNs) - BigInt(last.decision.timeNs) < intervalNs) {
      const { plan, file } = last.outcome as unknown as RetrainingPlanned;
      return { plan, file, isNew: false };
    }
    const document = { ...(await planOf(request, { ...options, leastIntervalS })) };
    const plan = digestJson(document);
    const file = `${plan.slice("sha256:".length).slice(0, 16)}.json`;
    await writeFileAtomically(join(folder, file), canonicalJson(document), { existing: "replace" });
    return { plan, file, isNew: true };
  };
}

async function planOf(
  { number, decision, earlier, events: sources }: RetrainingRequest,
  options: PlanRetrainingOptions & { readonly leastIntervalS: number },
): Promise<RetrainingPlan> {
  const { twin, folder, betterSigmas = 3, leastIntervalS } = options;
  const { events, timeNs, alarm, attribution } = decision;
  const alarmed = earlier.findLast(({ decision: { kind } }) => kind === "alarmed")?.decision ?? decision;
  const gated = await options.version?.(earlier);
  const fromHere = (path: string): string => relative(folder, path).split(sep).join("/");
  const models = options.models.map((model) => ({ ...model, file: fromHere(model.file) }));
  return {
    schemaVersion: 1,
    twin: { name: twin, version: gated?.version ?? null },
    why: { decision: number, events, timeNs, alarm, attribution },
    data: {
      ...{ fromNs: alarmed.timeNs, toNs: timeNs, sources, features: options.features.map(fromHere) },
      recording: options.recording === undefined ? null : fromHere(options.recording),
    },
    models,
    gate: { policy: gated?.policy ?? null, betterSigmas },
    leastIntervalS,
    plan: { name: "retrain", steps: Object.fromEntries(models.flatMap(stepOf)) },
  };
}

/** The first rung that a task can do. Its data are given when it is run: those of the old instrument would not do. */
function stepOf({ part, rungs }: TrainingRecipe): readonly [string, PlanDocument["steps"][string]][] {
  const parameters = rungs.find((rung) => rung.parameters !== null)?.parameters;
  return parameters ? [[`train-${part}`, { task: "train", parameters, inputs: {} }]] : [];
}

function isPlanned(outcome: JsonValue | undefined): outcome is JsonValue & RetrainingPlanned {
  return typeof outcome === "object" && outcome !== null && "plan" in outcome;
}
