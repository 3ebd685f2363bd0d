import { readFile } from "node:fs/promises";
import { z } from "zod";
import {
  Adaptable,
  type Artifact,
  artifactOption,
  definePlugin,
  FileUnreadableError,
  Generator,
  type PluginFactory,
} from "../../../core/index.ts";
import { AdaptableClimate } from "./adaptable-climate.ts";
import { ClimateGenerator } from "./climate-generator.ts";
import { loadEmulator } from "./document.ts";
import { ClimateEmulator } from "./emulator.ts";
import { type Station, StationSchema, stationNetwork } from "./stations.ts";

const Options = z.strictObject({
  model: artifactOption().describe("The emulator, as `saveEmulator` wrote it."),
  steps: z.int().min(1).max(10_000).default(15).describe("Steps of a trajectory that the generator makes."),
  stations: z
    .array(StationSchema)
    .min(1)
    .optional()
    .describe(
      "Stations whose values events hold; by default one at every place of the emulator, with an error of 0.1 of the spread.",
    ),
  offsets: z.int().min(0).max(20).default(3).describe("Leading modes whose mean may be adapted."),
  every: z
    .int()
    .min(1)
    .optional()
    .describe(
      "To adapt, look at steps whose number is a multiple of this; by default so many that they are independent. 1 for events that are far apart already.",
    ),
  calibration: artifactOption()
    .optional()
    .describe("What `calibration()` gave, as JSON: the climate to begin with; by default that of the data."),
});

/** Options of {@link climateEmulator}. */
export type ClimateEmulatorOptions = z.input<typeof Options>;

/** A twin of a climate's field: what it generates, and what corrects it. */
export type ClimateTwin = Generator &
  Adaptable & {
    readonly emulator: ClimateEmulator;
    readonly stations: readonly Station[];
    /** To adapt, only events of steps whose number is a multiple of this are looked at. */
    readonly everySteps: number;
    /** The climate that holds now, as a follower takes it. */
    readonly shift: AdaptableClimate["shift"];
  };

/**
 * An emulator of a field (a linear inverse model): a generator of trajectories, condition `start_day`, and an adaptable twin whose
 * mean state and spread stations correct. `apply()` holds for the generator from the next request on.
 *
 * @see `docs/explanation/climate-twin.md`
 *
 * @example
 * createTwin({ plugins: { climate: climateEmulator({ model: artifact("models/tas-emulator.json") }) } });
 */
export const climateEmulator: PluginFactory<ClimateEmulatorOptions, ClimateTwin> = definePlugin({
  name: "twinloom/thematic/climate#climateEmulator",
  version: "0.1.0",
  provides: [Generator, Adaptable],
  options: Options,
  create: async (_needs, { model, steps, stations, offsets, every, calibration }): Promise<ClimateTwin> => {
    const emulator = new ClimateEmulator(await loadEmulator(model));
    const network = stationNetwork(emulator, stations ?? everyPlace(emulator));
    const adaptable = new AdaptableClimate(emulator, {
      ...{ network, offsets: Math.min(offsets, emulator.modes), every },
      ...(calibration && { calibration: await readJson(calibration) }),
    });
    const generator = new ClimateGenerator(emulator, { steps, shift: () => adaptable.shift });
    return new Twin(generator, adaptable, network.stations);
  },
});

/** Both in one part. */
class Twin implements ClimateTwin {
  readonly stations: readonly Station[];
  readonly #generator: ClimateGenerator;
  readonly #adaptable: AdaptableClimate;

  constructor(generator: ClimateGenerator, adaptable: AdaptableClimate, stations: readonly Station[]) {
    this.#generator = generator;
    this.#adaptable = adaptable;
    this.stations = stations;
  }

  get emulator(): ClimateEmulator {
    return this.#adaptable.emulator;
  }
  get everySteps(): number {
    return this.#adaptable.everySteps;
  }
  get shift(): AdaptableClimate["shift"] {
    return this.#adaptable.shift;
  }

  get model(): Generator["model"] {
    return this.#generator.model;
  }
  get validity(): Generator["validity"] {
    return this.#generator.validity;
  }
  get outputs(): Generator["outputs"] {
    return this.#generator.outputs;
  }
  get facts(): Generator["facts"] {
    return this.#generator.facts;
  }
  generate(...asked: Parameters<Generator["generate"]>): ReturnType<Generator["generate"]> {
    return this.#generator.generate(...asked);
  }

  get conditions(): Adaptable["conditions"] {
    return this.#adaptable.conditions;
  }
  get causes(): Adaptable["causes"] {
    return this.#adaptable.causes;
  }
  get current(): Float64Array {
    return this.#adaptable.current;
  }
  features(...asked: Parameters<Adaptable["features"]>): ReturnType<Adaptable["features"]> {
    return this.#adaptable.features(...asked);
  }
  expect(...asked: Parameters<Adaptable["expect"]>): ReturnType<Adaptable["expect"]> {
    return this.#adaptable.expect(...asked);
  }
  restore(...asked: Parameters<Adaptable["restore"]>): ReturnType<Adaptable["restore"]> {
    return this.#adaptable.restore(...asked);
  }
  apply(conditions: Float64Array): Promise<void> {
    return this.#adaptable.apply(conditions);
  }
  calibration(conditions: Float64Array): ReturnType<Adaptable["calibration"]> {
    return this.#adaptable.calibration(conditions);
  }
}

function everyPlace({ document: { grid, variance } }: ClimateEmulator): readonly Station[] {
  const size = 1 + 2 * variance.harmonics;
  return grid.places.map((cell, place) => ({
    name: `place ${cell}`,
    latitude: grid.latitude[place] as number,
    longitude: grid.longitude[place] as number,
    error: 0.1 * Math.sqrt(variance.coefficients[place * size] as number),
  }));
}

async function readJson(file: Artifact): Promise<unknown> {
  const text = await readFile(await file.verified(), "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileUnreadableError(file.file, (error as Error).message, { cause: error });
  }
}
