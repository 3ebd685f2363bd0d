import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";
import { versionName } from "../log/find-version.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { VersionConfig } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";

/** A version and all that it came from, through every twin of the store; plain JSON. */
export interface Lineage {
  /** Where it begins. */
  readonly of: Digest;
  /** That version first, then by distance. */
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

/** A version in a {@link Lineage}. */
export interface LineageNode {
  readonly digest: Digest;
  /** `ecal@v3`; the digest where the store does not have the version. */
  readonly name: string;
  /** What the log says; `null` where the store does not have the version: it was packed without its parents, say. */
  readonly version: Pick<VersionEntry, "twin" | "number" | "state" | "aliases" | "sealedAt" | "reason"> | null;
}

/** From a version to one that it came from. */
export interface LineageEdge {
  readonly from: Digest;
  readonly to: Digest;
  readonly relation: VersionConfig["parents"][number]["relation"];
}

/**
 * The versions that a version came from, and theirs, across twins.
 *
 * @param name - Of a version.
 * @throws `TWIN_VERSION_NOT_FOUND`, `TWIN_LOG_BROKEN`; what is wrong with the version itself. An ancestor that is damaged
 *   or not in the store is a node without ancestors.
 */
export async function lineage(
  store: TwinStore,
  name: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Lineage> {
  const first = await store.resolve(name);
  const entries = new Map((await store.list()).map((entry) => [entry.digest, entry]));
  const nodes = new Map<Digest, LineageNode>();
  const edges: LineageEdge[] = [];
  const waiting: Digest[] = [first.digest];
  for (const digest of waiting) {
    options.signal?.throwIfAborted();
    if (nodes.has(digest)) continue;
    nodes.set(digest, nodeOf(digest, entries.get(digest)));
    for (const parent of await parentsOf(store, digest, digest === first.digest)) {
      edges.push({ from: digest, to: parent.digest, relation: parent.relation });
      waiting.push(parent.digest);
    }
  }
  return { of: first.digest, nodes: [...nodes.values()], edges };
}

async function parentsOf(store: TwinStore, digest: Digest, isFirst: boolean): Promise<VersionConfig["parents"]> {
  try {
    return (await readVersion(store.objects, digest)).config.parents;
  } catch (error) {
    if (isFirst || !(error instanceof TwinError)) throw error;
    return [];
  }
}

function nodeOf(digest: Digest, entry: VersionEntry | undefined): LineageNode {
  if (entry === undefined) return { digest, name: digest, version: null };
  const { twin, number, state, aliases, sealedAt, reason } = entry;
  return { digest, name: versionName(entry), version: { twin, number, state, aliases, sealedAt, reason } };
}
