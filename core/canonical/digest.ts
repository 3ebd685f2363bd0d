import { createHash } from "node:crypto";
import { openRegular } from "../files/open-regular.ts";
import { canonicalJson } from "./canonical-json.ts";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** SHA-256 of bytes, or of a text in UTF-8. */
export function digestBytes(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** SHA-256 of the canonical JSON of a value. @throws `TWIN_NOT_CANONICAL` */
export function digestJson(value: unknown): Digest {
  return digestBytes(canonicalJson(value));
}

/** Files of at most so many bytes, most of a batch of small results, need no larger buffer and no stream. */
const SMALL_BYTES = 16_384;

/** Length and SHA-256 of a file, streamed. Rejects with Node's error where it cannot be read. */
export async function digestFile(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly bytes: number; readonly digest: Digest }> {
  options.signal?.throwIfAborted();
  const hash = createHash("sha256");
  await using file = await openRegular(path);
  const head = Buffer.allocUnsafe(SMALL_BYTES);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(head, bytes, head.length - bytes, bytes);
    bytes += bytesRead;
    if (bytesRead === 0 || bytes === head.length) break;
  }
  hash.update(head.subarray(0, bytes));
  if (bytes === head.length) {
    for await (const part of file.createReadStream({ start: bytes, highWaterMark: 1 << 18, autoClose: false })) {
      options.signal?.throwIfAborted();
      hash.update(part as Uint8Array);
      bytes += (part as Uint8Array).length;
    }
  }
  return { bytes, digest: `sha256:${hash.digest("hex")}` };
}
