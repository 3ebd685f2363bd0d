import type { ArrayJob, Executor, ExecutorCallOptions } from "../../core/index.ts";
import type { SlurmPartition } from "./parse-sinfo.ts";

/** A Slurm cluster as an executor. */
export interface Slurm extends Executor {
  readonly name: "slurm";
  /** How Twinloom is called where elements run, where the site's profile says it: `["twinloom"]`. */
  readonly command?: readonly [string, ...string[]] | undefined;

  /**
   * The script that {@link Executor.submit} would give to sbatch. Nothing is submitted, and Slurm is not asked.
   *
   * @throws `TWIN_INVALID_ARGUMENT`
   */
  script(array: ArrayJob): string;

  /**
   * What this cluster offers, asked of it now.
   *
   * @throws `TWIN_EXECUTOR_UNREACHABLE`, the signal's reason
   */
  describeSite(options?: ExecutorCallOptions): Promise<SlurmSite>;
}

/** What a cluster offers. Plain JSON. */
export interface SlurmSite {
  /** Name of the cluster. */
  readonly cluster?: string | undefined;
  /** Version of Slurm: `"22.05.8"`. */
  readonly version?: string | undefined;
  readonly partitions: readonly SlurmPartition[];
  /** Most elements of one array, by Slurm or by the profile. */
  readonly arraySize: number;
  /** Whether it keeps accounts, so that what became of a job stays known. */
  readonly accounting: boolean;
  /** How long a job that has ended is known without accounts, s. */
  readonly remembersForS: number;
  readonly preemption: {
    /** `"OFF"`, `"REQUEUE"`, `"CANCEL"`, `"SUSPEND,GANG"` … */
    readonly mode: string;
    /** Whether a job is told before, so that it can save where it is. */
    readonly announced: boolean;
  };
  /** Whether jobs are requeued that do not say whether; those of Twinloom say that they are. */
  readonly requeuesByDefault: boolean;
  /** What the profile says of itself. */
  readonly profile?: string | undefined;
}
