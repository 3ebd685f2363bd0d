import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestFile } from "../../canonical/digest.ts";
import type { VersionConfig } from "../schema.ts";
import type { CrateFiles } from "./crate-files.ts";
import { reference } from "./crate-graph.ts";
import { modelId, PLAN_FILE } from "./run-entities.ts";

/** The files of a version in a crate; no step can have such a name. */
export const FOLDER_OF_TWIN = "twin_files";

/**
 * Adds the files of a restored version, which lie in the crate's {@link FOLDER_OF_TWIN}.
 *
 * @param options - `isMain`: whether there is no run in the crate, whose twin this is.
 */
export async function addVersion(
  files: CrateFiles,
  config: VersionConfig,
  { isMain }: { readonly isMain: boolean },
): Promise<void> {
  const { graph, folder } = files;
  const roles = new Map<string, string>([
    [config.spec.digest, `Composition of twin "${config.twin}"`],
    ...config.models.map(({ part, descriptor }) => [descriptor.digest, `Model of part "${part}"`] as const),
    ...config.data.map(({ role, descriptor }) => [descriptor.digest, `Data: ${role}`] as const),
    ...config.code.files.map(({ descriptor }) => [descriptor.digest, "Code of a plugin"] as const),
  ]);
  const lock = config.environment.lock?.digest;
  if (lock !== undefined) roles.set(lock, "Lock file of the packages");
  const entries = await readdir(join(folder, FOLDER_OF_TWIN), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort((a, b) => (a < b ? -1 : 1))) {
    const facts = await digestFile(path, files);
    const name = path.slice(folder.length + 1).replaceAll("\\", "/");
    const file = files.describe(name, facts, { description: roles.get(facts.digest) });
    if (isMain && facts.digest === config.spec.digest) graph.link("./", "mainEntity", file);
    if (!isMain && facts.digest === lock) graph.link(PLAN_FILE, "softwareRequirements", file);
    for (const { part } of config.models.filter(({ descriptor }) => descriptor.digest === facts.digest)) {
      if (!isMain) graph.link(file["@id"], "about", reference(modelId(part)));
    }
  }
}
