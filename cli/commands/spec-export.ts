import type { Composition } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const specExport: Command = defineCommand({
  path: ["spec", "export"],
  summary: "Write a composition as a twin.yaml",
  description:
    "The composition is a twin.yaml, a version in a store, or a module that exports one as `composition`, by default, or " +
    "as its only export with plugins. Prints the text, or writes it to a file. Secrets stay references.",
  arguments: {
    composition: { description: "module (.ts, .js) that exports a composition, a twin.yaml, or a version" },
  },
  options: {
    out: { kind: "text", placeholder: "file", description: "file to write; paths in it are relative to its folder" },
    replace: { kind: "flag", description: "replace an existing file" },
    ...STORE_OPTION,
  },
  example: ["twinloom spec export composition.ts", "twinloom spec export composition.ts --out twin.yaml"],
  run: async ({ composition: path }, { out, replace, store }, io) => {
    const { resolve } = await import("node:path");
    const { checkSpec, exportSpec, specDocument, writeFileAtomically } = await import("../../core/index.ts");
    const composition = await readComposition(path, store, io);
    const file = resolve(io.cwd, out ?? "twin.yaml");
    const text = await exportSpec(composition, { file });
    if (out !== undefined) {
      await writeFileAtomically(file, text, { existing: replace ? "replace" : "refuse", signal: io.signal });
      // Only now can it be told whether the modules that it names are found from its folder.
      for (const { message, code } of await checkSpec(file, { signal: io.signal }))
        io.warn(`${out}: ${message} [${code}]`);
    }
    if (io.json) io.printJson({ text, document: specDocument(composition), ...(out !== undefined && { file }) });
    else if (out === undefined) io.print(text.trimEnd());
    else io.print(`${io.style.green("written")}: ${out}`);
  },
});

async function readComposition(path: string, store: string | undefined, io: CommandIo): Promise<Composition> {
  const { resolve } = await import("node:path");
  const { pathToFileURL } = await import("node:url");
  const { FileNotFoundError } = await import("../../core/index.ts");
  const { existsSync } = await import("node:fs");
  const { loadTwin } = await import("../load-twin.ts");
  const file = resolve(io.cwd, path);
  const isThere = existsSync(file);
  const isModule = !/\.ya?ml$/i.test(path) && (isThere || /\.[cm]?[jt]s$/i.test(path));
  if (!isModule) return await loadTwin({ twin: path, store, withdrawn: "warn" }, io);
  if (!isThere) throw new FileNotFoundError(path);
  const module = await importModule(pathToFileURL(file), path);
  for (const name of ["composition", "default"]) if (isComposition(module[name])) return module[name];
  const [only, ...others] = Object.values(module).filter(isComposition);
  if (only !== undefined && others.length === 0) return only;
  const { UsageError } = await import("../errors.ts");
  throw new UsageError(
    only === undefined
      ? `"${path}" exports no composition. Export one: export const composition = { plugins: { … } }.`
      : `"${path}" exports several compositions. Export the one to write as \`composition\`.`,
  );
}

async function importModule(url: URL, path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url.href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const { FileUnreadableError } = await import("../../core/index.ts");
    const why = error instanceof Error ? error.message : String(error);
    throw new FileUnreadableError(path, `it failed while it was imported as a module: ${why}`, { cause: error });
  }
}

function isComposition(value: unknown): value is Composition {
  if (typeof value !== "object" || value === null || !("plugins" in value)) return false;
  return typeof value.plugins === "object" && value.plugins !== null;
}
