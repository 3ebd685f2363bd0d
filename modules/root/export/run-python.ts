import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a program ended. */
export interface ProgramEnd {
  /** Undefined where it could not be started, or was ended by a signal. */
  readonly exitCode: number | undefined;
  /** Its last words on standard error, or why it could not be started. */
  readonly complaint: string;
}

/** Time that a program has to end by itself once it is no longer wanted, ms. */
const GRACE_MS = 2000;
/** Characters of standard error that are kept. */
const KEPT = 4000;

/**
 * Runs a program, line by line.
 *
 * @throws The signal's reason, once the program has ended.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined; onLine?(line: string): void } = {},
): Promise<ProgramEnd> {
  const { signal, onLine } = options;
  signal?.throwIfAborted();
  // Its messages are read; PYTHONPATH and the like of another project would mix into the environment that we made.
  const { PYTHONPATH: _path, PYTHONHOME: _home, ...env } = process.env;
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    env: { ...env, PYTHONUNBUFFERED: "1", PYTHONUTF8: "1" },
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-KEPT);
  });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => onLine?.(line));
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    killing = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const exitCode = await new Promise<number | undefined>((resolve) => {
      child.on("error", (error) => {
        complaint = error.message;
        resolve(undefined);
      });
      child.on("close", (code) => resolve(code ?? undefined));
    });
    signal?.throwIfAborted();
    return { exitCode, complaint: complaint.trim() };
  } finally {
    signal?.removeEventListener("abort", stop);
    clearTimeout(killing);
  }
}
