import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** What `npm pack` made of the working tree. */
    packed: { readonly tarball: string; readonly files: readonly string[] };
  }
}

/** Packs the working tree once for all tests of the project that installs it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-pack-"));
  const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    maxBuffer: 64e6,
  });
  // Before the JSON, npm prints what the build script prints.
  const [packed] = JSON.parse(stdout.slice(stdout.search(/^\[$/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  project.provide("packed", {
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
  });
  return () => rm(folder, { recursive: true, force: true });
}
