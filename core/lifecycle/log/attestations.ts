import { z } from "zod";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { checkSchema, type SchemaProblem } from "../../errors/check-schema.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { checkReadable } from "../objects/check-limit.ts";
import { type Attestation, AttestationSchema, type Descriptor, type Manifest, ManifestSchema } from "../schema.ts";
import { AttestationInvalidError } from "./errors.ts";
import type { AttestationEntry } from "./twin-state.ts";

/** The statement of a waiver: instead of evidence of what kind, and why. */
export const Waiver = z.strictObject({ waives: z.literal("audit"), reason: z.string().trim().min(1) });

/**
 * Keeps an attestation: its statement, and a manifest whose `subject` is the version, as OCI 1.1 has it. Equal ones have
 * equal digests.
 *
 * @param subject - The version's manifest.
 * @returns The attestation's manifest, durable.
 * @throws `TWIN_ATTESTATION_INVALID`; `TWIN_INVALID_ARGUMENT` for one of more than 16 MiB; `TWIN_WRITE_FAILED`
 */
export async function writeAttestation(
  objects: ObjectStore,
  subject: Descriptor,
  attestation: Attestation,
): Promise<Descriptor> {
  const checked = checkAttestation(attestation, "The attestation");
  if (checked.kind === "validation" && checked.verdict === "passed" && Object.keys(checked.metrics).length === 0) {
    throw new AttestationInvalidError(
      "The attestation is a validation that passed, and has no metrics: nothing was measured.",
    );
  }
  if (checked.subject !== subject.digest) {
    throw new AttestationInvalidError(`The attestation is about ${checked.subject}, and not about ${subject.digest}.`);
  }
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const text = canonicalJson(value);
    checkReadable("An attestation", text);
    const { digest, bytes } = await objects.put(text);
    return { mediaType, digest, size: bytes };
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.attestation,
    config: await put(MEDIA_TYPES.ociEmpty, {}),
    layers: [await put(MEDIA_TYPES.attestation, checked)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
  };
  await objects.flush();
  const descriptor = await put(MEDIA_TYPES.ociManifest, manifest);
  await objects.flush();
  return { ...descriptor, artifactType: MEDIA_TYPES.attestation };
}

/**
 * Reads an attestation.
 *
 * @param digest - Of its manifest.
 * @throws `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`; `TWIN_ATTESTATION_INVALID` for an object that is none.
 */
export async function readAttestation(objects: ObjectStore, digest: Digest): Promise<Attestation> {
  const manifest = ManifestSchema.safeParse(await json(objects, digest));
  const layer = manifest.data?.artifactType === MEDIA_TYPES.attestation ? manifest.data.layers[0] : undefined;
  if (layer === undefined) throw new AttestationInvalidError(`${digest} is no manifest of an attestation.`);
  const attestation = checkAttestation(await json(objects, layer.digest), `The attestation ${digest}`);
  if (attestation.subject !== manifest.data?.subject?.digest) {
    throw new AttestationInvalidError(`The attestation ${digest} and its manifest are about different versions.`);
  }
  return attestation;
}

/**
 * Reads the attestation that the log notes of a version.
 *
 * @param noted - As the state of the twin has it.
 * @throws as {@link readAttestation} does; `TWIN_ATTESTATION_INVALID` where it is about another version or says something
 *   else than the event.
 */
export async function readNoted(
  objects: ObjectStore,
  version: Digest,
  noted: Pick<AttestationEntry, "descriptor" | "kind" | "verdict">,
): Promise<Attestation> {
  const { digest } = noted.descriptor;
  const attestation = await readAttestation(objects, digest);
  const { subject, kind, verdict } = attestation;
  if (subject !== version) {
    throw new AttestationInvalidError(
      `The attestation ${digest} is about ${subject}, and the log notes it for ${version}. It shows nothing of that version.`,
    );
  }
  if (kind !== noted.kind || verdict !== noted.verdict) {
    throw new AttestationInvalidError(
      `The attestation ${digest} says "${kind} ${verdict}", and the log notes "${noted.kind} ${noted.verdict}".`,
    );
  }
  return attestation;
}

function checkAttestation(value: unknown, what: string): Attestation {
  const checked = checkSchema(AttestationSchema, value);
  if (checked.problems) throw new AttestationInvalidError(`${what} is not of the schema: ${told(checked.problems)}`);
  if (checked.value.kind !== "waiver") return checked.value;
  const waiver = checkSchema(Waiver, checked.value.statement);
  if (waiver.problems) {
    const how = '{"waives": "audit", "reason": "…"}';
    throw new AttestationInvalidError(`${what} is a waiver; its statement must be ${how}: ${told(waiver.problems)}`);
  }
  return checked.value;
}

function told(problems: readonly SchemaProblem[]): string {
  return problems.map(({ path, message }) => `${path.join(".") || "as a whole"}: ${message}`).join(" ");
}

async function json(objects: ObjectStore, digest: Digest): Promise<unknown> {
  const bytes = await objects.get(digest);
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw new AttestationInvalidError(`${digest} is no attestation: it is not JSON.`);
  }
}
