import { userInfo } from "node:os";
import { type Finished, isPassing, unreachable } from "./command-failure.ts";
import type { CommandRunner, SlurmCommand } from "./command-runner.ts";
import type { Pacer } from "./pacer.ts";
import { parseConfig, type SlurmConfig } from "./parse-config.ts";
import { parseSacct, SACCT_PARAMETERS } from "./parse-sacct.ts";
import { parseSinfo, SINFO_PARAMETERS, type SlurmPartition } from "./parse-sinfo.ts";
import {
  COMMENT_PARAMETERS,
  type ElementRow,
  type FoundArray,
  parseComments,
  parseSqueue,
  SQUEUE_PARAMETERS,
} from "./parse-squeue.ts";
import { jobName } from "./render-script.ts";

/** More names than this are not sent: every job of the user is asked for, and the names are picked out here. */
const MOST_NAMES = 100;
/** How far accounts are looked through, days; less far where a site allows no more. */
const WINDOWS_DAYS = [366, 31, 7, 1];
const TOO_FAR = /too wide of a date range/i;

/** What is asked of Slurm, never too often. Every method throws `TWIN_EXECUTOR_UNREACHABLE` without an answer. */
export class SlurmQuestions {
  readonly #runner: CommandRunner;
  readonly #pacer: Pacer;
  #window = 0;

  constructor(runner: CommandRunner, pacer: Pacer) {
    this.#runner = runner;
    this.#pacer = pacer;
  }

  async config(signal: AbortSignal | undefined): Promise<SlurmConfig> {
    return parseConfig(await this.#answer("scontrol", ["show", "config"], signal));
  }

  async partitions(signal: AbortSignal | undefined): Promise<readonly SlurmPartition[]> {
    return parseSinfo(await this.#answer("sinfo", SINFO_PARAMETERS, signal));
  }

  /** Arrays that the controller knows under a token. */
  async arrays(token: string, signal: AbortSignal | undefined): Promise<readonly FoundArray[]> {
    const parameters = [...COMMENT_PARAMETERS, ...whose(), `--name=${jobName(token)}`];
    return parseComments(await this.#answer("squeue", parameters, signal));
  }

  /** Rows of the controller for arrays, by their tokens. */
  async elements(tokens: readonly string[], signal: AbortSignal | undefined): Promise<readonly ElementRow[]> {
    const names = new Set(tokens.map(jobName));
    const filter = names.size > MOST_NAMES ? [] : [`--name=${[...names].join(",")}`];
    const rows = parseSqueue(await this.#answer("squeue", [...SQUEUE_PARAMETERS, ...whose(), ...filter], signal));
    return rows.filter((row) => names.has(row.jobName));
  }

  /** Rows of the accounts for arrays, by their tokens. Beyond midnight, too: sacct by itself looks at today only. */
  async accounts(tokens: readonly string[], signal: AbortSignal | undefined): Promise<readonly ElementRow[]> {
    const names = [...new Set(tokens.map(jobName))];
    const rows: ElementRow[] = [];
    for (let at = 0; at < names.length; at += MOST_NAMES) {
      const some = names.slice(at, at + MOST_NAMES);
      rows.push(...parseSacct(await this.#accounts([`--name=${some.join(",")}`, ...whose()], signal)));
    }
    return rows;
  }

  /** Ends every array of a token, those that were taken without our knowledge, too; other jobs that got its id are left alone. */
  async cancel(token: string, signal: AbortSignal | undefined): Promise<void> {
    const finished = await this.#runner.run("scancel", [...whose(), `--name=${jobName(token)}`], { signal });
    if (finished.code === 0 || /invalid job id|already completed|not found/i.test(finished.stderr)) return;
    throw unreachable("scancel", finished);
  }

  async #accounts(filter: readonly string[], signal: AbortSignal | undefined): Promise<string> {
    for (;;) {
      const since = `--starttime=now-${WINDOWS_DAYS[this.#window]}days`;
      const finished = await this.#ask("sacct", [...SACCT_PARAMETERS, since, ...filter], signal);
      if (finished.code === 0) return finished.stdout;
      if (!TOO_FAR.test(finished.stderr) || this.#window + 1 >= WINDOWS_DAYS.length)
        throw unreachable("sacct", finished);
      this.#window++;
    }
  }

  async #answer(
    command: SlurmCommand,
    parameters: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const finished = await this.#ask(command, parameters, signal);
    if (finished.code !== 0) throw unreachable(command, finished);
    return finished.stdout;
  }

  /** A failure that will pass makes the next question wait. */
  async #ask(command: SlurmCommand, parameters: readonly string[], signal: AbortSignal | undefined): Promise<Finished> {
    return await this.#pacer.ask(async () => {
      const finished = await this.#runner.run(command, parameters, { signal });
      // sacct may complain of a database that is down, and end well without a row.
      const isSilentFailure = command === "sacct" && finished.stdout === "" && /error/i.test(finished.stderr);
      if ((finished.code !== 0 && isPassing(finished)) || isSilentFailure) throw unreachable(command, finished);
      return finished;
    }, signal);
  }
}

/** The controller picks out the jobs of one user by itself. */
function whose(): readonly string[] {
  return [`--user=${userName()}`];
}

/** The number where a user has no name, as in some containers: Slurm takes both. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
