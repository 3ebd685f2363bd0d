import type { EffectiveMedium } from "../geometry/effective-medium.ts";
import type { GflashConstants } from "./constants.ts";

/** Sampling resolution c, √GeV, the value in GFLASH's sampling tuning. */
const RESOLUTION = 0.11;

/**
 * GFLASH's published parametrisation of sampling calorimeters for one medium.
 *
 * Energy response is 1: as in Geant4's implementation, spots carry the energy of the shower, not the visible part of it.
 *
 * @see G. Grindhammer, S. Peters, "The parameterized simulation of electromagnetic showers in homogeneous and sampling
 *   calorimeters", hep-ex/0001020; numbers as in Geant4's `GFlashSamplingShowerTuning` and `GFlashHomoShowerTuning`.
 *   Deviations from Geant4: Ec from X0 in g/cm² (Geant4 passes mm), the sampling spot numbers (Geant4's sampling class
 *   reads the homogeneous ones), energies from the sampling (a, b) (Geant4 integrates with the homogeneous ones).
 */
export function publishedConstants(medium: EffectiveMedium): GflashConstants {
  const { Z, samplingFrequency: frequency, eToMip } = medium;
  const invisible = 1 - eToMip;
  const shapeSlope = 0.458 + 2.26 / Z;
  const spotMaximum = 0.813 + 0.0019 * Z;
  const spotShape = 0.844 + 0.0026 * Z;
  return {
    longitudinal: {
      maximum: [-0.812 - 0.55 / frequency - 0.69 * invisible, 1],
      shape: [0.81 - 0.476 / frequency, shapeSlope],
      sigmaLnT: [-2.5, 1.25],
      sigmaLnA: [-0.82, 0.79],
      correlation: [0.784, -0.023],
      origin: [0, 0],
    },
    radial: {
      core: [0.0251 - 0.0203 * invisible, 0.00319, 0.1162 - 0.000381 * Z, 0.0397 / frequency],
      tail: [0.659 - 0.00309 * Z, 0.645, -2.59, 0.3585, 0.0412, -0.14 * invisible, -0.495 / frequency],
      weight: [
        2.632 - 0.00094 * Z,
        0.401 + 0.00187 * Z,
        1.313,
        -0.0686,
        0.348 * invisible,
        (-0.642 * invisible) / frequency,
      ],
      contained: false,
    },
    sampling: { response: [1, 0], layerResolution: RESOLUTION, crossingShape: null, totalResolution: null },
    spots: {
      count: [10.3 / RESOLUTION, 0.959],
      maximum: [-0.812 * spotMaximum, spotMaximum],
      shape: [0.81 * spotShape, shapeSlope * spotShape],
      energyShape: null,
    },
  };
}
