import { TwinError } from "../errors/twin-error.ts";

/** There is no such file. */
export class FileNotFoundError extends TwinError {
  override readonly name = "FileNotFoundError";
  override readonly code = "TWIN_FILE_NOT_FOUND";
  readonly location: string;

  constructor(location: string, options?: ErrorOptions) {
    super(`There is no file "${location}". Check the path; a relative one starts at the working directory.`, options);
    this.location = location;
  }
}

/** A file is there but cannot be opened: not of the format, truncated, corrupt, no permission. */
export class FileUnreadableError extends TwinError {
  override readonly name = "FileUnreadableError";
  override readonly code = "TWIN_FILE_UNREADABLE";
  readonly location: string;

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`Cannot open "${location}": ${problem}`, options);
    this.location = location;
  }
}

/** A file would be overwritten, and the caller did not ask for that. */
export class FileExistsError extends TwinError {
  override readonly name = "FileExistsError";
  override readonly code = "TWIN_FILE_EXISTS";
  readonly location: string;

  constructor(location: string, options?: ErrorOptions) {
    super(
      `"${location}" exists and is not overwritten. Give another name, or ask for it with \`existing: "replace"\`.`,
      options,
    );
    this.location = location;
  }
}

/** Values of an open file cannot be read: a damaged chunk, a missing filter, an I/O error. */
export class ReadFailedError extends TwinError {
  override readonly name = "ReadFailedError";
  override readonly code = "TWIN_READ_FAILED";
  readonly location: string;

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`Cannot read from "${location}": ${problem}`, options);
    this.location = location;
  }
}

/** A file cannot be written: no space, no permission, a value that the format cannot hold. Nothing is left behind. */
export class WriteFailedError extends TwinError {
  override readonly name = "WriteFailedError";
  override readonly code = "TWIN_WRITE_FAILED";
  readonly location: string;

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`Cannot write "${location}": ${problem}`, options);
    this.location = location;
  }
}

/** A file is read after it was closed, or after its connector stopped. */
export class FileClosedError extends TwinError {
  override readonly name = "FileClosedError";
  override readonly code = "TWIN_FILE_CLOSED";
  readonly location: string;

  constructor(location: string, why = "is closed. Read before `close()`, or open it again.") {
    super(`"${location}" ${why}`);
    this.location = location;
  }
}

/** Reading made no progress for too long; the file may be damaged so that HDF5 loops. */
export class ReadTimeoutError extends TwinError {
  override readonly name = "ReadTimeoutError";
  override readonly code = "TWIN_READ_TIMEOUT";
  readonly location: string;
  readonly timeoutMs: number;

  /** @param of - Whether the time is the processor's, and not the clock's. */
  constructor(location: string, timeoutMs: number, of?: "processor") {
    const time = of === "processor" ? `${timeoutMs} ms of processor time` : `${timeoutMs} ms`;
    super(
      `"${location}" gave nothing for ${time} and was given up. It may be damaged; if it is only slow, raise the option \`timeoutMs\`.`,
    );
    this.location = location;
    this.timeoutMs = timeoutMs;
  }
}
