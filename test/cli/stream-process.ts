import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** A `twinloom` that runs on while a test does something else. */
export interface RunningTwinloom extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Waits for text on its standard output or standard error. @throws When it ends without. */
  printed(text: string): Promise<string>;
  /** Sends a signal and waits for the end. @returns Exit code, and all of standard output. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly stdout: string }>;
  /** Waits for the end. */
  ended(): Promise<{ readonly code: number | null; readonly stdout: string }>;
}

/** Starts the real `twinloom` from the sources. */
export function startTwinloom(args: readonly string[], cwd: string): RunningTwinloom {
  const child = spawn(process.execPath, ["--conditions=@twinloom/source", MAIN, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const looking = new Set<() => void>();
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      lines.push(line);
      for (const look of looking) look();
    });
  }
  const close = once(child, "close");
  const ended = async (): ReturnType<RunningTwinloom["ended"]> => {
    await close;
    return { code: child.exitCode, stdout };
  };
  const printed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find((line) => line.includes(text));
        if (found === undefined) return;
        looking.delete(look);
        resolve(found);
      };
      looking.add(look);
      look();
      void close.then(() => reject(new Error(`twinloom ended without "${text}":\n${lines.join("\n")}`)));
    });
  const end = async (signal: NodeJS.Signals): ReturnType<RunningTwinloom["ended"]> => {
    child.kill(signal);
    return await ended();
  };
  return { child, printed, end, ended, [Symbol.asyncDispose]: async () => void (await end("SIGKILL")) };
}
