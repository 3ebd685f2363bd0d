import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { programOf } from "../../../scripts/local-slurm/daemon.ts";
import { type FakeSlurm, startFakeSlurm } from "../../servers/fake-slurm.ts";
import { type LocalSlurm, startSlurm } from "../../servers/slurm.ts";
import type { ClusterFault } from "./schedule.ts";

/** A Slurm, real or not, to which things happen. */
export interface Cluster extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  /** Of its Slurm module, beside what is the same for both. */
  readonly partition: string | undefined;
  /** The next sbatch is done, and says that it is not. */
  dropAnswer(): Promise<void>;
  /** Does what is to happen, and puts it right after a while. @returns Whether it hit anything. */
  strike(fault: ClusterFault): Promise<boolean>;
  /** Ids of all arrays that were ever accepted, by their tokens. */
  arrays(): Promise<ReadonlyMap<string, readonly string[]>>;
}

const NODES = 2;
const CPUS = 2;
const OF_FAKE = { node: "node-failure", "node-daemon": "node-lost", preemption: "preemption" } as const;

/** Where times are fractions of a second. */
export async function fakeCluster(): Promise<Cluster> {
  let dropped = 0;
  // Its sbatch drops answers as the real one does here; that it can do so itself is tested where its faults are.
  const slurm = await startFakeSlurm({ nodes: NODES, cpus: CPUS, graceTimeMs: 1000 });
  const bin = await wrapSbatch(slurm.folder, join(slurm.binFolder, "sbatch"));
  return {
    env: { PATH: `${bin}${delimiter}${slurm.env["PATH"]}` },
    partition: undefined,
    dropAnswer: async () => await writeFile(join(slurm.folder, "drop"), `${++dropped}`),
    strike: (fault) => strikeFake(slurm, fault),
    arrays: () => ledgerOf(slurm.folder),
    [Symbol.asyncDispose]: () => slurm.stop(),
  };
}

async function strikeFake(slurm: FakeSlurm, { what, node, forMs }: ClusterFault): Promise<boolean> {
  switch (what) {
    case "controller":
      slurm.setController("down");
      await sleep(forMs);
      slurm.setController("up");
      return true;
    case "drain": {
      const name = `node${node % NODES}`;
      slurm.drain(name);
      await sleep(forMs);
      slurm.undrain(name);
      return true;
    }
    default: {
      const running = slurm.jobs().flatMap(({ elements }) => elements.filter(({ state }) => state === "RUNNING"));
      const struck = running[node % Math.max(1, running.length)];
      if (struck === undefined) return false;
      slurm.strike(struck.name, OF_FAKE[what]);
      return true;
    }
  }
}

/** Where a pre-emption comes from another job, and nodes and controllers are processes. */
export async function realCluster(): Promise<Cluster> {
  const slurm = await startSlurm({ nodes: NODES, cpus: CPUS, graceTimeS: 2, nodeTimeoutS: 5 });
  const bin = await wrapSbatch(slurm.folder, programOf("sbatch") as string);
  let dropped = 0;
  const over = new AbortController();
  const drained = new Set<string>();
  const administrator = putRight(slurm, { drained, signal: over.signal });
  return {
    env: { ...slurm.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` },
    partition: "low",
    dropAnswer: async () => await writeFile(join(slurm.folder, "drop"), `${++dropped}`),
    strike: (fault) => strikeReal(slurm, fault, drained),
    arrays: () => ledgerOf(slurm.folder),
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await administrator;
      await slurm.stop();
    },
  };
}

/**
 * What the people who run a cluster do after a controller has lost what it had not written down: nodes that it finds drained
 * again, or drains because a job that it has forgotten still runs there, are put back; jobs that it holds for that are released.
 */
async function putRight(
  slurm: LocalSlurm,
  { drained, signal }: { readonly drained: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await sleep(2000, undefined, { signal }).catch(() => undefined);
    await done(async () => {
      const nodes = (await slurm.run("sinfo", "-h", "-N", "-p", "normal", "-o", "%N %T")).split("\n");
      for (const [name = "", state = ""] of nodes.map((line) => line.split(" "))) {
        if (/^drain/.test(state) && !drained.has(name)) await slurm.undrain(name);
      }
      const jobs = (await slurm.run("squeue", "-h", "--array", "-t", "PENDING", "-o", "%i %r")).split("\n");
      for (const job of jobs)
        if (job.includes("held")) await slurm.run("scontrol", "release", job.split(" ")[0] as string);
    });
  }
}

async function strikeReal(
  slurm: LocalSlurm,
  { what, node, forMs }: ClusterFault,
  drained: Set<string>,
): Promise<boolean> {
  const name = slurm.nodes[node % slurm.nodes.length] as string;
  switch (what) {
    case "controller":
      await slurm.killController();
      await sleep(forMs);
      await slurm.startController();
      return true;
    case "node":
    case "node-daemon":
      await slurm.killNode(name, { withJobs: what === "node" });
      await sleep(forMs);
      await slurm.startNode(name);
      return true;
    case "drain":
      return await done(async () => {
        drained.add(name);
        await slurm.drain(name);
        await sleep(forMs);
        drained.delete(name);
        await slurm.undrain(name);
      });
    case "preemption":
      return await done(() =>
        slurm.run(
          "sbatch",
          ...["--partition=normal", `--nodelist=${name}`, `--cpus-per-task=${CPUS}`, "--output=/dev/null"],
          "--wrap=sleep 1",
        ),
      );
  }
}

/** An administrator's command fails while the controller is away. */
async function done(act: () => Promise<unknown>): Promise<boolean> {
  return await act().then(
    () => true,
    () => false,
  );
}

/** An sbatch that notes what was accepted, and once for each time that it is told so keeps the answer to itself. */
async function wrapSbatch(folder: string, sbatch: string): Promise<string> {
  const bin = join(folder, "wrapped");
  await mkdir(bin);
  await writeFile(
    join(bin, "sbatch"),
    `#!/bin/bash
script=$(cat)
id=$('${sbatch}' "$@" <<< "$script") || exit
token=$(sed -n 's/^#SBATCH --job-name=twinloom-//p' <<< "$script")
echo "$token $id" >> '${folder}/ledger'
if mv '${folder}/drop' '${folder}/dropped' 2>/dev/null; then
  echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2
  exit 1
fi
echo "$id"
`,
  );
  await chmod(join(bin, "sbatch"), 0o755);
  return bin;
}

async function ledgerOf(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const arrays = new Map<string, string[]>();
  for (const line of (await readFile(join(folder, "ledger"), "utf8").catch(() => "")).split("\n")) {
    const [token = "", id = ""] = line.split(" ");
    if (token !== "") arrays.set(token, [...(arrays.get(token) ?? []), id]);
  }
  return arrays;
}
