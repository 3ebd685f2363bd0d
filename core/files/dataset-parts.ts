import { basename } from "node:path";
import type { Connector, OpenDataset, OpenOptions } from "../contracts/connector.ts";
import type { Source } from "../contracts/source.ts";
import type { DatasetPart } from "../data/federate/part.ts";
import { findSource, hasScheme } from "../sources/find-source.ts";
import { isPattern } from "../sources/patterns.ts";
import { redactLocation } from "../sources/redact.ts";
import { FileNotFoundError, FileUnreadableError } from "./errors.ts";
import { connectorFor, openDataset, recognise } from "./open-dataset.ts";

/** How {@link datasetParts} finds and opens files. */
export interface DatasetPartsOptions {
  /** Sources of the twin: `many(Source)`. Each serves the locations that begin as it says, with its own credentials. */
  readonly sources?: readonly Source[] | undefined;
  /** As in {@link OpenOptions}. */
  readonly decode?: OpenOptions["decode"];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Parts of a federation: one for each file that the locations stand for. Nothing is opened yet.
 *
 * @param locations - Files, folders and patterns: `"archive/"`, `"s3://bucket/tas_*.nc"`. Of a folder, the files whose names
 *   end as some connector's do. A folder that a connector opens as a whole, such as `tas.zarr`, is one part.
 * @throws `TWIN_FILE_NOT_FOUND` when a folder is not there, or a folder or pattern has no file; what the source throws.
 */
export async function datasetParts(
  locations: string | readonly string[],
  connectors: readonly Connector[],
  options: DatasetPartsOptions = {},
): Promise<readonly DatasetPart[]> {
  const given = typeof locations === "string" ? [locations] : locations;
  const files: string[] = [];
  for (const location of given) {
    const found = await expand(location, connectors, options);
    // Of several places, one must not be left out because nothing of it was found.
    if (found.length === 0) throw new FileNotFoundError(redactLocation(location));
    files.push(...found);
  }
  const distinct = [...new Set(files)];
  const names = shortNames(distinct);
  return distinct.map((location, number) => ({
    name: names[number] as string,
    open: opener(location, connectors, options),
  }));
}

/**
 * Opens with the connector that the ending of the name belongs to, or else the one that recognises the file; then always
 * with that one. To look at the beginning of a thousand files first would open each of them twice.
 */
function opener(
  location: string,
  connectors: readonly Connector[],
  { sources, decode }: DatasetPartsOptions,
): (options: { readonly signal?: AbortSignal | undefined }) => Promise<OpenDataset> {
  let known: Connector | undefined;
  return async ({ signal }) => {
    const options = { signal, ...(sources && { sources }), ...(decode !== undefined && { decode }) };
    if (known) return await known.open(location, options);
    const byName = connectorFor(location, connectors);
    if (byName) {
      try {
        const dataset = await byName.open(location, options);
        known = byName;
        return dataset;
      } catch (error) {
        // Perhaps the ending is wrong.
        const found = error instanceof FileUnreadableError ? await recognise(location, connectors, options) : byName;
        if (found === undefined || found === byName) throw error;
      }
    }
    known = await recognise(location, connectors, options);
    // Says which formats there are.
    return await (known ? known.open(location, options) : openDataset(location, connectors, options));
  };
}

async function expand(
  location: string,
  connectors: readonly Connector[],
  { sources = [], signal }: DatasetPartsOptions,
): Promise<readonly string[]> {
  const source = (): Source => findSource(location, sources);
  if (standsForMany(location)) return await listed(source(), location, signal);
  const isFolder = /[\\/]$/.test(location);
  if (isFolder && connectorFor(location, connectors)) return [location.replace(/[\\/]+$/, "")];
  const files = isFolder
    ? await listed(source(), location, signal)
    : await filesOfFolder(location, source, connectors, signal);
  return files?.filter((file) => connectorFor(file, connectors)) ?? [location];
}

/** The files of a local folder that no connector opens as a whole; `undefined` for what is no such folder. */
async function filesOfFolder(
  location: string,
  source: () => Source,
  connectors: readonly Connector[],
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  if (connectorFor(location, connectors) || hasScheme(location)) return undefined;
  try {
    // Of a file, a source lists the file.
    const files = await listed(source(), location, signal);
    return files.length === 1 && files[0] === location ? undefined : files;
  } catch {
    signal?.throwIfAborted();
    // What is not there, or away, is told when it is opened: then the other parts can be read.
    return undefined;
  }
}

async function listed(source: Source, pattern: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const { location } of source.list(pattern, { signal })) files.push(location);
  return files;
}

/** Whether a location stands for others; the query of a URL begins with a question mark, too. */
export function standsForMany(location: string): boolean {
  return isPattern(/^https?:/i.test(location) ? (location.split("?")[0] as string) : location);
}

/** The last parts of the locations, where those differ; otherwise the locations, without what opens doors. */
function shortNames(locations: readonly string[]): readonly string[] {
  const shown = locations.map(redactLocation);
  const names = [shown.map((location) => basename(location)), shown].find((all) => new Set(all).size === all.length);
  return names ?? shown.map((location, number) => `${location} (${number + 1})`);
}
