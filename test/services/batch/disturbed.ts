import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BatchFolder } from "../../../core/index.ts";
import type { ClientOrder } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { SUBMIT } from "./sample.ts";
import { type ClusterFault, type Fault, isOfClient } from "./schedule.ts";

const CLIENT = fileURLToPath(new URL("client.ts", import.meta.url));
/** Clients that may be needed one after the other; each ends when it has done what it can, or was killed. */
const MOST_CLIENTS = 10;
const LONGEST_MS = 300_000;

/** What was needed to bring a batch to its end. */
export interface Story {
  readonly clients: number;
  /** Of the faults those that had anything to hit. */
  readonly hits: readonly string[];
  readonly said: readonly string[];
}

/** Brings a batch to its end while faults come. @throws when it does not come to one */
export async function disturb(
  batch: BatchFolder,
  cluster: Cluster,
  faults: readonly Fault[],
  work?: string,
): Promise<Story> {
  const over = new AbortController();
  const order: ClientOrder = {
    folder: batch.path,
    slurm: { timeoutMs: 30_000, pollMs: 100, settleMs: 1000, partition: cluster.partition },
    submit: {
      ...SUBMIT,
      environment: { ...SUBMIT.environment, ...(work !== undefined && { TWINLOOM_TEST_WORK: work }) },
      resources: { timeLimitS: 600, warnS: 30 },
    },
    graceMs: 10_000,
    lostMs: 15_000,
  };
  const hits: string[] = [];
  const deaths = faults.filter(isOfClient).filter(({ what }) => what === "before-sbatch" || what === "after-sbatch");
  let current: ChildProcess | undefined;
  const happen = async (fault: Fault): Promise<void> => {
    if (isOfClient(fault)) {
      if (fault.what === "answer-lost") await cluster.dropAnswer();
      else if (fault.what !== "killed" || current?.kill("SIGKILL") !== true) return;
      hits.push(fault.what);
    } else if (await cluster.strike(fault as ClusterFault)) hits.push(fault.what);
  };
  // What happens to a cluster comes one after the other: it puts right what it did.
  let turn: Promise<unknown> = Promise.resolve();
  const timed = faults
    .filter((fault) => !deaths.includes(fault as never))
    .map(async (fault) => {
      // Answers are lost when somebody asks.
      const afterMs = fault.what === "answer-lost" ? 0 : fault.afterMs;
      await sleep(afterMs, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      turn = turn.then(() => happen(fault));
      await turn;
    });
  const said: string[] = [];
  let clients = 0;
  try {
    for (;;) {
      if (clients === MOST_CLIENTS)
        throw new Error(`${clients} clients have not brought it to its end.\n${said.join("\n")}`);
      const death = deaths[clients];
      clients++;
      const dies = death && { at: death.what as "before-sbatch", call: death.call };
      const child = spawn(
        process.execPath,
        ["--conditions=@twinloom/source", CLIENT, JSON.stringify({ ...order, dies } satisfies ClientOrder)],
        { env: { ...process.env, ...SUBMIT.environment, ...cluster.env }, stdio: ["ignore", "pipe", "pipe"] },
      );
      current = child;
      const killing = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)]);
      clearTimeout(killing);
      if (death && child.signalCode === "SIGKILL") hits.push(death.what);
      said.push(
        `client ${clients}: ${child.exitCode ?? child.signalCode}`,
        ...out.trim().split("\n").slice(-3),
        err.trim(),
      );
      if (child.exitCode === 0) break;
    }
  } finally {
    over.abort();
    // A cluster is left as it was.
    await Promise.all(timed);
  }
  return { clients, hits, said };
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
