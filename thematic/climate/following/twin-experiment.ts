import { ensembleCrps, InvalidArgumentError, normalCrps, rankHistogram } from "../../../core/index.ts";
import type { ClimateEmulator } from "./emulator.ts";
import { Follower } from "./follower.ts";
import type { FollowerOptions } from "./follower-options.ts";
import { type LeadSkill, SUMS, skillOf } from "./lead-skill.ts";
import { observeField } from "./observe-field.ts";
import type { FieldSeries } from "./read-field.ts";
import { departureOf, departuresOf, leadCorrelations } from "./reference-forecasts.ts";
import type { StationNetwork } from "./stations.ts";

/** How a twin experiment is made. */
export interface TwinExperimentOptions extends FollowerOptions {
  readonly emulator: ClimateEmulator;
  /** Where values of the field are measured, with errors drawn from the stations'. */
  readonly network: StationNetwork;
  /** Years that are followed, and verified. */
  readonly years: readonly number[];
  /** Years that the correlations of damped persistence come from; those of the emulator by default. */
  readonly referenceYears?: readonly number[] | undefined;
  /**
   * `[lead, place]`: what damped persistence of the analysis multiplies with, as from {@link analysisRegression}; by default the correlations
   * that damped persistence of the true field has.
   */
  readonly analysisDamping?: Float64Array | undefined;
  /** Steps ahead that are verified; 15 by default. */
  readonly leads?: number | undefined;
  /** Which places are verified: all (default), or those without a station. */
  readonly verified?: "all" | "unobserved" | undefined;
  /** Steps between forecasts that are verified; 1 by default. */
  readonly every?: number | undefined;
  /** Steps at the beginning that are not verified: the ensemble finds the field. 30 by default. */
  readonly spinUp?: number | undefined;
  readonly resamplings?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a twin experiment found. */
export interface TwinExperiment {
  readonly forecasts: number;
  readonly blocks: number;
  /** RMSE of the analyses, over the places that are verified. */
  readonly analysisRmse: number;
  readonly counts: Follower["counts"];
  readonly leads: readonly LeadSkill[];
}

/**
 * Follows a field by noisy values of itself at some places, forecasts from every analysis, and verifies the whole field: a twin
 * experiment. Real stations have errors that depend on each other, and measure no mean of a cell: skill with them is lower.
 *
 * @throws `TWIN_INVALID_ARGUMENT` where the years give fewer than two seasons of forecasts.
 */
export async function twinExperiment(field: FieldSeries, options: TwinExperimentOptions): Promise<TwinExperiment> {
  const { emulator, network, years, leads = 15, every = 1, spinUp = 30, signal, seed, resamplings = 1000 } = options;
  const { places } = emulator;
  const follower = new Follower(emulator, network, options);
  const departures = departuresOf(field, emulator);
  const correlations = leadCorrelations(field, {
    ...{ departures, leads, years: options.referenceYears ?? emulator.document.data.years },
  });
  const { analysisDamping = correlations } = options;
  if (analysisDamping.length !== leads * places) {
    throw new InvalidArgumentError(
      `\`analysisDamping\` has ${analysisDamping.length} values; ${leads} leads of ${places} places have ${leads * places}.`,
    );
  }
  const weights = Float64Array.from(emulator.document.grid.weights, (weight) => weight * weight);
  if (options.verified === "unobserved") for (const place of network.places) weights[place] = 0;
  const sampleOf = new Map(Array.from(field.steps, (step, i) => [step, i]));
  const blocks = new Map<string, Float64Array[]>();
  const ranked: { members: number[][]; truths: number[] }[] = Array.from({ length: leads }, () => ({
    members: [],
    truths: [],
  }));
  let [forecasts, analyses, analysisError, analysisWeight] = [0, 0, 0, 0];
  for (const event of observeField(field, { network, years, seed })) {
    signal?.throwIfAborted();
    for (const analysis of follower.take(event).analyses) {
      if (analyses++ < spinUp || analyses % every !== 0) continue;
      const now = sampleOf.get(analysis.step) as number;
      const later = sampleOf.get(analysis.step + leads);
      for (let p = 0; p < places; p++) {
        const error = (analysis.mean[p] as number) - (field.values[now * places + p] as number);
        analysisError += (weights[p] as number) * error * error;
        analysisWeight += weights[p] as number;
      }
      if (later !== now + leads || !years.includes(field.axis.year[later] as number)) continue;
      const block = blockOf(blocks, `${field.axis.year[now]}/${Math.floor(4 * (field.phases[now] as number))}`, leads);
      const forecast = follower.forecast(leads);
      const analysed = departureOf(emulator, analysis.step, analysis.mean);
      for (let lead = 1; lead <= leads; lead++) {
        const then = now + lead;
        const { mean: cycle, spread } = emulator.cycle(analysis.step + lead);
        const sums = block[lead - 1] as Float64Array;
        const add = (which: number, value: number): void => {
          sums[which] = (sums[which] as number) + value;
        };
        for (let p = 0; p < places; p++) {
          const weight = weights[p] as number;
          if (weight === 0) continue;
          const [clim, scale] = [cycle[p] as number, spread[p] as number];
          const truth = (field.values[then * places + p] as number) - clim;
          const predicted = (forecast.mean[(lead - 1) * places + p] as number) - clim;
          const r = correlations[(lead - 1) * places + p] as number;
          const own = (emulator.cycle(analysis.step).spread[p] as number) * (departures[now * places + p] as number);
          const damped = scale * r * (departures[now * places + p] as number);
          const ownAnalysed = (emulator.cycle(analysis.step).spread[p] as number) * (analysed[p] as number);
          const dampedAnalysed = scale * (analysisDamping[(lead - 1) * places + p] as number) * (analysed[p] as number);
          add(SUMS.weight, weight);
          add(SUMS.error, weight * (predicted - truth) ** 2);
          [own, damped, 0, ownAnalysed, dampedAnalysed].forEach((value, i) => {
            add(SUMS.references + i, weight * (value - truth) ** 2);
          });
          add(SUMS.forecastSquare, weight * predicted * predicted);
          add(SUMS.truthSquare, weight * truth * truth);
          add(SUMS.product, weight * predicted * truth);
          add(SUMS.persistenceSquare, weight * own * own);
          add(SUMS.persistenceProduct, weight * own * truth);
          add(SUMS.dampedSquare, weight * damped * damped);
          add(SUMS.dampedProduct, weight * damped * truth);
          const from = ((lead - 1) * places + p) * follower.members;
          const members = forecast.members.subarray(from, from + follower.members);
          add(SUMS.crps, weight * ensembleCrps(members, truth + clim, { fair: true }));
          add(SUMS.crpsPersistence, weight * Math.abs(own - truth));
          const left = scale * Math.sqrt(Math.max(0, 1 - r * r));
          add(SUMS.crpsDamped, weight * normalCrps({ mean: damped, standardDeviation: left }, truth));
          add(SUMS.crpsClimatology, weight * normalCrps({ mean: 0, standardDeviation: scale }, truth));
          add(SUMS.variance, weight * varianceOf(members));
          if (forecasts % 10 === 0 && p === Math.floor(forecasts / 10) % places) {
            const cases = ranked[lead - 1] as (typeof ranked)[number];
            cases.members.push([...members]);
            cases.truths.push(truth + clim);
          }
        }
      }
      forecasts++;
    }
  }
  if (blocks.size < 2) {
    throw new InvalidArgumentError(
      `${forecasts} forecasts in ${blocks.size} seasons cannot be verified; follow a year or more.`,
    );
  }
  return {
    ...{ forecasts, blocks: blocks.size, counts: follower.counts },
    analysisRmse: Math.sqrt(analysisError / analysisWeight),
    leads: ranked.map(({ members, truths }, i) => ({
      ...skillOf(
        [...blocks.values()].map((block) => block[i] as Float64Array),
        { lead: i + 1, seed, resamplings },
      ),
      ranks: rankHistogram(members.flat(), truths, { seed }),
    })),
  };
}

function blockOf(blocks: Map<string, Float64Array[]>, name: string, leads: number): Float64Array[] {
  let found = blocks.get(name);
  if (!found) {
    found = Array.from({ length: leads }, () => new Float64Array(SUMS.length));
    blocks.set(name, found);
  }
  return found;
}

function varianceOf(values: Float64Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return squares / (values.length - 1);
}
