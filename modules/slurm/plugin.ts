import { definePlugin, Executor, type PluginFactory } from "../../core/index.ts";
import { createSlurm } from "./create-slurm.ts";
import { OptionsSchema, type SlurmOptions } from "./options.ts";
import type { Slurm } from "./slurm.ts";

/**
 * Runs arrays as job arrays of a Slurm cluster, by the commands of Slurm 20.11 or later on this machine.
 *
 * @example
 * const cluster = slurm({ profile: "site.yaml", account: "my-project" });
 * await using twin = await createTwin({ plugins: { cluster } });
 * const { partitions } = await twin.cluster.describeSite();
 */
export const slurm: PluginFactory<SlurmOptions, Slurm> = definePlugin({
  name: "twinloom/modules/slurm",
  version: "0.1.0",
  provides: Executor,
  options: OptionsSchema,
  create: async (_needs, settings): Promise<Slurm> => await createSlurm(settings, { ...process.env }),
});
