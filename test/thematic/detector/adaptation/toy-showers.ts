import {
  type Adaptable,
  constant,
  createTwin,
  type GenerateRequest,
  Generator,
  NdArray,
  RandomStream,
  type StreamEvent,
  seedOf,
} from "../../../../core/index.ts";
import { adaptableDetector } from "../../../../thematic/detector/index.ts";

const SHAPE = [45, 16, 9] as const;
const CELLS = SHAPE[0] * SHAPE[1] * SHAPE[2];
const PER_LAYER = SHAPE[1] * SHAPE[2];

/** What a toy detector may have otherwise than its twin. */
export interface Toy {
  readonly absorberMm?: number;
  /** Relative error of a twin's profile at its front. */
  readonly bias?: number;
}

/**
 * The first layers of a shower, all energy in one cell each: a profile that goes deeper with energy and with the absorber's
 * thickness, and a fluctuation of its depth that all layers share, beside their own.
 */
export function toyShower(energyMeV: number, random: RandomStream, { absorberMm = 1.4, bias = 0 }: Toy): Float32Array {
  const shower = new Float32Array(CELLS);
  const sigma = Math.sqrt(1000 / energyMeV);
  const peak = 2 + Math.log(energyMeV / 1000) / 2 - 2 * (absorberMm / 1.4 - 1) + 0.3 * sigma * random.normal();
  for (let layer = 0; layer < 6; layer++) {
    const share = 0.2 * Math.exp(-(((layer - peak) / 3) ** 2)) * (1 + bias / (1 + layer)) * (1.4 / absorberMm);
    shower[layer * PER_LAYER] = energyMeV * share * (1 + 0.15 * sigma * random.normal());
  }
  return shower;
}

/** A generator of {@link toyShower}. */
export const toyGenerator: Generator = {
  model: "toy",
  validity: {
    incident_energy: { unit: "GeV", min: 1, max: 100 },
    absorber_thickness: { unit: "mm", min: 1.2, max: 1.6, nominal: 1.4 },
  },
  outputs: { showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: SHAPE, unit: "MeV" } },
  async *generate(request: GenerateRequest, { signal } = {}) {
    const { eventIds, batchSize = 100 } = request;
    const energies = request.conditions["incident_energy"] as Float64Array;
    const absorbers = request.conditions["absorber_thickness"] as Float64Array;
    const random = new RandomStream({ seed: 0n, id: 0n, purpose: 1 });
    for (let start = 0; start < eventIds.length; start += batchSize) {
      signal?.throwIfAborted();
      const count = Math.min(batchSize, eventIds.length - start);
      const data = new Float32Array(count * CELLS);
      for (let row = 0; row < count; row++) {
        const event = start + row;
        random.restart(eventIds[event] as bigint, seedOf(request, event));
        const energyMeV = 1000 * (energies[event] as number);
        const absorberMm = absorbers[event] as number;
        data.set(toyShower(energyMeV, random, { absorberMm }), row * CELLS);
      }
      const showers = new NdArray(data, {
        dtype: "float32",
        shape: [count, ...SHAPE],
        dims: ["event", "layer", "alpha", "r"],
        unit: "MeV",
      });
      yield { start, count, arrays: { showers } };
    }
  },
};

/** Events of a toy detector, of temperatures about 20 °C, each with an id of its own. */
export function toyEvents(
  first: number,
  count: number,
  toy: Toy & { readonly perKelvin?: number; readonly energyMeV?: number } = {},
): StreamEvent[] {
  const random = new RandomStream({ seed: 11n, id: 0n });
  return Array.from({ length: count }, (_, index) => {
    const id = BigInt(first + index);
    random.restart(id);
    const energyMeV = toy.energyMeV ?? 1000 * 100 ** random.uniform();
    const temperature = 20 + 4 * (random.uniform() - 0.5);
    const factor = 1 + (toy.perKelvin ?? 0) * (temperature - 20);
    const shower = toyShower(energyMeV, random, { bias: 0.1, ...toy });
    if (factor !== 1)
      for (let layer = 0; layer < 6; layer++)
        shower[layer * PER_LAYER] = factor * (shower[layer * PER_LAYER] as number);
    return {
      ...{ source: "toy", sequence: id, id, run: "", timeNs: 500_000n * id },
      conditions: { incident_energy: energyMeV, temperature },
      tensors: { shower: new NdArray(shower, { dtype: "float32", shape: SHAPE, unit: "MeV" }) },
    };
  });
}

/** A twin of the toy detector. */
export async function toyAdaptable(generator: Generator = toyGenerator): Promise<Adaptable> {
  const twin = await createTwin({
    plugins: {
      toy: constant(Generator, generator),
      adaptable: adaptableDetector({ layers: 6, templateShowers: 2000 }),
    },
  });
  return twin.adaptable;
}
