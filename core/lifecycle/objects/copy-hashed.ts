import { createHash } from "node:crypto";
import type { ObjectOptions, StoredObject } from "../../contracts/object-store.ts";
import type { StoreFile } from "../fs/store-fs.ts";

/** Large enough that the calls cost nothing, small enough that a signal is heard soon. */
const PIECE_BYTES = 1 << 20;

/** Copies a file, if anywhere, and hashes it in the same pass: while a piece is hashed, the next is read and it is written. */
export async function copyHashed(
  source: Pick<StoreFile, "read">,
  sink: Pick<StoreFile, "write"> | undefined,
  ofBytes: number,
  { signal, onProgress }: ObjectOptions = {},
): Promise<StoredObject> {
  const hash = createHash("sha256");
  const buffers = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
  let bytes = 0;
  let reading = awaitedLater(source.read(buffers[0] as Buffer, 0));
  let writing: Promise<void> | undefined;
  try {
    for (let turn = 0; ; turn++) {
      const count = await reading;
      signal?.throwIfAborted();
      if (count === 0) break;
      const piece = (buffers[turn % 3] as Buffer).subarray(0, count);
      bytes += count;
      // The buffer after this one was written two pieces ago.
      reading = awaitedLater(source.read(buffers[(turn + 1) % 3] as Buffer, bytes));
      await writing;
      writing = sink && awaitedLater(sink.write(piece));
      hash.update(piece);
      onProgress?.(bytes, Math.max(bytes, ofBytes));
    }
    await writing;
  } finally {
    // Buffers and files must not be in use when this returns.
    await Promise.allSettled([reading, writing]);
  }
  return { digest: `sha256:${hash.digest("hex")}`, bytes };
}

/** A failure that comes before somebody waits for it would end the process. */
function awaitedLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
