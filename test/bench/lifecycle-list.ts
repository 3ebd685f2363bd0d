import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { canonicalJson, type Digest, digestBytes, openStore } from "../../core/index.ts";
import { withChecksum } from "../../core/lifecycle/log/parse-event.ts";
import { MEDIA_TYPES } from "../../core/lifecycle/media-types.ts";
import type { BenchRow } from "./row.ts";

const VERSIONS = 10_000;
const ROUNDS = 5;

/**
 * Listing 10,000 versions of one twin, each time in a fresh process, while the system has the files in memory; opening and
 * closing the store are counted, the start of Node is not. The bar is 0.3 s with an index and 3 s while it is made.
 */
export async function lifecycleListBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  try {
    await makeLog(folder);
    const making: number[] = [];
    const using: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const end of ["", "-wal", "-shm"]) await rm(join(folder, `index.sqlite${end}`), { force: true });
      making.push(await list(folder));
      using.push(await list(folder));
    }
    return [
      row(`${VERSIONS} versions, with the index`, using, "bar: 300 ms"),
      row(`${VERSIONS} versions, and making the index`, making, "bar: 3,000 ms"),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the events as files: to append them one by one, each synced, would take minutes and measure nothing more. */
async function makeLog(folder: string): Promise<void> {
  await (await openStore(folder, { create: true, index: false })).close();
  const events = join(folder, "events", "ecal");
  await mkdir(events);
  let previous: Digest | null = null;
  for (let number = 1; number <= VERSIONS; number++) {
    const digest = digestBytes(`version ${number}`);
    const { ociManifest: mediaType, version: artifactType } = MEDIA_TYPES;
    const text: string = canonicalJson(
      withChecksum({
        schemaVersion: 1,
        twin: "ecal",
        sequence: number,
        previous,
        at: new Date(Date.UTC(2026, 0, 1) + 60_000 * number).toISOString(),
        actor: "ann@lab",
        reason: "trained with the showers of the last test beam",
        change: { type: "sealed", version: { mediaType, artifactType, digest, size: 2048 }, number },
      }),
    );
    await writeFile(join(events, `${String(number).padStart(8, "0")}.json`), text);
    previous = digestBytes(text);
  }
}

async function list(folder: string): Promise<number> {
  const script = fileURLToPath(new URL("lifecycle-list-once.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@twinloom/source", script, folder]);
  const { ms, versions } = JSON.parse(stdout) as { readonly ms: number; readonly versions: number };
  if (versions !== VERSIONS) throw new Error(`It lists ${versions} versions.`);
  return ms;
}

function row(name: string, times: readonly number[], note: string): BenchRow {
  const sorted = [...times].sort((a, b) => a - b);
  const noise = `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}`;
  return { name, value: sorted[sorted.length >> 1] as number, unit: "ms", noise, note };
}
