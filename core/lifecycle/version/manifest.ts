import type { z } from "zod";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { checkSchema } from "../../errors/check-schema.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { checkReadable } from "../objects/check-limit.ts";
import { readCanonical } from "../read-canonical.ts";
import { type Descriptor, type Manifest, ManifestSchema, type VersionConfig, VersionConfigSchema } from "../schema.ts";
import { VersionDamagedError } from "./errors.ts";

/** A version as a store holds it. */
export interface SealedVersion {
  /** Of the manifest; its digest is the version's id. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: VersionConfig;
}

/** Every object that a version names, each once, in the order of digests: the layers of its manifest. */
export function versionLayers(config: VersionConfig): readonly Descriptor[] {
  const { spec, code, data, models, environment, validation } = config;
  const named = [
    spec,
    ...code.files.map(({ descriptor }) => descriptor),
    code.vcs?.diff,
    ...data.map(({ descriptor }) => descriptor),
    ...models.flatMap(({ descriptor, card }) => [descriptor, card?.descriptor]),
    environment.lock,
    validation?.policy,
  ].filter((descriptor) => descriptor !== undefined);
  // One object may be named twice, as different things; the first by name of its type is its layer.
  const sorted = named
    .map(({ mediaType, digest, size }): Descriptor => ({ mediaType, digest, size }))
    .sort((a, b) => order(a.digest, b.digest) || order(a.mediaType, b.mediaType));
  return sorted.filter(({ digest }, index) => digest !== sorted[index - 1]?.digest);
}

/**
 * Keeps a version's config and manifest; the objects that it names are there. Equal configs give equal digests.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for what is no config, or has more than 16 MiB; `TWIN_WRITE_FAILED`
 */
export async function writeVersion(objects: ObjectStore, config: VersionConfig): Promise<SealedVersion> {
  const checked = checkSchema(VersionConfigSchema, config);
  if (checked.problems) {
    const problems = checked.problems.map(({ path, message }) => `${path.join(".") || "as a whole"}: ${message}`);
    throw new InvalidArgumentError(`The config of a version is not of the schema: ${problems.join(" ")}`);
  }
  const text = canonicalJson(checked.value);
  checkReadable("The config of a version", text);
  const stored = await objects.put(text);
  const manifest = manifestOf(checked.value, { digest: stored.digest, size: stored.bytes });
  const manifestText = canonicalJson(manifest);
  checkReadable("The manifest of a version", manifestText);
  // A manifest that is there refers to what is there, whenever the machine stops.
  await objects.flush();
  const { digest, bytes } = await objects.put(manifestText);
  await objects.flush();
  return { descriptor: manifestDescriptor(digest, bytes), manifest, config: checked.value };
}

/**
 * Reads a version and checks that it is one, as it was sealed. The objects that it names are not read.
 *
 * @param digest - Of the manifest.
 * @param twin - In whose log it is.
 * @throws `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`; {@link VersionDamagedError} for what is no manifest of a version, or
 *   no canonical JSON (RFC 8785), for a manifest that does not follow from its config, and for a version of another twin.
 */
export async function readVersion(objects: ObjectStore, digest: Digest, twin?: string): Promise<SealedVersion> {
  const damaged = (problem: string): never => {
    throw new VersionDamagedError(digest, problem);
  };
  const bytes = await objects.get(digest);
  const { value: manifest, text } = read(ManifestSchema, bytes, (problem) => damaged(`its manifest ${problem}`));
  if (manifest.artifactType !== MEDIA_TYPES.version) damaged(`it is an object of the type ${manifest.artifactType}.`);
  const configBytes = await objects.get(manifest.config.digest);
  const { value: config } = read(VersionConfigSchema, configBytes, (problem) => damaged(`its config ${problem}`));
  // So that one config has one digest.
  const wanted = manifestOf(config, { digest: manifest.config.digest, size: configBytes.length });
  if (canonicalJson(wanted) !== text) {
    damaged("its manifest does not follow from its config: its layers, their sizes or something else differ.");
  }
  if (twin !== undefined && config.twin !== twin) {
    damaged(`it is a version of the twin "${config.twin}", and the log of "${twin}" seals it.`);
  }
  return { descriptor: manifestDescriptor(digest, bytes.length), manifest, config };
}

function manifestOf(config: VersionConfig, stored: Pick<Descriptor, "digest" | "size">): Manifest {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.version,
    config: { mediaType: MEDIA_TYPES.version, ...stored },
    layers: [...versionLayers(config)],
  };
}

function manifestDescriptor(digest: Digest, size: number): Descriptor {
  return { mediaType: MEDIA_TYPES.ociManifest, digest, size, artifactType: MEDIA_TYPES.version };
}

/** The value of canonical JSON of a schema, and its text. */
function read<S extends z.ZodType>(
  schema: S,
  bytes: Uint8Array,
  damaged: (problem: string) => never,
): { readonly value: z.output<S>; readonly text: string } {
  const { value, text, problem } = readCanonical(bytes);
  if (problem !== undefined) return damaged(problem);
  const checked = checkSchema(schema, value);
  if (checked.problems) {
    const [first] = checked.problems;
    return damaged(`is of another schema: ${first?.path.join(".") || "as a whole"}: ${first?.message}`);
  }
  return { value: checked.value, text };
}

/** By code units, as canonical JSON orders. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
