import { readNoted } from "../log/attestations.ts";
import type { AttestationEntry, VersionEntry } from "../log/twin-state.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { compareVersions, type VersionContent, type VersionDiff } from "./version-diff.ts";

/**
 * How two versions differ in what they mean: options by part, models with their metrics side by side, data, code, packages.
 * Reads manifests, the twin.yaml files and attestations; no model and no data.
 *
 * @param a - Name of a version: `ecal@v6`.
 * @param b - Name of a version, of the same twin or of another.
 * @throws `TWIN_VERSION_NOT_FOUND`, `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`, `TWIN_VERSION_DAMAGED`,
 *   `TWIN_ATTESTATION_INVALID`
 *
 * @example
 * const { changes } = await diffVersions(store, "ecal@champion", "ecal");
 * changes.options; // => [{ part: "shower", path: "constants", change: "changed", a: "refitted", b: "published" }]
 */
export async function diffVersions(store: TwinStore, a: string, b: string): Promise<VersionDiff> {
  return await compareVersions(await contentOf(store, a), await contentOf(store, b));
}

async function contentOf(store: TwinStore, name: string): Promise<VersionContent> {
  const entry = await store.resolve(name);
  const { config } = await readVersion(store.objects, entry.digest);
  const spec = new TextDecoder().decode(await store.objects.get(config.spec.digest));
  const attested: readonly AttestationEntry[] = await attestationsOf(store, entry);
  const attestations = attested.map((noted) => readNoted(store.objects, entry.digest, noted));
  return { entry, config, spec, attestations: await Promise.all(attestations) };
}

async function attestationsOf(store: TwinStore, { twin, digest }: VersionEntry): Promise<readonly AttestationEntry[]> {
  return (await store.log(twin).read()).attestations.get(digest) ?? [];
}
