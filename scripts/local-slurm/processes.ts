import { readdir, readFile, readlink } from "node:fs/promises";

/** A process of this machine. */
interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/**
 * Processes of Slurm's jobs: its step daemons, by the log that they hold open, and what they started, by ancestry or,
 * where a parent is gone, by environment.
 *
 * @param conf - Path of the slurm.conf.
 * @param logs - Logs of the nodes in question.
 * @param nodes - Their names.
 */
export async function processesOfJobs(
  conf: string,
  logs: readonly string[],
  nodes: readonly string[],
): Promise<readonly number[]> {
  const all = await runningProcesses();
  const found = new Set<number>();
  for (const { pid, name } of all) {
    const isStep = name.startsWith("slurmstepd") && (await openFiles(pid)).some((file) => logs.includes(file));
    if (isStep || (await isOfJob(pid, conf, nodes))) found.add(pid);
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found].filter((pid) => pid !== process.pid);
}

/** Daemons that hold a file of the folder open: what a daemon that was killed leaves behind. */
export async function daemonsOf(folder: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { pid, name } of await runningProcesses()) {
    if (!/^(slurm|munged|mariadbd)/.test(name)) continue;
    if ((await openFiles(pid)).some((file) => file.startsWith(`${folder}/`))) found.push(pid);
  }
  return found;
}

/** Kills processes at once; one that has ended is no error. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function runningProcesses(): Promise<readonly RunningProcess[]> {
  const found: RunningProcess[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => undefined);
    // The name is in parentheses and may hold some itself.
    const match = stat === undefined ? null : /^\d+ \((.*)\) (\S) (\d+) /s.exec(stat);
    if (match === null || match[2] === "Z") continue;
    found.push({ pid: Number(entry), parent: Number(match[3]), name: match[1] as string });
  }
  return found;
}

async function isOfJob(pid: number, conf: string, nodes: readonly string[]): Promise<boolean> {
  const variables = (await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")).split("\0");
  return (
    variables.includes(`SLURM_CONF=${conf}`) && nodes.some((name) => variables.includes(`SLURMD_NODENAME=${name}`))
  );
}

async function openFiles(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const entries = await readdir(folder).catch(() => []);
  return await Promise.all(entries.map((entry) => readlink(`${folder}/${entry}`).catch(() => "")));
}
