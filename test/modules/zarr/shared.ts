import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import type { Source } from "../../../core/index.ts";
import { Zarr, type ZarrSettings } from "../../../modules/zarr/zarr.ts";

/** Our own fixtures, written by scripts/make-zarr-fixtures.py with zarr-python. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/zarr/", import.meta.url));

/** A connector with the options of a plugin that is given none. */
export function newZarr(settings: Partial<ZarrSettings> = {}, sources: readonly Source[] = []): Zarr {
  return new Zarr(
    { cacheBytes: 64e6, maxChunkBytes: 512e6, formatVersion: 3, compressor: "gzip", ...settings },
    sources,
  );
}

/** A folder for the tests of a file. */
export function useFolder(): (name: string) => string {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-zarr-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}
