import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { Selection } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";
import { PythonPeer } from "./python-peer.ts";
import type { BenchRow } from "./row.ts";

const SHAPE = [120, 400, 500] as const;
const CHUNKS = [6, 100, 200] as const;
const RECORDS = 2000;
const RECORD_SHAPE = [60, 90] as const;
/** Each program reads so often, in turn. */
const ROUNDS = 15;
/** Rounds before, which do not count: they compile the code and start the worker. */
const WARM_UP = 8;

/** `[start, stop, step]` per dimension. */
type Slab = readonly (readonly [number, number, number])[];

interface Case {
  readonly name: string;
  readonly file: "classic" | "records" | "nc4";
  readonly variable: string;
  readonly slabs: readonly Slab[];
  /** Whether both programs give what the values mean, as they do unless told otherwise; else what is stored. */
  readonly decoded?: boolean;
  readonly note: string;
}

/**
 * Reading NetCDF against netCDF4-python, both what is stored, or both decoded: a classic file with 96 MB of floats and 48 MB of shorts, one of 2,000
 * records of three variables, and a NetCDF-4 file with gzip chunks of 6x100x200. The two programs take turns, so that a
 * busy machine slows both alike; both open the file anew each time, while the system has it in memory. Smaller ratios are
 * faster.
 */
export async function netcdfBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new PythonPeer("netcdf-peer.py");
  const hdf = new Hdf5({ cacheBytes: 64e6, timeoutMs: 120_000 });
  try {
    const files = { classic: join(folder, "c.nc"), records: join(folder, "r.nc"), nc4: join(folder, "4.nc") };
    await peer.ask({ op: "make", path: files.classic, data_model: "NETCDF3_64BIT_OFFSET", shape: SHAPE });
    await peer.ask({ op: "make_records", path: files.records, records: RECORDS, shape: RECORD_SHAPE });
    await peer.ask({ op: "make", path: files.nc4, data_model: "NETCDF4", shape: SHAPE, chunks: CHUNKS });
    const netcdf = new Netcdf({ hdf, sources: [], decode: true });
    const rows: BenchRow[] = [];
    for (const each of cases()) rows.push(await compare(netcdf, files[each.file], each, peer));
    rows.push(peakMemory(join(folder, "large.nc")));
    return rows;
  } finally {
    peer.stop();
    await hdf.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function cases(): Case[] {
  const whole = (length: number): readonly [number, number, number] => [0, length, 1];
  const one = (index: number): readonly [number, number, number] => [index, index + 1, 1];
  const all = SHAPE.map(whole);
  const steps: Slab = [one(60), whole(SHAPE[1]), whole(SHAPE[2])];
  const steps40: Slab = [[20, 60, 1], ...all.slice(1)];
  const middle: Slab = [
    [20, 100, 1],
    [100, 300, 1],
    [100, 400, 1],
  ];
  const strided = SHAPE.map((length, axis) => [0, length, axis + 2] as const);
  const point: Slab = [whole(SHAPE[0]), one(200), one(250)];
  const series: Slab = [whole(RECORDS), one(30), one(45)];
  const random = generator(1);
  const small = Array.from({ length: 1000 }, () =>
    SHAPE.map((length): readonly [number, number, number] => {
      const start = Math.floor(random() * (length - 4));
      return [start, start + 4, 1];
    }),
  );
  const records: Slab = [whole(RECORDS), whole(RECORD_SHAPE[0]), whole(RECORD_SHAPE[1])];
  const classic = { file: "classic", variable: "float" } as const;
  const nc4 = { file: "nc4", variable: "float" } as const;
  return [
    { ...classic, name: "classic, all floats", slabs: [all], decoded: true, note: "96 MB, decoded: none is missing" },
    { ...classic, name: "classic, all floats as stored", slabs: [all], note: "96 MB" },
    { ...classic, name: "classic, all shorts", variable: "short", slabs: [all], note: "48 MB" },
    { ...classic, name: "classic, contiguous slab", slabs: [steps40], decoded: true, note: "40 steps, 32 MB, decoded" },
    { ...classic, name: "classic, contiguous slab as stored", slabs: [steps40], note: "40 steps, 32 MB" },
    { ...classic, name: "classic, one step", slabs: [steps], note: "0.8 MB" },
    { ...classic, name: "classic, part of each step", slabs: [middle], note: "80x200x300" },
    { ...classic, name: "classic, strided", slabs: [strided], note: "steps 2, 3, 4" },
    { ...classic, name: "classic, one point of every step", slabs: [point], note: "120 values" },
    { ...classic, name: "classic, small slabs by readMany", slabs: small, note: "1000 random of 4x4x4" },
    { file: "records", variable: "pr", name: "records, all of one variable", slabs: [records], note: "43 MB of 130" },
    {
      file: "records",
      variable: "pr",
      name: "records, one point of every record",
      slabs: [series],
      note: "2000 values",
    },
    { ...nc4, name: "NetCDF-4, all floats", slabs: [all], note: "96 MB, gzip(4) and shuffle" },
    { ...nc4, name: "NetCDF-4, one step", slabs: [steps], note: "0.8 MB" },
    { ...nc4, name: "NetCDF-4, part of each step", slabs: [middle], note: "80x200x300" },
    { ...nc4, name: "NetCDF-4, strided", slabs: [strided], note: "steps 2, 3, 4" },
    { ...nc4, name: "NetCDF-4, one point of every step", slabs: [point], note: "120 values" },
  ];
}

async function compare(netcdf: Netcdf, path: string, each: Case, peer: PythonPeer): Promise<BenchRow> {
  const { name, variable, slabs, decoded = false, note } = each;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const file = await netcdf.open(path, { decode: decoded });
    const source = file.variables[variable];
    if (source === undefined) throw new Error(`The file has no variable "${variable}".`);
    const selections = slabs.map((slab) => selectionOf(slab, source.dims));
    const start = performance.now();
    let elements = 0;
    for (const array of await source.readMany(selections)) elements += array.size;
    const elapsed = performance.now() - start;
    await file.close();
    await peer.ask({ op: "open", path });
    const answer = await peer.ask({ op: "read", path, name: variable, slabs, decoded });
    await peer.ask({ op: "close", path });
    if (answer["elements"] !== elements) {
      throw new Error(`${name}: ${elements} elements, netCDF4-python has ${answer["elements"]}.`);
    }
    if (round < 0) continue;
    ours.push(elapsed);
    theirs.push(answer["ms"] as number);
  }
  const ratios = ours.map((ms, i) => ms / (theirs[i] as number)).sort((a, b) => a - b);
  return {
    name,
    value: median(ours),
    unit: "ms",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
    note,
  };
}

function peakMemory(file: string): BenchRow {
  const script = fileURLToPath(new URL("netcdf-memory.ts", import.meta.url));
  const options = ["--conditions=@twinloom/source", script, file];
  const answer: { megabytes: number } = JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
  return {
    name: "classic, peak memory of one slab of 5 GB",
    value: answer.megabytes,
    unit: "MB",
    note: "whole process, Node included; 8 MB slab",
  };
}

function selectionOf(slab: Slab, dims: readonly string[]): Selection {
  return Object.fromEntries(slab.map(([start, stop, step], axis) => [dims[axis] as string, { start, stop, step }]));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The same numbers in [0, 1) each run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
