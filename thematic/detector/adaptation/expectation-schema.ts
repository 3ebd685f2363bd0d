import { z } from "zod";
import { COEFFICIENTS } from "./energy-basis.ts";

const numbers = z.array(z.number()).readonly();

/**
 * What the twin expects of layers, as plain JSON. The mean share of layer l at energy E and thickness t is
 * (mean + linear τ + quadratic τ²)(E) · (1 + correction(E)) with τ = (t - nominal) / step, times gains; each function of E has
 * five coefficients ({@link EnergyBasis}).
 * Residuals have the spread that goes with a gain, and exp(spread · τ) with the thickness.
 */
export const ExpectationSchema = z.strictObject({
  expects: z.literal("shares of layers"),
  schemaVersion: z.literal(1),
  geometry: z.string(),
  /** Name of the generator that the templates were made with. */
  model: z.string(),
  layers: z.int().min(1),
  energyMeV: z.tuple([z.number().positive(), z.number().positive()]).readonly(),
  referenceTemperatureC: z.number(),
  /** `[layer, coefficient]`. */
  mean: numbers,
  absorber: z
    .strictObject({
      nominalMm: z.number(),
      stepMm: z.number().positive(),
      /** `[layer, coefficient]`, each. */
      linear: numbers,
      quadratic: numbers,
      /** `[range of energy, layer]`: the logarithm of the spread of residuals, by a step in thickness. */
      spread: numbers,
    })
    .nullable(),
  /** `[layer, coefficient]`; what the reference of the stream has otherwise than the twin. */
  correction: numbers,
  /** Of each range of energy, of shares times √(E / GeV): the lower triangle of the inverse of their covariance, row by row. */
  precision: z.array(numbers).min(1).readonly(),
  /** Conditions that residuals have the spread of; the precision is that of the nominal ones. */
  around: numbers,
});

/** See {@link ExpectationSchema}. */
export type ExpectationDocument = z.infer<typeof ExpectationSchema>;

/** Whether its lists have the lengths that go with its number of layers. */
export function hasRightLengths(
  { layers, mean, absorber, correction, precision, around }: ExpectationDocument,
  conditions: number,
): boolean {
  const functions = [mean, correction, ...(absorber ? [absorber.linear, absorber.quadratic] : [])];
  return (
    around.length === conditions &&
    (!absorber || absorber.spread.length === precision.length * layers) &&
    functions.every(({ length }) => length === layers * COEFFICIENTS) &&
    precision.every(({ length }) => length === (layers * (layers + 1)) / 2)
  );
}
