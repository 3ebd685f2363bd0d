import { hostname } from "node:os";
import type { z } from "zod";
import { canonicalJson } from "../canonical/canonical-json.ts";
import type { Clock } from "../contracts/clock.ts";
import { writing } from "../lifecycle/fs/failures.ts";
import { replaceFile } from "../lifecycle/fs/publish.ts";
import type { StoreFs } from "../lifecycle/fs/store-fs.ts";
import { numbersIn, publishNew, readJson } from "./batch-files.ts";
import type { BatchPaths } from "./batch-paths.ts";
import { WitnessSchema } from "./batch-schema.ts";
import { BatchDamagedError } from "./errors.ts";

/** What an element leaves as its first act: that its submission has reached the executor, whatever that says of it. */
export type Witness = Readonly<z.output<typeof WitnessSchema>>;

/** Who claims an element. */
export interface ElementClaim {
  /** Id of the array that the executor started it for. */
  readonly job: string;
  /** How often it was started before under that id. */
  readonly restart: number;
  readonly clock?: Clock | undefined;
}

const REMEDY = "Remove it, and resume the batch.";

/** Claims an element of a submission. @returns Whose it is: `"ours"`, or of another array that came first. */
export async function claimElement(
  { fs, paths }: { readonly fs: StoreFs; readonly paths: BatchPaths },
  { token, element }: { readonly token: string; readonly element: number },
  { job, restart, clock = { now: () => Date.now() } }: ElementClaim,
): Promise<"ours" | { readonly takenBy: string }> {
  const path = paths.witness(token, element);
  const startedAt = new Date(clock.now()).toISOString();
  const witness: Witness = { job, element, restart, host: hostname(), pid: process.pid, startedAt };
  if (await publishNew(fs, path, witness)) return "ours";
  const first = await readJson(fs, path, { schema: WitnessSchema, remedy: REMEDY });
  if (first === undefined) throw new BatchDamagedError(path, "was there, and is gone.", "Resume the batch.");
  if (first.job !== job) return { takenBy: first.job };
  // One that was started again is the newest, unless the process before it comes late.
  if (first.restart <= restart) await writing(path, () => replaceFile(fs, path, canonicalJson(witness)));
  return "ours";
}

/** Elements of a submission that were started, in their order. */
export async function witnessesOf(
  { fs, paths }: { readonly fs: StoreFs; readonly paths: BatchPaths },
  token: string,
): Promise<readonly Witness[]> {
  const found: Witness[] = [];
  for (const element of await numbersIn(fs, paths.witnesses(token))) {
    const witness = await readJson(fs, paths.witness(token, element), { schema: WitnessSchema, remedy: REMEDY });
    if (witness) found.push(witness);
  }
  return found;
}
