import { readFile } from "node:fs/promises";
import { z } from "zod";
import {
  checkSchema,
  type Digest,
  FileNotFoundError,
  FileUnreadableError,
  type JsonValue,
  type PlanDocument,
} from "../../../core/index.ts";
import type { Attribution } from "../loop/attribute.ts";
import type { AdaptationAlarm } from "../loop/decision.ts";
import type { RetrainingRequest } from "./decide.ts";

/** A way to train, from the gentlest on. */
export interface TrainingRung {
  /** `"energy-biases"` */
  readonly name: string;
  /** What learns, in words. */
  readonly what: string;
  /** Events that it takes, at least; null where that is not known. */
  readonly leastEvents: number | null;
  /** What to run, with `{data}` and `{out}` for folders; null where nothing can run it yet. */
  readonly command: readonly string[] | null;
  /** The same as parameters of the task `train`; null where it cannot do it. */
  readonly parameters: Readonly<Record<string, JsonValue>> | null;
}

/** How a model of the twin is trained. */
export interface TrainingRecipe {
  /** Part of the twin that holds the model. */
  readonly part: string;
  /** The model's file, in a plan from the folder of that, and its content. */
  readonly file: string;
  readonly digest: Digest;
  /** Name of the recipe, and where it is; null where none is known for this model. */
  readonly recipe: string | null;
  /** To be tried in this order, up to the first that passes the gate. */
  readonly rungs: readonly TrainingRung[];
}

/** What a twin has to learn anew, why, from what, how, and what decides whether it has: plain JSON. */
export interface RetrainingPlan {
  readonly schemaVersion: 1;
  readonly twin: {
    readonly name: string;
    /** The version that describes the instrument no longer; null where none is sealed. */
    readonly version: Digest | null;
  };
  readonly why: {
    /** Number of the decision, and events and event time then (nanoseconds since 1970, a decimal number). */
    readonly decision: number;
    readonly events: number;
    readonly timeNs: string;
    readonly alarm: AdaptationAlarm;
    /** The cause that explains most, all that were tried, and what they leave. */
    readonly attribution: Attribution;
  };
  readonly data: {
    /** Event time of the alarm and of the request: what comes between has the change in it, and so has what comes later. */
    readonly fromNs: string;
    readonly toNs: string;
    readonly sources: RetrainingRequest["events"];
    /** Folders of features, from the folder of the plan. A model is trained on whole events, which are not in them. */
    readonly features: readonly string[];
    /** Where whole events are, likewise; null: record them (`twinloom stream record`). */
    readonly recording: string | null;
  };
  readonly models: readonly TrainingRecipe[];
  readonly gate: {
    /** What is asked of the new version; null where the twin has no policy. */
    readonly policy: Digest | null;
    /** On events that were not trained on, the new version must be better than the old one by so many standard errors. */
    readonly betterSigmas: number;
  };
  /** No second plan is made before so much event time, s. */
  readonly leastIntervalS: number;
  /** What the task `train` can do of it, as a plan: its inputs, the showers to train on, are given when it is run. */
  readonly plan: PlanDocument;
}

const digest = z.templateLiteral(["sha256:", z.string().regex(/^[0-9a-f]{64}$/)]);
const decimal = z.string().regex(/^-?\d+$/);
const loose = z.looseObject({});

/** The schema of a {@link RetrainingPlan}; of decisions and tasks, what is in them is left to those who wrote them. */
export const RetrainingPlanSchema: z.ZodType<RetrainingPlan> = z.strictObject({
  schemaVersion: z.literal(1),
  twin: z.strictObject({ name: z.string().min(1), version: digest.nullable() }),
  why: z.strictObject({
    decision: z.int().min(0),
    events: z.int().min(0),
    timeNs: decimal,
    alarm: loose as unknown as z.ZodType<AdaptationAlarm>,
    attribution: loose as unknown as z.ZodType<Attribution>,
  }),
  data: z.strictObject({
    fromNs: decimal,
    toNs: decimal,
    sources: z.array(
      z.strictObject({
        source: z.string(),
        firstSequence: decimal,
        lastSequence: decimal,
        events: z.int().min(0),
      }),
    ),
    features: z.array(z.string()),
    recording: z.string().nullable(),
  }),
  models: z.array(
    z.strictObject({
      part: z.string(),
      file: z.string(),
      digest,
      recipe: z.string().nullable(),
      rungs: z.array(
        z.strictObject({
          name: z.string(),
          what: z.string(),
          leastEvents: z.int().min(0).nullable(),
          command: z.array(z.string()).min(1).nullable(),
          parameters: z.record(z.string(), z.json()).nullable(),
        }),
      ),
    }),
  ),
  gate: z.strictObject({ policy: digest.nullable(), betterSigmas: z.number() }),
  leastIntervalS: z.number().min(0),
  plan: z.strictObject({
    name: z.string(),
    steps: z.record(z.string(), loose as unknown as z.ZodType<PlanDocument["steps"][string]>),
  }),
});

/** Reads a plan. @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` for what is none. */
export async function readRetrainingPlan(path: string): Promise<RetrainingPlan> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") throw new FileNotFoundError(path, { cause });
    throw new FileUnreadableError(path, `${cause.message}.`, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileUnreadableError(path, "it is no JSON, and so no plan of retraining.", { cause });
  }
  const checked = checkSchema(RetrainingPlanSchema, value);
  if (!checked.problems) return checked.value;
  const [first] = checked.problems;
  throw new FileUnreadableError(
    path,
    `it is no plan of retraining: ${first?.path.join(".") || "it"}: ${first?.message}`,
  );
}
