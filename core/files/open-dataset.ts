import { open } from "node:fs/promises";
import type { Connector, OpenDataset } from "../contracts/connector.ts";
import { FileNotFoundError, FileUnreadableError } from "./errors.ts";

/** Enough for every signature that a connector looks for. */
const HEAD_BYTES = 4096;

/**
 * The connector that recognises a file, the first where several do; `undefined` where none does. A location that is no
 * path of the file system, such as `memory:events`, is recognised by its name alone.
 *
 * @throws {@link FileNotFoundError}, {@link FileUnreadableError} (no permission, a folder).
 */
export async function recognise(location: string, connectors: readonly Connector[]): Promise<Connector | undefined> {
  try {
    const head = await firstBytes(location);
    return connectors.find((connector) => connector.recognises(head, location));
  } catch (error) {
    const byName = connectors.find((connector) => connector.recognises(new Uint8Array(), location));
    if (error instanceof FileNotFoundError && byName) return byName;
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
  options: { readonly signal?: AbortSignal } = {},
): Promise<OpenDataset> {
  const connector = await recognise(location, connectors);
  if (connector) return connector.open(location, options);
  const formats = connectors.flatMap((each) => each.formats).join(", ") || "none";
  throw new FileUnreadableError(location, `its format is not recognised. Formats that can be read here: ${formats}.`);
}

async function firstBytes(location: string): Promise<Uint8Array> {
  try {
    const file = await open(location, "r");
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FileNotFoundError(location, { cause: error });
    throw new FileUnreadableError(location, `${(error as Error).message}.`, { cause: error });
  }
}
