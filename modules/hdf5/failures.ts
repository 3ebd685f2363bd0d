import { createRequire } from "node:module";
import {
  FileClosedError,
  FileUnreadableError,
  type HdfFilter,
  PackageMissingError,
  ReadFailedError,
  TwinError,
  WorkerRequestError,
  WriteFailedError,
} from "../../core/index.ts";
import { FilterMissingError } from "./errors.ts";

/** What was done when a request failed. */
export interface Doing {
  readonly what: "open" | "read" | "write";
  readonly location: string;
  readonly path?: string;
  readonly filters?: readonly HdfFilter[];
}

/** A failed request as a coded error; what is coded already, and reasons of signals, pass. */
export function codedFailure(error: unknown, doing: Doing): unknown {
  if (!(error instanceof WorkerRequestError) || error instanceof TwinError) return error;
  const { what, location, path } = doing;
  const options = { cause: error };
  if (error.kind === "package") {
    return new PackageMissingError(
      { package: "h5wasm", install: "npm install h5wasm@0.10.3", neededBy: "Reading HDF5 files" },
      options,
    );
  }
  const problem = `${path === undefined ? "" : `"${path}": `}${error.message}.`;
  if (error.kind === "stopped") {
    return new FileClosedError(location, "cannot be read: its connector has stopped. Create the twin again.");
  }
  if (error.kind === "filter") return filterFailure(doing, error);
  if (error.kind === "open" && what !== "read") return new FileUnreadableError(location, problem, options);
  if (what === "write") return new WriteFailedError(location, problem, options);
  return what === "open"
    ? new FileUnreadableError(location, problem, options)
    : new ReadFailedError(location, problem, options);
}

/** Filters that h5wasm-plugins brings, by their registered numbers. */
const PLUGIN_FILTERS = new Set([307, 32000, 32001, 32004, 32008, 32013, 32015, 32019, 32022, 32023, 32026]);

function filterFailure({ location, path = "", filters = [] }: Doing, cause: Error): TwinError {
  if (filters.some(({ id }) => PLUGIN_FILTERS.has(id)) && !hasPlugins()) {
    return new PackageMissingError(
      {
        package: "h5wasm-plugins",
        install: "npm install --legacy-peer-deps h5wasm-plugins@0.2.1",
        neededBy: `Reading "${path}" of "${location}" (filters ${filterNames(filters).join(", ")})`,
      },
      { cause },
    );
  }
  return new FilterMissingError({ location, path }, filterNames(filters), { cause });
}

function hasPlugins(): boolean {
  try {
    createRequire(import.meta.url).resolve("h5wasm-plugins/package.json");
    return true;
  } catch {
    return false;
  }
}

function filterNames(filters: readonly HdfFilter[]): string[] {
  return filters.map(({ id, name }) => `${name || "unnamed"} (${id})`);
}
