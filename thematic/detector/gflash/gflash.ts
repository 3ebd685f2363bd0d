import { setImmediate } from "node:timers/promises";
import {
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorOutput,
  InvalidArgumentError,
  NdArray,
  nearestNames,
  OutOfDomainError,
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
  readonly geometry: CalorimeterGeometry;
  readonly constants: GflashConstants;

  constructor(model: string, geometry: CalorimeterGeometry, constants: GflashConstants) {
    this.model = model;
    this.geometry = geometry;
    this.constants = constants;
    this.outputs = {
      showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: geometry.shape, unit: "MeV" },
    };
  }

  async *generate(
    request: GenerateRequest,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<GeneratedBatch> {
    const energies = this.#checked(request);
    const { eventIds } = request;
    const simulator = new ShowerSimulator(this.geometry, this.constants, request.seed);
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

  #checked(request: GenerateRequest): Float64Array {
    const { conditions, eventIds, batchSize } = request;
    const energies = conditions[CONDITION];
    const unknown = Object.keys(conditions).find((name) => name !== CONDITION);
    if (unknown !== undefined) {
      const hint = nearestNames(unknown, [CONDITION]).length > 0 ? ` Did you mean "${CONDITION}"?` : "";
      throw new InvalidArgumentError(
        `${this.model} has no condition "${unknown}"; it has "${CONDITION}" (MeV).${hint}`,
      );
    }
    if (!energies) throw new InvalidArgumentError(`${this.model} needs the condition "${CONDITION}", MeV, [event].`);
    if (energies.length !== eventIds.length) {
      throw new InvalidArgumentError(
        `${energies.length} values of "${CONDITION}", but ${eventIds.length} event ids; give one of each per event.`,
      );
    }
    if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize > 0)) {
      throw new InvalidArgumentError(`batchSize is ${batchSize}; it must be an integer of 1 or more.`);
    }
    const { min, max, unit } = this.validity[CONDITION] as ValidityRange;
    const index = energies.findIndex((energy) => !(energy >= min && energy <= max));
    if (index >= 0) {
      const value = energies[index] as number;
      throw new OutOfDomainError({ what: this.model, condition: CONDITION, value, min, max, unit, index });
    }
    return energies;
  }
}
