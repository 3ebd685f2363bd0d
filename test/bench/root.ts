import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { findVariable, walk } from "../../core/index.ts";
import { Root } from "../../modules/root/root.ts";
import { PythonPeer } from "./python-peer.ts";
import type { BenchRow } from "./row.ts";

const ENTRIES = 1_000_000;
/** Each program reads so often, in turn. */
const ROUNDS = 11;
/** Rounds before, which do not count: they compile the code and start the worker. */
const WARM_UP = 5;

/**
 * Reading ROOT trees against uproot on the same files: a million entries, flat and jagged, in three compressions. The two
 * programs take turns, so that a busy machine slows both alike; both open the file anew each time. Smaller ratios are
 * faster. uproot reads with `library="np"`, as most scripts do, and jagged branches with `library="ak"` as well, which is
 * several times faster and gives what we give: counts and values.
 */
export async function rootBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new PythonPeer("root-peer.py");
  try {
    const rows: BenchRow[] = [];
    for (const compression of ["zlib", "lz4", "zstd"]) {
      const file = join(folder, `${compression}.root`);
      await peer.ask({ op: "make", path: file, compression, entries: ENTRIES });
      for (const name of ["run", "pt", "mass", "jet_pt"]) {
        rows.push(await compare(file, { compression, name, library: "np" }, peer));
      }
      rows.push(await compare(file, { compression, name: "jet_pt", library: "ak" }, peer));
    }
    const wide = join(folder, "wide.root");
    await peer.ask({ op: "make_wide", path: wide, branches: 1000 });
    rows.push(await openWide(wide, peer));
    return rows;
  } finally {
    peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  file: string,
  {
    compression,
    name,
    library,
  }: { readonly compression: string; readonly name: string; readonly library: "np" | "ak" },
  peer: PythonPeer,
): Promise<BenchRow> {
  // No cache: each read decompresses all it reads.
  const root = new Root({ cacheBytes: 0, timeoutMs: 120_000 });
  const isJagged = name.startsWith("jet");
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const opened = await root.open(file);
    const variable = findVariable(opened, `/events/${name}${isJagged ? "/values" : ""}`);
    const start = performance.now();
    const array = await variable.read();
    const elapsed = performance.now() - start;
    await opened.close();
    const answer = await peer.ask({ op: "read", path: file, name, library });
    const sum = array.toFloat64().reduce((total, value) => total + value, 0);
    if (answer["elements"] !== array.size || Math.abs((answer["sum"] as number) - sum) > 1e-9 * array.size * 1e6) {
      throw new Error(`${name}: ${array.size} values of sum ${sum}, uproot has ${JSON.stringify(answer)}.`);
    }
    if (round < 0) continue;
    ours.push(elapsed);
    theirs.push(answer["ms"] as number);
  }
  await root.stop();
  const ratios = ours.map((ms, i) => ms / (theirs[i] as number)).sort((a, b) => a - b);
  return {
    name: `${name}, ${compression}${library === "ak" ? ", against awkward" : ""}`,
    value: median(ours),
    unit: "ms",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
    note: isJagged ? "about 3 million values in a million entries" : "a million entries",
  };
}

/** Opening reads what the tree and its branches are, and no values. */
async function openWide(file: string, peer: PythonPeer): Promise<BenchRow> {
  const root = new Root({ cacheBytes: 0, timeoutMs: 120_000 });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const start = performance.now();
    const opened = await root.open(file);
    const elapsed = performance.now() - start;
    const jagged = [...walk(opened)].filter(({ name }) => name === "counts").length;
    await opened.close();
    const answer = await peer.ask({ op: "open", path: file });
    if (jagged !== 500) throw new Error(`The wide tree has ${jagged} jagged branches.`);
    if (round < 0) continue;
    ours.push(elapsed);
    theirs.push(answer["ms"] as number);
  }
  await root.stop();
  const ratios = ours.map((ms, i) => ms / (theirs[i] as number)).sort((a, b) => a - b);
  return {
    name: "open a tree of 1,500 branches",
    value: median(ours),
    unit: "ms",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
    note: "500 jagged ones with their counters, 500 flat ones; the types of all branches are asked for",
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
