import { type Expectation, type Features, RunningCovariance } from "../../../core/index.ts";

/** Events, and what is expected of them. */
export interface FitData {
  readonly expectation: Expectation;
  readonly features: Features;
}

/** What events say of all conditions, at one place; small, whatever the number of events. */
export interface Linearisation {
  readonly conditions: Float64Array;
  readonly events: number;
  /** Sum over events, `[condition]`. */
  readonly score: Float64Array;
  /** `[condition, condition]`. */
  readonly information: Float64Array;
  /** Sum over events. */
  readonly deviance: number;
}

export function linearise({ expectation, features }: FitData, conditions: Float64Array): Linearisation {
  return {
    conditions,
    events: features.count,
    score: sumOfRows(expectation.scores(features, conditions), conditions.length),
    information: expectation.information(features, conditions),
    deviance: sum(expectation.deviance(features, conditions)),
  };
}

/**
 * Covariance of the sum of scores, from their spread: V of White's H⁻¹ V H⁻¹. That of the reference adds to it: it is as
 * many events, scores of which were made to be 0 on average.
 *
 * @returns `[condition, condition]` row-major.
 * @see H. White, "Maximum likelihood estimation of misspecified models", Econometrica 50 (1982) 1.
 */
export function scoreSpread(
  { expectation, features }: FitData,
  conditions: Float64Array,
  referenceEvents: number,
): Float64Array {
  const rows = expectation.scores(features, conditions);
  const [size, events] = [conditions.length, features.count];
  const covariance = new RunningCovariance(size);
  for (let event = 0; event < events; event++) covariance.add(rows, event * size);
  const factor = events * (1 + events / referenceEvents);
  return covariance.result().covariance.map((value) => value * factor);
}

export function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}

function sumOfRows(rows: Float64Array, columns: number): Float64Array {
  const total = new Float64Array(columns);
  for (let at = 0; at < rows.length; ) {
    for (let column = 0; column < columns; column++, at++) {
      total[column] = (total[column] as number) + (rows[at] as number);
    }
  }
  return total;
}
