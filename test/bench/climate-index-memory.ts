// Computes the mean of each cell of a file of so many steps in a process of its own, in 30 MB, and prints the most memory that the
// process ever had, in MB.
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { mapSeries, type Variable } from "../../core/index.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";

const CELLS = [100, 100] as const;
const MAX_BYTES = 30e6;

const [, , location = "", steps = "500"] = process.argv;
await makeSparse(location, Number(steps));
const netcdf = new Netcdf({ hdf: undefined, sources: [], decode: true });
const file = await netcdf.open(location);
const { mean } = await mapSeries([{ variable: file.variables["x"] as Variable }], {
  along: "time",
  outputs: [{ name: "mean", dim: "one", length: 1 }],
  kernel: ([series], [result]) => {
    if (series && result) result[0] = series.reduce((sum, value) => sum + value, 0) / series.length;
  },
  maxBytes: MAX_BYTES,
});
await file.close();
const isRight = mean?.values().every((value) => value === 0);
console.log(JSON.stringify({ megabytes: peakKilobytes() / 1000, isRight }));

/** A CDF-5 file with one variable of floats, which is a hole: no disk is taken. All values are 0. */
async function makeSparse(path: string, length: number): Promise<void> {
  const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value)]);
  const name = (text: string): Buffer =>
    Buffer.concat([u64(text.length), Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4, "\0"))]);
  const none = [u32(0), u64(0)];
  const dims = { time: length, lat: CELLS[0], lon: CELLS[1] };
  const begin = 1024;
  const bytes = 4 * length * CELLS[0] * CELLS[1];
  const header = Buffer.concat([
    ...[Buffer.from("CDF\x05"), u64(0), u32(0x0a), u64(3)],
    ...Object.entries(dims).flatMap(([dim, size]) => [name(dim), u64(size)]),
    ...[...none, u32(0x0b), u64(1), name("x"), u64(3), u64(0), u64(1), u64(2)],
    ...[...none, u32(5), u64(bytes), u64(begin)],
  ]);
  const handle = await open(path, "w");
  await handle.write(header, 0, header.length, 0);
  await handle.truncate(begin + bytes);
  await handle.close();
}

/** The system's own record for this program; that of `resourceUsage` still counts the process that started it. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
