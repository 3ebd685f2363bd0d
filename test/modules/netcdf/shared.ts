import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import type { NdArray } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../../modules/netcdf/netcdf.ts";

/** Our own fixtures, written by scripts/make-netcdf-fixtures.py. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/netcdf/", import.meta.url));

/** Sample files of others, which are not part of the repository. */
export const SAMPLES: string = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
export const hasSamples: boolean = existsSync(SAMPLES);

/** A connector for a file of tests, and a folder of its own. */
export function useNetcdf(): { readonly netcdf: Netcdf; readonly hdf: Hdf5; path(name: string): string } {
  const hdf = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-netcdf-"));
  });
  afterAll(async () => {
    await hdf.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { netcdf: new Netcdf({ hdf, sources: [], decode: true }), hdf, path: (name) => join(folder, name) };
}

/** The elements of an array, 64-bit integers as numbers where they are exact, else as text. */
export function plain(array: NdArray): (number | string)[] {
  return [...(array.values() as Iterable<number | bigint | string>)].map((value) => {
    if (typeof value !== "bigint") return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  });
}
