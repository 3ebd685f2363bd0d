// Whoever submits a batch and looks after it, as a process of its own, so that it can be killed anywhere.
// Usage: node client.ts '<ClientOrder as JSON>'. It prints a line for each look, and ends with 0 when every task run has a result.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ArrayJob,
  type BatchClient,
  type BatchStatus,
  type Executor,
  openBatch,
  type SubmitBatchOptions,
  type SubmittedArray,
} from "../../../core/index.ts";
import { createSlurm } from "../../../modules/slurm/create-slurm.ts";
import type { SlurmPluginSettings } from "../../../modules/slurm/options.ts";

/** What a client is to do. */
export interface ClientOrder {
  /** Of the batch. */
  readonly folder: string;
  readonly slurm: SlurmPluginSettings;
  readonly submit: SubmitBatchOptions;
  readonly graceMs: number;
  readonly lostMs: number;
  /** Kills itself at a call of sbatch: when it is written down that an array is submitted, or before it is that it was. */
  readonly dies?: { readonly at: "before-sbatch" | "after-sbatch"; readonly call: number } | undefined;
}

/** How often it resumes what failed or was lost, before it ends. */
const MOST_RESUMES = 6;

async function main(order: ClientOrder): Promise<boolean> {
  const executor = mortal(await createSlurm(order.slurm, process.env), order.dies);
  await using client = await openBatch(order.folder, { executor, graceMs: order.graceMs, lostMs: order.lostMs });
  const tell = ({ counts, problems }: BatchStatus): void => {
    const some = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    process.stdout.write(`${JSON.stringify({ ...some, ...(problems.length > 0 && { problems }) })}\n`);
  };
  tell(await client.submit(order.submit));
  for (let resumes = 0; ; resumes++) {
    const status = await lookUntilEnded(client, tell);
    if (status.counts.succeeded === status.total) return true;
    if (resumes === MOST_RESUMES) return false;
    tell(await client.resume({ force: status.isStalled }));
  }
}

/** Looks at a steady pace, whereas {@link BatchClient.watch} slows down where nothing changes. */
async function lookUntilEnded(client: BatchClient, tell: (status: BatchStatus) => void): Promise<BatchStatus> {
  for (;;) {
    const status = await client.refresh();
    tell(status);
    if (status.isEnded || status.isStalled) return status;
    await sleep(300);
  }
}

/** The same executor in a process that dies around one of its calls of sbatch. */
function mortal(executor: Executor, dies: ClientOrder["dies"]): Executor {
  let calls = 0;
  const die = (at: NonNullable<ClientOrder["dies"]>["at"]): void => {
    if (dies?.at === at && dies.call === calls) process.kill(process.pid, "SIGKILL");
  };
  return {
    name: executor.name,
    limits: (options) => executor.limits(options),
    submit: async (array: ArrayJob, options): Promise<SubmittedArray> => {
      calls++;
      die("before-sbatch");
      const submitted = await executor.submit(array, options);
      die("after-sbatch");
      return submitted;
    },
    find: (token, options) => executor.find(token, options),
    observe: (arrays, options) => executor.observe(arrays, options),
    cancel: (array, options) => executor.cancel(array, options),
  };
}

// Of a batch whose sbatch was refused, the next client tries again.
process.exitCode = (await main(JSON.parse(process.argv[2] as string) as ClientOrder)) ? 0 : 3;
