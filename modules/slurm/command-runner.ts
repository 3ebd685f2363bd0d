import { type ChildProcess, spawn } from "node:child_process";
import { ExecutorUnreachableError } from "../../core/index.ts";
import { type Finished, SLURM } from "./command-failure.ts";

/** A command of Slurm. */
export type SlurmCommand = "sbatch" | "squeue" | "sacct" | "scontrol" | "scancel" | "sinfo";

/** How {@link CommandRunner} runs commands. */
export interface CommandRunnerOptions {
  /** Folder of the commands; where `PATH` says by default. */
  readonly binFolder?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Longest time that one command may take, ms. */
  readonly timeoutMs: number;
}

/** Of one command. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** What it reads; nothing by default. */
  readonly input?: string | undefined;
  /** In place of the runner's. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

/** An array of a million elements, a line each. */
const MOST_BYTES = 512 * 2 ** 20;
/** Of complaints the beginning is enough. */
const MOST_COMPLAINT_BYTES = 64 * 2 ** 10;

/** Runs the commands of Slurm, without a shell and not for longer than they may take. */
export class CommandRunner {
  readonly #options: CommandRunnerOptions;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  /**
   * Runs a command to its end, whatever its exit code.
   *
   * @throws `TWIN_EXECUTOR_UNREACHABLE` when it is not there, takes too long or says too much; the signal's reason.
   */
  async run(command: SlurmCommand, parameters: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const { binFolder, environment, timeoutMs } = this.#options;
    options.signal?.throwIfAborted();
    const child = spawn(binFolder === undefined ? command : `${binFolder}/${command}`, parameters, {
      env: { ...(options.environment ?? environment) },
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own: sites put scripts in the place of commands, and what those start ends with them.
      detached: true,
    });
    const stdout = new Collected(MOST_BYTES, () => stop("it said more than can be read"));
    const stderr = new Collected(MOST_COMPLAINT_BYTES);
    let stopped: string | undefined;
    const stop = (why: string): void => {
      stopped ??= why;
      endGroup(child);
      // What has left the group may hold them open for ever.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
    };
    const timer = setTimeout(() => stop(`it did not end within ${timeoutMs / 1000} s`), timeoutMs);
    const abort = (): void => stop("aborted");
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      const finished = await new Promise<Finished>((resolve, reject) => {
        child.stdout.on("data", (bytes: Buffer) => stdout.add(bytes));
        child.stderr.on("data", (bytes: Buffer) => stderr.add(bytes));
        // A command that ends before it has read everything says why on its own.
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
        child.once("error", (error: NodeJS.ErrnoException) => reject(missing(command, binFolder, error)));
        child.once("close", (code, signal) => resolve({ code, signal, stdout: stdout.text, stderr: stderr.text }));
        child.stdin.end(options.input ?? "");
      });
      options.signal?.throwIfAborted();
      if (stopped !== undefined) throw new ExecutorUnreachableError(SLURM, `${command} was ended: ${stopped}.`);
      return finished;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
  }
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** What a command writes, up to a bound. */
class Collected {
  readonly #parts: Buffer[] = [];
  readonly #most: number;
  readonly #tooMuch: (() => void) | undefined;
  #bytes = 0;

  constructor(most: number, tooMuch?: () => void) {
    this.#most = most;
    this.#tooMuch = tooMuch;
  }

  add(bytes: Buffer): void {
    const room = this.#most - this.#bytes;
    if (bytes.length > room) this.#tooMuch?.();
    this.#parts.push(bytes.subarray(0, Math.max(room, 0)));
    this.#bytes += Math.min(bytes.length, Math.max(room, 0));
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }
}

function missing(command: string, binFolder: string | undefined, cause: NodeJS.ErrnoException): Error {
  const where = binFolder === undefined ? "on the PATH" : `in "${binFolder}"`;
  const problem = cause.code === "ENOENT" ? `there is no ${command} ${where}.` : `${command}: ${cause.message}.`;
  const advice =
    "Log in to a node of the cluster that has Slurm's commands, load the site's module for them, or put them on the PATH.";
  return new ExecutorUnreachableError(SLURM, problem, advice, { cause });
}
