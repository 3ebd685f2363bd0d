import { createHash } from "node:crypto";
import type { TwinState } from "./log/twin-state.ts";
import { MEDIA_TYPES } from "./media-types.ts";
import type { Descriptor } from "./schema.ts";

/** What OCI allows as a reference. @see image-spec v1.1, annotations.md, `org.opencontainers.image.ref.name` */
const REFERENCE = /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*$/;

/** What registry tools read of a store. */
export interface OciIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/**
 * The OCI index of a store: every version under the reference `<twin>-v7`, and every attestation. Derived from the logs.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
export function ociIndex(states: readonly TwinState[]): OciIndex {
  const manifests = states.flatMap(({ twin, versions, attestations }) => [
    ...[...versions.values()].map(
      ({ descriptor, number }): Descriptor => ({
        ...descriptor,
        annotations: { "org.opencontainers.image.ref.name": `${referenceName(twin)}-v${number}` },
      }),
    ),
    // One that was given again is in the log twice.
    ...new Map([...attestations.values()].flat().map(({ descriptor }) => [descriptor.digest, descriptor])).values(),
  ]);
  return { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
}

/** The name of a twin where it can be a reference; otherwise one that no other twin has. */
function referenceName(twin: string): string {
  if (REFERENCE.test(twin)) return twin;
  return `twin-${createHash("sha256").update(twin).digest("hex").slice(0, 12)}`;
}
