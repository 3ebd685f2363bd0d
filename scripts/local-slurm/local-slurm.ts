import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Accounting, startAccounting } from "./accounting.ts";
import { type LocalSlurmOptions, logFile, nodeNames, slurmConf } from "./configuration.ts";
import { type Daemon, daemon, programOf } from "./daemon.ts";
import { slurmPorts } from "./ports.ts";
import { daemonsOf, killAll, processesOfJobs } from "./processes.ts";

const run = promisify(execFile);
const PROGRAMS = [
  "munged",
  "slurmctld",
  "slurmd",
  "sbatch",
  "squeue",
  "sacct",
  "scontrol",
  "scancel",
  "sinfo",
  "setpriv",
];

/** A Slurm of this machine. */
export interface LocalSlurm extends AsyncDisposable {
  /** Path of slurm.conf. */
  readonly conf: string;
  readonly folder: string;
  /** What a program needs in its environment to use it. */
  readonly env: Readonly<Record<string, string>>;
  readonly nodes: readonly string[];
  /** Runs one of its programs and returns what it prints. */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** SIGKILL: what it has not written down yet is lost. */
  killController(): Promise<void>;
  startController(): Promise<void>;
  /**
   * Kills the daemon of a node. What runs there goes on, unless its processes are killed too, as when a machine loses its
   * power.
   */
  killNode(name: string, options?: { readonly withJobs?: boolean | undefined }): Promise<void>;
  startNode(name: string): Promise<void>;
  drain(name: string): Promise<void>;
  undrain(name: string): Promise<void>;
  /** Ends slurmdbd, where there are accounts, and starts it again: meanwhile sacct fails. */
  killAccounting(): Promise<void>;
  startAccounting(): Promise<void>;
  /** Ends all daemons and everything that runs in jobs. */
  stop(): Promise<void>;
}

/** Programs that are not installed: with their Debian packages, as a sentence; `undefined` where nothing is missing. */
export function slurmMissing({ accounting = false }: { readonly accounting?: boolean } = {}): string | undefined {
  const needed = [...PROGRAMS, ...(accounting ? ["slurmdbd", "mariadbd", "mariadb-install-db"] : [])];
  const missing = needed.filter((name) => programOf(name) === undefined);
  if (missing.length === 0) return undefined;
  const packages = accounting ? "slurm-wlm munge slurmdbd mariadb-server" : "slurm-wlm munge";
  return `${missing.join(", ")} not found; on Debian and Ubuntu: apt-get install --no-install-recommends ${packages}`;
}

/**
 * Starts a Slurm on this machine, as the user who calls: a munged, a slurmctld and a slurmd for each node, on ports of
 * their own.
 *
 * @throws Error when a program is missing, a port is taken, the folder is in use or cannot be written, or a daemon dies.
 */
export async function startSlurm(options: LocalSlurmOptions): Promise<LocalSlurm> {
  const { folder } = options;
  const missing = slurmMissing({ accounting: options.accounting === true });
  if (missing !== undefined) throw new Error(missing);
  await prepareFolder(folder);
  const ports = await slurmPorts(options);
  const conf = join(folder, "slurm.conf");
  const env = { SLURM_CONF: conf };
  const nodes = nodeNames(options);
  const logs = nodes.map((name) => logFile(folder, name));
  const runProgram = async (program: string, ...args: readonly string[]): Promise<string> =>
    (await run(program, args, { env: { ...process.env, ...env }, maxBuffer: 2 ** 30 })).stdout;
  const isReady = async (test: () => Promise<boolean>): Promise<boolean> => await test().catch(() => false);

  const munged = mungedOf(folder);
  const controller = daemon({
    program: "slurmctld",
    args: ["-D"],
    env,
    output: join(folder, "slurmctld.output"),
    log: logFile(folder, "slurmctld"),
    isReady: () => isReady(async () => / is UP/.test(await runProgram("scontrol", "ping"))),
  });
  const slurmds = new Map<string, Daemon>();
  for (const name of nodes) {
    slurmds.set(
      name,
      daemon({
        program: "slurmd",
        args: ["-D", "-N", name],
        env,
        output: join(folder, `${name}.output`),
        log: logFile(folder, name),
        // A "*" says that the controller has not heard of it; after a restart its state may be anything else.
        isReady: () =>
          isReady(async () => {
            const state = (await runProgram("sinfo", "-h", "-n", name, "-p", "normal", "-o", "%T")).trim();
            return state !== "" && !/\*|down|unk/.test(state);
          }),
      }),
    );
  }
  const nodeOf = (name: string): Daemon => {
    const found = slurmds.get(name);
    if (found === undefined) throw new Error(`There is no node ${name}: ${nodes.join(", ")}.`);
    return found;
  };
  let accounting: Accounting | undefined;

  const stop = async (): Promise<void> => {
    // First what would start something else.
    await controller.end("SIGKILL");
    await Promise.all([...slurmds.values()].map((each) => each.end("SIGKILL")));
    await killUntilGone(() => processesOfJobs(conf, logs, nodes));
    await accounting?.stop();
    await munged.end("SIGTERM");
    await killUntilGone(() => daemonsOf(folder));
  };

  try {
    await munged.begin();
    if (options.accounting === true) accounting = await startAccounting(folder);
    await writeFile(conf, slurmConf(options, ports, accounting?.ports));
    await controller.begin();
    await Promise.all([...slurmds.values()].map((each) => each.begin()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    conf,
    folder,
    env,
    nodes,
    run: runProgram,
    killController: () => controller.end("SIGKILL"),
    startController: () => controller.begin(),
    killNode: async (name, { withJobs = false } = {}) => {
      await nodeOf(name).end("SIGKILL");
      if (withJobs) await killUntilGone(() => processesOfJobs(conf, [logFile(folder, name)], [name]));
    },
    startNode: (name) => nodeOf(name).begin(),
    drain: async (name) => {
      await runProgram("scontrol", "update", `NodeName=${name}`, "State=DRAIN", "Reason=drained");
    },
    undrain: async (name) => {
      await runProgram("scontrol", "update", `NodeName=${name}`, "State=RESUME");
    },
    killAccounting: async () => await accounting?.killDaemon(),
    startAccounting: async () => await accounting?.startDaemon(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function prepareFolder(folder: string): Promise<void> {
  if (!isAbsolute(folder) || /[\s"'#=,%]/.test(folder)) {
    throw new Error(`The folder ${folder} must be an absolute path without white space or any of "'#=,%.`);
  }
  // Path of a Unix socket.
  if (folder.length > 90) throw new Error(`The path ${folder} is too long: at most 90 characters.`);
  try {
    await mkdir(join(folder, "state"), { recursive: true });
    await mkdir(join(folder, "spool"), { recursive: true });
    await writeFile(join(folder, "written"), "");
  } catch (error) {
    throw new Error(`Cannot write to the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const [other] = await daemonsOf(folder);
  if (other !== undefined) {
    throw new Error(`In the folder ${folder} another one runs (process ${other}): end it, or give another folder.`);
  }
  const key = join(folder, "munge.key");
  if (!existsSync(key)) await writeFile(key, randomBytes(128), { mode: 0o600 });
  await rm(join(folder, "munge.socket"), { force: true });
}

function mungedOf(folder: string): Daemon {
  const file = (name: string): string => join(folder, name);
  return daemon({
    program: "munged",
    // Its own key and socket: that of the system is neither needed nor touched. --force: folders of the group may be writable.
    args: ["--foreground", "--force", "--socket", file("munge.socket"), "--key-file", file("munge.key")].concat([
      ...["--pid-file", file("munged.pid"), "--log-file", file("munged.log"), "--seed-file", file("munge.seed")],
    ]),
    output: file("munged.output"),
    isReady: async () => existsSync(file("munge.socket")),
  });
}

async function killUntilGone(find: () => Promise<readonly number[]>): Promise<void> {
  for (let pids = await find(); pids.length > 0; pids = await find()) {
    killAll(pids);
    await sleep(20);
  }
}
