import { TwinError } from "../errors/twin-error.ts";

/** A file of a batch is unreadable, or not as it was written. */
export class BatchDamagedError extends TwinError {
  override readonly name = "BatchDamagedError";
  override readonly code = "TWIN_BATCH_DAMAGED";
  readonly location: string;

  /** @param remedy - What to do, a sentence. */
  constructor(location: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`"${location}" ${problem} ${remedy}`, options);
    this.location = location;
  }
}

/** There is no sealed batch in a folder. */
export class BatchNotFoundError extends TwinError {
  override readonly name = "BatchNotFoundError";
  override readonly code = "TWIN_BATCH_NOT_FOUND";
  readonly folder: string;

  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`"${folder}" is no folder of a batch: ${problem}`, options);
    this.folder = folder;
  }
}

/** A batch would be sealed in a folder that holds something. */
export class BatchFolderExistsError extends TwinError {
  override readonly name = "BatchFolderExistsError";
  override readonly code = "TWIN_BATCH_FOLDER_EXISTS";
  readonly folder: string;

  constructor(folder: string, holds: "batch" | "other") {
    const what =
      holds === "batch"
        ? "holds a batch, which is never changed. Go on with that one (`twinloom jobs show`, `twinloom jobs resume`), or choose another folder."
        : "holds something. A batch has a folder of its own: choose an empty one, or a new one.";
    super(`"${folder}" ${what}`);
    this.folder = folder;
  }
}

/** A sweep cannot be read, its parts do not fit each other, or its points do not fit the task. */
export class InvalidSweepError extends TwinError {
  override readonly name = "InvalidSweepError";
  override readonly code = "TWIN_INVALID_SWEEP";
}

/** Task runs cannot be put into one array as it was asked for. */
export class PackingImpossibleError extends TwinError {
  override readonly name = "PackingImpossibleError";
  override readonly code = "TWIN_PACKING_IMPOSSIBLE";
}
