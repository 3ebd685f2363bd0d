import type { GeneratedBatch, GenerateRequest, NdArray } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { applyResponse } from "./apply-response.ts";
import type { ResponseOptions } from "./conditions.ts";

/** Batches of true showers, `showers` in MeV, as they are read out under these conditions. In place: batches are the caller's own. */
export async function* readOut(
  batches: AsyncIterable<GeneratedBatch>,
  { eventIds, seed }: GenerateRequest,
  { geometry, response }: { readonly geometry: CalorimeterGeometry; readonly response: ResponseOptions },
): AsyncGenerator<GeneratedBatch> {
  for await (const batch of batches) {
    const stop = batch.start + batch.count;
    const showers = applyResponse((batch.arrays["showers"] as NdArray<"float32">).contiguous(), response, {
      geometry,
      eventIds: eventIds.subarray(batch.start, stop),
      seed: typeof seed === "bigint" ? seed : seed.subarray(batch.start, stop),
    });
    yield { ...batch, arrays: { ...batch.arrays, showers } };
  }
}
