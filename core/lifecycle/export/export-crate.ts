import { lstat, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { FileExistsError } from "../../files/errors.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { flushFolder, flushTree, partialPath, system, writeFileAtomically } from "../../files/write-atomically.ts";
import { findRunFolder, resolveVersion } from "../reproduce/find-run.ts";
import { openStore, type TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { restoreVersion } from "../version/restore.ts";
import { PAYLOAD, writeBag } from "./bag.ts";
import { CrateFiles } from "./crate-files.ts";
import { CrateGraph } from "./crate-graph.ts";
import { addRun } from "./crate-of-run.ts";
import { addVersion, FOLDER_OF_TWIN } from "./crate-of-version.ts";
import { addAgent, addRoot, type ExportCrateOptions } from "./crate-root.ts";

/**
 * Exports a run or a version as an RO-Crate: a folder with all files, and `ro-crate-metadata.json` that says what they are,
 * how they came about, and the SHA-256 of each. A run's crate follows the Workflow Run profiles.
 *
 * Files that a run read are in the crate where they still are what they were; of others it has digest and size. Parameters
 * and the composition are in it as they are recorded: secrets as references. `run.json` is the sealed record and names
 * files by their paths on the machine of the run; nothing else in the crate does.
 *
 * @param target - The folder of a run; or, with a store, a version.
 * @param out - A folder that is not there yet.
 * @throws `TWIN_INVALID_ARGUMENT` without a licence; `TWIN_FILE_EXISTS`; `TWIN_READ_FAILED` for an output that was changed
 *   since; `TWIN_FILE_NOT_FOUND`, `TWIN_VERSION_NOT_FOUND`, `TWIN_WRITE_FAILED`. Then nothing is left.
 * @see RO-Crate 1.1, https://w3id.org/ro/crate/1.1; Provenance Run Crate 0.5, https://w3id.org/ro/wfrun/provenance/0.5
 *
 * @example
 * await exportCrate("first", "crate", { license: "CC-BY-4.0", agent: { name: "Ada Lovelace" } });
 */
export async function exportCrate(target: string, out: string, options: ExportCrateOptions = {}): Promise<void> {
  const { store: where } = options;
  if (typeof where !== "string") return await exportFrom(target, out, { ...options, store: where });
  await using store = await openStore(where);
  await exportFrom(target, out, { ...options, store });
}

type Options = ExportCrateOptions & { readonly store?: TwinStore | undefined };

async function exportFrom(target: string, out: string, options: Options): Promise<void> {
  const { store, signal } = options;
  const path = resolve(out);
  if (await lstat(path).catch(() => undefined)) throw new FileExistsError(out, { remedy: "Name another folder." });
  const found = await findRunFolder(target);
  const version = found === undefined ? store && (await resolveVersion(store, target)).digest : found.record.version;
  if (found === undefined && version === undefined) {
    throw new InvalidArgumentError(`"${target}" is no folder of a run. A version needs the store that has it.`);
  }
  const sealed = version === undefined || store === undefined ? undefined : await readVersion(store.objects, version);
  const staging = partialPath(path);
  try {
    const crate = options.bagit ? join(staging, PAYLOAD) : staging;
    await system(path, () => makeFolders(crate));
    const files = new CrateFiles(crate, new CrateGraph(), signal);
    addRoot(files.graph, { record: found?.record, config: sealed?.config }, options);
    if (found !== undefined) await addRun(files, found, addAgent(files.graph, options.agent));
    if (sealed !== undefined && store !== undefined) {
      await restoreVersion(store, sealed.descriptor.digest, join(crate, FOLDER_OF_TWIN), { signal });
      await addVersion(files, sealed.config, { isMain: found === undefined });
    }
    signal?.throwIfAborted();
    await writeFileAtomically(join(crate, "ro-crate-metadata.json"), files.graph.text());
    if (options.bagit) await writeBag(staging, { signal });
    await system(path, async () => {
      await flushTree(staging);
      await rename(staging, path);
      await flushFolder(dirname(path));
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
