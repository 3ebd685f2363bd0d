import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type ArrayJob, identifyProcess, type ProcessIdentity } from "../../../core/index.ts";
import { signalGroup } from "./end-group.ts";

/** How long a process has to end by itself once it is told to, ms. */
const GRACE_MS = 5000;
/** Of timers; longer waits would begin at once. */
const MOST_WAIT_MS = 2 ** 31 - 1;

/** How a process ended. */
export interface ElementEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wasOutOfTime: boolean;
  readonly ranMs: number;
}

/** One start of an element: a process, and the group of what it starts. */
export class ElementProcess {
  readonly identity: ProcessIdentity;
  readonly #child: ChildProcess & { readonly pid: number };
  readonly #timers: NodeJS.Timeout[] = [];
  #wasOutOfTime: boolean = false;
  #isOver: boolean = false;
  readonly #startedMs = performance.now();
  readonly ended: Promise<ElementEnd>;

  private constructor(
    child: ChildProcess & { readonly pid: number },
    identity: ProcessIdentity,
    ended: Promise<ElementEnd>,
  ) {
    this.#child = child;
    this.identity = identity;
    this.ended = ended.then((end) => {
      this.#isOver = true;
      for (const timer of this.#timers) clearTimeout(timer);
      // What it started and did not wait for has nothing to run for.
      signalGroup(child.pid, "SIGKILL");
      return { ...end, wasOutOfTime: this.#wasOutOfTime, ranMs: performance.now() - this.#startedMs };
    });
  }

  /**
   * Starts a process that waits for {@link go}: who it is can be written down before it does anything, and if this process
   * is killed before that, it ends.
   *
   * @throws The system's error, where there is no such working folder, or no more processes.
   */
  static async prepare(
    job: ArrayJob,
    { element, restart }: { readonly element: number; readonly restart: number },
  ): Promise<ElementProcess> {
    mkdirSync(job.logFolder, { recursive: true });
    const log = openSync(join(job.logFolder, `${element}.log`), "a");
    try {
      const child = spawn("/bin/sh", ["-c", 'read -r _ || exit 143; exec "$@" </dev/null', "sh", ...job.command], {
        cwd: job.workingFolder,
        env: {
          ...process.env,
          ...job.environment,
          TWINLOOM_ELEMENT: String(element),
          TWINLOOM_RESTART: String(restart),
          TWINLOOM_JOB: job.token,
        },
        // A group of its own, so that it can be ended with all that it starts.
        detached: true,
        stdio: ["pipe", log, log],
      });
      const ended = new Promise<ElementEnd>((resolve) => {
        child.once("exit", (exitCode, signal) => resolve({ exitCode, signal, wasOutOfTime: false, ranMs: 0 }));
      });
      // One that cannot be signaled has ended, or will; and one may be ended before it has read that it may go.
      child.on("error", () => undefined);
      child.stdin?.on("error", () => undefined);
      await once(child, "spawn");
      const started = child as ChildProcess & { readonly pid: number };
      return new ElementProcess(started, await identifyProcess(started.pid), ended);
    } finally {
      closeSync(log);
    }
  }

  /** Lets it run, for no longer than its time limit. */
  go({ timeLimitS, warnS }: ArrayJob["resources"]): void {
    this.#child.stdin?.end("\n");
    if (timeLimitS === undefined) return;
    // To the program alone: what it started may not know the signal, and would end.
    if (warnS !== undefined) this.#after(timeLimitS - warnS, () => this.#child.kill("SIGUSR1"));
    this.#after(timeLimitS, () => {
      this.#wasOutOfTime = true;
      this.end();
    });
  }

  /** Asks it to end, with what it started; after a while it is not asked. */
  end(): void {
    if (this.#isOver) return;
    signalGroup(this.#child.pid, "SIGTERM");
    this.#after(GRACE_MS / 1000, () => signalGroup(this.#child.pid, "SIGKILL"));
  }

  #after(seconds: number, act: () => void): void {
    if (seconds * 1000 <= MOST_WAIT_MS) this.#timers.push(setTimeout(act, seconds * 1000));
  }
}
