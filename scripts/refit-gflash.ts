// Fits GFLASH's constants to full simulation and writes thematic/detector/gflash/constants/w-si-45.json.
//
//   node --conditions=@twinloom/source scripts/refit-gflash.ts showers-train.h5
//
// Only the training file is read. Its last 5,000 showers are kept out of the fit and show whether the fit holds; the file
// that the model is judged with (docs/measurements/gflash-vs-egsnrc.json) is never read here.
import { basename } from "node:path";
import { createTwin, digestFile, writeFileAtomically } from "../core/index.ts";
import { hdf5 } from "../modules/hdf5/index.ts";
import type { ShowerBatch, Showers } from "../thematic/detector/contracts.ts";
import { Gflash } from "../thematic/detector/gflash/gflash.ts";
import { refit, SummarySet } from "../thematic/detector/gflash/refit/refit.ts";
import { calorimeter } from "../thematic/detector/index.ts";
import { simulateShowers } from "../thematic/detector/showers/simulated-showers.ts";
import { validateShowers } from "../thematic/detector/validation/validate.ts";

const HELD_OUT = 5000;
const SEED = 20_261_120;
const TARGET = "thematic/detector/gflash/constants/w-si-45.json";

const path = process.argv[2];
if (path === undefined) throw new Error("Give the training file: scripts/refit-gflash.ts showers-train.h5");

await using twin = await createTwin({ name: "refit", plugins: { files: hdf5(), detector: calorimeter() } });
await using file = await twin.files.open(path);
const { geometry } = twin.detector;
const training = await twin.detector.showers(file);
const fitted = training.count - HELD_OUT;

const summaries = new SummarySet(geometry.shape);
for await (const { start, count, energies } of training.batches({ stop: fitted })) {
  const voxels = energies.values();
  const width = voxels.length / count;
  for (let i = 0; i < count; i++) {
    summaries.add(voxels.subarray(i * width, (i + 1) * width), training.energyMeV[start + i] as number);
  }
}
const fits: string[] = [];
const constants = refit(summaries, geometry, (message) => {
  console.log(message);
  fits.push(message);
});

const heldOut = part(training, fitted, training.count);
const simulated = simulateShowers(new Gflash("gflash", geometry, constants), geometry, {
  energyMeV: heldOut.energyMeV,
  seed: SEED,
});
const { separation, worstLayer } = await validateShowers(simulated, heldOut);
console.table(separation.map(({ observable, value, floor }) => ({ observable, value, floor })));
console.log("worst layer above 1 % of the energy:", worstLayer);

const { digest } = await digestFile(path);
const document = {
  geometry: geometry.name,
  constants,
  provenance: {
    written: "by scripts/refit-gflash.ts",
    data: { file: basename(path), digest, showersFitted: fitted, showersHeldOut: HELD_OUT },
    fitted:
      "longitudinal: mean and covariance of the layers' shares of the energy in 10 bins of incident energy; sampling: mean and variance of total over incident energy; radial: rings' shares in each layer; spots: number of voxels of each layer above 7 energies",
    fits,
    seed: SEED,
    date: new Date().toISOString().slice(0, 10),
    heldOut: {
      worstLayer,
      separation: Object.fromEntries(
        separation.map(({ observable, value }) => [observable, Number(value.toPrecision(3))]),
      ),
    },
  },
};
await writeFileAtomically(TARGET, `${JSON.stringify(document, null, 2)}\n`, { existing: "replace" });

/** Showers `[from, to)` as showers of their own. */
function part(showers: Showers, from: number, to: number): Showers {
  return {
    ...showers,
    count: to - from,
    energyMeV: showers.energyMeV.slice(from, to),
    label: showers.label,
    geometry: showers.geometry,
    attributes: showers.attributes,
    async *batches({ start = 0, stop = to - from, ...options } = {}): AsyncGenerator<ShowerBatch> {
      for await (const batch of showers.batches({ ...options, start: start + from, stop: stop + from })) {
        yield { ...batch, start: batch.start - from };
      }
    },
    toDataset: () => {
      throw new Error("Not to be written.");
    },
  };
}
