import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isFile } from "../../files/is-file.ts";

/** Where the sources of a checkout are. */
const SOURCES = ["core", "modules", "thematic", "cli"];

/** What keeps an engine from being packed: a checkout runs from its sources, and what is packed is what was built of them. */
export async function buildProblems(root: string): Promise<string[]> {
  const built = join(root, "dist/core/index.js");
  if (!(await isFile(built))) return [`Twinloom in "${root}" is not built. Run there: npm run build`];
  if (!(await isFile(join(root, "core/index.ts")))) return [];
  const builtMs = (await stat(built)).mtimeMs;
  for (const folder of SOURCES) {
    for (const path of await readdir(join(root, folder), { recursive: true })) {
      if (!path.endsWith(".ts") || (await stat(join(root, folder, path))).mtimeMs <= builtMs) continue;
      return [`Twinloom in "${root}" was changed after it was built. Run there: npm run build`];
    }
  }
  return [];
}
