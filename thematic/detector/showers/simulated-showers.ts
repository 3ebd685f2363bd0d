import {
  type Attributes,
  type Dataset,
  type Generator,
  InvalidArgumentError,
  type NdArray,
  OutOfDomainError,
  type ValidityRange,
} from "../../../core/index.ts";
import type { BatchOptions, DatasetOptions, ShowerBatch, Showers, SimulateRequest } from "../contracts.ts";
import { NoSimulatorError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { batchRanges } from "./batch-ranges.ts";
import { showerDataset } from "./shower-dataset.ts";

const CONDITION = "incident_energy";

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
  checkOutput(generator, geometry);
  const energyMeV = Float64Array.from(request.energyMeV);
  checkEnergies(generator, energyMeV);
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
  return new SimulatedShowers({ generator, geometry, energyMeV, eventIds, seed: BigInt(seed) });
}

class SimulatedShowers implements Showers {
  readonly count: number;
  readonly energyMeV: Float64Array;
  readonly label: string;
  readonly geometry: CalorimeterGeometry;
  readonly attributes: Attributes;
  readonly #generator: Generator;
  readonly #eventIds: BigInt64Array;
  readonly #seed: bigint;

  constructor(from: {
    readonly generator: Generator;
    readonly geometry: CalorimeterGeometry;
    readonly energyMeV: Float64Array;
    readonly eventIds: BigInt64Array;
    readonly seed: bigint;
  }) {
    this.#generator = from.generator;
    this.#eventIds = from.eventIds;
    this.#seed = from.seed;
    this.energyMeV = from.energyMeV;
    this.count = from.energyMeV.length;
    this.geometry = from.geometry;
    this.label = from.generator.model;
    // A string, because a seed may exceed what float64 and int64 attributes hold.
    this.attributes = { model: from.generator.model, seed: from.seed.toString(), particle: "electron" };
  }

  async *batches(options: BatchOptions = {}): AsyncGenerator<ShowerBatch> {
    const { signal, start = 0, stop = this.count, batchSize = 100 } = options;
    // Checks the range.
    batchRanges(this.count, options).next();
    const batches = this.#generator.generate(
      {
        conditions: { [CONDITION]: this.energyMeV.subarray(start, stop) },
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
      };
    }
  }

  toDataset(options?: DatasetOptions): Dataset {
    return showerDataset(this, options);
  }
}

function checkOutput(generator: Generator, geometry: CalorimeterGeometry): void {
  const output = generator.outputs["showers"];
  const wanted = `showers, float32, [layer, alpha, r] = [${geometry.shape}]`;
  if (output?.dtype !== "float32" || String(output.shape) !== String(geometry.shape)) {
    const made = Object.entries(generator.outputs).map(([name, { dtype, shape }]) => `${name}, ${dtype}, [${shape}]`);
    throw new NoSimulatorError(
      `Generator "${generator.model}" makes ${made.join("; ")}; geometry "${geometry.name}" needs ${wanted}.`,
    );
  }
}

function checkEnergies({ model, validity }: Generator, energies: Float64Array): void {
  const range: ValidityRange | undefined = validity[CONDITION];
  if (range?.unit !== "MeV") {
    throw new NoSimulatorError(
      `Generator "${model}" has no condition "${CONDITION}" in MeV; it has ${Object.keys(validity).join(", ") || "none"}.`,
    );
  }
  const index = energies.findIndex((energy) => !(energy >= range.min && energy <= range.max));
  if (index < 0) return;
  const value = energies[index] as number;
  throw new OutOfDomainError({ what: model, condition: CONDITION, value, ...range, index });
}
