import { InvalidArgumentError, type NdArray, seedOf } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { type ResponseOptions, responseConditions } from "./conditions.ts";
import { ShowerResponse } from "./shower-response.ts";

/** Whose response, and of which events. */
export interface ApplyResponseOptions {
  readonly geometry: CalorimeterGeometry;
  /** Identity of each shower, `[event]`: with the seed it decides on the noise of hot cells. */
  readonly eventIds: BigInt64Array;
  /** 0 to 2^64 - 1: one for all showers, or one for each, `[event]`. */
  readonly seed: bigint | BigUint64Array;
}

/**
 * Applies response conditions to showers **in place**, in this order: gain and temperature of the layer, noise of hot cells, dead
 * cells, threshold. In double precision, rounded once to float32, so conditions that change nothing leave every bit as it is.
 *
 * Gains and temperature can be undone by conditions with the inverse factors, within rounding (2⁻²³). Hot and dead cells
 * and the threshold cannot: keep a copy.
 *
 * @param showers - True energies, MeV, `[event, layer, alpha, r]`, contiguous.
 * @returns The same array.
 * @throws `TWIN_RESPONSE_INVALID`; `TWIN_INVALID_ARGUMENT` for showers of another shape, or not one id for each. Nothing is
 *   changed then.
 */
export function applyResponse(
  showers: NdArray<"float32">,
  conditions: ResponseOptions,
  { geometry, eventIds, seed }: ApplyResponseOptions,
): NdArray<"float32"> {
  const checked = responseConditions(conditions, geometry);
  const [count = 0, ...shape] = showers.shape;
  if (String(shape) !== String(geometry.shape) || !showers.isContiguous) {
    throw new InvalidArgumentError(
      `Showers of geometry "${geometry.name}" are contiguous arrays [event, ${geometry.shape.join(", ")}]; got [${showers.shape.join(", ")}]${showers.isContiguous ? "" : ", a view with gaps: copy it first"}.`,
    );
  }
  if (eventIds.length !== count || (typeof seed !== "bigint" && seed.length !== count)) {
    throw new InvalidArgumentError(
      `${count} showers, but ${eventIds.length} event ids and ${typeof seed === "bigint" ? "one seed" : `${seed.length} seeds`}; give an id for each, and a seed for all or for each.`,
    );
  }
  const response = new ShowerResponse(geometry);
  const values = showers.values();
  const width = geometry.shape.reduce((product, length) => product * length, 1);
  for (let event = 0; event < count; event++) {
    const shower = values.subarray(event * width, (event + 1) * width);
    response.apply(shower, checked, { id: eventIds[event] as bigint, seed: seedOf({ seed }, event) });
  }
  return showers;
}
