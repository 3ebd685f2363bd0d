import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Recipe } from "./find-recipe.ts";

/** How the recipe ended. */
export interface RecipeEnd {
  /** 0: done; 3: stopped, to be called again; else it failed. `undefined` where a signal ended it, or it never began. */
  readonly exitCode: number | undefined;
  /** Its last words on standard error. */
  readonly complaint: string;
}

/** How {@link runRecipe} runs it. */
export interface RecipeOptions {
  readonly threads: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Has it end the step in hand and save. */
  readonly stopping: AbortSignal | undefined;
  readonly onLine: (line: string) => void;
}

/** Time that it has to end by itself once it is no longer wanted, ms. */
const GRACE_MS = 5_000;
/** Characters of standard error that are kept. */
const KEPT = 4_000;

/**
 * Runs the recipe, which is one process. The shell before it only has it ignore SIGUSR1: that is told to all processes of a
 * batch job near the time limit, and would end Python.
 */
export async function runRecipe(
  { folder, python }: Recipe,
  args: readonly string[],
  { threads, signal, stopping, onLine }: RecipeOptions,
): Promise<RecipeEnd> {
  // Another project's would mix into the environment that was made for the recipe.
  const { PYTHONHOME: _home, ...env } = process.env;
  const command = [python, "-W", "ignore", "-m", "twinloom_training", ...args];
  const child = spawn("/bin/sh", ["-c", 'trap "" USR1; exec "$@"', "sh", ...command], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...env,
      ...{ PYTHONPATH: folder, PYTHONUNBUFFERED: "1", PYTHONUTF8: "1", PYTHONDONTWRITEBYTECODE: "1" },
      ...{ OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}` },
    },
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-KEPT);
  });
  createInterface({ input: child.stdout }).on("line", onLine);
  let killing: NodeJS.Timeout | undefined;
  const save = (): void => void child.kill("SIGTERM");
  const end = (): void => {
    child.kill("SIGTERM");
    killing ??= setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  const listening = [
    [signal, end],
    [stopping, save],
  ] as const;
  for (const [each, act] of listening) {
    each?.addEventListener("abort", act, { once: true });
    if (each?.aborted) act();
  }
  try {
    const exitCode = await new Promise<number | undefined>((resolve) => {
      child.on("error", (error) => {
        complaint = error.message;
        resolve(undefined);
      });
      child.on("close", (code) => resolve(code ?? undefined));
    });
    return { exitCode, complaint: complaint.trim() };
  } finally {
    for (const [each, act] of listening) each?.removeEventListener("abort", act);
    clearTimeout(killing);
  }
}
