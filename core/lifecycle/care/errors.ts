import { TwinError } from "../../errors/twin-error.ts";

/** A file is no archive of a store, or is damaged, or holds what no store has. Nothing was published. */
export class ArchiveInvalidError extends TwinError {
  override readonly name = "ArchiveInvalidError";
  override readonly code = "TWIN_ARCHIVE_INVALID";
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(
      `"${file}" cannot be unpacked: ${problem} No version was added. Make it anew with \`twinloom store pack\`.`,
      options,
    );
    this.file = file;
  }
}

/** Two stores have different histories of a twin, so that one is not the continuation of the other. */
export class LogDivergedError extends TwinError {
  override readonly name = "LogDivergedError";
  override readonly code = "TWIN_LOG_DIVERGED";
  readonly twin: string;
  /** The first event that differs. */
  readonly sequence: number;

  /** @param addedBefore - Events that were added before this was seen, when another wrote at the same time. */
  constructor(twin: string, sequence: number, addedBefore = 0) {
    const changed =
      addedBefore === 0
        ? "No event was added."
        : `It was written to while this was unpacked; events added before that: ${addedBefore}, each of them sound.`;
    super(
      `The histories of twin "${twin}" differ from event ${sequence} on: it was written to in both stores since they were copied from each other. ${changed} Unpack into another folder, and seal in one store what is wanted of the other.`,
    );
    this.twin = twin;
    this.sequence = sequence;
  }
}
