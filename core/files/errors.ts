import { TwinError } from "../errors/twin-error.ts";
import { redactLocation } from "../sources/redact.ts";

/** About one file, which is named without what is secret in its URL. */
abstract class FileError extends TwinError {
  readonly location: string;

  constructor(location: string, message: (shown: string) => string, options?: ErrorOptions) {
    const shown = redactLocation(location);
    super(message(shown), options);
    this.location = shown;
  }
}

/** There is no such file. */
export class FileNotFoundError extends FileError {
  override readonly name = "FileNotFoundError";
  override readonly code = "TWIN_FILE_NOT_FOUND";

  /** @param options - `namedBy`: what names the file; by default its path was given as it is. */
  constructor(location: string, options: ErrorOptions & { readonly namedBy?: string } = {}) {
    const { namedBy } = options;
    super(
      location,
      (shown) =>
        namedBy === undefined
          ? `There is no file "${shown}". Check the path; a relative one starts at the working directory.`
          : `There is no file "${shown}", which is named here: ${namedBy}. Check the path; a relative one starts at the file that names it.`,
      options,
    );
  }
}

/** A file is there but cannot be opened: not of the format, truncated, corrupt, no permission. */
export class FileUnreadableError extends FileError {
  override readonly name = "FileUnreadableError";
  override readonly code = "TWIN_FILE_UNREADABLE";

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(location, (shown) => `Cannot open "${shown}": ${problem}`, options);
  }
}

/** A file would be overwritten, and the caller did not ask for that. */
export class FileExistsError extends FileError {
  override readonly name = "FileExistsError";
  override readonly code = "TWIN_FILE_EXISTS";

  /** @param options - `remedy`: what to do, where nobody can ask for it to be replaced. */
  constructor(location: string, options: ErrorOptions & { readonly remedy?: string } = {}) {
    const { remedy = 'Give another name, or ask for it with `existing: "replace"`.' } = options;
    super(location, (shown) => `"${shown}" exists and is not overwritten. ${remedy}`, options);
  }
}

/** A file that one at a time may write is being written by another. */
export class FileLockedError extends FileError {
  override readonly name = "FileLockedError";
  override readonly code = "TWIN_FILE_LOCKED";
  /** The process that has it; absent where the lock does not say. */
  readonly holder?: { readonly host: string; readonly pid: number };

  /** @param lock - The file that says so. */
  constructor(
    location: string,
    lock: string,
    holder: { readonly host: string; readonly pid: number } | undefined,
    options?: ErrorOptions,
  ) {
    const who = holder ? `process ${holder.pid} of ${holder.host}` : "another process";
    super(
      location,
      (shown) =>
        `"${shown}" is being written by ${who}. Wait until it is closed. If that process is gone, remove "${lock}".`,
      options,
    );
    if (holder) this.holder = { host: holder.host, pid: holder.pid };
  }
}

/** Values of an open file cannot be read: a damaged chunk, a missing filter, an I/O error. */
export class ReadFailedError extends FileError {
  override readonly name = "ReadFailedError";
  override readonly code = "TWIN_READ_FAILED";

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(location, (shown) => `Cannot read from "${shown}": ${problem}`, options);
  }
}

/** A file cannot be written: no space, no permission, a value that the format cannot hold. Nothing is left behind. */
export class WriteFailedError extends FileError {
  override readonly name = "WriteFailedError";
  override readonly code = "TWIN_WRITE_FAILED";

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(location, (shown) => `Cannot write "${shown}": ${problem}`, options);
  }
}

/** A file is read after it was closed, or after its connector stopped. */
export class FileClosedError extends FileError {
  override readonly name = "FileClosedError";
  override readonly code = "TWIN_FILE_CLOSED";

  constructor(location: string, why = "is closed. Read before `close()`, or open it again.") {
    super(location, (shown) => `"${shown}" ${why}`);
  }
}

/** Reading made no progress for too long; the file may be damaged so that HDF5 loops. */
export class ReadTimeoutError extends FileError {
  override readonly name = "ReadTimeoutError";
  override readonly code = "TWIN_READ_TIMEOUT";
  readonly timeoutMs: number;

  /** @param of - Whether the time is the processor's, and not the clock's. */
  constructor(location: string, timeoutMs: number, of?: "processor") {
    const time = of === "processor" ? `${timeoutMs} ms of processor time` : `${timeoutMs} ms`;
    super(
      location,
      (shown) =>
        `"${shown}" gave nothing for ${time} and was given up. It may be damaged; if it is only slow, raise the option \`timeoutMs\`.`,
    );
    this.timeoutMs = timeoutMs;
  }
}
