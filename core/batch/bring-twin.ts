import { rm } from "node:fs/promises";
import { partialPath } from "../files/write-atomically.ts";
import type { Composition } from "../kernel/composition.ts";
import { packStore } from "../lifecycle/care/pack.ts";
import { unpackStore } from "../lifecycle/care/unpack.ts";
import type { VersionEntry } from "../lifecycle/log/twin-state.ts";
import { openStore, type TwinStore } from "../lifecycle/store.ts";
import { sealTwin } from "../lifecycle/version/seal-twin.ts";

/** A twin as a batch gets it: to be sealed, or a version of a store. */
export type BatchTwin =
  | Composition
  | {
      /** Folder of the store, or an open one. */
      readonly store: string | TwinStore;
      /** Its name: `ecal@champion`, `sha256:…`. */
      readonly version: string;
    };

/**
 * Brings a twin into the store of a batch. A version of another store keeps its digest, its number and its log.
 *
 * @throws what `sealVersion` throws; `TWIN_VERSION_NOT_FOUND` and what `packStore` and `unpackStore` throw.
 */
export async function bringTwin(
  twin: BatchTwin,
  store: string,
  { signal, onNote }: { readonly signal: AbortSignal; readonly onNote: (note: string) => void },
): Promise<VersionEntry> {
  if (!("version" in twin)) {
    const { entry, notes } = await sealTwin(twin, { store, signal, reason: "batch" });
    for (const note of notes) onNote(note);
    return entry;
  }
  const { version } = twin;
  if (typeof twin.store !== "string") return await copied(twin.store, version, { store, signal });
  await using from = await openStore(twin.store);
  return await copied(from, version, { store, signal });
}

async function copied(
  from: TwinStore,
  name: string,
  { store, signal }: { readonly store: string; readonly signal: AbortSignal },
): Promise<VersionEntry> {
  const entry = await from.resolve(name);
  // An archive is the one way that carries a version with all it needs, and checks each byte.
  const file = partialPath(`${store}.tar`);
  try {
    await packStore(from, { file, versions: [entry.digest], signal });
    await unpackStore(file, store, { signal });
  } finally {
    await rm(file, { force: true });
  }
  return entry;
}
