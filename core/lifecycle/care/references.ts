import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { type Change, type Descriptor, type Manifest, ManifestSchema } from "../schema.ts";
import { VersionDamagedError } from "../version/errors.ts";

/** An object that an event or a manifest names. */
export interface Reference {
  readonly digest: Digest;
  /** Length, where it is told [bytes]. */
  readonly bytes: number | undefined;
  /** Of what is a manifest, the objects that it names are needed, too. */
  readonly is: "version" | "attestation" | "blob";
}

/** The objects that a change names, and the version that it is about. */
export function referencesOf(change: Change): {
  readonly version: Digest | null;
  readonly references: readonly Reference[];
} {
  switch (change.type) {
    case "sealed":
      return { version: change.version.digest, references: [reference(change.version, "version")] };
    case "attested":
      return { version: change.version, references: [reference(change.attestation, "attestation")] };
    case "stateChanged": {
      const evidence = change.evidence.map((digest): Reference => ({ digest, bytes: undefined, is: "attestation" }));
      return { version: change.version, references: [...evidence, ...change.policies.map((each) => reference(each))] };
    }
    case "ran":
      return { version: change.version, references: [reference(change.run)] };
    case "commented":
      return { version: change.version, references: [] };
    case "aliasMoved":
      return { version: change.to, references: [] };
  }
}

/** The objects that a manifest names. */
export function referencesOfManifest({ config, layers }: Manifest): readonly Reference[] {
  return [config, ...layers].map((each) => reference(each));
}

/**
 * Reads a manifest, of whatever kind.
 *
 * @throws `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`; `TWIN_VERSION_DAMAGED` for what is no manifest.
 */
export async function readManifest(objects: ObjectStore, digest: Digest): Promise<Manifest> {
  const bytes = await objects.get(digest);
  try {
    return ManifestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw new VersionDamagedError(digest, "it is no manifest.", { cause: error });
  }
}

function reference({ digest, size }: Descriptor, is: Reference["is"] = "blob"): Reference {
  return { digest, bytes: size, is };
}
