import { z } from "zod";
import { Connector, type Dataset, definePlugin, type PluginFactory } from "../../core/index.ts";
import { Memory } from "./memory.ts";

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** Datasets that are there from the start, by name: `events` is opened as `memory:events`. */
  readonly files?: Readonly<Record<string, Dataset>> | undefined;
}

const OptionsSchema: z.ZodType<{ files: Readonly<Record<string, Dataset>> }, MemoryOptions> = z.object({
  files: z
    .record(z.string(), z.custom<Dataset>(isDataset, "must be a dataset, as dataset() makes"))
    .default({})
    .describe("Datasets that are there from the start, by name; only from code."),
});

/** A connector whose files live in memory, for tests and small twins. Nothing is kept when the twin stops. */
export const memory: PluginFactory<MemoryOptions, Memory> = definePlugin({
  name: "twinloom/modules/memory",
  version: "0.1.0",
  provides: Connector,
  options: OptionsSchema,
  create: (_needs, { files }) => new Memory(files),
});

function isDataset(value: unknown): boolean {
  return typeof value === "object" && value !== null && "variables" in value && "groups" in value;
}
