import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Connector, createTwin, datasetParts, federate, findVariable } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { PythonPeer } from "./python-peer.ts";
import type { BenchRow } from "./row.ts";

const FILES = 1000;
const STEPS = 10;
const SHAPE = [30, 45] as const;
const ROUNDS = 3;

/**
 * 1,000 files of ten time steps as one, against xarray's `open_mfdataset` with the settings that its documentation advises
 * for many files (nothing is compared). Ours compares the coordinates of every file with the first's when it reads. The two
 * take turns; both open everything anew each round, while the system has it in memory. Smaller ratios are faster.
 */
export async function federationBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const peer = new PythonPeer("federation-peer.py");
  try {
    await using twin = await createTwin({ name: "bench", plugins: { hdf: hdf5(), files: netcdf() } });
    const rows: BenchRow[] = [];
    for (const [name, model] of [
      ["classic", "NETCDF3_CLASSIC"],
      ["NetCDF-4", "NETCDF4"],
    ] as const) {
      const files = join(folder, model);
      await peer.ask({ op: "make", folder: files, files: FILES, steps: STEPS, shape: SHAPE, data_model: model });
      rows.push(...(await compare(files, name, twin.files, peer)));
    }
    return rows;
  } finally {
    peer.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(folder: string, name: string, files: Connector, peer: PythonPeer): Promise<BenchRow[]> {
  const times = { open: [] as number[], series: [] as number[] };
  const peers = { open: [] as number[], series: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    const place = { lat: (3 * round + 10) % SHAPE[0], lon: (7 * round + 20) % SHAPE[1] };
    const ours = await measure(folder, files, place);
    const open = await peer.ask({ op: "open", folder });
    const series = await peer.ask({ op: "series", ...place });
    await peer.ask({ op: "close" });
    if (open["length"] !== ours.length || Math.abs(Number(series["sum"]) - ours.sum) > 1e-9 * Math.abs(ours.sum)) {
      throw new Error(`${name}: the two programs read different values.`);
    }
    // The first round compiles the code.
    if (round < 0) continue;
    times.open.push(ours.openMs);
    times.series.push(ours.seriesMs);
    peers.open.push(Number(open["ms"]));
    peers.series.push(Number(series["ms"]));
  }
  return [
    row(`${name}, ${FILES} files, headers`, times.open, peers.open, "open_mfdataset"),
    row(`${name}, ${FILES} files, series of a point`, times.series, peers.series, `${FILES * STEPS} values`),
  ];
}

async function measure(
  folder: string,
  files: Connector,
  place: { readonly lat: number; readonly lon: number },
): Promise<{ readonly openMs: number; readonly seriesMs: number; readonly length: number; readonly sum: number }> {
  const start = performance.now();
  const parts = await datasetParts(join(folder, "*.nc"), [files]);
  await using all = await federate({ along: "time", parts });
  const openMs = performance.now() - start;
  const between = performance.now();
  const values = (await findVariable(all, "tas").read(place)).toFloat64();
  const seriesMs = performance.now() - between;
  return { openMs, seriesMs, length: values.length, sum: values.reduce((sum, value) => sum + value, 0) };
}

function row(name: string, ours: readonly number[], theirs: readonly number[], note: string): BenchRow {
  const [value, peer] = [median(ours), median(theirs)];
  const noise = `${Math.min(...ours).toFixed(0)} to ${Math.max(...ours).toFixed(0)}`;
  return {
    name,
    value,
    unit: "ms",
    peer,
    ratio: median(ours.map((each, i) => each / (theirs[i] as number))),
    noise,
    note,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}
