import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What came of a command line. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How {@link runTwinloom} and {@link runTestCommands} run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** File that standard output goes to, instead of the outcome. */
  readonly stdout?: string;
  /** Sent once, when standard error has this text. */
  readonly signalAt?: { readonly text: string; readonly signal: NodeJS.Signals };
}

const ROOT = new URL("../../", import.meta.url);

/** Runs the real `twinloom`, as a child process. */
export function runTwinloom(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runNode([pathOf("cli/twinloom.js"), ...args], options);
}

/** Runs the commands of `test-commands.ts` in the real machinery, as a child process. */
export function runTestCommands(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runNode(["--conditions=@twinloom/source", pathOf("test/cli/test-commands.ts"), ...args], options);
}

function runNode(args: readonly string[], { cwd, env, stdout: file, signalAt }: RunOptions): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  // Node warns on standard error of one of these where the other is set, too.
  const { FORCE_COLOR, NO_COLOR, ...inherited } = process.env;
  const out = file === undefined ? "pipe" : openSync(file, "w");
  const child = spawn(process.execPath, args, {
    cwd: cwd ?? fileURLToPath(ROOT),
    env: { ...inherited, ...env },
    stdio: ["ignore", out, "pipe"],
  });
  if (typeof out === "number") closeSync(out);
  let stdout = "";
  let stderr = "";
  let signalled = false;
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (signalAt && !signalled && stderr.includes(signalAt.text)) signalled = child.kill(signalAt.signal);
  });
  child.on("error", reject);
  child.on("close", (code) => resolve({ code, stdout, stderr }));
  return promise;
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, ROOT));
}
