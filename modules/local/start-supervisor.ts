import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ExecutorUnreachableError, lockHolder, type ProcessIdentity } from "../../core/index.ts";
import type { LocalFolder } from "./local-folder.ts";

const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./supervisor/main.ts" : "./supervisor/main.js", import.meta.url),
);
const POLL_MS = 5;
/** Of what a supervisor said last, so much is told. */
const MOST_TOLD = 1000;

/**
 * Sees to it that a supervisor looks after the arrays of a folder.
 *
 * @param options - `places`: how many processes a new one runs at the same time.
 * @throws {@link ExecutorUnreachableError} where none can be started, or one of another computer has the folder; the
 *   signal's reason.
 */
export async function startSupervisor(
  folder: LocalFolder,
  { places, signal }: { readonly places: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  if (isHere(folder, await lockHolder(folder.supervisor))) return;
  const child = await spawnSupervisor(folder, places);
  try {
    // One that is done already, or found another at work, has ended with 0.
    while (child.exitCode === null && child.signalCode === null) {
      if (isHere(folder, await lockHolder(folder.supervisor))) return;
      await setTimeout(POLL_MS, undefined, { signal, ref: true }).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      });
    }
    if (child.exitCode === 0) {
      isHere(folder, await lockHolder(folder.supervisor));
      return;
    }
    const how = child.exitCode === null ? `by ${child.signalCode}` : `with exit code ${child.exitCode}`;
    const told = await readFile(folder.supervisorLog, "utf8").catch(() => "");
    throw unreachable(`The supervisor of "${folder.path}" ended ${how}: ${told.slice(-MOST_TOLD).trim()}`);
  } finally {
    child.unref();
  }
}

async function spawnSupervisor(folder: LocalFolder, places: number): Promise<ChildProcess> {
  await folder.make();
  const log = openSync(folder.supervisorLog, "a", 0o600);
  try {
    const child = spawn(process.execPath, [MAIN, folder.path, String(places)], {
      // It keeps no folder busy, and no terminal.
      cwd: "/",
      detached: true,
      stdio: ["ignore", "ignore", log],
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child;
  } finally {
    closeSync(log);
  }
}

/** @throws {@link ExecutorUnreachableError} where it is of another computer. */
function isHere(folder: LocalFolder, holder: ProcessIdentity | undefined): boolean {
  if (holder === undefined || holder.host === hostname()) return holder !== undefined;
  throw unreachable(
    `The arrays of "${folder.path}" are run by process ${holder.pid} of ${holder.host}, and this is ${hostname()}.`,
    "Ask there, or give another folder.",
  );
}

function unreachable(problem: string, advice?: string): ExecutorUnreachableError {
  return new ExecutorUnreachableError("local", problem, advice);
}
