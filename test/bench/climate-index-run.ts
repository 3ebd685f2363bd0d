// Computes TX90p of a folder of files in a process of its own; prints the seconds after imports, and the most memory that the
// process ever had, in MB.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

// The built package, where there is one, as users have it: stripping types from the sources takes some 100 MB.
const built = new URL("../../dist/", import.meta.url);
const isBuilt = existsSync(new URL("thematic/climate/index.js", built));
const load = async (path: string): Promise<unknown> =>
  await import((isBuilt ? new URL(`${path}.js`, built) : new URL(`../../${path}.ts`, import.meta.url)).href);
const { createTwin, datasetParts, federate } = (await load("core/index")) as typeof import("../../core/index.ts");
const { hdf5 } = (await load("modules/hdf5/index")) as typeof import("../../modules/hdf5/index.ts");
const { netcdf } = (await load("modules/netcdf/index")) as typeof import("../../modules/netcdf/index.ts");
const { climateIndex } = (await load("thematic/climate/index")) as typeof import("../../thematic/climate/index.ts");

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
console.log(
  JSON.stringify({ seconds: (performance.now() - start) / 1000, megabytes: peakKilobytes() / 1000, isBuilt, marks }),
);

/** The system's own record for this program; that of `resourceUsage` still counts the process that started it. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
