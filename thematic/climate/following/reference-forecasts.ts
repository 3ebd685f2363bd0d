import type { ClimateEmulator } from "./emulator.ts";
import type { FieldSeries } from "./read-field.ts";

/** Departures of a field from the emulator's yearly cycle, in its standard deviations, `[sample, place]`. */
export function departuresOf(field: FieldSeries, emulator: ClimateEmulator): Float64Array {
  const { places } = emulator;
  const result = new Float64Array(field.values.length);
  field.steps.forEach((step, i) => {
    const { mean, spread } = emulator.cycle(step);
    for (let p = 0; p < places; p++) {
      result[i * places + p] = ((field.values[i * places + p] as number) - (mean[p] as number)) / (spread[p] as number);
    }
  });
  return result;
}

/** Departure of values at a step from the emulator's yearly cycle, in its standard deviations, `[place]`. */
export function departureOf(emulator: ClimateEmulator, step: number, values: Float64Array): Float64Array {
  const { mean, spread } = emulator.cycle(step);
  return values.map((value, p) => (value - (mean[p] as number)) / (spread[p] as number));
}

/**
 * Correlation of departures with those some steps before, by place, in some years: what damped persistence multiplies with. The honest
 * reference: an autoregression of first order at each place, fitted for each lead by itself.
 *
 * @returns `[lead, place]`, leads from 1.
 */
export function leadCorrelations(
  field: FieldSeries,
  {
    departures,
    years,
    leads,
  }: { readonly departures: Float64Array; readonly years: readonly number[]; readonly leads: number },
): Float64Array {
  const places = field.places.length;
  const used = field.axis.year.map((year) => (years.includes(year) ? 1 : 0));
  const result = new Float64Array(leads * places);
  for (let lead = 1; lead <= leads; lead++) {
    for (let p = 0; p < places; p++) {
      let [product, before, after] = [0, 0, 0];
      for (let i = lead; i < used.length; i++) {
        const isPair =
          used[i] && used[i - lead] && (field.steps[i] as number) - (field.steps[i - lead] as number) === lead;
        if (!isPair) continue;
        const [now, then] = [departures[i * places + p] as number, departures[(i - lead) * places + p] as number];
        product += now * then;
        before += then * then;
        after += now * now;
      }
      result[(lead - 1) * places + p] = product / Math.sqrt(before * after);
    }
  }
  return result;
}
