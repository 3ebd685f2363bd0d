import type { ArrayJob } from "../../contracts/executor.ts";
import type { BatchFolder } from "../batch-folder.ts";

/** What an array of a batch is made of. */
export interface BatchArray
  extends Pick<ArrayJob, "token" | "elements" | "atOnce" | "environment" | "resources" | "after"> {
  readonly stage: string;
  /** Program and arguments that start the command line of Twinloom where elements run. */
  readonly command: readonly [string, ...string[]];
  /** Absolute. The folder of the batch by default. */
  readonly workingFolder?: string | undefined;
}

/** An array of a batch as an executor gets it. The folder of the batch need not be there yet. */
export function batchArrayJob(
  { document, paths }: Pick<BatchFolder, "document" | "paths">,
  { stage, command, token, workingFolder = paths.root, ...rest }: BatchArray,
): ArrayJob {
  return {
    ...rest,
    token,
    name: `${document.name}-${stage}`.replaceAll(/[^A-Za-z0-9._-]+/g, "-").slice(0, 64),
    command: [...command, "batch", "work", paths.root, "--token", token],
    workingFolder,
    logFolder: paths.logs(token),
  };
}
