import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";

/** An object that should be a version is none, or not as it was sealed: another schema, other bytes, a missing layer. */
export class VersionDamagedError extends TwinError {
  override readonly name = "VersionDamagedError";
  override readonly code = "TWIN_VERSION_DAMAGED";
  /** Digest of the manifest. */
  readonly version: Digest;

  constructor(version: Digest, problem: string, options?: ErrorOptions) {
    super(`${version} is no version that can be used: ${problem}`, options);
    this.version = version;
  }
}

/** A twin cannot be sealed, because what it is made of could not be brought together again elsewhere. */
export class NotSealableError extends TwinError {
  override readonly name = "NotSealableError";
  override readonly code = "TWIN_NOT_SEALABLE";
  readonly twin: string;
  readonly problems: readonly string[];

  constructor(twin: string, problems: readonly string[]) {
    super(`Twin "${twin}" cannot be sealed:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.twin = twin;
    this.problems = problems;
  }
}

/** A version would be restored into a folder that holds something. */
export class FolderNotEmptyError extends TwinError {
  override readonly name = "FolderNotEmptyError";
  override readonly code = "TWIN_FOLDER_NOT_EMPTY";
  readonly folder: string;

  constructor(folder: string) {
    super(`A version is restored into an empty folder or a new one; "${folder}" holds something. Name another.`);
    this.folder = folder;
  }
}

/** A version was withdrawn: it is kept, but nothing new is to be made with it. */
export class VersionWithdrawnError extends TwinError {
  override readonly name = "VersionWithdrawnError";
  override readonly code = "TWIN_VERSION_WITHDRAWN";
  readonly version: Digest;

  constructor(shown: string, version: Digest, reason: string | null) {
    super(
      `${shown} was withdrawn${reason === null ? "" : ` ("${reason}")`}. Use another version, or ask for this one with \`force\`.`,
    );
    this.version = version;
  }
}
