import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { Descriptor } from "../schema.ts";
import { readVersion } from "../version/manifest.ts";
import { readNoted } from "./attestations.ts";
import { versionName } from "./find-version.ts";
import type { Evidence } from "./gate.ts";
import { type Policy, readPolicy } from "./policy.ts";
import type { TwinState, VersionEntry } from "./twin-state.ts";

/** What the attestations of a version say, the oldest first. */
export async function readEvidence(
  objects: ObjectStore,
  { attestations }: TwinState,
  version: Digest,
): Promise<readonly Evidence[]> {
  return await Promise.all(
    (attestations.get(version) ?? []).map(async (noted) => ({
      digest: noted.descriptor.digest,
      attestation: await readNoted(objects, version, noted),
    })),
  );
}

/** The policies that a version must meet: the one that was sealed with it, and the one given; each once. */
export async function readPolicies(
  objects: ObjectStore,
  entry: VersionEntry,
  given: string | undefined,
): Promise<readonly Policy[]> {
  const { config } = await readVersion(objects, entry.digest, entry.twin);
  const own = config.validation?.policy?.digest;
  const policies: Policy[] = [];
  if (own !== undefined) {
    policies.push(await readPolicy(Buffer.from(await objects.get(own)).toString(), `of ${versionName(entry)}`));
  }
  if (given !== undefined) policies.push(await readPolicy(given, "that was given"));
  return policies.filter(({ digest }, index) => policies.findIndex((each) => each.digest === digest) === index);
}

/** Keeps the texts of policies, durably: an event will name them. */
export async function keepPolicies(objects: ObjectStore, policies: readonly Policy[]): Promise<Descriptor[]> {
  const kept: Descriptor[] = [];
  for (const { text } of policies) {
    const { digest, bytes } = await objects.put(text);
    kept.push({ mediaType: MEDIA_TYPES.policy, digest, size: bytes });
  }
  await objects.flush();
  return kept;
}
