import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { type Digest, digestFile, digestJson } from "../canonical/digest.ts";
import type { Connector } from "../contracts/connector.ts";
import { contentDigest } from "../data/content-digest.ts";
import { recognise } from "../files/open-dataset.ts";
import type { FileRecord } from "./run-record.ts";

/** Larger JSON is compared by its bytes. */
const JSON_BYTES = 256e6;

/**
 * Digests of a file and of what it says.
 *
 * @param file - `path`: where it is; `shown`: what the record calls it.
 * @param connectors - Those of the twin; the first that recognises the file reads its content.
 */
export async function fileRecord(
  file: { readonly path: string; readonly shown: string },
  connectors: readonly Connector[],
  options: { readonly signal?: AbortSignal },
): Promise<FileRecord> {
  const { bytes, digest } = await digestFile(file.path, options);
  return { path: file.shown, bytes, fileDigest: digest, contentDigest: await content(file.path, bytes) };

  async function content(path: string, size: number): Promise<Digest | null> {
    const connector = await recognise(path, connectors);
    if (connector) {
      const opened = await connector.open(path, options);
      try {
        return await contentDigest(opened, options);
      } finally {
        await opened.close();
      }
    }
    return extname(path).toLowerCase() === ".json" && size <= JSON_BYTES ? jsonDigest(path) : null;
  }
}

/** Digest of the canonical form; `null` for a file that is not JSON, whatever its name says, or has no canonical form. */
async function jsonDigest(path: string): Promise<Digest | null> {
  const text = await readFile(path, "utf8");
  try {
    return digestJson(JSON.parse(text));
  } catch {
    // Also 1e999, an escaped lone surrogate, or nesting deeper than the stack: JSON, but to be compared by its bytes.
    return null;
  }
}
