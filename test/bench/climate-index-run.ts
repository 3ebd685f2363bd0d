// Computes TX90p of a folder of files in a process of its own; prints the seconds after imports, and the most memory that the
// process ever had, in MB.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createTwin, datasetParts, federate } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { climateIndex } from "../../thematic/climate/index.ts";

const [, , folder = "", out = "", maxBytes] = process.argv;
const start = performance.now();
const marks: Record<string, number> = {};
await using twin = await createTwin({ name: "bench", plugins: { hdf: hdf5(), files: netcdf() } });
const parts = await datasetParts(join(folder, "*.nc"), [twin.files]);
await using all = await federate({ along: "time", parts });
const result = await climateIndex(all, "TX90p", {
  ...(maxBytes !== undefined && { maxBytes: Number(maxBytes) }),
  onProgress: (part) => {
    marks[String(Math.floor(10 * part) / 10)] ??= Math.round(performance.now() - start) / 1000;
  },
});
await twin.files.write(out, result);
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, megabytes: peakKilobytes() / 1000, marks }));

/** The system's own record for this program; that of `resourceUsage` still counts the process that started it. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
