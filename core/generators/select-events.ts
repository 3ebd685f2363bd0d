import type { GenerateRequest } from "../contracts/generator.ts";

/** A request for some events of a request, in the order of their indices. */
export function selectEvents(
  { conditions, eventIds, seed, ...rest }: GenerateRequest,
  events: Int32Array,
): GenerateRequest {
  return {
    ...rest,
    conditions: Object.fromEntries(
      Object.entries(conditions).map(([name, values]) => [
        name,
        Float64Array.from(events, (event) => values[event] as number),
      ]),
    ),
    eventIds: BigInt64Array.from(events, (event) => eventIds[event] as bigint),
    seed: typeof seed === "bigint" ? seed : BigUint64Array.from(events, (event) => seed[event] as bigint),
  };
}
