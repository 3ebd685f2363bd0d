import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));

/** A folder of its own, removed at the end. */
export async function scratchFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "twinloom-version-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** Writes files by their paths. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** The plugin of the sample project: it gives what its file, its options and its code say. */
const PLUGIN = `import { readFile } from "node:fs/promises";
import { artifactOption, definePlugin, Model, token } from "twinloom";
import { z } from "zod";
import { factor } from "./lib/factor.ts";

export const Probe = token("test/probe");

export const probe = definePlugin({
  name: "probe",
  version: "1.0.0",
  provides: Probe,
  options: z.strictObject({
    table: artifactOption().optional().describe("A table"),
    text: z.union([z.string(), artifactOption()]).optional().describe("A file"),
    label: z.string().optional().describe("A label"),
  }),
  create: async (_needs, { table }) => ({
    factor,
    table: table === undefined ? undefined : await readFile(await table.verified(), "utf8"),
  }),
});

export const network = definePlugin({
  name: "network",
  version: "1.0.0",
  provides: [Model, Probe],
  options: z.strictObject({ weights: artifactOption().describe("The weights") }),
  create: () => ({ name: "m", inputs: {}, outputs: {}, metadata: {}, provider: { name: "cpu" }, infer: async () => ({}) }),
});
`;

/** Files of a project whose twin has a module of its own, a table, and a model with a card. */
export const PROJECT: Readonly<Record<string, string>> = {
  "probe.ts": PLUGIN,
  "lib/factor.ts": 'import { base } from "./base.ts";\nexport const factor: number = 2 * base;\n',
  "lib/base.ts": "export const base: number = 21;\n",
  "lib/unused.ts": "export const unused: number = 1;\n",
  "tables/gain.csv": "1,2,3\n",
  "net.onnx": "no network, but bytes\n",
  "net.card.json": JSON.stringify({ name: "net", metrics: [{ auc: { mean: 0.5, std: null }, tests: [1, 2] }] }),
  "twin.yaml": `twin: sample
plugins:
  probe: { use: "./probe.ts#probe", table: !artifact tables/gain.csv }
  network: { use: "./probe.ts#network", weights: !artifact net.onnx }
plans: {}
`,
};

/** Writes a project into a new folder; packages are those of this repository. Returns its twin.yaml. */
export async function writeProject(folder: string, files: Readonly<Record<string, string>> = PROJECT): Promise<string> {
  await writeFiles(folder, files);
  await linkPackages(folder);
  return join(folder, "twin.yaml");
}

/** Makes packages reachable from a folder as \`npm install\` would. */
export async function linkPackages(folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await symlink(REPOSITORY, join(folder, "node_modules", "twinloom"), "junction");
  await symlink(join(REPOSITORY, "node_modules", "zod"), join(folder, "node_modules", "zod"), "junction");
}

/** Copies a project as it is, links and all. */
export async function copyProject(from: string, to: string): Promise<string> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  return join(to, "twin.yaml");
}

/** Runs git in a folder, as nobody in particular and free of the settings of who runs the test. */
export function git(folder: string, ...command: string[]): string {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"))),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z",
    GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z",
  };
  return execFileSync("git", [...identity, ...command], { cwd: folder, encoding: "utf8", env });
}
