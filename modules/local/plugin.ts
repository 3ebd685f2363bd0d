import { z } from "zod";
import { definePlugin, Executor, type PluginFactory } from "../../core/index.ts";
import { LocalExecutor, type LocalExecutorOptions } from "./local-executor.ts";

const OptionsSchema: z.ZodType<LocalExecutorOptions, LocalExecutorOptions> = z.object({
  processes: z
    .int()
    .min(1)
    .optional()
    .describe("Most processes that run at the same time; as many as there are processors by default."),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe("Where it writes what runs and how it ended; twinloom/local in the user's state folder by default."),
});

/** Runs the elements of a batch as processes of this computer; see {@link LocalExecutor}. */
export const local: PluginFactory<LocalExecutorOptions, Executor> = definePlugin({
  name: "twinloom/modules/local",
  version: "0.1.0",
  provides: Executor,
  options: OptionsSchema,
  create: (_needs, options) => new LocalExecutor(options),
});
