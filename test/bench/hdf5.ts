import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Selection } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import type { BenchRow } from "./row.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const SHAPE = [120, 400, 500] as const;
const CHUNKS = [6, 100, 200] as const;
/** Each program reads so often, in turn. */
const ROUNDS = 21;
/** Rounds before, which do not count: they compile the code and start the worker. */
const WARM_UP = 15;

/** `[start, stop, step]` per dimension. */
type Slab = readonly (readonly [number, number, number])[];

interface Case {
  readonly name: string;
  readonly variable: "contiguous" | "gzip";
  readonly slabs: readonly Slab[];
  /** Whether all slabs go into one `readMany`. */
  readonly together: boolean;
  readonly note: string;
}

/**
 * Reading HDF5 against h5py on one file: 96 MB of float32, contiguous and as gzip chunks of 6x100x200. The two programs
 * take turns, so that a busy machine slows both alike; both open the file anew each time, so that no cache of theirs is
 * warm, while that of the system is. Smaller ratios are faster.
 */
export async function hdf5Bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new Peer();
  try {
    const file = join(folder, "bench.h5");
    await peer.ask({ op: "make", path: file, shape: SHAPE, chunks: CHUNKS });
    const rows: BenchRow[] = [];
    for (const each of cases()) rows.push(await compare(file, each, peer));
    const large = join(folder, "large.h5");
    await peer.ask({ op: "make_large", path: large, gibibytes: 5 });
    for (const name of ["contiguous", "gzip"]) rows.push(peakMemory(large, name));
    return rows;
  } finally {
    peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function cases(): Case[] {
  const whole = (length: number): readonly [number, number, number] => [0, length, 1];
  const all = SHAPE.map(whole);
  const strided = SHAPE.map((length, axis) => [0, length, axis + 2] as const);
  const rows = Array.from(
    { length: 600 },
    (_, i): Slab => [[Math.floor(i / 200), Math.floor(i / 200) + 1, 1], [i % 200, (i % 200) + 1, 1], whole(SHAPE[2])],
  );
  const random = generator(1);
  const small = Array.from({ length: 2000 }, () =>
    SHAPE.map((length): readonly [number, number, number] => {
      const start = Math.floor(random() * (length - 4));
      return [start, start + 4, 1];
    }),
  );
  const few = small.slice(0, 300);
  return [
    { name: "contiguous, whole", variable: "contiguous", slabs: [all], together: true, note: "96 MB" },
    { name: "gzip, whole", variable: "gzip", slabs: [all], together: true, note: "96 MB, gzip(4) and shuffle" },
    { name: "contiguous, strided", variable: "contiguous", slabs: [strided], together: true, note: "steps 2, 3, 4" },
    { name: "gzip, strided", variable: "gzip", slabs: [strided], together: true, note: "steps 2, 3, 4" },
    { name: "gzip, neighbouring rows one by one", variable: "gzip", slabs: rows, together: false, note: "600 rows" },
    { name: "gzip, neighbouring rows by readMany", variable: "gzip", slabs: rows, together: true, note: "600 rows" },
    {
      name: "contiguous, small slabs by readMany",
      variable: "contiguous",
      slabs: small,
      together: true,
      note: "2000 random of 4x4x4",
    },
    {
      name: "contiguous, small slabs one by one",
      variable: "contiguous",
      slabs: small,
      together: false,
      note: "2000 random of 4x4x4",
    },
    {
      name: "gzip, small slabs by readMany",
      variable: "gzip",
      slabs: few,
      together: true,
      note: "300 random of 4x4x4",
    },
    {
      name: "gzip, small slabs one by one",
      variable: "gzip",
      slabs: few,
      together: false,
      note: "300 random of 4x4x4",
    },
  ];
}

async function compare(file: string, { name, variable, slabs, together, note }: Case, peer: Peer): Promise<BenchRow> {
  const hdf5 = new Hdf5({ cacheBytes: 64e6, timeoutMs: 120_000 });
  const selections = slabs.map(selectionOf);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const opened = await hdf5.open(file);
    const source = opened.variables[variable];
    if (source === undefined) throw new Error(`The file has no variable "${variable}".`);
    const start = performance.now();
    let elements = 0;
    if (together) for (const array of await source.readMany(selections)) elements += array.size;
    else for (const selection of selections) elements += (await source.read(selection)).size;
    const elapsed = performance.now() - start;
    await opened.close();
    await peer.ask({ op: "open", path: file });
    const answer = await peer.ask({ op: "read", path: file, name: variable, slabs });
    await peer.ask({ op: "close", path: file });
    if (answer["elements"] !== elements)
      throw new Error(`${name}: ${elements} elements, h5py has ${answer["elements"]}.`);
    if (round < 0) continue;
    ours.push(elapsed);
    theirs.push(answer["ms"] as number);
  }
  await hdf5.stop();
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

function peakMemory(file: string, name: string): BenchRow {
  const options = ["--conditions=@twinloom/source", here("hdf5-memory.ts"), file, name];
  const answer: { megabytes: number } = JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
  return {
    name: `peak memory of one slab of 5 GiB, ${name}`,
    value: answer.megabytes,
    unit: "MB",
    note: "whole process, Node and WebAssembly included; 8 MB slab",
  };
}

function selectionOf(slab: Slab): Selection {
  return Object.fromEntries(slab.map(([start, stop, step], axis) => [`dim_${axis}`, { start, stop, step }]));
}

/** A Python process that answers commands. */
class Peer {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const python = execFileSync(here("../../scripts/python-venv.sh"), { encoding: "utf8" }).trim();
    this.#process = spawn(python, [here("hdf5-peer.py")], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#process.stdout === null) throw new Error("The peer has no output.");
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(command: object): Promise<Readonly<Record<string, unknown>>> {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("The peer has ended; its message is above.");
    return JSON.parse(value);
  }

  stop(): void {
    this.#process.stdin?.end();
  }
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
