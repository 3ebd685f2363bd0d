import { join } from "node:path";
import { type Digest, digestFile } from "../canonical/digest.ts";
import { reasonOf } from "../errors/reason.ts";
import { InputChangedError } from "../run/errors.ts";
import type { RunRecord } from "../run/run-record.ts";
import type { StageDocument } from "./batch-document.ts";
import type { BatchFolder } from "./batch-folder.ts";

/** An input of a task run: which file, and which bytes it must have. */
export interface ElementInput {
  readonly path: string;
  readonly fileDigest: Digest;
}

/** Finds the inputs of the runs of one stage, and checks that they are those that were sealed. */
export class ElementInputs {
  readonly #folder: BatchFolder;
  readonly #stage: StageDocument;
  /** Files that were found to be as sealed: the same for each run, and perhaps large. */
  readonly #sound = new Set<string>();

  constructor(folder: BatchFolder, stage: StageDocument) {
    this.#folder = folder;
    this.#stage = stage;
  }

  /**
   * @returns The inputs by name; or the stage that has no result for this run.
   * @throws {@link InputChangedError}; `TWIN_BATCH_DAMAGED` for a result that is not as it was accepted.
   */
  async find(
    run: number,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, ElementInput>> | { readonly missing: string }> {
    const found: Record<string, ElementInput> = {};
    for (const [name, from] of Object.entries(this.#stage.inputs)) {
      if ("file" in from) {
        found[name] = { path: from.file, fileDigest: from.fileDigest };
        await this.#check(name, found[name], signal);
        continue;
      }
      const accepted = await this.#folder.readAccepted({ stage: from.stage, run });
      if (accepted === undefined) return { missing: from.stage };
      // A task's record has one step, and a task that succeeded has written all that it declares.
      const [step] = Object.values(accepted.record.steps);
      const output = step?.outputs[from.output];
      if (output) found[name] = { path: join(accepted.folder, output.path), fileDigest: output.fileDigest };
    }
    return found;
  }

  async #check(name: string, { path, fileDigest }: ElementInput, signal: AbortSignal): Promise<void> {
    if (this.#sound.has(path)) return;
    let digest: Digest;
    try {
      ({ digest } = await digestFile(path, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      throw new InputChangedError(name, path, `cannot be read: ${reasonOf(error)} ${SEALED}`);
    }
    if (digest !== fileDigest) throw new InputChangedError(name, path, `${CHANGED} ${SEALED}`);
    this.#sound.add(path);
  }
}

const CHANGED = "changed since the batch was sealed.";
const SEALED = "Put it back as it was and resume the batch, or seal a new batch in another folder.";

/** Whether a run has read the inputs that it should. @throws {@link InputChangedError} */
export function checkInputsRead(record: RunRecord, inputs: Readonly<Record<string, ElementInput>>): void {
  const [step] = Object.values(record.steps);
  for (const [name, { path, fileDigest }] of Object.entries(inputs)) {
    if (step?.inputs[name]?.fileDigest !== fileDigest) throw new InputChangedError(name, path, `${CHANGED} ${SEALED}`);
  }
}
