import { readFile } from "node:fs/promises";
import { z } from "zod";
import {
  Adaptable,
  type Artifact,
  artifactOption,
  definePlugin,
  FileUnreadableError,
  Generator,
  Log,
  optional,
  type PluginFactory,
} from "../../../core/index.ts";
import { effectiveMedium } from "../geometry/effective-medium.ts";
import { type CalorimeterGeometry, loadGeometry } from "../geometry/geometry.ts";
import { AdaptableDetector } from "./adaptable-detector.ts";
import { type DetectorCalibration, parseCalibration } from "./calibration.ts";

/** Behind this depth there is next to nothing of showers up to 100 GeV, radiation lengths. */
const DEPTH = 24;

const Options = z.strictObject({
  geometry: z
    .string()
    .default("w-si-45")
    .describe("Name of a shipped geometry, or path of a binning .xml file with its .json beside it."),
  layers: z
    .int()
    .min(1)
    .optional()
    .describe("Layers that are looked at, from the front; by default those within 24 radiation lengths."),
  referenceTemperatureC: z
    .number()
    .min(-273.15)
    .max(1000)
    .default(20)
    .describe("Temperature at which the gains hold, °C."),
  templateShowers: z
    .int()
    .min(2000)
    .max(1_000_000)
    .default(8000)
    .describe("Showers that the generator makes to know what it expects; half as many at two other thicknesses."),
  seed: z.int().min(0).default(1).describe("Seed of those showers."),
  calibration: artifactOption()
    .optional()
    .describe("What `calibration()` gave, as JSON: the conditions to begin with; by default those of the geometry."),
});

/** Options of {@link adaptableDetector}. */
export type AdaptableDetectorOptions = z.input<typeof Options>;

/**
 * A calorimeter that measurements correct: gains (common, per kelvin, of single layers) and, where the twin's generator knows
 * it, the thickness of the absorber, by the energies of the layers given the incident energy.
 *
 * Events have a tensor `shower`, `[layer, alpha, r]`, MeV, and the conditions `incident_energy`, MeV, and, where it is known,
 * `temperature`, °C. Showers of the generator are made once in the process, when the first reference comes.
 *
 * @see `docs/explanation/adaptation-of-a-detector.md`
 *
 * @example
 * createTwin({
 *   plugins: { network: onnx({ file: shippedModel("gan") }), gan: fastsim(), adaptable: adaptableDetector(), now: adaptedGenerator() },
 *   wire: { adaptable: { generator: "gan" }, now: { generator: "gan" } },
 * });
 */
export const adaptableDetector: PluginFactory<AdaptableDetectorOptions, Adaptable> = definePlugin({
  name: "twinloom/thematic/detector#adaptableDetector",
  version: "0.1.0",
  provides: Adaptable,
  needs: { generator: Generator, log: optional(Log) },
  options: Options,
  create: async ({ generator, log }, { geometry: name, layers, calibration: file, ...options }): Promise<Adaptable> => {
    const geometry = await loadGeometry(name);
    const calibration = file && (await readCalibration(file, geometry));
    const looked = layers ?? layersWithin(geometry);
    return new AdaptableDetector({ generator, geometry, log, layers: looked, calibration, ...options });
  },
});

async function readCalibration(file: Artifact, geometry: CalorimeterGeometry): Promise<DetectorCalibration> {
  const text = await readFile(await file.verified(), "utf8");
  try {
    return parseCalibration(JSON.parse(text), geometry);
  } catch (error) {
    throw new FileUnreadableError(file.file, (error as Error).message, { cause: error });
  }
}

function layersWithin({ shape, layerMm, slabs }: CalorimeterGeometry): number {
  const layers = Math.round((DEPTH * effectiveMedium(slabs).radiationLengthMm) / layerMm);
  return Math.max(1, Math.min(shape[0], layers));
}
