import { z } from "zod";

const number = z.number();
const line = z.tuple([number, number]).describe("[intercept, slope] in ln y.");

/**
 * Every number of the GFLASH formulas for one stack, in the form in which they are evaluated; y = E/Ec, depths in
 * radiation lengths, radii in Molière radii, energies in GeV. `published.ts` computes them from the material,
 * `constants/*.json` holds fitted ones.
 */
export const GflashConstants = z.strictObject({
  longitudinal: z.strictObject({
    maximum: line.describe("Depth of the maximum, exp<ln T>."),
    shape: line.describe("Shape of the gamma distribution, exp<ln a>."),
    sigmaLnT: line.describe("σ(ln T) = 1 / (intercept + slope ln y)."),
    sigmaLnA: line.describe("σ(ln a) = 1 / (intercept + slope ln y)."),
    correlation: line.describe("ρ(ln T, ln a)."),
    origin: line.describe("Depth at which the gamma distribution starts; 0 is the front face."),
  }),
  radial: z.strictObject({
    core: z.tuple([number, number, number, number]).describe("Rc = c0 + c1 ln E + c2 τ + c3 e^-τ."),
    tail: z
      .tuple([number, number, number, number, number, number, number])
      .describe("Rt = k0 (e^(k2 (τ - k1)) + e^((k3 + k4 ln E)(τ - k1))) + k5 + k6 e^-τ."),
    weight: z
      .tuple([number, number, number, number, number, number])
      .describe("p = p0 exp(u - e^u) + p4 + p5 e^-(τ-1)², u = (p1 - τ) / (p2 + p3 ln E)."),
    contained: z
      .boolean()
      .describe("true: radii are drawn within the outermost ring; false: what lies beyond is lost."),
  }),
  sampling: z.strictObject({
    response: line.describe("Mean visible over incident energy, linear in ln y, before leakage."),
    layerResolution: number
      .positive()
      .describe("c of the gamma distribution of a layer's energy, variance c² E_l, √GeV."),
    crossingShape: number
      .positive()
      .nullable()
      .describe(
        "Where set, a layer's energy is a Poisson number of crossings of gamma-distributed energy of this shape, with the same mean and variance, so that it may be 0; null: one gamma distribution.",
      ),
    totalResolution: number
      .positive()
      .nullable()
      .describe("Where set, the sum of all layers is drawn with variance c² E, √GeV, and the layers are scaled to it."),
  }),
  spots: z.strictObject({
    count: z.tuple([number, number]).describe("N = n0 E^n1."),
    maximum: line.describe("Depth of the maximum of the spots' gamma distribution."),
    shape: line.describe("Its shape."),
    energyShape: number
      .positive()
      .nullable()
      .describe("Shape of the gamma distribution of a spot's energy; null: equal energies."),
  }),
});

/** See the schema of the same name. */
export type GflashConstants = z.infer<typeof GflashConstants>;
