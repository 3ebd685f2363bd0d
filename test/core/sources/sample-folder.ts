import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sourceSample } from "twinloom/testing";

/** A folder with the files of the conformance suite. */
export async function sampleFolder(): Promise<{ readonly folder: string; dispose(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-sample-"));
  for (const [name, bytes] of Object.entries(sourceSample())) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return { folder: `${folder}/`, dispose: () => rm(folder, { recursive: true, force: true }) };
}
