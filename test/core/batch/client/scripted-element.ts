import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BatchFolder, digestJson, relativeAttempt } from "../../../../core/index.ts";

/** What elements did, whoever started them. */
export class Ledger {
  /** How often a result of each task run was accepted, `<stage>/<run>`. */
  readonly accepted: Map<string, number> = new Map();
  /** Jobs that worked on each element, `<token>/<element>`. */
  readonly workers: Map<string, Set<string>> = new Map();

  accept(key: string): void {
    this.accepted.set(key, (this.accepted.get(key) ?? 0) + 1);
  }

  work(key: string, job: string): void {
    this.workers.set(key, new Set([...(this.workers.get(key) ?? []), job]));
  }
}

/** Does what an element does, step by step, so that it can be killed between any two. @returns Whether all its runs have results. */
export async function* workElement(
  folder: BatchFolder,
  place: { readonly token: string; readonly element: number; readonly job: string; readonly restart: number },
  { ledger, failing }: { readonly ledger: Ledger; readonly failing: Map<string, number> },
): AsyncGenerator<void, boolean, undefined> {
  const { token, element, job, restart } = place;
  yield;
  if ((await folder.claimElement(token, element, { job, restart })) !== "ours") return true;
  ledger.work(`${token}/${element}`, job);
  const { stage, elements } = await folder.readSubmission(token);
  const needed = Object.values(folder.stage(stage).inputs).flatMap((input) => ("stage" in input ? [input.stage] : []));
  let isWell = true;
  for (const run of elements[element] ?? []) {
    yield;
    const id = { stage, run };
    const key = `${stage}/${run}`;
    if (await folder.isAccepted(id)) continue;
    const inputs = await Promise.all(needed.map((each) => folder.isAccepted({ stage: each, run })));
    const left = failing.get(key) ?? 0;
    if (left > 0) failing.set(key, left - 1);
    if (left > 0 || inputs.includes(false)) {
      isWell = false;
      continue;
    }
    yield;
    const attempt = { token, restart };
    await mkdir(folder.paths.attempt(id, attempt), { recursive: true });
    await writeFile(join(folder.paths.attempt(id, attempt), "run.json"), "{}");
    yield;
    const made = await folder.accept(id, relativeAttempt(id, attempt), digestJson({ token, restart, run }));
    if (made === "accepted") ledger.accept(key);
  }
  return isWell;
}
