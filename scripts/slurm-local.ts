// Starts a Slurm on this machine, to try batches on without a cluster: `npm run slurm:local`. Ctrl+C ends it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { LocalSlurmOptions } from "./local-slurm/configuration.ts";
import { startSlurm } from "./local-slurm/local-slurm.ts";

const USAGE = `Usage: npm run slurm:local -- [options]

  --nodes <count>     nodes that it pretends to have: 2 by default
  --cpus <count>      CPUs that each of them says it has, whatever this machine has: 4 by default
  --memory <MiB>      memory that each of them says it has: 4000 by default
  --accounting        keep accounts of what has ended (sacct); needs slurmdbd and mariadb-server
  --folder <path>     for configuration, logs and state, kept at the end; a temporary one, removed at the end, by default
  --port <number>     of the controller, the nodes have the next ones; free ones by default
  --min-job-age <s>   how long squeue knows a job that has ended: 60 by default`;

const whole = (text: string | undefined, name: string, least: number): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`--${name} is a whole number of at least ${least}, not "${text}".`);
  }
  return value;
};

try {
  const { values } = parseArgs({
    options: {
      nodes: { type: "string" },
      cpus: { type: "string" },
      memory: { type: "string" },
      accounting: { type: "boolean" },
      folder: { type: "string" },
      port: { type: "string" },
      "min-job-age": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) console.log(USAGE);
  else {
    const isTemporary = values.folder === undefined;
    const options = {
      nodes: whole(values.nodes, "nodes", 1),
      cpus: whole(values.cpus, "cpus", 1),
      memoryMiB: whole(values.memory, "memory", 100),
      port: whole(values.port, "port", 1),
      minJobAgeS: whole(values["min-job-age"], "min-job-age", 2),
      accounting: values.accounting,
    };
    const folder = values.folder === undefined ? await mkdtemp(join(tmpdir(), "slurm-")) : resolve(values.folder);
    try {
      await serve({ ...options, folder });
    } finally {
      if (isTemporary) await rm(folder, { recursive: true, force: true });
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function serve(options: LocalSlurmOptions): Promise<void> {
  const asked = new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => done());
  });
  await using slurm = await startSlurm(options);
  console.log(`Slurm runs: nodes ${slurm.nodes.join(", ")}; logs in ${slurm.folder}. In another terminal:

  export SLURM_CONF=${slurm.conf}
  sinfo

Partitions: normal, and low, whose jobs are pre-empted by those of normal (SIGUSR1 if asked for by --signal, then
${options.graceTimeS ?? 5} s, then killed and requeued). Time limits count in minutes. ${
    options.accounting === true ? "sacct has accounts." : "There are no accounts: sacct says so."
  } Ctrl+C ends it.`);
  // Signals alone do not keep a process.
  const alive = setInterval(() => {}, 2 ** 30);
  await asked;
  clearInterval(alive);
  console.log("Ending.");
}
