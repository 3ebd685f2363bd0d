import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { FileNotFoundError } from "../../files/errors.ts";
import type { Composition } from "../../kernel/composition.ts";
import type { Plugin } from "../../kernel/plugin.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { findLockFile } from "../../run/environment.ts";
import { artifact, isArtifact } from "../../spec/artifact.ts";
import { ArtifactChangedError } from "../../spec/errors.ts";
import { exportSpec } from "../../spec/export-spec.ts";
import { ownPackage } from "../../spec/resolve-package.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { Descriptor, VersionConfig } from "../schema.ts";
import { isFilePath } from "../schema.ts";
import { type NamedFile, namedFiles, replaceIn, withArtifacts } from "./artifact-files.ts";
import { type CodeFiles, codeFiles } from "./code-files.ts";
import { NotSealableError } from "./errors.ts";
import { gitFacts } from "./git-facts.ts";
import { cardBeside, cardMetrics } from "./model-card.ts";
import { packageOf } from "./module-imports.ts";
import { installedPackage, lockedIntegrity, packageUrl, type VersionPackage } from "./packages.ts";

/** Everything that a twin is made of, kept in a store. */
export interface Content {
  /** Without parents. */
  readonly config: VersionConfig;
  /** Of the twin.yaml, or the working directory for a composition that was made in code. */
  readonly folder: string;
  readonly notes: readonly string[];
}

interface CollectOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/** Keeps what a composition is made of, and tells what that is. @throws as `sealVersion` does. */
export async function collectContent(
  objects: ObjectStore,
  composition: Composition,
  options: CollectOptions,
): Promise<Content> {
  const folder = dirname(resolve(composition.source?.file ?? "twin.yaml"));
  const twin = composition.name ?? "twin";
  // First of all, so that what no twin.yaml can hold is told before anything is read.
  await exportSpec(composition, { file: join(folder, "twin.yaml") });
  const named = await withArtifacts(composition);
  const files = namedFiles(named, folder);
  const modules = pluginModules(named, folder);
  const code = await codeFiles(modules.paths.values(), folder);
  const bad = [...code.files.keys()].filter((path) => !isFilePath(path));
  const problems = [
    ...modules.problems,
    ...code.problems,
    ...bad.map((path) => `The path "${path}" cannot be written on every system. Rename the file.`),
  ];
  const packages = await versionPackages({ modules, code, folder });
  problems.push(...packages.problems);
  if (problems.length > 0) throw new NotSealableError(twin, problems);

  const keep = await keeper(objects, [...files.map(({ file }) => file), ...code.files.values()], options);
  const notes = [...code.notes, ...packages.notes];
  const { models, data } = await keepFiles(files, { keep, notes });
  const digests = new Map([...models, ...data].map(({ path, descriptor }) => [path, descriptor.digest]));
  const spec = await exportSpec(
    sealedComposition({ ...named, name: twin }, { folder, files, digests, modules, code }),
    {
      file: join(folder, "twin.yaml"),
    },
  );
  const vcs = await keepVcs(objects, folder, { notes, signal: options.signal });
  const sources = [...code.files].map(async ([path, file]) => ({
    path,
    descriptor: await keep(file, MEDIA_TYPES.source),
  }));
  const config: VersionConfig = {
    schemaVersion: 1,
    twin,
    spec: descriptorOf(MEDIA_TYPES.spec, await objects.put(spec)),
    code: { files: sorted(await Promise.all(sources)), ...(vcs && { vcs }) },
    data: sorted(data),
    models: sorted(models),
    environment: {
      engine: ENGINE_VERSION,
      node: process.versions.node.split(".").slice(0, 2).join("."),
      ...(packages.lock !== undefined && {
        lock: { ...(await keep(packages.lock, MEDIA_TYPES.lock)), annotations: titled(basename(packages.lock)) },
      }),
      packages: [...packages.packages],
    },
    parents: [],
    annotations: {},
  };
  return { config, folder, notes };
}

/** Keeps a file, each only once however often it is asked for. */
type Keep = (file: string, mediaType: string) => Promise<Descriptor>;

async function keeper(objects: ObjectStore, files: readonly string[], options: CollectOptions): Promise<Keep> {
  const { signal, onProgress } = options;
  const sizes = await Promise.all([...new Set(files)].map(sizeOf));
  const ofBytes = sizes.reduce((sum, size) => sum + size, 0);
  let doneBytes = 0;
  const kept = new Map<string, ReturnType<ObjectStore["putFile"]>>();
  let last: Promise<unknown> = Promise.resolve();
  return async (file, mediaType) => {
    let stored = kept.get(file);
    if (stored === undefined) {
      // One after the other: two files read at once make a disk seek.
      stored = last.then(async () => {
        const before = doneBytes;
        const result = await objects.putFile(file, {
          signal,
          onProgress: (done) => onProgress?.(Math.min(before + done, ofBytes), ofBytes),
        });
        doneBytes = before + result.bytes;
        onProgress?.(Math.min(doneBytes, ofBytes), ofBytes);
        return result;
      });
      last = stored.catch(() => undefined);
      kept.set(file, stored);
    }
    return descriptorOf(mediaType, await stored);
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new FileNotFoundError(file, { cause: error });
  }
}

async function keepFiles(
  files: readonly NamedFile[],
  context: { readonly keep: Keep; readonly notes: string[] },
): Promise<Pick<VersionConfig, "models" | "data">> {
  const models: VersionConfig["models"] = [];
  const data: VersionConfig["data"] = [];
  for (const { file, path, pinned, role, part } of files) {
    const isOnnx = /\.onnx$/i.test(file);
    const descriptor = await context.keep(file, role === "model" && isOnnx ? MEDIA_TYPES.onnx : MEDIA_TYPES.file);
    if (pinned !== undefined && pinned !== descriptor.digest) {
      throw new ArtifactChangedError(file, pinned, descriptor.digest);
    }
    if (role === "model") models.push({ path, descriptor, part, ...(await keepCard(file, path, context)) });
    // One file may be an option of two parts.
    else if (!data.some((each) => each.path === path && each.role === role)) data.push({ path, descriptor, role });
  }
  return { models, data };
}

async function keepCard(
  file: string,
  path: string,
  { keep, notes }: { readonly keep: Keep; readonly notes: string[] },
): Promise<Pick<VersionConfig["models"][number], "card" | "metrics">> {
  const card = cardBeside(file);
  if (!(await isFile(card))) return {};
  const kept = { path: cardBeside(path), descriptor: await keep(card, MEDIA_TYPES.card) };
  try {
    return { card: kept, metrics: await cardMetrics(card) };
  } catch (error) {
    notes.push(`${basename(card)} is kept, but no metrics can be read from it: ${(error as Error).message}`);
    return { card: kept };
  }
}

async function keepVcs(
  objects: ObjectStore,
  folder: string,
  { notes, signal }: { readonly notes: string[]; readonly signal?: AbortSignal | undefined },
): Promise<VersionConfig["code"]["vcs"]> {
  try {
    const facts = await gitFacts(folder, { signal });
    if (facts === undefined) return undefined;
    const { commit, diff } = facts;
    if (diff.length === 0) return { commit, dirty: false };
    notes.push(
      `Tracked files of ${basename(folder)} differ from commit ${commit.slice(0, 8)}. The difference is kept (${diff.length} bytes), with any secret that may be in it.`,
    );
    return { commit, dirty: true, diff: descriptorOf(MEDIA_TYPES.diff, await objects.put(diff)) };
  } catch (error) {
    signal?.throwIfAborted();
    notes.push(`Nothing of git is kept: ${(error as Error).message}`);
    return undefined;
  }
}

/** Modules of plugins that lie beside the twin.yaml. */
interface PluginModules {
  /** Path of the module, by part. */
  readonly paths: ReadonlyMap<string, string>;
  /** Package that brings the plugin, by part. */
  readonly packages: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

function pluginModules({ plugins }: Composition, folder: string): PluginModules {
  const paths = new Map<string, string>();
  const packages = new Map<string, string>();
  const problems: string[] = [];
  for (const [part, plugin] of Object.entries(plugins)) {
    const [specifier] = splitName(plugin);
    const name = packageOf(specifier);
    if (specifier.startsWith("file:")) paths.set(part, fileURLToPath(specifier));
    else if (/^\.{1,2}\//.test(specifier)) paths.set(part, resolve(folder, specifier));
    else if (name !== undefined) packages.set(part, name);
    else problems.push(`Part "${part}": its plugin calls itself "${specifier}", which names no module.`);
  }
  return { paths, packages, problems };
}

async function versionPackages(facts: {
  readonly modules: PluginModules;
  readonly code: CodeFiles;
  readonly folder: string;
}): Promise<{
  readonly packages: readonly VersionPackage[];
  readonly lock?: string;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}> {
  const { modules, code, folder } = facts;
  const lock = await findLockFile(folder);
  const problems: string[] = [];
  const notes: string[] = [];
  const packages: VersionPackage[] = [];
  const wanted = [...modules.packages].map(([part, name]) => ({ name, part }));
  const imported = [...code.packages].map((name) => ({ name, part: undefined }));
  for (const { name, part } of [{ name: "twinloom", part: undefined }, ...wanted, ...imported]) {
    if (packages.some((each) => each.part === part && each.purl.startsWith(`${packageUrl(name, "")}`))) continue;
    if (name === "twinloom" && part !== undefined) continue;
    const found =
      name === "twinloom"
        ? { name, version: ENGINE_VERSION, root: ownPackage() }
        : await installedPackage(name, folder);
    if (found === undefined && part !== undefined) {
      problems.push(
        `Part "${part}": there is no package "${name}" that could bring its plugin. Put the plugin in a module of its own and load the twin from a twin.yaml that names it (use: ./module.js), or install the package.`,
      );
    } else if (found === undefined) {
      notes.push(`The package "${name}", which the code imports, is not installed here.`);
    } else {
      const integrity = lock === undefined ? undefined : await lockedIntegrity(lock, found);
      packages.push({
        purl: packageUrl(name, found.version),
        ...(integrity !== undefined && { integrity }),
        ...(part !== undefined && { part }),
      });
    }
  }
  const order = ({ purl, part = "" }: VersionPackage): string => `${purl}\n${part}`;
  packages.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return { packages, problems, notes, ...(lock !== undefined && { lock }) };
}

/** The composition as it will be in the folder of the restored twin.yaml, written as if that were this one. */
function sealedComposition(
  composition: Composition,
  facts: {
    readonly folder: string;
    readonly files: readonly NamedFile[];
    readonly digests: ReadonlyMap<string, Digest>;
    readonly modules: PluginModules;
    readonly code: CodeFiles;
  },
): Composition {
  const { folder, files, digests, modules, code } = facts;
  const paths = new Map(files.map(({ file, path }) => [file, path]));
  const modulePaths = new Map([...code.files].map(([path, file]) => [file, path]));
  const moved = (value: unknown): unknown => {
    if (!isArtifact(value)) return undefined;
    const path = paths.get(value.file) as string;
    return artifact(path, { base: folder, digest: digests.get(path) as Digest });
  };
  const plugins = Object.entries(composition.plugins).map(([part, plugin]): [string, Plugin] => {
    const options = replaceIn(plugin.options, moved) as Plugin["options"];
    const module = modules.paths.get(part);
    if (module === undefined) return [part, { ...plugin, options }];
    const [, fragment] = splitName(plugin);
    const url = pathToFileURL(join(folder, modulePaths.get(module) as string)).href;
    return [part, { ...plugin, options, importedFrom: fragment === undefined ? url : `${url}#${fragment}` }];
  });
  const { plans } = composition;
  return {
    ...composition,
    plugins: Object.fromEntries(plugins),
    ...(plans !== undefined && { plans: replaceIn(plans, moved) as Readonly<Record<string, unknown>> }),
  };
}

function splitName({ definition, importedFrom }: Plugin): readonly [string, string?] {
  const name = importedFrom ?? definition.name;
  const at = name.indexOf("#");
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)];
}

function descriptorOf(mediaType: string, { digest, bytes }: { digest: Digest; bytes: number }): Descriptor {
  return { mediaType, digest, size: bytes };
}

/** @see OCI image-spec, annotations.md */
function titled(name: string): Readonly<Record<string, string>> {
  return { "org.opencontainers.image.title": name };
}

function sorted<T extends { readonly path: string; readonly part?: string }>(files: readonly T[]): T[] {
  const key = ({ path, part = "" }: T): string => `${path}\n${part}`;
  return [...files].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
