import type { Composition } from "../../kernel/composition.ts";
import { STORE_FOLDER } from "../layout.ts";
import { openStore, type TwinStore } from "../store.ts";
import { type SealOptions, type SealResult, sealVersion } from "./seal.ts";

/** How a running twin is sealed. */
export interface SealTwinOptions extends SealOptions {
  /** Where the version is kept: the folder of a store, made if need be, or an open one. `.twinloom` by default. */
  readonly store?: string | TwinStore | undefined;
}

/** Seals what a twin is made of. @throws as {@link sealVersion} does */
export async function sealTwin(composition: Composition, options: SealTwinOptions = {}): Promise<SealResult> {
  const { store = STORE_FOLDER, ...rest } = options;
  if (typeof store !== "string") return await sealVersion(store, composition, rest);
  await using opened = await openStore(store, { create: true });
  return await sealVersion(opened, composition, rest);
}
