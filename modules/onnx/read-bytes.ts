import { createHash } from "node:crypto";
import { type Digest, openSource, type Source } from "../../core/index.ts";
import { ModelUnreadableError } from "./errors.ts";

/** Read at a time, so that a slow source can be given up in between. */
const PIECE_BYTES = 8 << 20;

/** The bytes of a model's file. */
export interface ModelBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: Digest;
}

/**
 * Reads a whole file once, so that what is checked is what is computed: whatever becomes of the file afterwards.
 *
 * @param options - `maxBytes`: larger files are refused before they are read.
 * @throws {@link ModelUnreadableError}; what the source throws, such as `TWIN_FILE_NOT_FOUND`.
 */
export async function readModelBytes(
  location: string,
  options: {
    readonly sources: readonly Source[];
    readonly maxBytes: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ModelBytes> {
  const { sources, maxBytes, signal } = options;
  await using file = await openSource(location, sources, { signal });
  if (file.bytes > maxBytes) {
    const problem = `it has ${file.bytes} bytes, and at most ${maxBytes} are read. Raise \`maxBytes\` if it is right.`;
    throw new ModelUnreadableError(location, problem);
  }
  const bytes = new Uint8Array(file.bytes);
  const hash = createHash("sha256");
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    const piece = bytes.subarray(start, start + PIECE_BYTES);
    await file.readInto(piece, start, { signal });
    hash.update(piece);
  }
  return { bytes, digest: `sha256:${hash.digest("hex")}` };
}
