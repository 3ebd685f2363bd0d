import { setImmediate } from "node:timers/promises";
import {
  checkGenerateRequest,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  NdArray,
  seedOf,
  type ValidityRange,
} from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import type { GflashConstants } from "./constants.ts";
import { ShowerSimulator } from "./shower-simulator.ts";

/** 2.6 MB of showers of 6,480 voxels. */
const DEFAULT_BATCH = 100;
const CONDITION = "incident_energy";

/** The GFLASH parametrised simulation of electron showers, as a {@link Generator}. */
export class Gflash implements Generator {
  readonly model: string;
  /** The range in which it was compared with full simulation (docs/measurements/gflash-vs-egsnrc.json). */
  readonly validity: Readonly<Record<string, ValidityRange>> = {
    [CONDITION]: { unit: "MeV", min: 1000, max: 100_000 },
  };
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly facts: GeneratorFacts;
  readonly geometry: CalorimeterGeometry;
  readonly constants: GflashConstants;

  constructor(model: string, geometry: CalorimeterGeometry, constants: GflashConstants) {
    this.model = model;
    this.geometry = geometry;
    this.constants = constants;
    const [layers, alphas] = geometry.shape;
    this.facts = {
      geometry: {
        name: geometry.name,
        layers,
        alpha_bins: alphas,
        r_edges_mm: [...geometry.rEdgesMm],
        layer_depth_mm: geometry.layerMm,
      },
    };
    this.outputs = {
      showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: geometry.shape, unit: "MeV" },
    };
  }

  async *generate(
    request: GenerateRequest,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    const { eventIds } = request;
    const energies = request.conditions[CONDITION] as Float64Array;
    const simulator = new ShowerSimulator(this.geometry, this.constants);
    const voxels = this.geometry.shape.reduce((product, length) => product * length, 1);
    const batchSize = request.batchSize ?? DEFAULT_BATCH;
    for (let start = 0; start < eventIds.length; start += batchSize) {
      // Lets timers and signals in between batches.
      await setImmediate();
      options.signal?.throwIfAborted();
      const count = Math.min(batchSize, eventIds.length - start);
      const data = new Float32Array(count * voxels);
      for (let i = 0; i < count; i++) {
        simulator.simulate(data.subarray(i * voxels, (i + 1) * voxels), {
          id: eventIds[start + i] as bigint,
          seed: seedOf(request, start + i),
          energyMeV: energies[start + i] as number,
        });
      }
      const showers = new NdArray(data, {
        dtype: "float32",
        shape: [count, ...this.geometry.shape],
        dims: ["event", "layer", "alpha", "r"],
        unit: "MeV",
      });
      yield { start, count, arrays: { showers } };
    }
  }
}
