import { readFile } from "node:fs/promises";
import { z } from "zod";
import {
  type Artifact,
  checkSchema,
  digestJson,
  FileUnreadableError,
  InvalidArgumentError,
  type JsonValue,
  writeFileAtomically,
} from "../../../core/index.ts";

const numbers = z.array(z.number()).readonly();
const cycle = z.strictObject({ harmonics: z.int().min(0), places: z.int().min(1), coefficients: numbers }).readonly();

/** A fitted emulator of a field, as plain JSON: what a twin seals with its version. */
const EmulatorSchema = z
  .strictObject({
    emulates: z.literal("field"),
    schemaVersion: z.literal(1),
    /** What it was fitted to. */
    data: z.strictObject({
      variable: z.string(),
      unit: z.string(),
      longName: z.string().nullable(),
      /** Attributes of the dataset that tell where it comes from: title, institution, source, … */
      source: z.record(z.string(), z.string()).readonly(),
      calendar: z.string(),
      stepDays: z.number().positive(),
      /** Years that were used. */
      years: z.array(z.int()).readonly(),
      samples: z.int(),
    }),
    /** How it was chosen, where that was told: candidates and their scores. */
    chosen: z.json() as z.ZodType<JsonValue>,
    grid: z.strictObject({
      dims: z.array(z.string()).min(1).max(2).readonly(),
      shape: z.array(z.int().min(1)).min(1).max(2).readonly(),
      /** `[place]`: index into the field; degrees; √ of the area, relative. */
      places: z.array(z.int().min(0)).min(1).readonly(),
      latitude: numbers,
      longitude: numbers,
      weights: numbers,
    }),
    /** Mean, and variance about it, by the time of year: in the unit, and its square. */
    mean: cycle,
    variance: cycle,
    /** `[mode, place]`: of (value - mean) / √variance, times weights; orthonormal. */
    patterns: numbers,
    /** `[place]`: variance of (value - mean) / √variance that the modes leave. */
    residual: numbers,
    dynamics: z.strictObject({
      modes: z.int().min(1),
      coupled: z.int().min(1),
      lagDays: z.number().positive(),
      operator: numbers,
      covariance: numbers,
      rates: numbers,
      variances: numbers,
      clippedNoise: z.number(),
    }),
    /** Of each lag 1, 2, … steps. */
    tauTest: numbers,
  })
  .readonly();

/** See `fitClimateEmulator`. */
export type EmulatorDocument = z.infer<typeof EmulatorSchema>;

/** @throws `TWIN_INVALID_ARGUMENT` for what is no emulator. */
export function parseEmulator(value: unknown): EmulatorDocument {
  const checked = checkSchema(EmulatorSchema, value);
  if (checked.problems) {
    const [first] = checked.problems;
    throw new InvalidArgumentError(
      `This is no emulator of a field: ${first?.path.join(".") || "it"}: ${first?.message}`,
    );
  }
  const { grid, mean, variance, patterns, residual, dynamics } = checked.value;
  const { modes, coupled, operator, covariance, rates, variances } = dynamics;
  const places = grid.places.length;
  const cells = grid.shape.reduce((product, length) => product * length, 1);
  const fits = [
    [grid.latitude, grid.longitude, grid.weights, residual].every(({ length }) => length === places),
    grid.dims.length === grid.shape.length && grid.places.every((cell) => cell < cells),
    [mean, variance].every(
      (each) => each.places === places && each.coefficients.length === places * (1 + 2 * each.harmonics),
    ),
    patterns.length === modes * places,
    operator.length === coupled ** 2 && covariance.length === coupled ** 2,
    rates.length === modes - coupled && variances.length === modes - coupled,
  ];
  if (fits.every(Boolean)) return checked.value;
  throw new InvalidArgumentError("This is no emulator of a field: its lists have lengths that do not fit together.");
}

/** Identity of an emulator: the SHA-256 of its canonical JSON. */
export function emulatorDigest(document: EmulatorDocument): string {
  return digestJson(document);
}

/** Writes an emulator to a file of JSON, whole or not at all. @throws `TWIN_FILE_EXISTS`, `TWIN_WRITE_FAILED` */
export async function saveEmulator(
  document: EmulatorDocument,
  path: string,
  options: { readonly existing?: "refuse" | "replace" } = {},
): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(document)}\n`, options);
}

/** Reads what {@link saveEmulator} wrote. @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`, `TWIN_ARTIFACT_CHANGED` */
export async function loadEmulator(file: Artifact): Promise<EmulatorDocument> {
  const text = await readFile(await file.verified(), "utf8");
  try {
    return parseEmulator(JSON.parse(text));
  } catch (error) {
    throw new FileUnreadableError(file.file, (error as Error).message, { cause: error });
  }
}
