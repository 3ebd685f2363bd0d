import { TwinError } from "../../errors/twin-error.ts";
import type { FileLockedError } from "../../files/errors.ts";

/** Another client submits or watches the batch; one at a time does. */
export class BatchBusyError extends TwinError {
  override readonly name = "BatchBusyError";
  override readonly code = "TWIN_BATCH_BUSY";
  /** Folder of the batch. */
  readonly folder: string;

  constructor(folder: string, locked: FileLockedError) {
    const { holder } = locked;
    const who = holder ? `process ${holder.pid} of ${holder.host}` : "another process";
    super(
      `The batch in "${folder}" is being submitted or watched by ${who}. Looking at it needs no turn; to change it, wait ` +
        `until that one ends, or end it: what it submitted goes on. If it is long gone, remove "${locked.location}.lock".`,
      { cause: locked },
    );
    this.folder = folder;
  }
}

/** The journal in the folder of a batch is that of another batch. */
export class BatchMismatchError extends TwinError {
  override readonly name = "BatchMismatchError";
  override readonly code = "TWIN_BATCH_MISMATCH";
  /** Folder of the batch. */
  readonly folder: string;

  constructor(folder: string, ids: { readonly sealed: string; readonly journal: string }) {
    super(
      `The batch sealed in "${folder}" is ${ids.sealed}, and its journal tells of ${ids.journal}: one of the two was put ` +
        "there from elsewhere. Bring back the file that was there, or seal the batch in another folder.",
    );
    this.folder = folder;
  }
}
