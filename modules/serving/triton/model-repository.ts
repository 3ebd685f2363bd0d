import { type Dirent, existsSync } from "node:fs";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  ArtifactChangedError,
  digestFile,
  FileExistsError,
  FileNotFoundError,
  InvalidArgumentError,
  WriteFailedError,
  writeAtomically,
  writeFileAtomically,
} from "../../../core/index.ts";
import { modelConfig, type OnnxFacts, type TritonOptions } from "./model-config.ts";

/** A model for a repository: an ONNX file, and what it tells about itself. */
export interface RepositoryModel extends OnnxFacts {
  /** Name that clients ask for, and of the folder. */
  readonly name: string;
  /** Path of the ONNX file. */
  readonly file: string;
}

/** How a repository is written. */
export interface RepositoryOptions extends TritonOptions {
  /** Number of the version; 1 by default. Versions before it stay, and Triton serves the highest. */
  readonly version?: number | undefined;
  /** `"refuse"` (default) or `"replace"` a version that is there. */
  readonly existing?: "refuse" | "replace" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A model as it lies in a repository. */
export interface WrittenModel {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  /** Paths of `config.pbtxt` and `model.onnx`. */
  readonly config: string;
  readonly model: string;
}

const CONFIG = "config.pbtxt";
const MODEL = "model.onnx";
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Writes models as a model repository of Triton: `<name>/config.pbtxt` and `<name>/<version>/model.onnx`. All is checked
 * before the first file is written. Each file appears complete or not at all, the configuration after the model it describes.
 *
 * @param folder - Made where it is missing. May hold other models, and nothing else.
 * @throws `TWIN_INVALID_ARGUMENT` for a name that cannot be a folder's, two of one name, or a version below one that is there;
 *   `TWIN_FILE_EXISTS` where the folder holds other things, or the version; `TWIN_ARTIFACT_CHANGED` when a file is not the one
 *   of its digest; `TWIN_WRITE_FAILED`.
 *
 * @example
 * const file = "gan.onnx";
 * await writeModelRepository("models", [{ name: "gan", file, ...(await describeOnnx(file)) }]);
 */
export async function writeModelRepository(
  folder: string,
  models: readonly RepositoryModel[],
  options: RepositoryOptions = {},
): Promise<readonly WrittenModel[]> {
  const { version = 1, existing, signal, ...triton } = options;
  checkNames(models);
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InvalidArgumentError(`version must be a whole number of 1 or more, and is ${version}.`);
  }
  await checkFolder(folder);
  const plans = models.map((model) => ({ model, config: modelConfig(model.name, model, triton) }));
  for (const { name } of models) await checkVersions(join(folder, name), version, existing);
  const written: WrittenModel[] = [];
  for (const { model, config } of plans) {
    const { name, digest } = model;
    const paths = { config: join(folder, name, CONFIG), model: join(folder, name, `${version}`, MODEL) };
    const replaced = { signal, ...(existing !== undefined && { existing }) };
    await writeAtomically(paths.model, (temporary) => copyChecked(model, temporary, signal), replaced);
    // It describes the newest version, which is this one: that of an earlier version goes.
    await writeFileAtomically(paths.config, config, { signal, existing: "replace" });
    written.push({ name, version, digest, ...paths });
  }
  return written;
}

function checkNames(models: readonly RepositoryModel[]): void {
  const names = models.map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (!NAME.test(name)) {
      throw new InvalidArgumentError(
        `"${name}" cannot be the name of a model in a repository: letters, digits, ".", "_" and "-", the first a letter or digit.`,
      );
    }
    if (names.indexOf(name) !== index) throw new InvalidArgumentError(`Two models are named "${name}". Rename one.`);
  }
}

/** A repository holds models and nothing else: Triton takes every folder for one, and so does who cleans up. */
async function checkFolder(folder: string): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    const inside = entry.isDirectory() ? await entriesOf(join(folder, entry.name)) : [];
    const isModel = inside.some(({ name }) => name === CONFIG) || (entry.isDirectory() && inside.every(isVersion));
    if (isModel) continue;
    throw new FileExistsError(folder, {
      remedy: `It holds "${entry.name}", which is no model. Give a folder of its own.`,
    });
  }
}

async function checkVersions(folder: string, version: number, existing: RepositoryOptions["existing"]): Promise<void> {
  const versions = (await entriesOf(folder)).filter(isVersion).map(({ name }) => name);
  // A folder without its file is what a failed try left.
  const complete = versions.filter((name) => existsSync(join(folder, name, MODEL)));
  const newest = Math.max(0, ...complete.map(Number));
  if (newest > version) {
    throw new InvalidArgumentError(
      `"${folder}" has version ${newest} already, and Triton serves the highest: version ${version} would never be. Give ${newest + 1}.`,
    );
  }
  if (newest === version && existing !== "replace") {
    const remedy = `Give ${version + 1} as \`version\`, or ask for it with \`existing: "replace"\`.`;
    throw new FileExistsError(join(folder, `${version}`, MODEL), { remedy });
  }
}

function isVersion(entry: Dirent): boolean {
  return entry.isDirectory() && /^[1-9]\d*$/.test(entry.name);
}

/** What a folder holds; nothing where there is none. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new WriteFailedError(folder, `${cause.message}.`, { cause });
  });
}

/** Copies a model, and makes sure that the copy is the file whose facts are known. */
async function copyChecked(
  { file, digest }: RepositoryModel,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await copyFile(file, target).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") throw new FileNotFoundError(file, { cause });
    throw new WriteFailedError(target, `${cause.message}.`, { cause });
  });
  const copied = await digestFile(target, { signal });
  if (copied.digest !== digest) throw new ArtifactChangedError(file, digest, copied.digest);
}
