/** Simulates showers with a checkpoint, and tells how many there are: `<out> <checkpoints> <count>`. */
import { createTwin, runTask } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { calorimeter, gflash } from "../../../thematic/detector/index.ts";

const [, , out = "", checkpoints = "", count = ""] = process.argv;
const twin = await createTwin({ name: "ecal", plugins: { files: hdf5(), model: gflash(), detector: calorimeter() } });
await runTask(twin, "simulate", {
  out,
  checkpoints,
  parameters: { energyMeV: 10_000, count: Number(count) },
  onProgress: ({ fraction }) => void process.stdout.write(`${Math.round(fraction * Number(count))}\n`),
});
process.exit(0);
