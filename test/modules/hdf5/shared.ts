import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";

/** Our own fixtures, written by scripts/make-hdf5-fixtures.py. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/hdf5/", import.meta.url));

/** Sample files of others, which are not part of the repository. */
export const SAMPLES: string = fileURLToPath(new URL("../../../../shared/data/hdf5/", import.meta.url));
export const hasSamples: boolean = existsSync(SAMPLES);

/** A connector for a file of tests, and a folder of its own. */
export function useHdf5(options: { cacheBytes?: number; timeoutMs?: number } = {}): {
  readonly hdf5: Hdf5;
  path(name: string): string;
} {
  const hdf5 = new Hdf5({ cacheBytes: options.cacheBytes ?? 64e6, timeoutMs: options.timeoutMs ?? 60_000 });
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-hdf5-"));
  });
  afterAll(async () => {
    await hdf5.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { hdf5, path: (name) => join(folder, name) };
}
