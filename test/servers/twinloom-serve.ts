import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** A `twinloom serve` of its own process. */
export interface ServeProcess extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly child: ChildProcess;
  /** What it printed to its standard error so far. */
  readonly log: () => string;
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
  for await (const line of createInterface(child.stdout)) {
    const endpoint = /^serving .* on (\S+)$/.exec(line)?.[1];
    if (endpoint === undefined) continue;
    // What it prints from now on must not fill the pipe.
    child.stdout.resume();
    return { endpoint, child, log: () => log, end, [Symbol.asyncDispose]: async () => void (await end("SIGKILL")) };
  }
  throw new Error(`twinloom serve ended:\n${log}`);
}
