import { type BootstrapInterval, blockBootstrap, type RankHistogram, skillScore } from "../../../core/index.ts";

/** Forecasts that the follower is compared with. They know the whole field without errors, but for the last two. */
export const REFERENCES = [
  "persistence",
  "damped persistence",
  "climatology",
  "persistence of the analysis",
  "damped persistence of the analysis",
] as const;
export type Reference = (typeof REFERENCES)[number];

/** Skill at one lead; intervals are of 95 %, by bootstrap over seasons. */
export interface LeadSkill {
  readonly lead: number;
  /** Root mean square error, area-weighted, in the unit of the field. */
  readonly rmse: BootstrapInterval;
  readonly referenceRmse: Readonly<Record<Reference, number>>;
  /** 1 - RMSE / RMSE of the reference. */
  readonly rmseSkill: Readonly<Record<Reference, BootstrapInterval>>;
  /** Uncentred anomaly correlation, of the follower and of the references that have one. */
  readonly anomalyCorrelation: BootstrapInterval;
  readonly referenceCorrelation: Readonly<Record<"persistence" | "damped persistence", number>>;
  /** Fair, of the ensemble. */
  readonly crps: BootstrapInterval;
  /** 1 - CRPS / CRPS of the reference: persistence (an absolute error), and normal distributions of the other two. */
  readonly crpsSkill: Readonly<Record<"persistence" | "damped persistence" | "climatology", BootstrapInterval>>;
  /** Root mean variance of the ensemble over RMSE of its mean: 1 is right. */
  readonly spreadOverError: number;
  /** Of one place in turn at every tenth forecast. */
  readonly ranks: RankHistogram;
}

/** Sums of a block at one lead: weights, squared errors of the follower and of the references, products, scores, variance. */
export const SUMS = {
  weight: 0,
  error: 1,
  references: 2,
  forecastSquare: 7,
  truthSquare: 8,
  product: 9,
  persistenceSquare: 10,
  persistenceProduct: 11,
  dampedSquare: 12,
  dampedProduct: 13,
  crps: 14,
  crpsPersistence: 15,
  crpsDamped: 16,
  crpsClimatology: 17,
  variance: 18,
  length: 19,
} as const;

/** Skill at a lead from sums of blocks; intervals by drawing blocks. */
export function skillOf(
  blocks: readonly Float64Array[],
  { lead, seed, resamplings }: { readonly lead: number; readonly seed: bigint; readonly resamplings: number },
): Omit<LeadSkill, "ranks"> {
  const total = new Float64Array(SUMS.length);
  for (const block of blocks)
    block.forEach((value, i) => {
      total[i] = (total[i] as number) + value;
    });
  const of = (sums: Float64Array, which: number): number => sums[which] as number;
  const interval = (statistic: (sums: Float64Array) => number): BootstrapInterval =>
    blockBootstrap(blocks, statistic, { seed, resamplings });
  const rms = (sums: Float64Array, which: number): number => Math.sqrt(of(sums, which) / of(sums, SUMS.weight));
  const correlation = (sums: Float64Array, product: number, square: number): number =>
    of(sums, product) / Math.sqrt(of(sums, square) * of(sums, SUMS.truthSquare));
  const named = <T>(value: (which: number) => T): Record<Reference, T> =>
    Object.fromEntries(REFERENCES.map((name, i) => [name, value(SUMS.references + i)])) as Record<Reference, T>;
  const crpss = (which: number): BootstrapInterval =>
    interval((sums) => skillScore(of(sums, SUMS.crps), of(sums, which)));
  return {
    lead,
    rmse: interval((sums) => rms(sums, SUMS.error)),
    referenceRmse: named((which) => rms(total, which)),
    rmseSkill: named((which) => interval((sums) => skillScore(rms(sums, SUMS.error), rms(sums, which)))),
    anomalyCorrelation: interval((sums) => correlation(sums, SUMS.product, SUMS.forecastSquare)),
    referenceCorrelation: {
      persistence: correlation(total, SUMS.persistenceProduct, SUMS.persistenceSquare),
      "damped persistence": correlation(total, SUMS.dampedProduct, SUMS.dampedSquare),
    },
    crps: interval((sums) => of(sums, SUMS.crps) / of(sums, SUMS.weight)),
    crpsSkill: {
      persistence: crpss(SUMS.crpsPersistence),
      "damped persistence": crpss(SUMS.crpsDamped),
      climatology: crpss(SUMS.crpsClimatology),
    },
    spreadOverError: Math.sqrt(of(total, SUMS.variance) / of(total, SUMS.error)),
  };
}
