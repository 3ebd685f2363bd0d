import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** A real Slurm or a fake one. */
export interface SomeSlurm {
  readonly env: Readonly<Record<string, string>>;
}

/** What a program of Slurm said. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of Slurm to its end, whatever its exit code. */
export async function callSlurm(
  { env }: SomeSlurm,
  program: string,
  args: readonly string[],
  input = "",
): Promise<Said> {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, stdout, stderr };
}

/**
 * Submits a script of bash.
 *
 * @returns Id of the job.
 */
export async function submitScript(slurm: SomeSlurm, args: readonly string[], lines: string): Promise<string> {
  const said = await callSlurm(slurm, "sbatch", ["--parsable", ...args], `#!/bin/bash\n${lines}\n`);
  if (said.code !== 0) throw new Error(`sbatch: ${said.stderr}`);
  return said.stdout.trim();
}

/** An element as squeue tells of it. */
export interface QueueRow {
  readonly state: string;
  readonly reason: string;
  readonly exit: string;
  readonly restarts: string;
  readonly node: string;
}

/** What squeue tells of the elements of an array, by their indices; the only one of a job that is none is `N/A`. */
export async function queueOf(slurm: SomeSlurm, id: string): Promise<Readonly<Record<string, QueueRow>>> {
  const fields = "ArrayTaskID:20,State:20,Reason:60,exit_code:20,RestartCnt:20,NodeList:20";
  const args = ["--noheader", "--array", "--states=all", `--jobs=${id}`, `--Format=${fields}`];
  const { code, stdout, stderr } = await callSlurm(slurm, "squeue", args);
  if (code !== 0) throw new Error(`squeue: ${stderr}`);
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const part = (from: number, width = 20): string => line.slice(from, from + width).trim();
      const row = { state: part(20), reason: part(40, 60), exit: part(100), restarts: part(120), node: part(140) };
      return [part(0), row];
    }),
  );
}
