import type { ClimateEmulator } from "./emulator.ts";
import { Follower } from "./follower.ts";
import type { FollowerOptions } from "./follower-options.ts";
import { observeField } from "./observe-field.ts";
import type { FieldSeries } from "./read-field.ts";
import { departureOf, departuresOf } from "./reference-forecasts.ts";
import type { StationNetwork } from "./stations.ts";

/**
 * Regression, at each place and lead by itself, of the true departure on the one that was analysed so many steps before, in years
 * that are followed as in a twin experiment. Damped persistence with these coefficients knows what the follower knows: the same analyses, and
 * the same years of the true field to be fitted to.
 *
 * @returns `[lead, place]`, leads from 1; 0 where nothing was ever analysed but the yearly cycle.
 */
export function analysisRegression(
  field: FieldSeries,
  options: FollowerOptions & {
    readonly emulator: ClimateEmulator;
    readonly network: StationNetwork;
    readonly years: readonly number[];
    readonly leads: number;
    /** Analyses at the beginning that are left out; 30 by default. */
    readonly spinUp?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Float64Array {
  const { emulator, network, years, leads, spinUp = 30, signal, seed } = options;
  const { places } = emulator;
  const departures = departuresOf(field, emulator);
  const sampleOf = new Map(Array.from(field.steps, (step, i) => [step, i]));
  const products = new Float64Array(leads * places);
  const squares = new Float64Array(leads * places);
  const follower = new Follower(emulator, network, options);
  let analyses = 0;
  for (const event of observeField(field, { network, years, seed })) {
    signal?.throwIfAborted();
    for (const { step, mean } of follower.take(event).analyses) {
      if (analyses++ < spinUp) continue;
      const analysed = departureOf(emulator, step, mean);
      for (let lead = 1; lead <= leads; lead++) {
        const then = sampleOf.get(step + lead);
        if (then === undefined || !years.includes(field.axis.year[then] as number)) continue;
        for (let p = 0; p < places; p++) {
          const at = (lead - 1) * places + p;
          const own = analysed[p] as number;
          products[at] = (products[at] as number) + own * (departures[then * places + p] as number);
          squares[at] = (squares[at] as number) + own * own;
        }
      }
    }
  }
  return products.map((product, at) => ((squares[at] as number) > 0 ? product / (squares[at] as number) : 0));
}
