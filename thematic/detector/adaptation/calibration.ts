import { z } from "zod";
import { checkSchema, InvalidArgumentError, type JsonValue } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import type { ResponseConditions } from "../response/conditions.ts";
import { COMMON_GAIN, type DetectorConditions, FIRST_LAYER, PER_KELVIN } from "./detector-conditions.ts";

/** What is known of a detector's conditions, as plain JSON: what `calibration()` of an adaptable detector gives. */
export interface DetectorCalibration {
  readonly schemaVersion: 1;
  /** Name of the geometry. */
  readonly geometry: string;
  /** What `withResponse({ conditions })` takes: a gain for each layer, and its relative change per kelvin, 1/K. */
  readonly response: Pick<ResponseConditions, "schemaVersion" | "gains" | "referenceTemperatureC"> & {
    readonly responsePerKelvin: number;
  };
  /** Thickness of the absorber in each stack, mm; absent where the twin's generator does not know it. */
  readonly absorberMm?: number;
}

const CalibrationSchema = z.strictObject({
  schemaVersion: z.literal(1),
  geometry: z.string(),
  response: z.strictObject({
    schemaVersion: z.literal(1),
    gains: z.array(z.number()).readonly(),
    referenceTemperatureC: z.number(),
    responsePerKelvin: z.number(),
  }),
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
  }: {
    readonly layout: DetectorConditions;
    readonly geometry: CalorimeterGeometry;
    readonly referenceTemperatureC: number;
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
    response: { schemaVersion: 1, gains, referenceTemperatureC, responsePerKelvin },
    ...(layout.absorber !== undefined && { absorberMm: conditions[layout.absorber] as number }),
  };
}
