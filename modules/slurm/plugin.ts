import { definePlugin, Executor, type PluginFactory } from "../../core/index.ts";
import { commandEnvironment } from "./command-environment.ts";
import { CommandRunner } from "./command-runner.ts";
import { OptionsSchema, type SlurmOptions } from "./options.ts";
import { Pacer } from "./pacer.ts";
import { loadProfile } from "./profile.ts";
import { SlurmQuestions } from "./questions.ts";
import { mergeSettings } from "./settings.ts";
import type { Slurm } from "./slurm.ts";
import { SlurmExecutor } from "./slurm-executor.ts";

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
  create: async (_needs, { profile: nameOrPath, binFolder, timeoutMs, pollMs, settleMs, ...own }): Promise<Slurm> => {
    const { description, ...site } = nameOrPath === undefined ? {} : await loadProfile(nameOrPath);
    const environment = { ...process.env };
    const runner = new CommandRunner({ binFolder, timeoutMs, environment: commandEnvironment(environment) });
    return new SlurmExecutor({
      settings: mergeSettings(site, own),
      runner,
      questions: new SlurmQuestions(runner, new Pacer({ leastMs: pollMs })),
      environment,
      profile: description?.trim(),
      settleMs,
    });
  },
});
