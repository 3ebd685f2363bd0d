// Gathers runs with large values in a process of its own, as a writer reads them, and prints what that took.
import { readFileSync } from "node:fs";
import { gatherResults } from "../../../../core/batch/collect/index.ts";
import { type DatasetInit, dataset, NdArray, type OpenDataset } from "../../../../core/index.ts";

const [, , runsText = "", bytesText = ""] = process.argv;
const runs = Number(runsText);
/** Numbers that a run has of `large`. */
const cells = Number(bytesText) / 8;
let [open, mostOpen, opened] = [0, 0, 0];

const before = peakBytes();
await using all = await gatherResults(
  Array.from({ length: runs }, (_, run) => ({ run, state: "succeeded", parameters: {}, open: () => openRun(run) })),
);
const small = await all.variables["small"]?.read();
const openedForSmall = opened;
let elements = 0;
for await (const { array } of all.variables["large"]?.chunks() ?? []) elements += array.size;
const grownBytes = peakBytes() - before;
const last = small?.values().at(-1);
process.stdout.write(JSON.stringify({ last, openedForSmall, elements, mostOpen, grownBytes }));

async function openRun(run: number): Promise<OpenDataset> {
  opened++;
  mostOpen = Math.max(mostOpen, ++open);
  const close = async (): Promise<void> => void open--;
  return {
    ...dataset(contentOf(run)),
    ...{ format: "memory", location: `memory:${run}`, close, [Symbol.asyncDispose]: close },
  };
}

function contentOf(run: number): DatasetInit {
  return {
    variables: {
      small: new NdArray(Float64Array.of(run), { dtype: "float64", shape: [], dims: [] }),
      large: new NdArray(new Float64Array(cells).fill(run), { dtype: "float64", shape: [cells], dims: ["cell"] }),
    },
  };
}

/** The most memory that this program ever had; the system's own record counts that of `resourceUsage` from its parent on. */
function peakBytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  return 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
