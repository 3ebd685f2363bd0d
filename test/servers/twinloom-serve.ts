import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** A `twinloom serve` of its own process. */
export interface ServeProcess extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly child: ChildProcess;
  /** What it printed to its standard error so far. */
  readonly log: () => string;
  /** Waits for a line of its output that begins so. */
  readonly printed: (text: string) => Promise<string>;
  /** Sends a signal, and waits for the end. @returns The exit code; `null` where the signal ended it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/**
 * Starts `twinloom serve` from the sources, and waits until it is ready.
 *
 * @param args - Of the command: what is served, and options beside the ports.
 * @param options - `port`: a free one by default, or one that a server had before. `node`:
 *   options of Node, such as `--cpu-prof`.
 * @throws With what it printed, where it ends before it is ready.
 */
export async function startServe(
  args: readonly string[],
  { port = 0, node = [] }: { readonly port?: number; readonly node?: readonly string[] } = {},
): Promise<ServeProcess> {
  const command = [MAIN, "serve", ...args, "--port", `${port}`, "--metrics-port", "0"];
  const child = spawn(process.execPath, [...node, "--conditions=@twinloom/source", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    }
    return child.exitCode;
  };
  const printed = linesOf(child);
  const ready = printed("serving ");
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`twinloom serve ended:\n${log}`)));
  // Its end is nobody's failure once it has begun.
  ended.catch(() => undefined);
  const endpoint = (await Promise.race([ready, ended])).split(" on ").at(-1) as string;
  return {
    endpoint,
    child,
    log: () => log,
    printed,
    end,
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}

function linesOf(child: ChildProcess): ServeProcess["printed"] {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout as Readable).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return (text) =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = lines.find((line) => line.startsWith(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
}
