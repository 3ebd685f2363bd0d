import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";

const venv = fileURLToPath(new URL("../../.venv-triton/", import.meta.url));

/** Why Triton cannot be started here; `undefined` when it can, or when it must. */
export function tritonMissing(): string | undefined {
  if (process.env["TWINLOOM_REQUIRE_SERVICES"] === "1" || existsSync(join(venv, "installed.txt"))) return undefined;
  return "needs scripts/triton-venv.sh";
}

/** A stock Triton inference server, on this machine's processor. */
export interface TritonServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`, gRPC. */
  readonly endpoint: string;
}

/**
 * Starts Triton on a model repository. Its only backend here is Python's (scripts/triton-venv.sh).
 *
 * @param repository - Folder with a folder per model.
 * @throws With what Triton told, where it does not start.
 */
export async function startTriton(repository: string): Promise<TritonServer> {
  const [home] = globSync("lib/python3*/site-packages/pytriton/tritonserver", { cwd: venv });
  if (home === undefined) throw new Error("There is no Triton; scripts/triton-venv.sh installs it.");
  const program = join(venv, home, "bin/tritonserver");
  const port = await freePort();
  const options = {
    "model-repository": repository,
    "backend-directory": join(venv, home, "backends"),
    "grpc-address": "127.0.0.1",
    "grpc-port": port,
    "allow-http": "false",
    "allow-metrics": "false",
  };
  const child = spawn(
    program,
    Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    {
      // The Python backend takes its packages from the first interpreter on the path.
      env: { ...process.env, PATH: [join(venv, "bin"), process.env["PATH"]].join(delimiter) },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  await started(child);
  return { endpoint: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => ended(child) };
}

async function started(child: ChildProcess): Promise<void> {
  const told: string[] = [];
  for await (const line of createInterface(child.stderr as NodeJS.ReadableStream)) {
    told.push(line);
    if (line.includes("Started GRPCInferenceService")) {
      // What it writes from now on must not fill the pipe.
      child.stderr?.resume();
      return;
    }
  }
  throw new Error(`Triton did not start:\n${told.join("\n")}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
