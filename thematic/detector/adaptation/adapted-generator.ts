import { z } from "zod";
import {
  Adaptable,
  checkGenerateRequest,
  convertUnits,
  definePlugin,
  digestJson,
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  type PluginFactory,
  type ValidityRange,
} from "../../../core/index.ts";
import { type CalorimeterGeometry, loadGeometry } from "../geometry/geometry.ts";
import { readOut } from "../response/read-out.ts";
import { checkGenerator } from "../showers/generator-conditions.ts";
import { type DetectorCalibration, parseCalibration } from "./calibration.ts";

const Options = z.strictObject({
  geometry: z
    .string()
    .default("w-si-45")
    .describe("Name of a shipped geometry, or path of a binning .xml file with its .json beside it."),
  name: z
    .string()
    .min(1)
    .optional()
    .describe("Its name; by default that of the other generator with -adapted behind it."),
});

/** Options of {@link adaptedGenerator}. */
export type AdaptedGeneratorOptions = z.input<typeof Options>;

/**
 * A generator of showers in the detector as the twin knows it now: those of another generator at the adapted thickness, with the
 * adapted gains, at the reference temperature. `apply()` of the twin's {@link adaptableDetector} holds from the next request on;
 * the facts tell the calibration.
 *
 * @throws `TWIN_INVALID_ARGUMENT`, when the twin starts, where what is adapted is no detector of this geometry;
 *   `TWIN_NO_SIMULATOR` for a generator of something else.
 *
 * @example
 * createTwin({
 *   plugins: { network: onnx({ file: shippedModel("gan") }), gan: fastsim(), adaptable: adaptableDetector(), now: adaptedGenerator(), ecal: calorimeter() },
 *   wire: { adaptable: { generator: "gan" }, now: { generator: "gan" }, ecal: { generator: "now" } },
 * });
 */
export const adaptedGenerator: PluginFactory<AdaptedGeneratorOptions, Generator> = definePlugin({
  name: "twinloom/thematic/detector#adaptedGenerator",
  version: "0.1.0",
  provides: Generator,
  needs: { generator: Generator, adaptable: Adaptable },
  options: Options,
  create: async ({ generator, adaptable }, { geometry: of, name }): Promise<Generator> => {
    const geometry = await loadGeometry(of);
    checkGenerator(generator, geometry);
    return new AdaptedGenerator(generator, { adaptable, geometry, name });
  },
});

class AdaptedGenerator implements Generator {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly #generator: Generator;
  readonly #adaptable: Adaptable;
  readonly #geometry: CalorimeterGeometry;

  constructor(
    generator: Generator,
    {
      adaptable,
      geometry,
      name = `${generator.model}-adapted`,
    }: { readonly adaptable: Adaptable; readonly geometry: CalorimeterGeometry; readonly name: string | undefined },
  ) {
    this.#generator = generator;
    this.#adaptable = adaptable;
    this.#geometry = geometry;
    // One of its own: both are served.
    this.model = name;
    this.outputs = generator.outputs;
    const { absorber_thickness: absorber, ...others } = generator.validity;
    // What is adapted is no longer asked for.
    this.validity = this.#calibration().absorberMm === undefined && absorber ? generator.validity : others;
  }

  get facts(): GeneratorFacts {
    const { facts = {} } = this.#generator;
    const calibration = { ...this.#calibration() };
    return {
      ...facts,
      calibration,
      calibration_digest: digestJson(calibration),
      // Of what a server makes: these are other events.
      ...(facts["identity"] !== undefined && { identity: digestJson({ identity: facts["identity"], calibration }) }),
    };
  }

  async *generate(
    request: GenerateRequest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    const { response, absorberMm } = this.#calibration();
    const absorber = absorberMm === undefined ? {} : this.#absorberOf(absorberMm, request.eventIds.length);
    const conditions = { ...request.conditions, ...absorber };
    const batches = this.#generator.generate({ ...request, conditions }, options);
    yield* readOut(batches, request, { geometry: this.#geometry, response });
  }

  /** The thickness for each event, in the generator's unit. */
  #absorberOf(absorberMm: number, count: number): Readonly<Record<string, Float64Array>> {
    const { unit } = this.#generator.validity["absorber_thickness"] as ValidityRange;
    const { scale, offset } = convertUnits("mm", unit);
    return { absorber_thickness: new Float64Array(count).fill(absorberMm * scale + offset) };
  }

  #calibration(): DetectorCalibration {
    return parseCalibration(this.#adaptable.calibration(this.#adaptable.current), this.#geometry);
  }
}
