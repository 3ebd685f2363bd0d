import {
  FileClosedError,
  FileUnreadableError,
  PackageMissingError,
  ReadFailedError,
  TwinError,
  WorkerRequestError,
} from "../../core/index.ts";

/** What was done when a request failed. */
export interface Doing {
  readonly what: "open" | "read";
  readonly location: string;
  readonly path?: string;
}

/** A failed request as a coded error; what is coded already, and reasons of signals, pass. */
export function codedFailure(error: unknown, { what, location, path }: Doing): unknown {
  if (!(error instanceof WorkerRequestError) || error instanceof TwinError) return error;
  const options = { cause: error };
  if (error.kind === "package") {
    return new PackageMissingError(
      // Its dependencies are for drawing, and one of them is compiled on installing.
      { package: "jsroot", install: "npm install --ignore-scripts jsroot@7.11.2", neededBy: "Reading ROOT files" },
      options,
    );
  }
  if (error.kind === "stopped") {
    return new FileClosedError(location, "cannot be read: its connector has stopped. Create the twin again.");
  }
  const problem = `${path === undefined ? "" : `"${path}": `}${error.message}.`;
  return what === "open"
    ? new FileUnreadableError(location, problem, options)
    : new ReadFailedError(location, problem, options);
}
