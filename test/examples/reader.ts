import { mkdir, mkdtemp, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { REPOSITORY } from "../architecture/repository.ts";

/** The environment in which a page's commands and the examples run: as under `npm run`, with the repository's Node. */
export const READER_ENVIRONMENT: NodeJS.ProcessEnv = {
  ...process.env,
  // `twinloom` is its sources, which need no build.
  NODE_OPTIONS: "--conditions=@twinloom/source",
  PATH: `${join(REPOSITORY, "node_modules/.bin")}${delimiter}${process.env["PATH"]}`,
};

/** Makes a reader's folder: what is installed in the repository is installed there, `twinloom` is the repository itself. */
export async function makeReader(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-docs-"));
  await mkdir(join(folder, "node_modules"));
  for (const name of await readdir(join(REPOSITORY, "node_modules"))) {
    if (name !== ".bin" && !name.startsWith(".vite"))
      await symlink(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
  }
  await symlink(REPOSITORY, join(folder, "node_modules/twinloom"));
  // What `npx twinloom` and `npx node` run. Without a `node` here, npx under `npm test` takes the system's, whatever PATH says.
  await mkdir(join(folder, "node_modules/.bin"));
  await symlink(join(REPOSITORY, "cli/twinloom.js"), join(folder, "node_modules/.bin/twinloom"));
  await symlink(join(REPOSITORY, "node_modules/.bin/node"), join(folder, "node_modules/.bin/node"));
  await symlink(join(REPOSITORY, "examples"), join(folder, "examples"));
  await writeFile(join(folder, "package.json"), `{ "type": "module", "private": true }`);
  const include = ["*.ts"];
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(REPOSITORY, "tsconfig.json"),
      compilerOptions: { rootDir: "/", types: ["node"] },
      include,
      exclude: ["examples"],
    }),
  );
  return folder;
}
