import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FakeElement } from "./state.ts";

/** Processes of an element that was started. */
export interface ElementProcess {
  readonly pid: number;
  /** Of the script; all of its process group are dead then. */
  readonly ended: Promise<{ readonly code: number; readonly signal: number }>;
  /** To all of its process group, or only to the script; one that has ended is no error. */
  kill(signal: NodeJS.Signals, options?: { readonly onlyScript?: boolean }): void;
}

/** Starts the script of an element as slurmd does: with its variables, its output in files, in a session of its own. */
export async function startElement(element: FakeElement, folder: string): Promise<ElementProcess> {
  const { spec } = element.job;
  const script = join(folder, `${element.id}-${element.restarts}.sh`);
  await mkdir(folder, { recursive: true });
  writeFileSync(script, spec.script);
  const [interpreter = "/bin/sh", ...words] = (spec.script.split("\n", 1)[0] as string).slice(2).trim().split(/\s+/);
  const path = (pattern: string): string => join(spec.cwd, "x", "..", expand(pattern, element));
  const flags = spec.append ? "a" : "w";
  const outputPattern = spec.output ?? (element.index === undefined ? "slurm-%j.out" : "slurm-%A_%a.out");
  const open = (pattern: string): number =>
    openSync(pattern.startsWith("/") ? expand(pattern, element) : path(pattern), flags);
  const output = open(outputPattern);
  const error = spec.error === undefined ? output : open(spec.error);
  const child = spawn(interpreter, [...words, script, ...spec.args], {
    cwd: spec.cwd,
    env: variablesOf(element),
    stdio: ["ignore", output, error],
    detached: true,
  });
  for (const file of new Set([output, error])) closeSync(file);
  const exit = once(child, "exit");
  const started = await Promise.race([once(child, "spawn").then(() => true), exit.then(() => true)]);
  const pid = child.pid;
  if (!started || pid === undefined) throw new Error(`${interpreter} cannot be started.`);
  const kill: ElementProcess["kill"] = (signal, { onlyScript = false } = {}) => {
    try {
      process.kill(onlyScript ? pid : -pid, signal);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== "ESRCH") throw problem;
    }
  };
  const ended = exit.then(([code, signal]: (number | string | null)[]) => {
    kill("SIGKILL");
    return { code: typeof code === "number" ? code : 0, signal: signal === null ? 0 : signalNumber(`${signal}`) };
  });
  return { pid, ended, kill };
}

function signalNumber(name: string): number {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGTERM: 15 }[name] ?? 1;
}

function expand(pattern: string, { job, index, id, node }: FakeElement): string {
  const values: Readonly<Record<string, string>> = {
    ...{ A: `${job.id}`, a: `${index ?? 4294967294}`, j: `${id}`, x: job.spec.name, N: node, u: job.user, "%": "%" },
  };
  return pattern.replace(/%(\d*)(.)/g, (all, width: string, letter: string) =>
    values[letter] === undefined ? all : values[letter].padStart(Number(width || 0), "0"),
  );
}

function variablesOf({ job, index, id, node, restarts }: FakeElement): NodeJS.ProcessEnv {
  const { spec } = job;
  const indices = spec.indices ?? [];
  return {
    ...spec.env,
    SLURM_JOB_ID: `${id}`,
    SLURM_JOBID: `${id}`,
    SLURM_JOB_NAME: spec.name,
    SLURM_JOB_PARTITION: spec.partition,
    SLURM_JOB_ACCOUNT: spec.account,
    SLURM_JOB_USER: job.user,
    SLURM_JOB_NODELIST: node,
    SLURM_NODELIST: node,
    SLURMD_NODENAME: node,
    SLURM_CLUSTER_NAME: "fake",
    SLURM_CPUS_ON_NODE: `${spec.cpus}`,
    SLURM_SUBMIT_DIR: spec.cwd,
    ...(restarts > 0 && { SLURM_RESTART_COUNT: `${restarts}` }),
    ...(index !== undefined && {
      SLURM_ARRAY_JOB_ID: `${job.id}`,
      SLURM_ARRAY_TASK_ID: `${index}`,
      SLURM_ARRAY_TASK_COUNT: `${indices.length}`,
      SLURM_ARRAY_TASK_MIN: `${indices[0]}`,
      SLURM_ARRAY_TASK_MAX: `${indices.at(-1)}`,
    }),
  };
}
