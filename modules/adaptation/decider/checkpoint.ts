import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, FileUnreadableError, writeFileAtomically } from "../../../core/index.ts";
import type { TwinLoopState } from "./twin-loop.ts";

/** Where a decider goes on, so that it need not begin with the first event. Without it, it does, and decides the same. */
export interface Checkpoint {
  readonly schemaVersion: 1;
  /** Time of the first event, nanoseconds since 1970, as a decimal number. */
  readonly firstNs: string;
  /** Events from this time on are not in the state; likewise. */
  readonly endNs: string;
  /** Decided until then. */
  readonly decisions: number;
  /** Of their rules and of these decisions. */
  readonly digest: Digest;
  readonly state: TwinLoopState;
}

/** @returns `undefined` where there is none. */
export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const path = checkpointFile(folder);
  try {
    return JSON.parse(await readFile(path, "utf8")) as Checkpoint;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FileUnreadableError(
      path,
      "it is no checkpoint. Delete it: the decider then begins with the first event.",
      {
        cause: error,
      },
    );
  }
}

export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomically(checkpointFile(folder), JSON.stringify(checkpoint), { existing: "replace" });
}

function checkpointFile(folder: string): string {
  return join(folder, "checkpoint.json");
}
