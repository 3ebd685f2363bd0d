import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

/** A process, told apart from later ones that the system gives the same number. Plain JSON, to be written down. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** When it started, in the system's own terms; empty where the system does not tell. */
  readonly started: string;
}

/** Who a process of this computer is: this one, or one that was just started. */
export async function identifyProcess(pid: number = process.pid): Promise<ProcessIdentity> {
  return { host: hostname(), pid, started: (await look(pid)).started };
}

/**
 * Whether a process runs. One of another computer is taken to run: nobody here knows. So is one that runs under that number
 * where the system does not tell when it started.
 */
export async function isProcessRunning({ host, pid, started }: ProcessIdentity): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Of other users' processes it is EPERM.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await look(pid);
  if (now.isZombie) return false;
  // Of other users' processes the system may not tell when they started (proc(5), hidepid).
  return now.started === "" || started === "" || now.started === started;
}

interface Look {
  readonly started: string;
  /** It has ended, and its parent has not yet asked how. */
  readonly isZombie: boolean;
}

/** @see proc_pid_stat(5): field 3 is the state, field 22 the tick of this boot at which the process started. */
async function look(pid: number): Promise<Look> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { started: `${boot.trim()} ${fields[19] ?? ""}`, isZombie: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return process.platform === "linux" || process.platform === "win32"
      ? { started: "", isZombie: false }
      : await lookByPs(pid);
  }
}

/** As `ps` tells, where there is no /proc (macOS): to the second, so that a number given again within one is not noticed. */
export async function lookByPs(pid: number): Promise<Look> {
  // The same words whatever the language and the time zone of whoever looks.
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const text = await new Promise<string>((resolve) => {
    execFile("ps", ["-o", "state=", "-o", "lstart=", "-p", String(pid)], { env }, (error, stdout) =>
      resolve(error ? "" : stdout),
    );
  });
  const [, state = "", started = ""] = /^\s*(\S+)\s+(.*?)\s*$/.exec(text) ?? [];
  return { started, isZombie: state.startsWith("Z") };
}
