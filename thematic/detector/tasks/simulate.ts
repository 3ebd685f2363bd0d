import { z } from "zod";
import {
  type Attributes,
  Connector,
  type Dataset,
  defineTask,
  ENGINE_VERSION,
  InvalidArgumentError,
  many,
  NdArray,
  openDataset,
  RandomStream,
  type Task,
} from "../../../core/index.ts";
import { Calorimeter } from "../contracts.ts";
import { seedSchema } from "../seed-schema.ts";
import { BY_FALLBACK } from "../showers/fallback-flags.ts";
import { simulateInParts } from "./simulate-in-parts.ts";

/** Keeps the incident energies' random numbers apart from the showers' ("ener"). */
const ENERGY_PURPOSE = 0x656e6572;

const energy = z.number().positive();

const Parameters = z
  .strictObject({
    energyMeV: z
      .union([energy, z.array(energy).min(1)], { error: "It must be a number above 0, or a list of them." })
      .optional()
      .describe("Kinetic energy, MeV: one for all showers, or one per shower."),
    energyRangeMeV: z
      .tuple([energy, energy])
      .optional()
      .describe("Draw energies from here, uniform in the logarithm, MeV: [min, max]."),
    absorberMm: z
      .number()
      .positive()
      .optional()
      .describe("Thickness of the absorber in each stack, mm, for models that have it; the geometry's by default."),
    count: z
      .int()
      .positive()
      .max(100_000_000)
      .optional()
      .describe(
        "Number of showers; 1000, or as many as there are energies, by default. Lists of energies are repeated.",
      ),
    batchSize: z
      .int()
      .positive()
      .max(100_000)
      .optional()
      .describe("Showers that are made at once, 100 by default; they do not depend on it."),
    seed: seedSchema.default(1).describe("Seed, 0 to 2^64 - 1; beyond 2^53 as a string."),
    firstEventId: z.int().min(0).default(0).describe("Id of the first event; the others count up from it."),
  })
  .describe("Incident energies come from energyMeV, energyRangeMeV or the input file; give exactly one of them.");

const inputs = {
  energies: { description: "Showers to take the incident energies from, in order.", optional: true },
} as const;
const outputs = { showers: { description: "Showers in CaloChallenge's layout.", file: "showers.h5" } } as const;
const needs = { calorimeter: Calorimeter, connectors: many(Connector) } as const;

/** Simulates showers with the twin's generator and writes them to an HDF5 file. */
export const simulate: Task<typeof Parameters, typeof needs, keyof typeof inputs, keyof typeof outputs> = defineTask({
  name: "simulate",
  description: "Simulate electron showers with the twin's generator and write them in CaloChallenge's layout.",
  parameters: Parameters,
  needs,
  inputs,
  outputs,
  run: async ({
    parameters,
    needs: { calorimeter, connectors },
    inputs: files,
    outputs: { showers: path },
    signal,
    ...context
  }) => {
    const writer = connectors.find((connector) => connector.formats.includes("hdf5"));
    if (!writer)
      throw new InvalidArgumentError("Showers are written as HDF5, and no plugin of this twin writes it. Add hdf5().");
    const seed = BigInt(parameters.seed);
    const energyMeV = await incidentEnergies(parameters, seed, async () => {
      if (files.energies === undefined) return undefined;
      const file = await openDataset(files.energies, connectors, { signal });
      try {
        return (await calorimeter.showers(file, { signal })).energyMeV;
      } finally {
        await file.close();
      }
    });
    const eventIds = BigInt64Array.from(energyMeV, (_, index) => eventId(parameters.firstEventId, index));
    const { absorberMm, batchSize } = parameters;
    const showers = await calorimeter.simulate({
      energyMeV,
      seed,
      eventIds,
      ...(absorberMm !== undefined && { absorberMm }),
    });
    const attributes = {
      ...showers.attributes,
      first_event_id: new NdArray(BigInt64Array.of(BigInt(parameters.firstEventId)), { dtype: "int64", shape: [] }),
      twinloom: ENGINE_VERSION,
    };
    const doing = `simulating ${showers.count} showers`;
    const progress = (done: number): void => context.progress(done / showers.count, doing);
    context.progress(0, doing);
    const { checkpoint, stopping, log } = context;
    const dataset = checkpoint
      ? await simulateInParts(showers, { checkpoint, stopping, signal, log, batchSize, progress })
      : showers.toDataset({ progress, batchSize });
    await writer.write(
      path,
      { ...dataset, attributes: { ...dataset.attributes, ...attributes } },
      { signal, existing: "replace" },
    );
    context.progress(1, `${energyMeV.length} showers written`);
    return {
      model: showers.label,
      geometry: calorimeter.geometry.name,
      count: energyMeV.length,
      seed: seed.toString(),
      ...told(showers.attributes),
      ...(await fallbackShowers(dataset)),
    };
  },
});

/** What a run record keeps of who made the showers. */
function told({ model_digest, provider, fallback_model }: Attributes): Record<string, string> {
  return {
    ...(typeof model_digest === "string" && { modelDigest: model_digest }),
    ...(typeof provider === "string" && { provider }),
    ...(typeof fallback_model === "string" && { fallbackModel: fallback_model }),
  };
}

/** How many of the showers that were written the fallback made, where there is one. */
async function fallbackShowers({ variables }: Dataset): Promise<{ readonly fallbackShowers?: number }> {
  const flags = await variables[BY_FALLBACK]?.read();
  return flags ? { fallbackShowers: flags.toFloat64().reduce((sum, flag) => sum + flag, 0) } : {};
}

async function incidentEnergies(
  { energyMeV, energyRangeMeV, count, firstEventId }: z.output<typeof Parameters>,
  seed: bigint,
  fromFile: () => Promise<Float64Array | undefined>,
): Promise<Float64Array> {
  const file = await fromFile();
  const given = [energyMeV, energyRangeMeV, file].filter((source) => source !== undefined).length;
  if (given !== 1) {
    throw new InvalidArgumentError(
      `Give the incident energies once: as energyMeV, as energyRangeMeV, or as the input file "energies"; got ${given} of them.`,
    );
  }
  const list = file ?? (Array.isArray(energyMeV) ? Float64Array.from(energyMeV) : undefined);
  if (list) {
    return Float64Array.from({ length: count ?? list.length }, (_, index) => list[index % list.length] as number);
  }
  const length = count ?? 1000;
  if (energyRangeMeV === undefined) return new Float64Array(length).fill(energyMeV as number);
  const [min, max] = energyRangeMeV;
  if (min > max) throw new InvalidArgumentError(`energyRangeMeV is [${min}, ${max}]; give the smaller end first.`);
  const stream = new RandomStream({ seed, id: 0n, purpose: ENERGY_PURPOSE });
  return Float64Array.from({ length }, (_, index) => {
    stream.restart(eventId(firstEventId, index));
    return Math.min(max, Math.max(min, min * (max / min) ** stream.uniform()));
  });
}

/** As bigints: beyond 2^53 the sum of two numbers names some events twice and others never. */
function eventId(first: number, index: number): bigint {
  return BigInt(first) + BigInt(index);
}
