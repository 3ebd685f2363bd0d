import { z } from "zod";
import {
  checkGenerateRequest,
  definePlugin,
  digestJson,
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  InvalidArgumentError,
  type JsonValue,
  type PluginFactory,
  type ValidityRange,
} from "../../../core/index.ts";
import { type CalorimeterGeometry, loadGeometry } from "../geometry/geometry.ts";
import { checkGenerator } from "../showers/generator-conditions.ts";
import { type ResponseConditions, ResponseSchema, responseConditions } from "./conditions.ts";
import { readOut } from "./read-out.ts";

const Options = z.strictObject({
  geometry: z
    .string()
    .default("w-si-45")
    .describe("Name of a shipped geometry, or path of a binning .xml file with its .json beside it."),
  name: z.string().min(1).optional().describe("Its name; that of the other generator by default."),
  conditions: ResponseSchema.prefault({}).describe("What happens between true and read energies; nothing by default."),
});

/** Options of {@link withResponse}. */
export type WithResponseOptions = z.input<typeof Options>;

/**
 * A generator of showers as a detector in given conditions reads them: those of another generator, then gains, temperature, hot
 * and dead cells and the threshold, exactly ({@link responseConditions}). Its facts hold the conditions, so files, run records
 * and served models tell them.
 *
 * The need is met by a wire.
 *
 * @throws `TWIN_RESPONSE_INVALID`, `TWIN_NO_SIMULATOR` for a generator of something else, when the twin starts;
 *   `TWIN_INVALID_ARGUMENT` for one that has a response already.
 *
 * @example
 * createTwin({
 *   plugins: {
 *     gan: fastsim({ model: "gan" }),
 *     shower: withResponse({ conditions: { responsePerKelvin: -0.02, temperatureC: 23.5 } }),
 *     detector: calorimeter(),
 *   },
 *   wire: { shower: { generator: "gan" }, detector: { generator: "shower" } },
 * });
 */
export const withResponse: PluginFactory<WithResponseOptions, Generator> = definePlugin({
  name: "twinloom/thematic/detector#withResponse",
  version: "0.1.0",
  provides: Generator,
  needs: { generator: Generator },
  options: Options,
  create: async ({ generator }, { geometry: of, name, conditions }): Promise<Generator> => {
    const geometry = await loadGeometry(of);
    checkGenerator(generator, geometry);
    if (generator.facts?.["response"] !== undefined) {
      throw new InvalidArgumentError(
        `${generator.model} has response conditions already; give one withResponse() all of them.`,
      );
    }
    return new RespondingGenerator(generator, {
      name,
      geometry,
      conditions: responseConditions(conditions, geometry),
    });
  },
});

class RespondingGenerator implements Generator {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly #generator: Generator;
  readonly #geometry: CalorimeterGeometry;
  readonly #conditions: ResponseConditions;

  constructor(
    generator: Generator,
    {
      name = generator.model,
      geometry,
      conditions,
    }: {
      readonly name: string | undefined;
      readonly geometry: CalorimeterGeometry;
      readonly conditions: ResponseConditions;
    },
  ) {
    this.model = name;
    this.validity = generator.validity;
    this.outputs = generator.outputs;
    this.#generator = generator;
    this.#geometry = geometry;
    this.#conditions = conditions;
  }

  get facts(): GeneratorFacts {
    const { facts = {} } = this.#generator;
    const response = this.#conditions as unknown as JsonValue;
    return {
      ...facts,
      response,
      response_digest: digestJson(response),
      // Of what a server makes: these are other events.
      ...(facts["identity"] !== undefined && { identity: digestJson({ identity: facts["identity"], response }) }),
    };
  }

  async *generate(
    request: GenerateRequest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    const batches = this.#generator.generate(request, options);
    yield* readOut(batches, request, { geometry: this.#geometry, response: this.#conditions });
  }
}
