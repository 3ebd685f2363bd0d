import { TwinError } from "../../core/index.ts";

/**
 * A geometry file cannot be read as what it should be: unknown name, XML that is not CaloChallenge binning, or a
 * material description with a wrong or missing entry. Correct the file that the message names.
 */
export class GeometryInvalidError extends TwinError {
  override readonly name = "GeometryInvalidError";
  override readonly code = "TWIN_GEOMETRY_INVALID";
}

/**
 * A geometry is well formed but of a kind that the calorimeter does not do (layers with different binning). Use a
 * geometry with equal layers.
 */
export class GeometryUnsupportedError extends TwinError {
  override readonly name = "GeometryUnsupportedError";
  override readonly code = "TWIN_GEOMETRY_UNSUPPORTED";
}

/**
 * A dataset does not hold showers of this calorimeter: a variable is missing, has another shape or dtype, or has NaN,
 * infinite or negative energies.
 */
export class ShowersInvalidError extends TwinError {
  override readonly name = "ShowersInvalidError";
  override readonly code = "TWIN_SHOWERS_INVALID";
}

/** A calorimeter was asked to simulate, and the twin has no generator, or one of another voxel layout. */
export class NoSimulatorError extends TwinError {
  override readonly name = "NoSimulatorError";
  override readonly code = "TWIN_NO_SIMULATOR";
}
