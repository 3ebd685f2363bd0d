import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findVariable } from "../../core/index.ts";
import { Root } from "../../modules/root/root.ts";
import type { BenchRow } from "./row.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const ENTRIES = 1_000_000;
/** Each program reads so often, in turn. */
const ROUNDS = 11;
/** Rounds before, which do not count: they compile the code and start the worker. */
const WARM_UP = 5;

/**
 * Reading ROOT trees against uproot on the same files: a million entries, flat and jagged, in three compressions. The two
 * programs take turns, so that a busy machine slows both alike; both open the file anew each time. Smaller ratios are
 * faster. uproot reads flat branches with `library="np"`, and jagged ones with `library="ak"`, which is several times
 * faster for them and the same as ours: counts and values.
 */
export async function rootBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new Peer();
  try {
    const rows: BenchRow[] = [];
    for (const compression of ["zlib", "lz4", "zstd"]) {
      const file = join(folder, `${compression}.root`);
      await peer.ask({ op: "make", path: file, compression, entries: ENTRIES });
      for (const name of ["run", "pt", "mass", "jet_pt"]) rows.push(await compare(file, { compression, name }, peer));
    }
    return rows;
  } finally {
    peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  file: string,
  { compression, name }: { readonly compression: string; readonly name: string },
  peer: Peer,
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
    const answer = await peer.ask({ op: "read", path: file, name });
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
    name: `${name}, ${compression}`,
    value: median(ours),
    unit: "ms",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
    note: isJagged ? "about 3 million values in a million entries" : "a million entries",
  };
}

/** A Python process that answers commands. */
class Peer {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const python = execFileSync(here("../../scripts/python-venv.sh"), { encoding: "utf8" }).trim();
    this.#process = spawn(python, [here("root-peer.py")], { stdio: ["pipe", "pipe", "inherit"] });
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
