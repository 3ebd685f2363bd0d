import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createTwin } from "../../core/index.ts";
import { csv } from "../../modules/csv/index.ts";
import { PythonPeer } from "./python-peer.ts";
import type { BenchRow } from "./row.ts";
import { ratioRow } from "./zarr.ts";

const ROWS = 200_000;
/** Each program reads so often, in turn. */
const ROUNDS = 5;
/** Rounds before, which do not count: they compile the code. */
const WARM_UP = 1;

/**
 * Reading a table against pandas: 200,000 records of ten columns, 25 MB. We read the text twice: once to find out types and
 * to index it, once for the values; pandas once. The two programs take turns. Smaller ratios are faster.
 */
export async function csvBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new PythonPeer("tables-peer.py");
  await using twin = await createTwin({ plugins: { tables: csv() } });
  try {
    const path = join(folder, "table.csv");
    await peer.ask({ op: "make_csv", path, rows: ROWS });
    const [opening, all, slab, theirs]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const start = performance.now();
      const file = await twin.tables.open(path);
      const opened = performance.now();
      await file.variables["x3"]?.read({ row: { start: 150_000, stop: 150_100 } });
      const read = performance.now();
      let elements = 0;
      for (const variable of Object.values(file.variables)) elements += (await variable.read()).size;
      const end = performance.now();
      await file.close();
      const answer = await peer.ask({ op: "read_csv", path });
      if (answer["elements"] !== elements) throw new Error(`${elements} elements, pandas has ${answer["elements"]}.`);
      if (round < 0) continue;
      opening.push(opened - start);
      slab.push(read - opened);
      all.push(end - start);
      theirs.push(answer["ms"] as number);
    }
    return [
      { ...ratioRow("open and read all", all, theirs), note: "200,000 records of 10 columns" },
      { ...ratioRow("open: types and index", opening, theirs), note: "against all by pandas" },
      { ...ratioRow("100 records, once open", slab, theirs), note: "against all by pandas" },
    ];
  } finally {
    peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
