import { type ArrayJob, checkArrayJob, InvalidArgumentError } from "../../core/index.ts";
import { mergeResources, type SlurmResources, type SlurmSettings } from "./settings.ts";

/** Everything that the script of an array says, checked. */
export interface SlurmJob extends SlurmSettings {
  readonly token: string;
  readonly name: string;
  readonly run: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  readonly logFolder: string;
  readonly elements: number;
  readonly atOnce?: number | undefined;
  readonly resources: SlurmResources;
  readonly after: readonly string[];
}

/** Long enough to write a checkpoint to a busy file system, s. */
const WARN_S = 120;

// sbatch replaces % in the path of a log and takes \ as "replace nothing"; %% does not stand for % in every version.
const PLAIN_PATH = /^\/[^\r\n\\%]*$/;

/**
 * An array as a site takes it.
 *
 * @throws `TWIN_INVALID_ARGUMENT`
 */
export function slurmJob(array: ArrayJob, settings: SlurmSettings): SlurmJob {
  checkArrayJob(array);
  for (const folder of [array.workingFolder, array.logFolder]) {
    if (PLAIN_PATH.test(folder)) continue;
    throw new InvalidArgumentError(
      `Slurm cannot be given the folder ${JSON.stringify(folder)}: a path for it has no %, no \\ and no line break. Use another folder.`,
    );
  }
  for (const id of array.after ?? []) {
    if (/^\d+$/.test(id)) continue;
    throw new InvalidArgumentError(
      `${JSON.stringify(id)} is no id of a job of Slurm: in \`after\` an id is a number, as "4711".`,
    );
  }
  const { command, environment, resources, after = [], ...rest } = array;
  return {
    ...settings,
    ...rest,
    run: command,
    environment: { ...settings.environment, ...environment },
    resources: warned(mergeResources({ warnS: WARN_S }, settings.resources, resources), resources.warnS),
    after,
  };
}

/** A warning that comes as soon as an element starts is none: where the array does not say when, it has most of its time. */
function warned(resources: SlurmResources, asked: number | undefined): SlurmResources {
  const { timeLimitS, warnS } = resources;
  if (asked !== undefined || timeLimitS === undefined || warnS === undefined) return resources;
  return { ...resources, warnS: Math.min(warnS, Math.ceil(timeLimitS / 4)) };
}
