import { z } from "zod";
import { type SlurmSettings, settingsShape } from "./settings.ts";

/** Options of {@link slurm}: what is set here goes before what the profile says. */
export interface SlurmOptions extends SlurmSettings {
  /** The site's profile: path of a file, or the name of one that comes with Twinloom: `"juwels-like"`. */
  readonly profile?: string | undefined;
  /** Folder of Slurm's commands; where `PATH` says by default. */
  readonly binFolder?: string | undefined;
  /** Longest time that one command of Slurm may take, ms; 60,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Shortest time between two questions, ms; 1,000 by default. A busy controller is asked less often. */
  readonly pollMs?: number | undefined;
  /**
   * How long after a submission without an answer the controller may still take it, ms; twice its `MessageTimeout` by default.
   * Before that, nothing counts as not submitted.
   */
  readonly settleMs?: number | undefined;
}

/** {@link SlurmOptions} with their defaults. */
export interface SlurmPluginSettings extends SlurmOptions {
  readonly timeoutMs: number;
  readonly pollMs: number;
}

const MOST_MS = 2 ** 31 - 1;

/** The schema of {@link SlurmOptions}. */
export const OptionsSchema: z.ZodType<SlurmPluginSettings, SlurmOptions> = z.object({
  ...settingsShape,
  profile: z.string().min(1).optional().describe("The site's profile: path of a file, or a name: juwels-like."),
  binFolder: z.string().min(1).optional().describe("Folder of Slurm's commands; where PATH says by default."),
  timeoutMs: z.int().min(1).max(MOST_MS).default(60_000).describe("Longest time that one command may take, ms."),
  pollMs: z.int().min(0).max(MOST_MS).default(1000).describe("Shortest time between two questions, ms."),
  settleMs: z
    .int()
    .min(0)
    .max(MOST_MS)
    .optional()
    .describe("How long after a submission without an answer it may still be taken, ms; by the controller's time-out."),
});
