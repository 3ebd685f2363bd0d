import { z } from "zod";
import { type Dataset, definePlugin, Generator, optional, type PluginFactory } from "../../core/index.ts";
import { Calorimeter, type Showers, type SimulateRequest } from "./contracts.ts";
import { type CalorimeterGeometry, loadGeometry } from "./geometry/geometry.ts";
import { simulateShowers } from "./showers/simulated-showers.ts";
import { readShowers } from "./showers/stored-showers.ts";
import { simulate } from "./tasks/simulate.ts";
import { validate } from "./tasks/validate.ts";
import { type ValidateOptions, validateShowers } from "./validation/validate.ts";
import type { Validation } from "./validation/validation.ts";

const Options = z.strictObject({
  geometry: z
    .string()
    .default("w-si-45")
    .describe("Name of a shipped geometry, or path of a binning .xml file with its .json beside it."),
});

/** Options of {@link calorimeter}. */
export type CalorimeterOptions = z.input<typeof Options>;

/**
 * A calorimeter: reads showers in CaloChallenge's layout, simulates them with the twin's generator, compares them.
 * Its tasks are `simulate` and `validate`.
 *
 * @example
 * await using twin = await createTwin({
 *   name: "ecal",
 *   plugins: { files: hdf5(), fast: gflash(), detector: calorimeter({ geometry: "w-si-45" }) },
 * });
 * await using file = await twin.files.open("showers.h5");
 * const measured = await twin.detector.showers(file);
 * const showers = await twin.detector.simulate({ energyMeV: measured.energyMeV, seed: 7 });
 * const { separation } = await twin.detector.validate(showers, measured);
 */
export const calorimeter: PluginFactory<CalorimeterOptions, Calorimeter> = definePlugin({
  name: "twinloom/thematic/detector",
  version: "0.1.0",
  provides: Calorimeter,
  needs: { generator: optional(Generator) },
  options: Options,
  tasks: [simulate, validate],
  create: async ({ generator }, { geometry }): Promise<Calorimeter> =>
    new VoxelCalorimeter(await loadGeometry(geometry), generator),
});

class VoxelCalorimeter implements Calorimeter {
  readonly geometry: CalorimeterGeometry;
  readonly #generator: Generator | undefined;

  constructor(geometry: CalorimeterGeometry, generator: Generator | undefined) {
    this.geometry = geometry;
    this.#generator = generator;
  }

  showers(dataset: Dataset, options?: { readonly signal?: AbortSignal }): Promise<Showers> {
    return readShowers(dataset, this.geometry, options);
  }

  async simulate(request: SimulateRequest): Promise<Showers> {
    return simulateShowers(this.#generator, this.geometry, request);
  }

  validate(generated: Showers, reference: Showers, options?: ValidateOptions): Promise<Validation> {
    return validateShowers(generated, reference, options);
  }
}
