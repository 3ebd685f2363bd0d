// Reads one slab of a 5 GB file in a process of its own and prints the most memory that the process ever had, in MB.

import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";

/** Bytes of a row, rows: 5 GB in all. */
const COLUMNS = 250_000;
const ROWS = 5000;

const [, , location = ""] = process.argv;
await makeSparse(location);
const netcdf = new Netcdf({ hdf: undefined, sources: [], decode: true });
const file = await netcdf.open(location);
const slab = await file.variables["x"]?.read({ row: { start: 4000, stop: 4008 } });
await file.close();
console.log(JSON.stringify({ megabytes: peakKilobytes() / 1000, elements: slab?.size }));

/** A CDF-5 file with one variable of floats, which is a hole: no disk is taken. */
async function makeSparse(path: string): Promise<void> {
  const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value)]);
  const name = (text: string): Buffer =>
    Buffer.concat([u64(text.length), Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4, "\0"))]);
  const none = [u32(0), u64(0)];
  const begin = 1024;
  const bytes = 4 * ROWS * COLUMNS;
  const header = Buffer.concat([
    ...[Buffer.from("CDF\x05"), u64(0), u32(0x0a), u64(2), name("row"), u64(ROWS), name("column"), u64(COLUMNS)],
    ...[...none, u32(0x0b), u64(1), name("x"), u64(2), u64(0), u64(1), ...none, u32(5), u64(bytes), u64(begin)],
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
