import type { z } from "zod";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { checkSchema } from "../../errors/check-schema.ts";
import { MEDIA_TYPES } from "../media-types.ts";
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
 * @throws `TWIN_WRITE_FAILED`
 */
export async function writeVersion(objects: ObjectStore, config: VersionConfig): Promise<SealedVersion> {
  const stored = await objects.put(canonicalJson(VersionConfigSchema.parse(config)));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.version,
    config: { mediaType: MEDIA_TYPES.version, digest: stored.digest, size: stored.bytes },
    layers: [...versionLayers(config)],
  };
  // A manifest that is there refers to what is there, whenever the machine stops.
  await objects.flush();
  const { digest, bytes } = await objects.put(canonicalJson(manifest));
  await objects.flush();
  return { descriptor: manifestDescriptor(digest, bytes), manifest, config };
}

/**
 * Reads a version and checks that it is one, as it was sealed. The objects that it names are not read.
 *
 * @param digest - Of the manifest.
 * @throws `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`; {@link VersionDamagedError} for what is no manifest of a version,
 *   or no canonical JSON (RFC 8785), or names objects that are not among its layers.
 */
export async function readVersion(objects: ObjectStore, digest: Digest): Promise<SealedVersion> {
  const damaged = (problem: string): never => {
    throw new VersionDamagedError(digest, problem);
  };
  const bytes = await objects.get(digest);
  const manifest = read(ManifestSchema, bytes, (problem) => damaged(`its manifest ${problem}`));
  if (manifest.artifactType !== MEDIA_TYPES.version) damaged(`it is an object of the type ${manifest.artifactType}.`);
  const configBytes = await objects.get(manifest.config.digest);
  if (configBytes.length !== manifest.config.size) {
    damaged(`its config has ${configBytes.length} bytes, and the manifest says ${manifest.config.size}.`);
  }
  const config = read(VersionConfigSchema, configBytes, (problem) => damaged(`its config ${problem}`));
  const sizes = new Map(manifest.layers.map((layer) => [layer.digest, layer.size]));
  for (const layer of versionLayers(config)) {
    const size = sizes.get(layer.digest);
    if (size === undefined) damaged(`its config names ${layer.digest}, which is not among its layers.`);
    if (size !== layer.size)
      damaged(`its config says that ${layer.digest} has ${layer.size} bytes, its layers ${size}.`);
  }
  return { descriptor: manifestDescriptor(digest, bytes.length), manifest, config };
}

function manifestDescriptor(digest: Digest, size: number): Descriptor {
  return { mediaType: MEDIA_TYPES.ociManifest, digest, size, artifactType: MEDIA_TYPES.version };
}

/** The value of canonical JSON of a schema. Bytes that would be written otherwise are refused: one value, one digest. */
function read<S extends z.ZodType>(schema: S, bytes: Uint8Array, damaged: (problem: string) => never): z.output<S> {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return damaged("is no JSON.");
  }
  const checked = checkSchema(schema, value);
  if (checked.problems) {
    const [first] = checked.problems;
    return damaged(`is of another schema: ${first?.path.join(".") || "as a whole"}: ${first?.message}`);
  }
  if (canonicalJson(value) !== text) return damaged("is no canonical JSON (RFC 8785): its digest could be another.");
  return checked.value;
}

/** By code units, as canonical JSON orders. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
