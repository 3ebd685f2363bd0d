import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectStore } from "../../contracts/object-store.ts";
import { FileNotFoundError } from "../../files/errors.ts";
import type { Composition } from "../../kernel/composition.ts";
import type { Plugin } from "../../kernel/plugin.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { findLockFile } from "../../run/environment.ts";
import { artifact, isArtifact } from "../../spec/artifact.ts";
import { exportSpec } from "../../spec/export-spec.ts";
import { readingFile } from "../fs/failures.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { isVersionPath, type VersionConfig } from "../schema.ts";
import { foreignPaths, type NamedFile, namedFiles, replaceIn, withArtifacts } from "./artifact-files.ts";
import { type CodeFiles, codeFiles } from "./code-files.ts";
import { NotSealableError } from "./errors.ts";
import { gitFacts } from "./git-facts.ts";
import { descriptorOf, type KeepOptions, keeper, keepFiles } from "./keep-files.ts";
import { neededPackages } from "./packages.ts";
import { type PluginModules, pluginModules, splitUse } from "./plugin-modules.ts";
import { SPEC_FILE } from "./restored-names.ts";

/** Everything that a twin is made of, kept in a store. */
export interface Content {
  /** Without parents. */
  readonly config: VersionConfig;
  /** Of the twin.yaml, or the working directory for a composition that was made in code. */
  readonly folder: string;
  readonly notes: readonly string[];
}

/** Keeps what a composition is made of, and tells what that is. @throws as `sealVersion` does. */
export async function collectContent(
  objects: ObjectStore,
  composition: Composition,
  options: KeepOptions,
): Promise<Content> {
  const folder = dirname(resolve(composition.source?.file ?? SPEC_FILE));
  const twin = composition.name;
  // Two twins without a name would share a history.
  if (twin === undefined) {
    const where = composition.source?.file;
    const remedy = where === undefined ? "Give it a `name`." : `Begin ${where} with a line such as "twin: my-twin".`;
    throw new NotSealableError("(no name)", [`Versions are kept under the name of their twin. ${remedy}`]);
  }
  // First of all, so that what no twin.yaml can hold is told before anything is read.
  await exportSpec(composition, { file: join(folder, SPEC_FILE) });
  const named = await withArtifacts(composition);
  const files = namedFiles(named, folder);
  await Promise.all(files.map((each) => checkThere(each, composition.source)));
  const modules = pluginModules(named, folder);
  const code = await codeFiles(modules.paths.values(), folder);
  const bad = [...code.files.keys()].filter((path) => !isVersionPath(path));
  const problems = [
    ...modules.problems,
    ...code.problems,
    ...bad.map((path) => `The path "${path}" cannot be written on every system. Rename the file.`),
  ];
  const lock = await findLockFile(folder);
  const packages = await neededPackages({ byPart: modules.packages, imported: code.packages }, { folder, lock });
  problems.push(...packages.problems);
  if (problems.length > 0) throw new NotSealableError(twin, problems);

  const keep = await keeper(objects, [...files.map(({ file }) => file), ...code.files.values()], options);
  const foreign = foreignPaths(named).map(
    ({ part, path }) =>
      `Part "${part}" is given "${path}", which another machine may not have; what is there is not kept.`,
  );
  const notes = [...foreign, ...code.notes, ...packages.notes];
  const { models, data } = await keepFiles(files, { keep, notes });
  const digests = new Map([...models, ...data].map(({ path, descriptor }) => [path, descriptor.digest]));
  const spec = await exportSpec(
    sealedComposition({ ...named, name: twin }, { folder, files, digests, modules, code }),
    {
      file: join(folder, SPEC_FILE),
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
      ...(lock !== undefined && {
        lock: { ...(await keep(lock, MEDIA_TYPES.lock)), annotations: titled(basename(lock)) },
      }),
      packages: [...packages.packages],
    },
    parents: [],
    annotations: {},
  };
  return { config, folder, notes };
}

/** Before anything is kept, and with the place that names it. */
async function checkThere({ file, at }: NamedFile, source: Composition["source"]): Promise<void> {
  try {
    await readingFile(file, () => stat(file));
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
    const place = source?.locate(at);
    const where = place === undefined ? "" : `${place.file}:${place.line}:${place.column}: `;
    throw new FileNotFoundError(file, { namedBy: `${where}${at.join(".")}`, cause: error });
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
    const [, fragment] = splitUse(plugin);
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

/** @see OCI image-spec, annotations.md */
function titled(name: string): Readonly<Record<string, string>> {
  return { "org.opencontainers.image.title": name };
}

function sorted<T extends { readonly path: string; readonly part?: string }>(files: readonly T[]): T[] {
  const key = ({ path, part = "" }: T): string => `${path}\n${part}`;
  return [...files].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
