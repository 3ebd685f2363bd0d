import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

/** A project of somebody else, in a folder outside the repository. */
export interface Consumer extends AsyncDisposable {
  readonly folder: string;
  /** Writes files of the project. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a command line in the project, with the given Node first in the path. */
  run(commandLine: string, options?: { readonly node?: NodeVersion }): Promise<Finished>;
}

/** How a command ended. */
export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node that is installed here. */
export interface NodeVersion {
  /** `v20.20.2`. */
  readonly version: string;
  /** Folder of its executable. */
  readonly folder: string;
}

/** Folders of the path that belong to nobody's node_modules: what the user of this machine has. */
const SYSTEM_PATH = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));

/** The Node of this process and the system's own, each version once. */
export function nodeVersions(): readonly NodeVersion[] {
  const system = execFileSync("node", ["-p", "process.execPath"], { env: plainEnvironment(), encoding: "utf8" }).trim();
  const versions = [process.execPath, system].map((path) => ({
    version: execFileSync(path, ["--version"], { encoding: "utf8" }).trim(),
    folder: dirname(path),
  }));
  return versions.filter(({ version }, index) => versions.findIndex((other) => other.version === version) === index);
}

/** Makes an empty project. */
export async function makeConsumer(packageJson: object): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-consumer-"));
  const consumer: Consumer = {
    folder,
    write: async (files) => {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
    },
    run: async (commandLine, { node } = {}) => {
      const running = promisify(execFile)("sh", ["-c", commandLine], {
        cwd: folder,
        env: plainEnvironment(node),
        maxBuffer: 64e6,
      });
      running.child.stdin?.end();
      return running.then(
        ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
        ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
          status: code,
          stdout,
          stderr,
        }),
      );
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  await consumer.write({ "package.json": JSON.stringify(packageJson, undefined, 2) });
  return consumer;
}

/** The environment of a plain shell: what npm sets for the scripts of this repository would mislead a consumer's npm. */
export function plainEnvironment(node?: NodeVersion): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:npm_(?:package|lifecycle|command|execpath|node_execpath|config_(?:local_prefix|prefix))|INIT_CWD|NODE_(?:OPTIONS|ENV|PATH)$|VITEST|TWINLOOM_)/.test(
        name,
      ),
  );
  const path = node === undefined ? SYSTEM_PATH : [node.folder, ...SYSTEM_PATH];
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), NO_COLOR: "1" };
}
