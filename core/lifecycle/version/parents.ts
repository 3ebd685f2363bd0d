import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";
import { versionName } from "../log/find-version.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { Descriptor, VersionConfig } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { readVersion, versionLayers } from "./manifest.ts";
import { MARKER } from "./restored-names.ts";

/** Manifests that are read at the same time. */
const AT_ONCE = 16;

/**
 * The version of a twin that has this content, whatever its parents are, and its policy where none was given: equal content
 * is no new version. In a folder that a version was restored to, what git and a lock file around that folder say is no
 * difference either.
 */
export async function knownVersion(
  store: TwinStore,
  config: VersionConfig,
  options: { readonly folder: string; readonly policyIsGiven: boolean; readonly signal?: AbortSignal | undefined },
): Promise<VersionEntry | undefined> {
  const contentOf = ({ validation, ...rest }: VersionConfig): string =>
    canonicalJson({ ...rest, ...(options.policyIsGiven && validation && { validation }), parents: [] });
  const content = contentOf(config);
  const bareContent = contentOf(withoutSurroundings(config));
  const origin = await restoredFrom(options.folder);
  const { validation: _, ...ungated } = config;
  const needed = versionLayers(ungated).map(({ digest }) => digest);
  // The newest is the likeliest.
  const entries = (await store.list(config.twin)).toReversed();
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    options.signal?.throwIfAborted();
    const some = entries.slice(from, from + AT_ONCE);
    // Manifests tell quickly which versions have other objects; there may be thousands.
    const likely = await Promise.all(some.map(({ digest }) => digest === origin || namesAll(store, digest, needed)));
    for (const entry of some.filter((_, index) => likely[index])) {
      const sealed = await configOf(store, entry.digest);
      if (sealed === undefined) continue;
      if (contentOf(sealed) === content) return entry;
      if (entry.digest === origin && contentOf(withoutSurroundings(sealed)) === bareContent) return entry;
    }
  }
  return undefined;
}

/** Whether a manifest that can be read names all of the objects. */
async function namesAll(store: TwinStore, manifest: Digest, needed: readonly Digest[]): Promise<boolean> {
  try {
    const text = Buffer.from(await store.objects.get(manifest)).toString();
    return needed.every((digest) => text.includes(digest));
  } catch (error) {
    if (error instanceof TwinError) return false;
    throw error;
  }
}

/** Parents of a new version, where nobody says. */
export async function chooseParents(store: TwinStore, twin: string, folder: string): Promise<VersionConfig["parents"]> {
  const origin = await restoredFrom(folder);
  if (origin !== undefined) {
    const known = (await store.list()).find(({ digest }) => digest === origin);
    const isOther = known !== undefined && known.twin !== twin;
    return [{ digest: origin, relation: isOther ? "derivation" : "revision" }];
  }
  const newest = (await store.list(twin)).at(-1);
  return newest === undefined ? [] : [{ digest: newest.digest, relation: "revision" }];
}

/** The policy of the first parent that is of the same twin and has one, and that parent: `ecal@v7`. */
export async function inheritedGate(
  store: TwinStore,
  twin: string,
  parents: VersionConfig["parents"],
): Promise<{ readonly policy: Descriptor; readonly of: string } | undefined> {
  const { versions } = await store.log(twin).read();
  for (const { digest } of parents) {
    const entry = versions.get(digest);
    const policy = entry && (await configOf(store, digest))?.validation?.policy;
    if (policy && (await store.objects.find(policy.digest))) return { policy, of: versionName(entry) };
  }
  return undefined;
}

async function restoredFrom(folder: string): Promise<Digest | undefined> {
  const text = await readFile(join(folder, MARKER), "utf8").catch(() => "");
  return /^sha256:[0-9a-f]{64}$/.test(text.trim()) ? (text.trim() as Digest) : undefined;
}

async function configOf(store: TwinStore, digest: Digest): Promise<VersionConfig | undefined> {
  try {
    return (await readVersion(store.objects, digest)).config;
  } catch (error) {
    // A damaged version is no reason not to seal another; `verify` tells of it.
    if (error instanceof TwinError) return undefined;
    throw error;
  }
}

function withoutSurroundings({ code, environment, ...rest }: VersionConfig): VersionConfig {
  const { lock: _, packages, ...others } = environment;
  const named = packages.map(({ integrity: _, ...each }) => each);
  return { ...rest, code: { files: code.files }, environment: { ...others, packages: named } };
}
