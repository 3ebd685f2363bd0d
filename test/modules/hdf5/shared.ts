import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import type { WorkerClient } from "../../../core/index.ts";
import { Hdf5, type Hdf5Init } from "../../../modules/hdf5/hdf5.ts";
import type { WorkerRequest } from "../../../modules/hdf5/worker/protocol.ts";

/** Our own fixtures, written by scripts/make-hdf5-fixtures.py. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/hdf5/", import.meta.url));

/** Sample files of others, which are not part of the repository. */
export const SAMPLES: string = fileURLToPath(new URL("../../../../shared/data/hdf5/", import.meta.url));
export const hasSamples: boolean = existsSync(SAMPLES);

/** A connector for a file of tests, and a folder of its own. */
export function useHdf5(options: Partial<Hdf5Init> = {}): {
  readonly hdf5: Hdf5;
  path(name: string): string;
} {
  const hdf5 = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000, ...options });
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

/** The worker is private; tests end it as a crash would. */
export function workerOf(connector: Hdf5): WorkerClient<WorkerRequest> {
  return (connector as unknown as { readonly client: WorkerClient<WorkerRequest> }).client;
}
