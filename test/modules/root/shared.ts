import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { Root } from "../../../modules/root/root.ts";

/** Our own fixtures, written by scripts/make-root-fixtures.py. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/root/", import.meta.url));

/** Sample files of others, which are not part of the repository. */
export const SAMPLES: string = fileURLToPath(new URL("../../../../shared/data/root/", import.meta.url));
export const hasSamples: boolean = existsSync(SAMPLES);

/** A connector for a file of tests, and a folder of its own. */
export function useRoot(options: { cacheBytes?: number; timeoutMs?: number } = {}): {
  readonly root: Root;
  path(name: string): string;
} {
  const root = new Root({ cacheBytes: options.cacheBytes ?? 64e6, timeoutMs: options.timeoutMs ?? 60_000 });
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-root-"));
  });
  afterAll(async () => {
    await root.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { root, path: (name) => join(folder, name) };
}
