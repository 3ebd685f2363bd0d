import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createTwin } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { calorimeter, showerFeatures } from "../../thematic/detector/index.ts";
import { featureRows } from "../../thematic/detector/validation/distance-features.ts";
import { frechetScore } from "../../thematic/detector/validation/frechet.ts";
import { neighbourScore, neighbourSpheres } from "../../thematic/detector/validation/neighbours.ts";
import { poolOf } from "../../thematic/detector/validation/pool.ts";
import { separations } from "../../thematic/detector/validation/separation.ts";
import { SparseShowers } from "../../thematic/detector/validation/sparse-showers.ts";
import { VoxelSpectrum } from "../../thematic/detector/validation/voxel-spectrum.ts";
import { SAMPLE } from "../thematic/detector/sample.ts";

const python = fileURLToPath(new URL("../../.venv-training/bin/python", import.meta.url));
const script = fileURLToPath(new URL("detector-peers.py", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

interface Peer {
  readonly full: number;
  readonly prdc: { precision: number; recall: number; density: number; coverage: number };
  readonly separations: Record<string, { value: number; floor: number }>;
}

const NAMES: Readonly<Record<string, string>> = {
  energy_ratio: "total / incident energy",
  layer_energy: "layer energy",
  ec_eta: "centre in eta",
  ec_phi: "centre in phi",
  ec_r: "centre in r",
  width_eta: "width in eta",
  width_phi: "width in phi",
  width_r: "width in r",
  sparsity: "sparsity",
};

// Without the environment this is skipped; modules/fastsim/training/make-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)(
  "metrics of the detector and of the training recipe (needs modules/fastsim/training/make-venv.sh)",
  () => {
    it("are the same numbers: FPD of all showers, PRDC, separation powers with their floors", async () => {
      const peer = JSON.parse(execFileSync(python, [script, SAMPLE], { encoding: "utf8" })) as Peer;
      await using twin = await createTwin({ plugins: { files: hdf5(), detector: calorimeter() } });
      await using file = await twin.files.open(SAMPLE);
      const showers = await twin.detector.showers(file);
      const every = Uint32Array.from({ length: showers.count }, (_, event) => event);
      const sparse = new SparseShowers(every);
      const features = await showerFeatures(showers, { visit: sparse.add.bind(sparse) });
      const [first, second] = [every.filter((event) => event % 3 === 0), every.filter((event) => event % 3 !== 0)] as [
        Uint32Array,
        Uint32Array,
      ];
      const pool = poolOf({
        generated: { features, events: first },
        reference: { features, events: second },
        thresholdMeV: showers.geometry.thresholdMeV,
      });
      const rows = featureRows(pool);
      const { full } = await frechetScore(
        { rows, members: pool.generated },
        { rows, members: pool.reference },
        { seed: 1n, draws: 1, batchSizes: [10, 20] },
      );
      expect(full / peer.full).toBeCloseTo(1, 6);
      const spheres = async (events: Uint32Array) => {
        const set = { showers: sparse, rows: events, events: every };
        return { ...set, spheres: await neighbourSpheres(set, { voxels: 6480 }) };
      };
      const score = await neighbourScore(await spheres(first), await spheres(second), { voxels: 6480 });
      for (const name of ["precision", "recall", "density", "coverage"] as const) {
        expect(score[name], name).toBeCloseTo(peer.prdc[name], 12);
      }
      const found = await separations(pool, {
        thresholdMeV: showers.geometry.thresholdMeV,
        resamplings: { bootstrap: [], shuffled: [] },
        voxels: [0, 1].map(() => new VoxelSpectrum(Float64Array.of(1, 2, 3), showers.count)),
      });
      for (const [name, { value, floor }] of Object.entries(peer.separations)) {
        if (name === "voxel_energy") continue;
        const row = found.find(({ observable }) => observable === NAMES[name]);
        // The last edge of layer energies may be an ulp beside the largest value there: one shower in or out.
        const tolerance = name === "layer_energy" ? 2e-3 : 1e-9;
        expect(Math.abs((row?.value as number) - value), name).toBeLessThan(tolerance);
        expect(Math.abs((row?.floor as number) - floor), name).toBeLessThan(tolerance);
      }
    });
  },
);
