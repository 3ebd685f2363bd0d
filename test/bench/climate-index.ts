import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchRow } from "./row.ts";

/** 40 years of 180 by 190 cells are 2.0 GB of singles. */
const YEARS = 40;
const MAP = [180, 190] as const;
const ROUNDS = 2;
/** A peer that takes longer has one round, so that all is done in 25 minutes on two busy cores. */
const SLOW_SECONDS = 240;
/** Data, cdo's copies of them, and our temporary file. */
const DISK_BYTES = 8e9;
/** cdo and HDF5 say much. */
const LOG_BYTES = 1e8;
/** Of our result and xclim's. */
const TOLERANCE = 1e-6;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const run = promisify(execFile);

interface Run {
  readonly seconds: number;
  readonly megabytes: number;
}

/**
 * TX90p of 40 yearly files, 2 GB of values, beside xclim with dask and beside cdo. Each is a process of its own, in turns; files
 * are in the system's memory. Seconds of ours and of xclim are those after imports (xclim's take some seconds more). A peer that
 * takes very long runs once; the ratio is that of the medians.
 *
 * cdo estimates percentiles from histograms of 101 bins between the least and largest value of a day: its result is another one, and
 * is not compared. It needs one file, so that its time has `mergetime` in it; it gives a percentage of all days, not days a year.
 */
export async function climateIndexBench(): Promise<BenchRow[]> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < DISK_BYTES)
    throw new Error(`The climate benchmark takes ${DISK_BYTES / 1e9} GB of ${tmpdir()}.`);
  const python = execFileSync(here("../../scripts/climate-venv.sh"), { encoding: "utf8" }).trim();
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  const data = join(folder, "data");
  const ask = async (...command: readonly string[]): Promise<Readonly<Record<string, number>>> => {
    const { stdout } = await run(python, [here("climate-index-peer.py"), ...command], { maxBuffer: LOG_BYTES });
    return stdout === "" ? {} : JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  };
  try {
    await ask("make", data, `${YEARS}`, ...MAP.map(String));
    const runs: Record<"ours" | "xclim" | "cdo", Run[]> = { ours: [], xclim: [], cdo: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const [ours, theirs] = [join(folder, `ours-${round}.nc`), join(folder, `xclim-${round}.nc`)];
      runs.ours.push(await ourRun(data, ours));
      if (!isSlow(runs.xclim)) runs.xclim.push((await ask("xclim", data, theirs)) as unknown as Run);
      if (!isSlow(runs.cdo)) runs.cdo.push(await cdoRun(python, data, folder));
    }
    const { largest = Number.NaN } = await ask("compare", join(folder, "ours-0.nc"), data);
    if (!(largest <= TOLERANCE)) throw new Error(`Ours and xclim's TX90p differ by ${largest}, relative.`);
    return (["xclim", "cdo"] as const).flatMap((peer) => rows(peer, runs.ours, runs[peer]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isSlow(runs: readonly Run[]): boolean {
  return runs.some(({ seconds }) => seconds > SLOW_SECONDS);
}

async function ourRun(data: string, out: string): Promise<Run> {
  const { stdout } = await run(process.execPath, [
    ...["--conditions=@twinloom/source", here("climate-index-run.ts"), data, out],
  ]);
  return JSON.parse(stdout);
}

async function cdoRun(python: string, data: string, folder: string): Promise<Run> {
  const [all, percentiles, out] = ["all.nc", "percentiles.nc", "cdo.nc"].map((name) => join(folder, name));
  const start = performance.now();
  const script = `cdo -s -O mergetime ${data}/*.nc ${all} && cdo -s -O ydrunpctl,90,5 ${all} -ydrunmin,5 ${all} -ydrunmax,5 ${all} ${percentiles} && cdo -s -O eca_tx90p ${all} ${percentiles} ${out}`;
  // The largest of the three commands: Python tells of its children and theirs.
  const watched =
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
  const { stdout } = await run(python, ["-c", watched, "sh", "-c", script], { maxBuffer: LOG_BYTES });
  const seconds = (performance.now() - start) / 1000;
  return { seconds, megabytes: Number(stdout.trim().split("\n").at(-1)) / 1000 };
}

function rows(peer: string, ours: readonly Run[], theirs: readonly Run[]): BenchRow[] {
  const of = (runs: readonly Run[], what: keyof Run): readonly number[] => runs.map((each) => each[what]);
  const range = (values: readonly number[]): string =>
    `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
  return (["seconds", "megabytes"] as const).map((what) => ({
    name: `TX90p, 2 GB in ${YEARS} files, beside ${peer}: ${what === "seconds" ? "time" : "peak memory"}`,
    value: median(of(ours, what)),
    unit: what === "seconds" ? "s" : "MB",
    peer: median(of(theirs, what)),
    ratio: median(of(ours, what)) / median(of(theirs, what)),
    noise: `${range(of(ours, what))}; ${peer} ${range(of(theirs, what))} (${ours.length} and ${theirs.length} runs)`,
  }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}
