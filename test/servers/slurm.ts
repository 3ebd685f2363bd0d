import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalSlurmOptions } from "../../scripts/local-slurm/configuration.ts";
import {
  type LocalSlurm,
  slurmMissing as missing,
  startSlurm as start,
} from "../../scripts/local-slurm/local-slurm.ts";

export type { LocalSlurm } from "../../scripts/local-slurm/local-slurm.ts";

/** Why Slurm cannot be started here; `undefined` when it can, or when it must. */
export function slurmMissing(options: { readonly accounting?: boolean } = {}): string | undefined {
  if (process.env["TWINLOOM_REQUIRE_SERVICES"] === "1") return undefined;
  return missing(options);
}

/** Starts the Slurm of `npm run slurm:local` in a temporary folder, which is removed when it is stopped. */
export async function startSlurm(options: Omit<LocalSlurmOptions, "folder"> = {}): Promise<LocalSlurm> {
  const folder = await mkdtemp(join(tmpdir(), "slurm-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const slurm = await start({ ...options, folder });
    const stop = async (): Promise<void> => {
      await slurm.stop();
      await remove();
    };
    return { ...slurm, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
