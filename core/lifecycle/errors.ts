import { TwinError } from "../errors/twin-error.ts";

/** There is no store in a folder. */
export class StoreNotFoundError extends TwinError {
  override readonly name = "StoreNotFoundError";
  override readonly code = "TWIN_STORE_NOT_FOUND";
  readonly folder: string;

  constructor(folder: string, problem: string) {
    super(`There is no store in "${folder}": ${problem}`);
    this.folder = folder;
  }
}

/** A store was written by a newer Twinloom: this one reads what it understands, and does not write to it. */
export class StoreNewerError extends TwinError {
  override readonly name = "StoreNewerError";
  override readonly code = "TWIN_STORE_NEWER";
  readonly folder: string;

  /** @param problem - What is newer, and what was not done for it, in sentences. */
  constructor(folder: string, problem: string) {
    super(`The store "${folder}" was written by a newer Twinloom: ${problem} Update Twinloom.`);
    this.folder = folder;
  }
}

/** A writer was stopped for so long that others took it for dead: what it stored may have been removed since. */
export class PinLostError extends TwinError {
  override readonly name = "PinLostError";
  override readonly code = "TWIN_PIN_LOST";
  readonly folder: string;

  constructor(folder: string) {
    super(
      `This process was stopped for so long that others may have collected what it wrote to the store "${folder}". Nothing was recorded. Do the same again.`,
    );
    this.folder = folder;
  }
}
