import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  describeNames,
  FileNotFoundError,
  FileUnreadableError,
  VariableNotFoundError,
  writeAtomically,
} from "../../../core/index.ts";
import { RootExportError } from "./errors.ts";
import { type PythonEnvironmentOptions, pythonEnvironment } from "./python-environment.ts";
import { runProgram } from "./run-python.ts";

const SCRIPT = fileURLToPath(new URL("./export_root.py", import.meta.url));

/** What is exported, and how. */
export interface ExportRootOptions extends PythonEnvironmentOptions {
  /** Paths of trees or RNTuples; all of the file by default. */
  readonly trees?: readonly string[];
  /** Patterns of branches, with `*`, `?` and `[abc]`; all by default. */
  readonly branches?: readonly string[];
  /** First entry, and the one after the last; all by default. */
  readonly start?: number | undefined;
  readonly stop?: number | undefined;
  /** Leaves histograms out. */
  readonly skipHistograms?: boolean;
  /** Bytes of values in memory at a time; 100 MB by default. */
  readonly stepBytes?: number;
  /** `"refuse"` (default) or `"replace"` an existing file. */
  readonly existing?: "refuse" | "replace";
  /** For the provenance in the file: when it is made (ISO 8601), by what, and by which command. */
  readonly time: string;
  readonly exportedBy: string;
  readonly command: string;
  /** Called as it goes on: what is done, and how much of it, 0 to 1, where that is known. */
  onProgress?(doing: string, fraction?: number): void;
}

/** What was exported. */
export interface ExportRootResult {
  readonly trees: readonly { readonly path: string; readonly entries: number; readonly branches: readonly string[] }[];
  readonly histograms: readonly string[];
  /** Branches that uproot cannot read, by path, with the reason. */
  readonly skipped: Readonly<Record<string, string>>;
  /** The virtual environment that was used. */
  readonly environment: string;
}

/**
 * Exports trees, RNTuples and histograms of a ROOT file to HDF5 by uproot, in a Python process. In the shape in which
 * `open` shows them: jagged branches as groups of `counts` and `values`. Memory is bounded by `stepBytes`; the file appears
 * when it is complete.
 *
 * @throws `TWIN_FILE_NOT_FOUND`; `TWIN_FILE_EXISTS`; `TWIN_PYTHON_UNAVAILABLE`; `TWIN_VARIABLE_NOT_FOUND` for a tree or a
 *   pattern that is not there; `TWIN_ROOT_EXPORT_FAILED`; `TWIN_WRITE_FAILED`.
 */
export async function exportRoot(file: string, out: string, options: ExportRootOptions): Promise<ExportRootResult> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const { start = 0, stop = Number.POSITIVE_INFINITY } = options;
  if (stop < start)
    throw new RootExportError(file, `it has no entries from ${start} to ${stop}: stop is before start.`);
  await checkFile(file);
  const write = async (temporary: string): Promise<ExportRootResult> => {
    const environment = await pythonEnvironment({ ...options, onProgress: (doing) => onProgress?.(doing) });
    const outcome: Outcome = {};
    const { complaint } = await runProgram(environment.python, [SCRIPT, requestText(file, temporary, options)], {
      signal,
      onLine: (line) => follow(line, outcome, onProgress),
    });
    if (outcome.done) return { ...outcome.done, environment: environment.folder };
    throw failure(file, outcome.error, complaint);
  };
  return await writeAtomically(out, write, { signal, existing: options.existing ?? "refuse" });
}

interface Outcome {
  done?: Omit<ExportRootResult, "environment">;
  error?: Failure;
}

interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly wanted?: string;
  readonly available?: readonly string[];
}

async function checkFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isFile()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FileNotFoundError(file, { cause: error });
    throw new FileUnreadableError(file, `${(error as Error).message}.`, { cause: error });
  }
  throw new FileUnreadableError(file, "it is no file.");
}

function requestText(file: string, out: string, options: ExportRootOptions): string {
  const { trees = [], branches = [], start, stop, skipHistograms = false, stepBytes = 100e6 } = options;
  const { time, exportedBy, command } = options;
  const request = { file, out, trees, branches, start, stop, skipHistograms, stepBytes, time, exportedBy, command };
  return JSON.stringify(request);
}

function follow(line: string, outcome: Outcome, onProgress: ExportRootOptions["onProgress"]): void {
  let message: { progress?: number; doing?: string } & Outcome;
  try {
    message = JSON.parse(line);
  } catch {
    return; // something that a package printed
  }
  if (message.done) outcome.done = message.done;
  if (message.error) outcome.error = message.error;
  if (message.doing !== undefined) onProgress?.(message.doing, message.progress);
}

function failure(file: string, error: Failure | undefined, complaint: string): Error {
  if (error === undefined) {
    const last = complaint.split("\n").at(-1)?.trim();
    return new RootExportError(file, `Python ended early${last ? ` (${last})` : ""}; it may have run out of memory.`);
  }
  const { kind, message, wanted = "", available = [] } = error;
  if (kind === "branch" || kind === "tree") {
    return new VariableNotFoundError(wanted, available, `In "${file}" ${message}. ${describeNames(wanted, available)}`);
  }
  return new RootExportError(file, `${message}.`);
}
