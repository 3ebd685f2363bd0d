// Reads one slab of a store of 5 GB in a process of its own and prints the most memory that the process ever had, in MB.
import { readFileSync } from "node:fs";
import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Zarr } from "../../modules/zarr/zarr.ts";

const ROWS = 5000;
const COLUMNS = 250_000;
/** 5 MB. */
const CHUNK = [50, 25_000] as const;
/** 500 MB: ten by ten chunks. */
const SHARD = [500, 250_000] as const;

const [, , location = "", kind = "chunks"] = process.argv;
await (kind === "shards" ? makeShards(location) : makeChunks(location));
const zarr = new Zarr({ cacheBytes: 64e6, maxChunkBytes: 512e6, formatVersion: 3, compressor: "gzip" });
const store = await zarr.open(location);
const array = Object.values(store.variables)[0];
const slab = await array?.read({ dim_0: { start: 4000, stop: 4008 } });
await store.close();
if (slab?.at(7, COLUMNS - 1) !== 0) throw new Error("The slab was not read.");
console.log(JSON.stringify({ megabytes: peakKilobytes() / 1000 }));

/** All chunks of the rows that are read; each is a hole of the file, so no disk is taken. */
async function makeChunks(path: string): Promise<void> {
  await writeMetadata(path, CHUNK, [{ name: "bytes", configuration: { endian: "little" } }]);
  for (let column = 0; column < COLUMNS / CHUNK[1]; column++) {
    await makeHole(join(path, `c/${4000 / CHUNK[0]}/${column}`), 4 * CHUNK[0] * CHUNK[1]);
  }
}

/** One shard of 500 MB with all its chunks, and its index at the end. */
async function makeShards(path: string): Promise<void> {
  const bytes = { name: "bytes", configuration: { endian: "little" } };
  const configuration = { chunk_shape: CHUNK, codecs: [bytes], index_codecs: [bytes], index_location: "end" };
  await writeMetadata(path, SHARD, [{ name: "sharding_indexed", configuration }]);
  const chunkBytes = 4 * CHUNK[0] * CHUNK[1];
  const index = BigUint64Array.from({ length: 200 }, (_, i) => BigInt(i % 2 === 0 ? (i / 2) * chunkBytes : chunkBytes));
  const file = join(path, `c/${4000 / SHARD[0]}/0`);
  await makeHole(file, 100 * chunkBytes);
  await writeFile(file, new Uint8Array(index.buffer), { flag: "a" });
}

async function writeMetadata(path: string, chunk_shape: readonly number[], codecs: readonly object[]): Promise<void> {
  await mkdir(path, { recursive: true });
  const metadata = {
    ...{ zarr_format: 3, node_type: "array", shape: [ROWS, COLUMNS], data_type: "float32", fill_value: "NaN", codecs },
    chunk_grid: { name: "regular", configuration: { chunk_shape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  };
  await writeFile(join(path, "zarr.json"), JSON.stringify(metadata));
}

async function makeHole(path: string, bytes: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "w");
  await file.truncate(bytes);
  await file.close();
}

/** The system's own record for this program; that of `resourceUsage` still counts the process that started it. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
