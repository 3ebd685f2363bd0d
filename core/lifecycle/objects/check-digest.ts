import type { Digest } from "../../canonical/digest.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";

/** Only a digest may become the name of a file. @throws `TWIN_INVALID_ARGUMENT` */
export function checkDigest(digest: Digest): Digest {
  if (typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new InvalidArgumentError(
    `${JSON.stringify(digest)} is no digest. It must be "sha256:" and 64 lower-case hexadecimal digits.`,
  );
}
