import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Zarr } from "../../modules/zarr/zarr.ts";
import { PythonPeer } from "./python-peer.ts";
import type { BenchRow } from "./row.ts";

const SHAPE = [120, 400, 500] as const;
const CHUNKS = [12, 100, 250] as const;
/** Each program reads so often, in turn. */
const ROUNDS = 9;
/** Rounds before, which do not count: they compile the code. */
const WARM_UP = 4;

/** `[start, stop, step]` per dimension. */
type Slab = readonly (readonly [number, number, number])[];

/**
 * Reading Zarr against zarr-python on one field: 96 MB of float32 in chunks of 12x100x250 (1.2 MB), version 2 by blosc,
 * version 3 by others and in shards of 64 chunks. The two programs take turns; both open the store anew each time, while
 * the system has it in memory. Smaller ratios are faster.
 */
export async function zarrBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new PythonPeer("tables-peer.py");
  try {
    await peer.ask({ op: "make_zarr", path: folder, shape: SHAPE, chunks: CHUNKS });
    const whole = SHAPE.map((length) => [0, length, 1] as const);
    const slabs: Readonly<Record<string, Slab>> = {
      whole,
      "one step": [[60, 61, 1], ...whole.slice(1)],
      strided: SHAPE.map((length, axis) => [0, length, axis + 2] as const),
      "one point of every step": [whole[0] as Slab[number], [200, 201, 1], [250, 251, 1]],
    };
    const rows: BenchRow[] = [];
    for (const [version, codec] of [
      ["v2", "blosc"],
      ["v3", "none"],
      ["v3", "zstd"],
      ["v3", "gzip"],
      ["v3", "sharded"],
    ] as const) {
      for (const [what, slab] of Object.entries(slabs)) {
        rows.push(
          await compare(join(folder, `${version}.zarr`), `${version} ${codec}, ${what}`, { codec, slab }, peer),
        );
      }
    }
    for (const kind of ["chunks", "shards"]) rows.push(peakMemory(join(folder, `${kind}.zarr`), kind));
    return rows;
  } finally {
    peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  path: string,
  name: string,
  { codec, slab }: { readonly codec: string; readonly slab: Slab },
  peer: PythonPeer,
): Promise<BenchRow> {
  const zarr = new Zarr({ cacheBytes: 64e6, maxChunkBytes: 512e6, formatVersion: 3, compressor: "gzip" });
  const selection = Object.fromEntries(slab.map(([start, stop, step], axis) => [`dim_${axis}`, { start, stop, step }]));
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const file = await zarr.open(path);
    const start = performance.now();
    const elements = (await file.variables[codec]?.read(selection))?.size;
    const elapsed = performance.now() - start;
    await file.close();
    await peer.ask({ op: "open", path });
    const answer = await peer.ask({ op: "read_zarr", path, name: codec, slabs: [slab] });
    await peer.ask({ op: "close", path });
    if (answer["elements"] !== elements) throw new Error(`${name}: ${elements} elements, not ${answer["elements"]}.`);
    if (round < 0) continue;
    ours.push(elapsed);
    theirs.push(answer["ms"] as number);
  }
  return ratioRow(name, ours, theirs);
}

/** A line of two programs that took turns. */
export function ratioRow(name: string, ours: readonly number[], theirs: readonly number[]): BenchRow {
  const ratios = ours.map((ms, i) => ms / (theirs[i] as number)).sort((a, b) => a - b);
  return {
    name,
    value: median(ours),
    unit: "ms",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
  };
}

function peakMemory(path: string, kind: string): BenchRow {
  const script = fileURLToPath(new URL("./zarr-memory.ts", import.meta.url));
  const options = ["--conditions=@twinloom/source", script, path, kind];
  const { megabytes }: { megabytes: number } = JSON.parse(
    execFileSync(process.execPath, options, { encoding: "utf8" }),
  );
  return { name: `peak memory of one slab of 5 GB in ${kind}`, value: megabytes, unit: "MB", note: "whole process" };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
