import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestFile } from "../../canonical/digest.ts";
import { writeFileAtomically } from "../../files/write-atomically.ts";
import { hexOf } from "./crate-files.ts";

/** Folder of a bag that holds what is packed. */
export const PAYLOAD = "data";

/**
 * Makes a bag of a folder whose payload is complete: lists of the SHA-256 of every file, which `sha256sum -c` checks, too.
 *
 * @see Source: RFC 8493, The BagIt File Packaging Format (V1.0).
 */
export async function writeBag(folder: string, options: { readonly signal?: AbortSignal | undefined }): Promise<void> {
  const entries = await readdir(join(folder, PAYLOAD), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const payload = await manifestOf(folder, files, options);
  await writeFileAtomically(join(folder, "manifest-sha256.txt"), payload.text);
  await writeFileAtomically(join(folder, "bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
  const info = `Bagging-Date: ${new Date().toISOString().slice(0, 10)}\nPayload-Oxum: ${payload.bytes}.${files.length}\n`;
  await writeFileAtomically(join(folder, "bag-info.txt"), info);
  const tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"].map((name) => join(folder, name));
  await writeFileAtomically(join(folder, "tagmanifest-sha256.txt"), (await manifestOf(folder, tags, options)).text);
}

async function manifestOf(
  folder: string,
  files: readonly string[],
  options: { readonly signal?: AbortSignal | undefined },
): Promise<{ readonly text: string; readonly bytes: number }> {
  let text = "";
  let sum = 0;
  for (const file of [...files].sort((a, b) => (a < b ? -1 : 1))) {
    const { digest, bytes } = await digestFile(file, options);
    sum += bytes;
    const path = file.slice(folder.length + 1).replaceAll("\\", "/");
    // Paths in a crate have no control characters; of the rest only "%" is written otherwise.
    text += `${hexOf(digest)}  ${path.replaceAll("%", "%25")}\n`;
  }
  return { text, bytes: sum };
}
