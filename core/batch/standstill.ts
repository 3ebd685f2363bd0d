import { z } from "zod";
import { canonicalJson } from "../canonical/canonical-json.ts";
import { digestJson } from "../canonical/digest.ts";
import { DigestSchema } from "../canonical/digest-schema.ts";
import type { Log } from "../contracts/log.ts";
import { reasonOf } from "../errors/reason.ts";
import { writeFileAtomically } from "../files/write-atomically.ts";
import { nodeFs } from "../lifecycle/fs/node-fs.ts";
import { savedUnder } from "../run/checkpoint.ts";
import { readJson } from "./batch-files.ts";
import type { BatchFolder } from "./batch-folder.ts";

/** Restarts in a row that may bring an element no further; then it is not started again. */
const MOST_IDLE_RESTARTS = 5;

/** What is said of runs of an element that is not started again. */
export const STOOD_STILL = `Its element was started ${MOST_IDLE_RESTARTS + 1} times and told to stop before it came any further: with a result, or with a checkpoint that is another. Its time is too short, or it is pre-empted too soon: resume the batch with more of it (--time), or where it is not pre-empted.`;

/** How far an element was, which of its runs were left, and under which restarts it was stopped there. */
const StandstillSchema = z.strictObject({
  at: DigestSchema,
  left: z.array(z.int().min(0)),
  restarts: z.array(z.int().min(0)),
});

/** An element of a submission. */
interface ElementId {
  readonly token: string;
  readonly element: number;
}

/**
 * Writes down that an element was told to stop.
 *
 * @param left - Runs that it has not come to, or not to the end of.
 * @returns Those without a result, of an element that is not to be started again; none of one that is, and where nothing can be
 *   written down.
 */
export async function noteStop(
  folder: BatchFolder,
  stopped: ElementId & { readonly stage: string; readonly restart: number; readonly log: Log | undefined },
  left: readonly number[],
): Promise<ReadonlySet<number>> {
  const { stage, restart, log } = stopped;
  try {
    const runs: number[] = [];
    // One that it has not come to may have a result all the same.
    for (const run of left) if (!(await folder.isAccepted({ stage, run }))) runs.push(run);
    const saved = await Promise.all(runs.map((run) => savedUnder(folder.paths.checkpoints({ stage, run }))));
    const at = digestJson({ runs, saved });
    const before = await read(folder, stopped);
    // An old process may still be there beside the one that was started after it: each counts once.
    const restarts = [...new Set([...(before?.at === at ? before.restarts : []), restart])];
    const path = folder.paths.standstill(stopped.token, stopped.element);
    await writeFileAtomically(path, canonicalJson({ at, left: runs, restarts }), { existing: "replace" });
    return new Set(restarts.length > MOST_IDLE_RESTARTS ? runs : []);
  } catch (error) {
    log?.warn({ reason: reasonOf(error) }, "How far the element was when it was stopped cannot be written down");
    return new Set();
  }
}

/** Runs of an element that were given up because it stood still. @throws `TWIN_BATCH_DAMAGED`, `TWIN_READ_FAILED` */
export async function givenUp(folder: BatchFolder, id: ElementId): Promise<readonly number[]> {
  const found = await read(folder, id);
  return found !== undefined && found.restarts.length > MOST_IDLE_RESTARTS ? found.left : [];
}

async function read(
  folder: BatchFolder,
  { token, element }: ElementId,
): Promise<z.output<typeof StandstillSchema> | undefined> {
  const path = folder.paths.standstill(token, element);
  return await readJson(nodeFs, path, { schema: StandstillSchema, remedy: "Remove it." });
}
