import { join, resolve } from "node:path";
import { canonicalJson } from "../canonical/canonical-json.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { StoreNewerError, StoreNotFoundError } from "./errors.ts";
import { writing } from "./fs/failures.ts";
import { nodeFs } from "./fs/node-fs.ts";
import { hasLinks, isTemporary, makeDurableFolder, makeStoreFolder, writeNew } from "./fs/publish.ts";
import { readOnlyFs } from "./fs/read-only-fs.ts";
import { type StoreFs, systemCode } from "./fs/store-fs.ts";
import { ociIndex } from "./oci-index.ts";

/** Names in the folder of a store. */
export const STORE_NAMES = {
  ociLayout: "oci-layout",
  ociIndex: "index.json",
  format: "twinloom.json",
  blobs: "blobs",
  events: "events",
  pins: "pins",
  quarantine: "quarantine",
  /** Objects on their way out; see ObjectFiles. */
  leaving: "leaving",
  /** Versions whose objects were left where the store was packed: an empty file each, named by the digits of the digest. */
  absent: "absent",
  checkouts: "checkouts",
  sqlite: "index.sqlite",
} as const;

/** The folder of a store, where none is named. */
export const STORE_FOLDER = ".twinloom";

/** What makes a folder an OCI image layout. */
export const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** The format of stores that is written; older ones are read. */
export const STORE_FORMAT = 1;

/** How events get their numbers: by hard links, or by folders where a store was made on a file system without links. */
export type Publishing = "link" | "claim";

/** The text of twinloom.json. */
export function formatText(events: Publishing): string {
  return events === "link" ? `{"format":${STORE_FORMAT}}` : `{"events":"claim","format":${STORE_FORMAT}}`;
}

/** The folder of a store, once its format is known. */
export interface StoreFolder {
  /** Absolute. */
  readonly path: string;
  readonly format: number;
  readonly events: Publishing;
  /** Not for a store of a newer format: each write then fails with `TWIN_STORE_NEWER`. */
  readonly writable: boolean;
  readonly fs: StoreFs;
}

/** How {@link openStoreFolder} opens. */
export interface OpenStoreFolderOptions {
  /** Whether a store is made where there is none. */
  readonly create?: boolean | undefined;
  readonly fs?: StoreFs | undefined;
}

/**
 * Opens the folder of a store, and makes it if asked to.
 *
 * @throws `TWIN_STORE_NOT_FOUND`, also where something else is in the folder; `TWIN_WRITE_FAILED`. A store of a newer
 *   format is opened, and says `TWIN_STORE_NEWER` when it is written to.
 */
export async function openStoreFolder(folder: string, options: OpenStoreFolderOptions = {}): Promise<StoreFolder> {
  if (folder === "") throw new InvalidArgumentError("The folder of a store needs a path; it is empty.");
  const { create = false, fs = nodeFs } = options;
  const path = resolve(folder);
  let file = await readFormat(fs, path);
  if (file === undefined) {
    if (!create) throw new StoreNotFoundError(path, await whyNot(fs, path));
    await writing(path, () => makeStore(fs, path));
    file = (await readFormat(fs, path)) ?? { format: STORE_FORMAT, events: "link" };
  }
  const newer = file.format;
  if (newer <= STORE_FORMAT) return { path, ...file, writable: true, fs };
  return {
    path,
    ...file,
    writable: false,
    fs: readOnlyFs(
      fs,
      path,
      () =>
        new StoreNewerError(
          path,
          `it has format ${newer}, and this one writes format ${STORE_FORMAT} and reads newer ones as far as it understands them. Nothing was written.`,
        ),
    ),
  };
}

async function readFormat(fs: StoreFs, path: string): Promise<Pick<StoreFolder, "format" | "events"> | undefined> {
  const file = join(path, STORE_NAMES.format);
  let text: string;
  try {
    text = Buffer.from(await fs.readFile(file)).toString();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw new StoreNotFoundError(path, `its ${STORE_NAMES.format} cannot be read: ${(error as Error).message}.`);
  }
  try {
    const { format, events = "link" } = JSON.parse(text) as { readonly format?: unknown; readonly events?: unknown };
    const isFormat = Number.isInteger(format) && (format as number) >= 1;
    // A newer format may have other ways; nothing is written to it.
    const isKnown = events === "link" || events === "claim" || (isFormat && (format as number) > STORE_FORMAT);
    if (isFormat && isKnown) return { format: format as number, events: events as Publishing };
  } catch {
    // Told below.
  }
  throw new StoreNotFoundError(
    path,
    `its ${STORE_NAMES.format} is damaged. If this is a store, write {"format":${STORE_FORMAT}} to that file.`,
  );
}

/** The format comes last: a folder without it is no store, and is completed by whoever comes next. */
async function makeStore(fs: StoreFs, path: string): Promise<void> {
  await makeStoreFolder(fs, path);
  const known = new Set<string>(Object.values(STORE_NAMES));
  const foreign = (await fs.list(path)).find(({ name }) => !known.has(name) && !isTemporary(name));
  if (foreign) {
    throw new StoreNotFoundError(path, `it holds something else ("${foreign.name}"). Choose an empty folder.`);
  }
  await makeDurableFolder(fs, join(path, STORE_NAMES.blobs));
  await makeDurableFolder(fs, join(path, STORE_NAMES.blobs, "sha256"));
  await makeDurableFolder(fs, join(path, STORE_NAMES.events));
  await writeNew(fs, join(path, STORE_NAMES.ociLayout), OCI_LAYOUT);
  await writeNew(fs, join(path, STORE_NAMES.ociIndex), canonicalJson(ociIndex([])));
  await fs.syncFolder(path);
  const events = (await hasLinks(fs, join(path, STORE_NAMES.events))) ? "link" : "claim";
  await writeNew(fs, join(path, STORE_NAMES.format), formatText(events));
  await fs.syncFolder(path);
}

async function whyNot(fs: StoreFs, path: string): Promise<string> {
  const found = await fs.stat(path).catch(() => undefined);
  if (found === undefined) return "there is no such folder. Check the path, or seal a version to make a store.";
  if (found.kind !== "folder") return "it is no folder. Check the path.";
  return `the folder has no ${STORE_NAMES.format}. Check the path, or seal a version to make a store.`;
}
