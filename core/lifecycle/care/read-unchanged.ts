import { createHash } from "node:crypto";
import type { Digest } from "../../canonical/digest.ts";
import { FileUnreadableError } from "../../files/errors.ts";
import { readingFile } from "../fs/failures.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { closeRead } from "../fs/store-fs.ts";

/**
 * The bytes of a file, in pieces, as many as it had when it was digested.
 *
 * @throws `TWIN_FILE_UNREADABLE` after the last piece when they are others by now; `TWIN_FILE_NOT_FOUND`.
 */
export async function* readUnchanged(
  path: string,
  was: { readonly bytes: number; readonly digest: Digest; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const file = await readingFile(path, () => nodeFs.open(path));
  try {
    const hash = createHash("sha256");
    for (let done = 0; done < was.bytes; ) {
      was.signal?.throwIfAborted();
      const piece = new Uint8Array(Math.min(1 << 20, was.bytes - done));
      const count = await readingFile(path, () => file.read(piece, done));
      if (count < piece.length) break;
      hash.update(piece);
      yield piece;
      done += count;
    }
    if (`sha256:${hash.digest("hex")}` !== was.digest) {
      throw new FileUnreadableError(path, "it changed while it was packed. Try again when nothing writes to it.");
    }
  } finally {
    await closeRead(file);
  }
}
