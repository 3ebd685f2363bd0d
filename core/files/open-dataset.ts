import type { Connector, OpenDataset, OpenOptions } from "../contracts/connector.ts";
import type { Source } from "../contracts/source.ts";
import { openSource, readBytes } from "../sources/find-source.ts";
import { FileNotFoundError, FileUnreadableError } from "./errors.ts";

/** Enough for every signature that a connector looks for. */
const HEAD_BYTES = 4096;

/** How {@link recognise} and {@link openDataset} look at a location. */
export interface RecogniseOptions {
  readonly signal?: AbortSignal | undefined;
  /** Sources of the twin, for what is no local path: `many(Source)`. */
  readonly sources?: readonly Source[];
}

/**
 * The connector that recognises a file; `undefined` where none does. Where several do, the first that the ending of the
 * name belongs to, else the first. What is no file, such as `memory:events` or a folder of Zarr, is recognised by its name
 * alone.
 *
 * @throws {@link FileNotFoundError}, {@link FileUnreadableError} (no permission, a folder); what the source throws.
 */
export async function recognise(
  location: string,
  connectors: readonly Connector[],
  options: RecogniseOptions = {},
): Promise<Connector | undefined> {
  try {
    return choose(await firstBytes(location, options), location, connectors);
  } catch (error) {
    const byName = choose(new Uint8Array(), location, connectors);
    const isNoFile = error instanceof FileNotFoundError || error instanceof FileUnreadableError;
    if (isNoFile && byName) return byName;
    throw error;
  }
}

/**
 * Opens a file with the connector that recognises it.
 *
 * @param connectors - Those of a twin: `resolveNeeds(twin, { connectors: many(Connector) }).connectors`.
 * @throws {@link FileNotFoundError}; {@link FileUnreadableError}, also when no connector recognises the file.
 */
export async function openDataset(
  location: string,
  connectors: readonly Connector[],
  options: OpenOptions & RecogniseOptions = {},
): Promise<OpenDataset> {
  const connector = await recognise(location, connectors, options);
  if (connector) return connector.open(location, options);
  const formats = connectors.flatMap((each) => each.formats).join(", ") || "none";
  throw new FileUnreadableError(location, `its format is not recognised. Formats that can be read here: ${formats}.`);
}

/** The connector that the ending of a name belongs to; `undefined` where none does. */
export function connectorFor(location: string, connectors: readonly Connector[]): Connector | undefined {
  const name = location.toLowerCase().replace(/\/+$/, "");
  return connectors.find(({ extensions }) => extensions.some((extension) => name.endsWith(extension)));
}

function choose(head: Uint8Array, location: string, connectors: readonly Connector[]): Connector | undefined {
  const able = connectors.filter((connector) => connector.recognises(head, location));
  return connectorFor(location, able) ?? able[0];
}

async function firstBytes(location: string, { sources = [], signal }: RecogniseOptions): Promise<Uint8Array> {
  await using file = await openSource(location, sources, { signal });
  return await readBytes(file, 0, Math.min(HEAD_BYTES, file.bytes), { signal });
}
