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

/** A store was made by a newer Twinloom: this one reads it, and does not write to it. */
export class StoreNewerError extends TwinError {
  override readonly name = "StoreNewerError";
  override readonly code = "TWIN_STORE_NEWER";
  readonly folder: string;
  readonly format: number;

  constructor(folder: string, format: number, known: number) {
    super(
      `The store "${folder}" has format ${format}; this Twinloom writes format ${known}, and reads newer ones as far as it understands them. Nothing was written. Update Twinloom to write to this store.`,
    );
    this.folder = folder;
    this.format = format;
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
