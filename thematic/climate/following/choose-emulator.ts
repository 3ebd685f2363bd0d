import { InvalidArgumentError } from "../../../core/index.ts";
import { ClimateEmulator } from "./emulator.ts";
import { type EmulatorFitOptions, fitField } from "./fit-emulator.ts";
import { propagate } from "./linear-inverse-model.ts";
import type { FieldSeries } from "./read-field.ts";
import { departuresOf } from "./reference-forecasts.ts";

/** Settings of an emulator that may be chosen. */
export type EmulatorCandidate = Pick<EmulatorFitOptions, "coupled" | "lag">;

/** A candidate and what it scored. */
export interface ScoredCandidate {
  readonly candidate: EmulatorCandidate;
  /**
   * Mean over leads of the squared error of forecasts from the whole field, over that of the climatology, in years that were not fitted to;
   * `undefined` where it could not be fitted.
   */
  readonly score: number | undefined;
  readonly why?: string;
}

/**
 * Tries candidates by cross-validation: each group of years is forecast by an emulator that was fitted to the others.
 *
 * @returns All candidates, the best first.
 * @throws `TWIN_INVALID_ARGUMENT` for fewer years than folds, or where no candidate can be fitted.
 */
export async function crossValidateEmulators(
  field: FieldSeries,
  {
    candidates,
    leads = 5,
    ...options
  }: {
    readonly years: readonly number[];
    readonly candidates: readonly EmulatorCandidate[];
    /** Groups that years fall into, in their order. */
    readonly folds: number;
    readonly leads?: number;
    readonly explained?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly ScoredCandidate[]> {
  const { years, folds } = options;
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= years.length)) {
    throw new InvalidArgumentError(
      `${years.length} years cannot be taken in ${folds} groups of one or more, two at least.`,
    );
  }
  const scored: ScoredCandidate[] = [];
  for (const candidate of candidates) {
    let sum = 0;
    try {
      for (let fold = 0; fold < folds; fold++) {
        options.signal?.throwIfAborted();
        const held = years.filter((_, i) => Math.floor((i * folds) / years.length) === fold);
        const fitted = years.filter((year) => !held.includes(year));
        const document = await fitField(field, { ...candidate, ...options, years: fitted });
        sum += relativeError(field, new ClimateEmulator(document), { years: held, leads }) / folds;
      }
      scored.push({ candidate, score: sum });
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      scored.push({ candidate, score: undefined, why: error.message });
    }
  }
  scored.sort((a, b) => (a.score ?? Number.POSITIVE_INFINITY) - (b.score ?? Number.POSITIVE_INFINITY));
  if (scored[0]?.score === undefined) {
    throw new InvalidArgumentError(`None of the candidates can be fitted. ${scored[0]?.why ?? "There are none."}`);
  }
  return scored;
}

/** Of forecasts of the mean from the whole field, against the climatology of the same emulator. */
function relativeError(
  field: FieldSeries,
  emulator: ClimateEmulator,
  { years, leads }: { readonly years: readonly number[]; readonly leads: number },
): number {
  const { places } = emulator;
  const departures = departuresOf(field, emulator);
  const { weights } = emulator.document.grid;
  const isHeld = (i: number): boolean => years.includes(field.axis.year[i] as number);
  const [errors, totals] = [new Float64Array(leads), new Float64Array(leads)];
  for (let i = 0; i + leads < field.steps.length; i++) {
    const isRun = (field.steps[i + leads] as number) - (field.steps[i] as number) === leads;
    if (!isHeld(i) || !isHeld(i + leads) || !isRun) continue;
    let state = emulator.componentsOf(departures, i * places);
    for (let lead = 1; lead <= leads; lead++) {
      state = propagate(emulator.over(1), state);
      const said = emulator.departure(state);
      const { spread } = emulator.cycle(field.steps[i + lead] as number);
      for (let p = 0; p < places; p++) {
        const truth = departures[(i + lead) * places + p] as number;
        const weight = ((weights[p] as number) * (spread[p] as number)) ** 2;
        errors[lead - 1] = (errors[lead - 1] as number) + weight * ((said[p] as number) - truth) ** 2;
        totals[lead - 1] = (totals[lead - 1] as number) + weight * truth * truth;
      }
    }
  }
  return errors.reduce((sum, error, i) => sum + error / (totals[i] as number), 0) / leads;
}
