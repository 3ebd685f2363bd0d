import { PackageMissingError } from "./errors.ts";

/** A package that a plugin needs but that Twinloom does not install by itself. */
export interface OptionalPackage {
  readonly package: string;
  /** The exact command that installs it: `"npm install h5wasm@0.10.3"`. */
  readonly install: string;
  /** Who needs it, as a message begins: `"Reading HDF5 files"`. */
  readonly neededBy: string;
}

/**
 * Imports a package that may not be installed.
 *
 * @param load - Imports it, so that bundlers and types see the specifier: `() => import("h5wasm/node")`.
 * @returns The module.
 * @throws {@link PackageMissingError} when that very package is missing. Any other failure of the import (the package is
 *   broken, or something that it imports is missing) passes unchanged.
 *
 * @example
 * const h5wasm = await importOptional(() => import("h5wasm/node"), {
 *   package: "h5wasm", install: "npm install h5wasm@0.10.3", neededBy: "Reading HDF5 files",
 * });
 */
export async function importOptional<M>(load: () => Promise<M>, what: OptionalPackage): Promise<M> {
  try {
    return await load();
  } catch (error) {
    throw isMissing(error, what.package) ? new PackageMissingError(what, { cause: error }) : error;
  }
}

/** The code of a failed import (ESM's, or CommonJS's from inside a package), about this package and no other. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as Error & { code?: unknown };
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return false;
  const missing = /Cannot find (?:package|module) ['"]([^'"]+)['"]/.exec(error.message)?.[1];
  return missing === name || missing?.startsWith(`${name}/`) === true;
}
