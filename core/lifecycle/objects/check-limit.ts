import type { Digest } from "../../canonical/digest.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";

/** What is read at once, unless told otherwise. */
const LIMIT_BYTES = 16 << 20;

/** @throws `TWIN_INVALID_ARGUMENT` for an object that is larger than what may be read at once. */
export function checkLimit(digest: Digest, bytes: number, limitBytes = LIMIT_BYTES): void {
  if (bytes <= limitBytes) return;
  throw new InvalidArgumentError(
    `Object ${digest} has ${bytes} bytes, more than the ${limitBytes} that are read at once. Stream it, or raise \`limitBytes\`.`,
  );
}
