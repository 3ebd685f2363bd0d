import { z } from "zod";
import { checkSchema, InvalidArgumentError } from "../../../core/index.ts";

/** Options of {@link Adaptation}; every one has a default. */
export interface AdaptationOptions {
  /** Events of a reference; 20,000 by default. */
  readonly referenceEvents?: number | undefined;
  /** Shifts of the mean score to look for, in standard deviations; 0.1 and 0.4 by default. */
  readonly shifts?: readonly number[] | undefined;
  /** Events between false alarms of all conditions together, on average, at least; 10⁷ by default. */
  readonly averageRunLength?: number | undefined;
  /** Least events of the window that a change is estimated from, of the one that proves it, and of those after; 2,500 by default. */
  readonly windowEvents?: number | undefined;
  /** Most events of such a window; 20,000 by default. */
  readonly maxWindowEvents?: number | undefined;
  /** Window for a change that took n events to notice, in n; 2 by default. */
  readonly windowPerDelay?: number | undefined;
  /** By how many standard errors new conditions must be better to be accepted; 3 by default. */
  readonly betterSigmas?: number | undefined;
  /** By how many they must be worse afterwards to be taken back; 4 by default. */
  readonly worseSigmas?: number | undefined;
  /** Probability of calling noise unexplained; 0.001 by default. */
  readonly leftLevel?: number | undefined;
  /** What may be left, however significant, as a part of what the best cause explains per condition; 0.25 by default. */
  readonly leftShare?: number | undefined;
  /** Most causes that come together; 8 by default. */
  readonly mostJoined?: number | undefined;
  /** Most steps of a fit; 20 by default. */
  readonly maxIterations?: number | undefined;
  /** Least event time between two acceptances, s; 60 by default. */
  readonly acceptIntervalS?: number | undefined;
  /** Events before a cause that was refused or taken back is tried again; 50,000 by default. */
  readonly holdOffEvents?: number | undefined;
  /** Names of conditions that drift all the time and are followed between decisions; none by default. */
  readonly track?: readonly string[] | undefined;
  /** Most events that move tracked conditions at once; 256 by default. */
  readonly trackBlockEvents?: number | undefined;
  /** Longest event time between such moves, as long as there are events, s; 1 by default. */
  readonly trackBlockS?: number | undefined;
  /** By how many standard deviations events may be off and still move them; 5 by default. */
  readonly trackSigmas?: number | undefined;
  /** Least event time between two decisions about tracked conditions, s; 10 by default. */
  readonly trackIntervalS?: number | undefined;
}

/** {@link AdaptationOptions} with their defaults. */
export type AdaptationSettings = { readonly [K in keyof AdaptationOptions]-?: NonNullable<AdaptationOptions[K]> };

/** The schema of {@link AdaptationOptions}. */
export const AdaptationOptionsSchema: z.ZodType<AdaptationSettings, AdaptationOptions> = z
  .strictObject({
    referenceEvents: z.int().min(100).max(10_000_000).default(20_000).describe("Events of a reference."),
    shifts: z
      .array(z.number().min(0.01).max(4))
      .min(1)
      .max(8)
      .default([0.1, 0.4])
      .describe("Shifts of the mean score to look for, in standard deviations."),
    averageRunLength: z
      .number()
      .min(1000)
      .max(1e15)
      .default(1e7)
      .describe("Events between false alarms of all conditions together, on average."),
    windowEvents: z.int().min(100).max(1_000_000).default(2500).describe("Least events of a window."),
    maxWindowEvents: z.int().min(100).max(1_000_000).default(20_000).describe("Most events of a window."),
    windowPerDelay: z
      .number()
      .min(0)
      .max(100)
      .default(2)
      .describe("Window for a change that took n events to notice, in n."),
    betterSigmas: z
      .number()
      .min(1)
      .max(20)
      .default(3)
      .describe("Standard errors that new conditions must be better by."),
    worseSigmas: z
      .number()
      .min(1)
      .max(20)
      .default(4)
      .describe("Standard errors by which worse conditions are taken back."),
    leftLevel: z.number().min(1e-12).max(0.1).default(1e-3).describe("Probability of calling noise unexplained."),
    leftShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .describe("What may be left, however significant, as a part of what the best cause explains per condition."),
    mostJoined: z.int().min(1).max(64).default(8).describe("Most causes that come together."),
    maxIterations: z.int().min(1).max(1000).default(20).describe("Most steps of a fit."),
    acceptIntervalS: z.number().min(0).max(1e9).default(60).describe("Least event time between two acceptances, s."),
    holdOffEvents: z
      .int()
      .min(0)
      .max(1e12)
      .default(50_000)
      .describe("Events before a cause that was refused or taken back is tried again."),
    track: z
      .array(z.string())
      .max(8)
      .readonly()
      .default([])
      .describe("Conditions that drift all the time and are followed between decisions."),
    trackBlockEvents: z.int().min(16).max(100_000).default(256).describe("Most events that move them at once."),
    trackBlockS: z.number().min(1e-3).max(1e6).default(1).describe("Longest event time between such moves, s."),
    trackSigmas: z
      .number()
      .min(3)
      .max(100)
      .default(5)
      .describe("Standard deviations by which events may be off and still move tracked conditions."),
    trackIntervalS: z
      .number()
      .min(0)
      .max(1e9)
      .default(10)
      .describe("Least event time between decisions about them, s."),
  })
  .refine(({ windowEvents, maxWindowEvents }) => windowEvents <= maxWindowEvents, {
    error: "`maxWindowEvents` must be at least `windowEvents`.",
    path: ["maxWindowEvents"],
  });

/** @throws `TWIN_INVALID_ARGUMENT` for options out of range, all of them named. */
export function adaptationSettings(options: AdaptationOptions): AdaptationSettings {
  const checked = checkSchema(AdaptationOptionsSchema, options);
  if (checked.problems === undefined) return checked.value;
  const told = checked.problems.map(({ path, message }) => `${path.join(".") || "options"}: ${message}`);
  throw new InvalidArgumentError(`Options of the adaptation are not allowed. ${told.join(" ")}`);
}
