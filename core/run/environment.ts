import { stat } from "node:fs/promises";
import { arch, type CpuInfo, cpus, endianness, platform, release } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Digest, digestFile } from "../canonical/digest.ts";
import { isFile } from "../files/is-file.ts";

/** On what a run was made: what may explain a different number. */
export interface Environment {
  /** Version of Twinloom. */
  readonly engine: string;
  /** Version of Node.js. */
  readonly node: string;
  /** The lock file of the dependencies, from the working directory upwards; `null` where there is none. */
  readonly lock: { readonly file: string; readonly digest: Digest } | null;
  readonly os: { readonly platform: string; readonly release: string };
  readonly cpu: {
    readonly architecture: string;
    readonly model: string;
    readonly count: number;
    readonly endianness: string;
  };
  /** Plugins of the twin by the user's name for the part. */
  readonly plugins: Readonly<Record<string, { readonly plugin: string; readonly version: string }>>;
  /** Models among the parts, with the digest of the file that each was read from. Older records lack them. */
  readonly models?: Readonly<Record<string, { readonly name: string; readonly digest: string | null }>>;
}

/** What the twin tells of the environment; the machine tells the rest. */
export type EngineFacts = Required<Pick<Environment, "engine" | "plugins" | "models">>;

/** Lock files of package managers. */
export const LOCK_FILES: readonly string[] = [
  "package-lock.json",
  "npm-shrinkwrap.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
];

/** The environment of this process. */
export async function currentEnvironment(facts: EngineFacts): Promise<Environment> {
  const cores = processors();
  return {
    engine: facts.engine,
    node: process.version,
    lock: await lockFile(process.cwd()),
    os: { platform: platform(), release: release() },
    cpu: { architecture: arch(), model: cores[0]?.model ?? "unknown", count: cores.length, endianness: endianness() },
    plugins: facts.plugins,
    models: facts.models,
  };
}

/** Processors of this machine. They stay the same while a process runs, and with hundreds of them asking takes milliseconds. */
export function processors(): readonly CpuInfo[] {
  cores ??= cpus();
  return cores;
}

let cores: readonly CpuInfo[] | undefined;

/**
 * Of the lock file that was read last, with what tells that it is still that one: a process may make thousands of short runs,
 * and to read a large file for each takes longer than they do.
 */
let known: { readonly facts: string; readonly digest: Digest } | undefined;

async function lockFile(from: string): Promise<Environment["lock"]> {
  const path = await findLockFile(from);
  if (path === undefined) return null;
  // Before it is read: what is written meanwhile makes the next run read it again.
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const facts = [path, dev, ino, size, mtimeNs, ctimeNs].join();
  const before = known;
  if (before?.facts === facts) return { file: basename(path), digest: before.digest };
  const { digest } = await digestFile(path);
  known = { facts, digest };
  return { file: basename(path), digest };
}

/** The nearest lock file in a folder or above it. */
export async function findLockFile(from: string): Promise<string | undefined> {
  for (const file of LOCK_FILES) {
    const path = join(from, file);
    if (await isFile(path)) return path;
  }
  const above = dirname(from);
  return above === from ? undefined : findLockFile(above);
}
