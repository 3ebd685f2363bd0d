import { z } from "zod";
import {
  definePlugin,
  LocalSource,
  type PluginFactory,
  type RetryChoice,
  RetryOptions,
  Source,
} from "../../core/index.ts";

/** Options of {@link files}. */
export interface FilesOptions {
  /** Nothing outside this folder is opened or listed, links included; relative paths start there. */
  readonly root?: string | undefined;
  /** For reads that fail because a mount is away. */
  readonly retry?: RetryChoice | undefined;
  /** How long one call of the file system may take, ms: on a dead mount it may never return. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Sets how local files are read. Without it they are read, too: anywhere, and retried by the defaults.
 *
 * @example
 * createTwin({ plugins: { local: files({ root: "/eos/atlas", retry: { budgetMs: 300_000 } }), data: netcdf() } });
 */
export const files: PluginFactory<FilesOptions, LocalSource> = definePlugin({
  name: "twinloom/modules/files",
  version: "0.1.0",
  provides: Source,
  options: z.object({
    root: z
      .string()
      .min(1)
      .optional()
      .describe("Nothing outside this folder is opened or listed, links included; relative paths start there."),
    retry: RetryOptions.prefault({}).describe("For reads that fail because a mount is away."),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .default(60_000)
      .describe("How long one call of the file system may take, ms: on a dead mount it may never return."),
  }),
  create: (_needs, options) => new LocalSource(options),
});
