import { z } from "zod";
import { checkSchema, InvalidArgumentError, type JsonValue } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { type Cell, cell, noise, type ResponseConditions, thresholdMeV } from "../response/conditions.ts";
import { COMMON_GAIN, type DetectorConditions, FIRST_LAYER, PER_KELVIN } from "./detector-conditions.ts";

/** A cell that reads noise. How large its noise is, is not known: the cell is not used. A type: only that is plain JSON. */
export type NoisyCell = {
  readonly cell: Cell;
  /** Probability of noise in an event, above 0 to 1. */
  readonly rate: number;
};

/** What is known of a detector's conditions, as plain JSON: what `calibration()` of an adaptable detector gives. */
export interface DetectorCalibration {
  readonly schemaVersion: 1;
  /** Name of the geometry. */
  readonly geometry: string;
  /** What `withResponse({ conditions })` takes: a gain for each layer, and its relative change per kelvin, 1/K. */
  readonly response: Pick<ResponseConditions, "schemaVersion" | "gains" | "referenceTemperatureC"> & {
    readonly responsePerKelvin: number;
    /** Cells that read nothing, and those whose readings are not to be used; absent where there are none. */
    readonly deadCells?: readonly Cell[];
    /** Readout threshold, MeV; absent where it is that of the geometry, or not above it by more than gains may do. */
    readonly thresholdMeV?: number;
  };
  /** Of the `deadCells` of the response, those that read noise, in so many of the events; absent where there are none. */
  readonly noisyCells?: readonly NoisyCell[];
  /** Thickness of the absorber in each stack, mm; absent where the twin's generator does not know it. */
  readonly absorberMm?: number;
}

/** What faults are in a calibration. */
export interface CalibrationOfFaults {
  readonly response: Pick<DetectorCalibration["response"], "deadCells" | "thresholdMeV">;
  readonly noisyCells?: readonly NoisyCell[];
}

const CalibrationSchema = z.strictObject({
  schemaVersion: z.literal(1),
  geometry: z.string(),
  response: z.strictObject({
    schemaVersion: z.literal(1),
    gains: z.array(z.number()).readonly(),
    referenceTemperatureC: z.number(),
    responsePerKelvin: z.number(),
    deadCells: z.array(cell).readonly().exactOptional(),
    thresholdMeV: thresholdMeV.exactOptional(),
  }),
  noisyCells: z
    .array(z.strictObject({ cell, rate: noise.rate }))
    .readonly()
    .exactOptional(),
  absorberMm: z.number().positive().exactOptional(),
});

/** @throws `TWIN_INVALID_ARGUMENT` for what is no calibration of this geometry. */
export function parseCalibration(value: unknown, geometry: CalorimeterGeometry): DetectorCalibration {
  const checked = checkSchema(CalibrationSchema, value);
  const calibration = checked.problems ? undefined : checked.value;
  if (calibration?.geometry === geometry.name) return calibration;
  const [first] = checked.problems ?? [];
  const why = calibration
    ? `it is one of "${calibration.geometry}"`
    : `${first?.path.join(".") || "it"}: ${first?.message}`;
  throw new InvalidArgumentError(`This is no calibration of a detector of geometry "${geometry.name}": ${why}`);
}

/** Layers that are not looked at have the common gain. */
export function calibrationOf(
  conditions: Float64Array,
  {
    layout,
    geometry,
    referenceTemperatureC,
    faults,
  }: {
    readonly layout: DetectorConditions;
    readonly geometry: CalorimeterGeometry;
    readonly referenceTemperatureC: number;
    readonly faults: CalibrationOfFaults;
  },
): DetectorCalibration & JsonValue {
  const common = conditions[COMMON_GAIN] as number;
  const gains = Array.from({ length: geometry.shape[0] }, (_, layer) =>
    layer < layout.layers ? common * (conditions[FIRST_LAYER + layer] as number) : common,
  );
  const responsePerKelvin = conditions[PER_KELVIN] as number;
  return {
    schemaVersion: 1,
    geometry: geometry.name,
    response: {
      ...{ schemaVersion: 1, gains, referenceTemperatureC, responsePerKelvin },
      ...faults.response,
    },
    ...(faults.noisyCells && { noisyCells: faults.noisyCells }),
    ...(layout.absorber !== undefined && { absorberMm: conditions[layout.absorber] as number }),
  };
}

/**
 * The conditions that gave a calibration, but for rounding; where all layers are looked at, with a common gain of 1.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for one of another twin.
 */
export function conditionsOf(
  { response, absorberMm }: DetectorCalibration,
  {
    geometry,
    referenceTemperatureC,
  }: { readonly geometry: CalorimeterGeometry; readonly referenceTemperatureC: number },
  layout: DetectorConditions,
): Float64Array {
  const { gains, responsePerKelvin } = response;
  const refuse = (what: string): never => {
    throw new InvalidArgumentError(`The calibration cannot be begun with: ${what}.`);
  };
  if (gains.length !== geometry.shape[0])
    refuse(`it has ${gains.length} gains, and there are ${geometry.shape[0]} layers`);
  if (response.referenceTemperatureC !== referenceTemperatureC) {
    refuse(`its gains hold at ${response.referenceTemperatureC} °C, those of the twin at ${referenceTemperatureC} °C`);
  }
  if ((absorberMm === undefined) !== (layout.absorber === undefined)) {
    refuse(
      absorberMm === undefined ? "it has no thickness of the absorber" : "the twin knows no thickness of the absorber",
    );
  }
  const common = gains[layout.layers] ?? 1;
  const conditions = layout.initial();
  conditions[COMMON_GAIN] = common;
  conditions[PER_KELVIN] = responsePerKelvin;
  for (let layer = 0; layer < layout.layers; layer++) {
    conditions[FIRST_LAYER + layer] = (gains[layer] as number) / common;
  }
  if (layout.absorber !== undefined) conditions[layout.absorber] = absorberMm as number;
  // The quotient of a product may be off its bound by a rounding.
  layout.list.forEach(({ min, max }, index) => {
    const value = conditions[index] as number;
    if (Math.abs(value - min) < 1e-12) conditions[index] = Math.max(value, min);
    if (Math.abs(value - max) < 1e-12) conditions[index] = Math.min(value, max);
  });
  return conditions;
}
