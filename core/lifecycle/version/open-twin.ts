import { Log } from "../../contracts/log.ts";
import { createTwin, type TwinOptions } from "../../kernel/create-twin.ts";
import { resolveNeeds, type Twin } from "../../kernel/twin.ts";
import { STORE_FOLDER } from "../layout.ts";
import { openStore, type TwinStore } from "../store.ts";
import { type LoadVersionOptions, loadVersion } from "./load-version.ts";

/** How {@link openTwin} opens. */
export interface OpenTwinOptions
  extends Pick<TwinOptions, "signal" | "startTimeoutMs" | "stopTimeoutMs">,
    Pick<LoadVersionOptions, "importPlugin" | "folder" | "force" | "onNote"> {
  /** Where the version is: the folder of a store, or an open one; `.twinloom` by default. */
  readonly store?: string | TwinStore | undefined;
}

/**
 * Makes a running twin of a sealed version, from what its store holds; packages must be installed. What there is to note is
 * told to its log, without `onNote`.
 *
 * @param name - `ecal-testbeam@champion`, `ecal-testbeam@v7`, `ecal-testbeam` (the newest), `sha256:…`.
 * @throws `TWIN_STORE_NOT_FOUND`, `TWIN_VERSION_NOT_FOUND`; what {@link loadVersion} and `createTwin` throw.
 *
 * @example
 * await using twin = await openTwin("ecal-testbeam@champion");
 * await runTask(twin, "simulate", { parameters: { seed: 7 }, out: "run-1" });
 */
export async function openTwin(name: string, options: OpenTwinOptions = {}): Promise<Twin> {
  const { store: where = STORE_FOLDER } = options;
  if (typeof where !== "string") return await openFrom(where, name, options);
  await using store = await openStore(where);
  return await openFrom(store, name, options);
}

async function openFrom(store: TwinStore, name: string, options: OpenTwinOptions): Promise<Twin> {
  const { store: _, folder, force, importPlugin, onNote, ...timing } = options;
  const { signal } = timing;
  const notes: string[] = [];
  const { entry, composition } = await loadVersion(store, name, {
    folder,
    force,
    onNote: onNote ?? ((note) => notes.push(note)),
    ...(importPlugin && { importPlugin }),
    ...(signal && { signal }),
  });
  const twin = await createTwin({ ...composition, ...timing });
  const { log } = resolveNeeds(twin, { log: Log });
  for (const note of notes) log.warn({ version: entry.digest, note }, "The twin may not be as it was sealed");
  return twin;
}
