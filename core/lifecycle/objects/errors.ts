import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";

/** An object is not in a store. */
export class ObjectMissingError extends TwinError {
  override readonly name = "ObjectMissingError";
  override readonly code = "TWIN_OBJECT_MISSING";
  readonly digest: Digest;

  constructor(digest: Digest, store: string) {
    super(
      `Object ${digest} is not in the store ${store}. Copy it from another store that has it (\`twinloom store pack\` there, \`twinloom store unpack\` here), or seal again from the file that it was made of. \`twinloom store verify\` tells which versions need it.`,
    );
    this.digest = digest;
  }
}

/** The bytes of an object are not those that its name says. They were moved to quarantine, where that was possible. */
export class ObjectCorruptError extends TwinError {
  override readonly name = "ObjectCorruptError";
  override readonly code = "TWIN_OBJECT_CORRUPT";
  readonly digest: Digest;
  /** Where its bytes are now; `undefined` where they could not be moved. */
  readonly quarantinedAt: string | undefined;

  constructor(
    digest: Digest,
    facts: { readonly found: string; readonly quarantinedAt: string | undefined; readonly notMoved?: string },
    options?: ErrorOptions,
  ) {
    const { found, quarantinedAt, notMoved } = facts;
    const where =
      quarantinedAt === undefined
        ? `It could not be moved to quarantine (${notMoved}), so it is still in its place.`
        : `It was moved to ${quarantinedAt} and is kept there.`;
    super(
      `Object ${digest} is corrupt: ${found}. ${where} Put a sound copy in its place: from another store (\`twinloom store pack\` there, \`twinloom store unpack\` here), or by sealing again from the file that it was made of. \`twinloom store verify\` tells which versions need it.`,
      options,
    );
    this.digest = digest;
    this.quarantinedAt = quarantinedAt;
  }
}
