import { commandEnvironment } from "./command-environment.ts";
import { CommandRunner } from "./command-runner.ts";
import type { SlurmPluginSettings } from "./options.ts";
import { Pacer } from "./pacer.ts";
import { loadProfile } from "./profile.ts";
import { SlurmQuestions } from "./questions.ts";
import { mergeSettings } from "./settings.ts";
import type { Slurm } from "./slurm.ts";
import { SlurmExecutor } from "./slurm-executor.ts";

/**
 * Makes an executor.
 *
 * @param environment - Where commands are found, and what elements inherit.
 * @throws `TWIN_INVALID_PROFILE`, `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`
 */
export async function createSlurm(
  { profile: nameOrPath, binFolder, timeoutMs, pollMs, settleMs, ...own }: SlurmPluginSettings,
  environment: NodeJS.ProcessEnv,
): Promise<Slurm> {
  const { description, ...site } = nameOrPath === undefined ? {} : await loadProfile(nameOrPath);
  const runner = new CommandRunner({ binFolder, timeoutMs, environment: commandEnvironment(environment) });
  return new SlurmExecutor({
    settings: mergeSettings(site, own),
    runner,
    questions: new SlurmQuestions(runner, new Pacer({ leastMs: pollMs })),
    environment,
    profile: description?.trim(),
    settleMs,
  });
}
