// Reads one slab of a variable in a process of its own and prints the most memory that the process ever had, in MB.
import { readFileSync } from "node:fs";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";

const [, , file = "", name = ""] = process.argv;
const hdf5 = new Hdf5({ cacheBytes: 64e6, timeoutMs: 120_000 });
const opened = await hdf5.open(file);
await opened.variables[name]?.read({ dim_0: { start: 200, stop: 202 } });
await opened.close();
await hdf5.stop();
console.log(JSON.stringify({ megabytes: peakKilobytes() / 1000 }));

/** The system's own record for this program; that of `resourceUsage` still counts the process that started it. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
