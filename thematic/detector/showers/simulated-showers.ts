import {
  type Attributes,
  type Dataset,
  type Generator,
  InvalidArgumentError,
  type NdArray,
  type ValidityRange,
} from "../../../core/index.ts";
import type { BatchOptions, DatasetOptions, ShowerBatch, Showers, SimulateRequest } from "../contracts.ts";
import { NoSimulatorError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { batchRanges } from "./batch-ranges.ts";
import { checkGenerator, conditionsFor } from "./generator-conditions.ts";
import { showerDataset } from "./shower-dataset.ts";

/** Showers that a generator makes when they are asked for. See {@link Calorimeter.simulate}. */
export function simulateShowers(
  generator: Generator | undefined,
  geometry: CalorimeterGeometry,
  request: SimulateRequest,
): Showers {
  if (!generator) {
    throw new NoSimulatorError(
      "This twin has no generator, so its calorimeter cannot simulate. Add one to its plugins, such as gflash().",
    );
  }
  checkGenerator(generator, geometry);
  const energyMeV = Float64Array.from(request.energyMeV);
  const conditions = conditionsFor(generator, geometry, { energyMeV, absorberMm: request.absorberMm });
  const eventIds = request.eventIds ?? BigInt64Array.from(energyMeV, (_, index) => BigInt(index));
  if (eventIds.length !== energyMeV.length) {
    throw new InvalidArgumentError(
      `${energyMeV.length} energies, but ${eventIds.length} event ids; give one per shower.`,
    );
  }
  const { seed } = request;
  if (!(typeof seed === "bigint" || Number.isSafeInteger(seed)) || seed < 0 || BigInt(seed) >= 1n << 64n) {
    throw new InvalidArgumentError(
      `Seed ${String(seed)} must be an integer from 0 to 2^64 - 1 (a bigint beyond 2^53 - 1).`,
    );
  }
  return new SimulatedShowers({ generator, geometry, energyMeV, conditions, eventIds, seed: BigInt(seed) });
}

class SimulatedShowers implements Showers {
  readonly count: number;
  readonly energyMeV: Float64Array;
  readonly label: string;
  readonly geometry: CalorimeterGeometry;
  readonly attributes: Attributes;
  readonly fallback: string | undefined;
  readonly #generator: Generator;
  readonly #conditions: Readonly<Record<string, Float64Array>>;
  readonly #eventIds: BigInt64Array;
  readonly #seed: bigint;

  constructor(from: {
    readonly generator: Generator;
    readonly geometry: CalorimeterGeometry;
    readonly energyMeV: Float64Array;
    readonly conditions: Readonly<Record<string, Float64Array>>;
    readonly eventIds: BigInt64Array;
    readonly seed: bigint;
  }) {
    this.#generator = from.generator;
    this.#conditions = from.conditions;
    this.#eventIds = from.eventIds;
    this.#seed = from.seed;
    this.energyMeV = from.energyMeV;
    this.count = from.energyMeV.length;
    this.geometry = from.geometry;
    this.label = from.generator.model;
    this.attributes = attributesOf(from);
    this.fallback = from.generator.facts?.fallback?.model;
  }

  async *batches(options: BatchOptions = {}): AsyncGenerator<ShowerBatch> {
    const { signal, start = 0, stop = this.count, batchSize = 100 } = options;
    // Checks the range.
    batchRanges(this.count, options).next();
    const batches = this.#generator.generate(
      {
        conditions: Object.fromEntries(
          Object.entries(this.#conditions).map(([name, values]) => [name, values.subarray(start, stop)]),
        ),
        eventIds: this.#eventIds.subarray(start, stop),
        seed: this.#seed,
        batchSize,
      },
      signal ? { signal } : {},
    );
    for await (const batch of batches) {
      yield {
        start: start + batch.start,
        count: batch.count,
        energies: (batch.arrays["showers"] as NdArray<"float32">).contiguous(),
        ...(batch.byFallback && { byFallback: batch.byFallback }),
      };
    }
  }

  toDataset(options?: DatasetOptions): Dataset {
    return showerDataset(this, options);
  }
}

/** Facts of a generator that are texts and go into files. */
const TOLD_FACTS = [
  ...["model_digest", "identity", "served_by", "precision", "response_digest"],
  ...["provider", "provider_fallback_reason", "reference"],
];

/** What made them, as attributes of a file. */
function attributesOf(from: {
  readonly generator: Generator;
  readonly conditions: Readonly<Partial<Record<string, Float64Array>>>;
  readonly seed: bigint;
}): Attributes {
  const { generator, conditions, seed } = from;
  const { fallback, ...facts } = generator.facts ?? {};
  const thickness = conditions["absorber_thickness"]?.[0];
  return {
    model: generator.model,
    // A string, because a seed may exceed what float64 and int64 attributes hold.
    seed: seed.toString(),
    particle: "electron",
    ...Object.fromEntries(
      TOLD_FACTS.flatMap((name) => {
        const text = facts[name];
        return typeof text === "string" ? [[name, text]] : [];
      }),
    ),
    ...(thickness !== undefined && {
      absorber_thickness: thickness,
      units_absorber_thickness: (generator.validity["absorber_thickness"] as ValidityRange).unit,
    }),
    ...(fallback && { fallback_model: fallback.model }),
  };
}
