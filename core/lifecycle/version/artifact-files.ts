import { existsSync } from "node:fs";
import { basename, isAbsolute, relative, sep } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import { Adaptable } from "../../contracts/adaptable.ts";
import { Generator } from "../../contracts/generator.ts";
import { Model } from "../../contracts/model.ts";
import { isFile } from "../../files/is-file.ts";
import type { Composition, CompositionPath } from "../../kernel/composition.ts";
import { type Plugin, providedTokens } from "../../kernel/plugin.ts";
import { type Artifact, artifact, isArtifact } from "../../spec/artifact.ts";
import { isVersionPath } from "../schema.ts";
import { MARKER, SPEC_FILE } from "./restored-names.ts";

/** A file that a composition names. */
export interface NamedFile {
  /** Where it is. */
  readonly file: string;
  /** Where it lies in the folder of the restored twin.yaml. */
  readonly path: string;
  /** The digest that the composition states. */
  readonly pinned?: Digest;
  readonly role: "model" | "calibration" | "option" | "input";
  /** The part whose option it is; "" for an input of a plan. */
  readonly part: string;
  /** Where the composition names it. */
  readonly at: CompositionPath;
}

/**
 * The same composition with every file that it names as an {@link Artifact}: inputs of plans given as paths, and options
 * that are texts where an artifact would be taken and where a file of that name is.
 */
export async function withArtifacts(composition: Composition): Promise<Composition> {
  const entries = Object.entries(composition.plugins).map(async ([part, plugin]): Promise<[string, Plugin]> => {
    return [part, { ...plugin, options: await optionsWithArtifacts(plugin) }];
  });
  const { plans } = composition;
  return {
    ...composition,
    plugins: Object.fromEntries(await Promise.all(entries)),
    ...(plans !== undefined && { plans: replaceIn(plans, inputArtifact) as Readonly<Record<string, unknown>> }),
  };
}

/** Options that are paths of this machine: a version says them, and does not hold what is there. */
export function foreignPaths({ plugins }: Composition): readonly { readonly part: string; readonly path: string }[] {
  return Object.entries(plugins).flatMap(([part, { options }]) =>
    [...textsIn(options)].filter((text) => isAbsolute(text) && existsSync(text)).map((path) => ({ part, path })),
  );
}

function textsIn(options: unknown): ReadonlySet<string> {
  const texts = new Set<string>();
  replaceIn(options, (value) => {
    if (typeof value === "string" && value !== "") texts.add(value);
    return undefined;
  });
  return texts;
}

async function optionsWithArtifacts(plugin: Plugin): Promise<Plugin["options"]> {
  let { options } = plugin;
  for (const text of textsIn(options)) {
    if (!(await isFile(text))) continue;
    const replaced = (by: unknown): Plugin["options"] =>
      replaceIn(options, (value) => (value === text ? by : undefined)) as Plugin["options"];
    // A schema that takes anything says nothing about files.
    const takesFiles = accepts(plugin, replaced(artifact(text))) && !accepts(plugin, replaced({ "no artifact": true }));
    if (takesFiles) options = replaced(artifact(text));
  }
  return options;
}

function accepts({ definition }: Plugin, options: unknown): boolean {
  try {
    return definition.options?.safeParse(options).success === true;
  } catch {
    // A schema that cannot be asked without being awaited.
    return false;
  }
}

function inputArtifact(value: unknown, path: readonly string[]): unknown {
  // plan, step, "inputs", name
  if (path.length !== 4 || path[2] !== "inputs" || isArtifact(value)) return undefined;
  const { file, digest } = (value ?? {}) as { readonly file?: unknown; readonly digest?: unknown };
  if (typeof file !== "string") return undefined;
  return artifact(file, { ...(typeof digest === "string" && { digest }) });
}

/** The files that a composition names, and where they will lie; those in the folder of the twin.yaml stay in their place. */
export function namedFiles(composition: Composition, folder: string): readonly NamedFile[] {
  const found: Omit<NamedFile, "path">[] = [];
  const note = ({ value, at }: FoundArtifact, role: NamedFile["role"], part: string): void => {
    const { file, digest } = value;
    const known = found.some((each) => each.file === file && each.role === role && each.part === part);
    if (!known) found.push({ file, role, part, at, ...(digest !== undefined && { pinned: digest }) });
  };
  for (const [part, plugin] of Object.entries(composition.plugins)) {
    const tokens: readonly unknown[] = providedTokens(plugin.definition);
    const isModel = tokens.includes(Model) || tokens.includes(Generator);
    for (const each of artifactsIn(plugin.options, ["plugins", part])) {
      const isCalibration = tokens.includes(Adaptable) && each.at[2] === "calibration";
      const other = isCalibration ? "calibration" : "option";
      note(each, isModel || /\.onnx$/i.test(each.value.file) ? "model" : other, part);
    }
  }
  for (const each of artifactsIn(composition.plans, ["plans"])) note(each, "input", "");
  const paths = places(new Set(found.map(({ file }) => file)), folder);
  return found.map((each) => ({ ...each, path: paths.get(each.file) as string }));
}

/** Names in the folder of a restored version that are its own. */
const OWN_NAMES: readonly string[] = [SPEC_FILE, MARKER];

/** The place of a file in the folder of the twin.yaml; `undefined` for one that cannot stay there. */
export function placeInside(file: string, folder: string): string | undefined {
  const path = relative(folder, file).split(sep).join("/");
  const stays = isVersionPath(path) && !OWN_NAMES.includes(path);
  return stays ? path : undefined;
}

function places(files: ReadonlySet<string>, folder: string): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const file of files) {
    const path = placeInside(file, folder);
    if (path !== undefined) places.set(file, path);
  }
  // Some file systems take "A" and "a" for one name.
  const taken = new Set([...places.values()].map((path) => path.toLowerCase()));
  for (const file of files) {
    if (places.has(file)) continue;
    const [, stem = "", ending = ""] =
      /^(.+?)((?:\.[^.]*)?)$/.exec(basename(file).replace(/[^\p{L}\p{N}._-]|\.$/gu, "_")) ?? [];
    const name = isVersionPath(`${stem}${ending}`) ? stem : `_${stem}`;
    let path = `artifacts/${name}${ending}`;
    for (let n = 2; taken.has(path.toLowerCase()); n++) path = `artifacts/${name}-${n}${ending}`;
    taken.add(path.toLowerCase());
    places.set(file, path);
  }
  return places;
}

interface FoundArtifact {
  readonly value: Artifact;
  readonly at: CompositionPath;
}

function artifactsIn(value: unknown, at: CompositionPath): readonly FoundArtifact[] {
  const found: FoundArtifact[] = [];
  replaceIn(value, (each, path) => {
    if (isArtifact(each)) found.push({ value: each, at: [...at, ...path] });
    return undefined;
  });
  return found;
}

/** The same plain data with some values replaced: those for which `replace` gives something. It holds no cycle. */
export function replaceIn(
  value: unknown,
  replace: (value: unknown, path: readonly string[]) => unknown,
  path: readonly string[] = [],
): unknown {
  const replacement = replace(value, path);
  if (replacement !== undefined) return replacement;
  if (Array.isArray(value)) return value.map((item, index) => replaceIn(item, replace, [...path, String(index)]));
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, replaceIn(member, replace, [...path, key])]);
  return Object.fromEntries(members);
}
