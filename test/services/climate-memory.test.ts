import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = new URL("../bench/climate-index-memory.ts", import.meta.url).pathname;

/** The most memory, MB, of a process that computes from so many maps of 40 kB in 30 MB. */
async function peak(folder: string, steps: number): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@twinloom/source", script, join(folder, "sparse.nc"), String(steps)],
    { env: { ...process.env, TMPDIR: folder } },
  );
  const { megabytes, isRight } = JSON.parse(stdout) as { megabytes: number; isRight: boolean };
  expect(isRight).toBe(true);
  return megabytes;
}

it.skipIf(process.platform !== "linux")(
  "memory of mapSeries does not grow with the data",
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-test-"));
    try {
      const [none, small, large] = [await peak(folder, 1), await peak(folder, 500), await peak(folder, 5000)];
      // Ten times the data, 180 MB more, in 30 MB: what differs is freed memory that is not taken back yet.
      expect(large - small).toBeLessThan(60);
      expect(large - none).toBeLessThan(130);
      // Nothing is left of the temporary file.
      expect(await readdir(folder)).toEqual(["sparse.nc"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
