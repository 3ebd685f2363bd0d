import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";
import type { PutAside } from "./quarantine.ts";

/** An object is not in a store. */
export class ObjectMissingError extends TwinError {
  override readonly name = "ObjectMissingError";
  override readonly code = "TWIN_OBJECT_MISSING";
  readonly digest: Digest;

  /** @param about - What the store knows of it, as sentences. */
  constructor(digest: Digest, store: string, about = "") {
    super(
      `Object ${digest} is not in the store ${store}.${about && ` ${about}`} Copy it from another store that has it (\`twinloom store pack\` there, \`twinloom store unpack\` here), or seal again from the file that it was made of. \`twinloom store verify\` tells which versions need it.`,
    );
    this.digest = digest;
  }
}

/** The bytes of an object are not those that its name says. They were moved to quarantine, where they are not when read again and that was possible. */
export class ObjectCorruptError extends TwinError {
  override readonly name = "ObjectCorruptError";
  override readonly code = "TWIN_OBJECT_CORRUPT";
  readonly digest: Digest;
  /** Where its bytes are now; `undefined` where they were not moved. */
  readonly quarantinedAt: string | undefined;
  /** Whether it was sound when it was read once more. */
  readonly isSoundNow: boolean;

  constructor(digest: Digest, facts: PutAside & { readonly found: string }, options?: ErrorOptions) {
    const { found, quarantinedAt, isSoundNow, notMoved } = facts;
    super(`Object ${digest} is corrupt: ${found}. ${whatToDo(quarantinedAt, isSoundNow, notMoved)}`, options);
    this.digest = digest;
    this.quarantinedAt = quarantinedAt;
    this.isSoundNow = isSoundNow;
  }
}

function whatToDo(quarantinedAt: string | undefined, isSoundNow: boolean, notMoved: string | undefined): string {
  if (isSoundNow) {
    return "Read again it was sound, so it is still in its place: try again. Where this comes more than once, memory, the disk or the network is at fault.";
  }
  const where =
    quarantinedAt === undefined
      ? `It could not be moved to quarantine (${notMoved}), so it is still in its place.`
      : `It was moved to ${quarantinedAt} and is kept there.`;
  return `${where} Put a sound copy in its place: from another store (\`twinloom store pack\` there, \`twinloom store unpack\` here), or by sealing again from the file that it was made of. \`twinloom store verify\` tells which versions need it.`;
}
