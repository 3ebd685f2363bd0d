import { FileUnreadableError, readBytes, type SourceFile } from "../../../core/index.ts";
import { BadHeader, type ClassicHeader, HeaderTooShort, parseHeader } from "./header.ts";

/** Most headers fit. */
const FIRST_BYTES = 8192;
/** How much more is read when they do not. */
const GROWTH = 4;
/** More than any sound header has; a damaged one could claim all of a large file. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * Reads the header of a classic file: from its first bytes, and more only as needed.
 *
 * @throws {@link FileUnreadableError}; what the source throws.
 */
export async function readHeader(file: SourceFile, signal: AbortSignal | undefined): Promise<ClassicHeader> {
  let bytes = Buffer.from(await readBytes(file, 0, Math.min(FIRST_BYTES, file.bytes), { signal }));
  for (;;) {
    try {
      return parseHeader(bytes);
    } catch (error) {
      if (error instanceof BadHeader) throw new FileUnreadableError(file.location, error.message, { cause: error });
      if (!(error instanceof HeaderTooShort)) throw error;
      if (bytes.length === file.bytes) {
        throw new FileUnreadableError(
          file.location,
          `it ends at byte ${file.bytes}, in its header: it is cut short or damaged.`,
          { cause: error },
        );
      }
      if (bytes.length >= MAX_BYTES) {
        throw new FileUnreadableError(
          file.location,
          `its header claims more than ${MAX_BYTES} bytes, beyond all reason.`,
          { cause: error },
        );
      }
    }
    const length = Math.min(bytes.length * GROWTH, file.bytes, MAX_BYTES);
    const more = await readBytes(file, bytes.length, length - bytes.length, { signal });
    bytes = Buffer.concat([bytes, more]);
  }
}
