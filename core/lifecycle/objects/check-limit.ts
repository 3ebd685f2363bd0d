import type { Digest } from "../../canonical/digest.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";

/** What is read at once, unless told otherwise. */
const LIMIT_BYTES = 16 << 20;

/**
 * @param what - `"The statement of an attestation"`.
 * @throws `TWIN_INVALID_ARGUMENT` for a text that could not be read at once when it is an object.
 */
export function checkReadable(what: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LIMIT_BYTES) return;
  throw new InvalidArgumentError(
    `${what} has ${bytes} bytes, and a store keeps at most ${LIMIT_BYTES} (16 MiB) of it. Keep the bulk in a file, and say here what it is and which digest it has.`,
  );
}

/** @throws `TWIN_INVALID_ARGUMENT` for an object that is larger than what may be read at once. */
export function checkLimit(digest: Digest, bytes: number, limitBytes = LIMIT_BYTES): void {
  if (bytes <= limitBytes) return;
  throw new InvalidArgumentError(
    `Object ${digest} has ${bytes} bytes, more than the ${limitBytes} that are read at once. Stream it, or raise \`limitBytes\`.`,
  );
}
