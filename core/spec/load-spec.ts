import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { checkComposition, checkPart } from "../kernel/check-composition.ts";
import type { Composition, CompositionSource, Plugins, Problem } from "../kernel/composition.ts";
import type { Plugin } from "../kernel/plugin.ts";
import { checkPlans } from "./check-plans.ts";
import { type Diagnostic, SpecError } from "./errors.ts";
import { type ImportPlugin, importPluginOf } from "./import-plugin.ts";
import type { SpecText } from "./read-spec.ts";

/** How a twin.yaml is loaded. */
export interface LoadSpecOptions {
  /** Imports the modules of plugins; replace it to bundle plugins, or to allow only some. */
  readonly importPlugin?: ImportPlugin;
  readonly signal?: AbortSignal;
}

/** A composition that was read from a twin.yaml; messages about it say where in the file. */
export interface LoadedSpec extends Composition {
  readonly source: CompositionSource;
}

/**
 * Reads a twin.yaml: what {@link createTwin} takes. Imports the modules that it names, so load only files that you would
 * run as programs. Reads no secrets.
 *
 * @param path - Of the file; relative paths in it start at its folder.
 * @throws `TWIN_INVALID_SPEC` with everything that is wrong in the text, the modules, the versions and the options, each
 *   with file, line and column. How parts fit together is checked by `createTwin`, or by {@link checkSpec}.
 *   `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`.
 *
 * @example
 * await using twin = await createTwin(await loadSpec("twin.yaml"));
 * const { files } = resolveNeeds(twin, { files: Connector });
 */
export async function loadSpec(path: string, options: LoadSpecOptions = {}): Promise<LoadedSpec> {
  const { composition, diagnostics, causes } = await load(path, options);
  if (diagnostics.length > 0) {
    const cause = causes.length > 1 ? new AggregateError(causes, "Modules failed to import.") : causes[0];
    throw new SpecError(shortPath(composition.source.file), diagnostics, cause === undefined ? {} : { cause });
  }
  return composition;
}

/**
 * Everything that is wrong with a twin.yaml, its plugins, how its parts fit together, and its plans; empty when nothing
 * is. Creates nothing.
 *
 * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`.
 */
export async function checkSpec(path: string, options: LoadSpecOptions = {}): Promise<readonly Diagnostic[]> {
  const { composition, diagnostics, complete } = await load(path, options);
  if (!complete) return diagnostics;
  const { source } = composition;
  const plans = checkPlans(composition).map(({ message, path, at }): Diagnostic => {
    return { code: "TWIN_INVALID_PLAN", message, path, ...source.locate(path, at) };
  });
  return inOrder([...diagnostics, ...toDiagnostics(checkComposition(composition).problems, source), ...plans]);
}

interface Loaded {
  readonly composition: LoadedSpec;
  readonly diagnostics: readonly Diagnostic[];
  /** Whether every part that the text names is in the composition. */
  readonly complete: boolean;
  readonly causes: readonly unknown[];
}

async function load(path: string, { importPlugin, signal }: LoadSpecOptions): Promise<Loaded> {
  const file = resolve(path);
  // Imported here: only programs that read or write specs need YAML.
  const { readSpec } = await import("./read-spec.ts");
  const text = readSpec(await readText(file, signal), file);
  const diagnostics = [...text.diagnostics];
  const causes: unknown[] = [];
  const plugins: [string, Plugin][] = [];
  for (const [part, { use, options }] of text.parts) {
    signal?.throwIfAborted();
    const found = await importPluginOf(use, dirname(file), importPlugin);
    if ("definition" in found) {
      plugins.push([part, { ...found, options }]);
      continue;
    }
    if (found.cause !== undefined) causes.push(found.cause);
    const at = ["plugins", part, "use"];
    diagnostics.push({ code: found.code, message: found.message, path: at, ...text.source.locate(at) });
  }
  const composition = assemble(text, Object.fromEntries(plugins));
  for (const [part, plugin] of plugins) {
    diagnostics.push(...toDiagnostics(checkPart(part, plugin, composition), text.source));
  }
  const complete = text.diagnostics.length === 0 && plugins.length === text.parts.size;
  return { composition, diagnostics: inOrder(diagnostics), complete, causes };
}

function assemble({ name, parts, plans, tolerances, source }: SpecText, plugins: Plugins): LoadedSpec {
  const entries = [...parts].filter(([part]) => Object.hasOwn(plugins, part));
  const wire = entries.flatMap(([part, entry]) => (entry.wire === undefined ? [] : [[part, entry.wire]]));
  const versions = entries.flatMap(([part, { version }]) => (version === undefined ? [] : [[part, version]]));
  return {
    ...(name !== undefined && { name }),
    plugins,
    ...(wire.length > 0 && { wire: Object.fromEntries(wire) }),
    ...(versions.length > 0 && { versions: Object.fromEntries(versions) }),
    ...(plans !== undefined && { plans }),
    ...(tolerances !== undefined && { tolerances }),
    source,
  };
}

function toDiagnostics(problems: readonly Problem[], source: CompositionSource): Diagnostic[] {
  return problems.map(({ code, message, path, at, position = source.locate(path, at) }) => ({
    code,
    message,
    path,
    ...position,
  }));
}

/** In the order of the file, each once: a part's own problems are found by both checks. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const distinct = new Map(diagnostics.map((each) => [JSON.stringify(each), each]));
  return [...distinct.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

async function readText(file: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const bytes = await readFile(file, { ...(signal && { signal }) });
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    signal?.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new FileNotFoundError(file, { cause: error });
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
      throw new FileUnreadableError(file, "it is no text in UTF-8.", { cause: error });
    }
    throw new FileUnreadableError(file, message, { cause: error });
  }
}

/** Relative to the working directory where it is below it. */
function shortPath(file: string): string {
  const path = relative(".", file);
  return path.startsWith("..") ? file : path;
}
