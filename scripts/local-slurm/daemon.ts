import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Distributions put daemons where only root looks for programs. */
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

/** Path of a program, or `undefined`. */
export function programOf(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** How a daemon is started. */
export interface DaemonOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it prints is appended to this file. */
  readonly output: string;
  /** Log to quote if it dies; its output by default. */
  readonly log?: string | undefined;
  /** Whether it serves. Asked until it does. */
  readonly isReady: () => Promise<boolean>;
}

/** A daemon in the foreground, which may be killed and begun again. */
export interface Daemon {
  readonly pid: number | undefined;
  /** @throws Error with the last lines of its log when it dies at once or does not serve within 30 s. */
  begin(): Promise<void>;
  /** Ends it if it runs, and waits for that. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** A daemon that is not started yet. */
export function daemon({ program, args, env = {}, output, log = output, isReady }: DaemonOptions): Daemon {
  let child: ChildProcess | undefined;
  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const failed = async (how: string): Promise<Error> => {
    const lines = (await readFile(log, "utf8").catch(() => "")).trimEnd().split("\n").slice(-12);
    return new Error(`${program} ${how}. The end of ${log}:\n  ${lines.join("\n  ")}`);
  };
  return {
    get pid(): number | undefined {
      return isRunning() ? child?.pid : undefined;
    },
    async begin(): Promise<void> {
      if (isRunning()) return;
      const path = programOf(program);
      if (path === undefined) throw new Error(`There is no program ${program}.`);
      const file = openSync(output, "a");
      // In a group of its own: Ctrl+C in the terminal is for whoever started it, who then ends the daemons in order. If
      // that one is killed, the kernel kills the daemon.
      child = spawn("setpriv", ["--pdeathsig", "KILL", path, ...args], {
        env: { ...process.env, ...env },
        stdio: ["ignore", file, file],
        detached: true,
      });
      child.once("error", () => {});
      closeSync(file);
      for (const deadline = Date.now() + 30_000; !(await isReady()); await sleep(50)) {
        if (!isRunning()) throw await failed(`ended at once (${child.exitCode ?? child.signalCode})`);
        if (Date.now() > deadline) throw await failed("does not answer after 30 s");
      }
    },
    async end(signal): Promise<void> {
      if (!isRunning() || child === undefined) return;
      const exit = once(child, "exit");
      child.kill(signal);
      const late = setTimeout(() => child?.kill("SIGKILL"), 10_000);
      await exit;
      clearTimeout(late);
    },
  };
}
