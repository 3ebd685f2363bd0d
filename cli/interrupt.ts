import { constants } from "node:os";

/** Two signals closer than this are one: a terminal and a parent process (`npx`, `npm`) may both deliver a Ctrl-C. */
const SAME_SIGNAL_MS = 500;

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP, and a reader that went away (`| head`), into an abort, so that the command
 * cleans up; a second signal ends the process at once. Output that cannot be written for another reason aborts it, too.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #failure: Error | undefined;
  #received: { readonly name: NodeJS.Signals; readonly atMs: number } | undefined;

  constructor() {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => this.#receive(name));
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EPIPE") return this.#receive("SIGPIPE");
        this.#failure ??= error;
        this.#controller.abort(error);
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that came first, if any. */
  get received(): NodeJS.Signals | undefined {
    return this.#received?.name;
  }

  /** Why standard output or standard error could not be written, if that happened: a full disk. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  #receive(name: NodeJS.Signals): void {
    const now = performance.now();
    if (this.#received) {
      if (name !== "SIGPIPE" && now - this.#received.atMs > SAME_SIGNAL_MS) endBy(name);
      return;
    }
    this.#received = { name, atMs: now };
    this.#controller.abort(new DOMException(`Interrupted by ${name}`, "AbortError"));
  }
}

/** By the signal itself: `process.exit` would wait for what a thread computes in native code, such as a network. */
export function endBy(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/** Exit code of a command ended by a signal, as shells count: 130 for SIGINT. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
