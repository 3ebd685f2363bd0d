import type { Expectation, Features } from "../../../../core/index.ts";
import { inverseOf, product, subMatrix } from "../sub-matrix.ts";
import type { BlockEvidence } from "./drift-filter.ts";

/** Where a block of events is looked at. */
export interface BlockAt {
  readonly expectation: Expectation;
  readonly conditions: Float64Array;
  /** Indices of the tracked conditions. */
  readonly indices: readonly number[];
  /** See {@link overdispersionOf}. */
  readonly overdispersion: number;
}

/** What events say of tracked conditions, at the conditions that they are looked at under. */
export function blockEvidence(
  block: Features,
  { expectation, conditions, indices, overdispersion }: BlockAt,
): Omit<BlockEvidence, "held"> {
  const size = conditions.length;
  const rows = expectation.scores(block, conditions);
  const score = Float64Array.from(indices, (index) => {
    let sum = 0;
    for (let at = index; at < rows.length; at += size) sum += rows[at] as number;
    return sum / overdispersion;
  });
  const information = subMatrix(expectation.information(block, conditions), indices);
  return {
    at: Float64Array.from(indices, (index) => conditions[index] as number),
    score,
    information: information.map((value) => value / overdispersion),
  };
}

/** How much more than their information scores of tracked conditions spread, where conditions are right. */
export function overdispersionOf(
  reference: Features,
  { expectation, conditions, indices }: Omit<BlockAt, "overdispersion">,
): number {
  const size = conditions.length;
  const rows = expectation.scores(reference, conditions);
  const information = expectation.information(reference, conditions);
  const ratios = indices.flatMap((index) => {
    let squares = 0;
    for (let at = index; at < rows.length; at += size) squares += (rows[at] as number) ** 2;
    const ratio = squares / (information[index * size + index] as number);
    // Events may say nothing of one.
    return Number.isFinite(ratio) && ratio > 0 ? [ratio] : [];
  });
  return ratios.length === 0 ? 1 : ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

/** Conditions that were decided to be others since a change. */
export interface DecidedMove {
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** Standard errors, by the index of conditions. */
  readonly errors: ReadonlyMap<number, number>;
  /** Of events since, on all conditions. */
  readonly information: Float64Array;
}

/** By how much a condition is somewhere else, with the standard error of that. */
export interface Shift {
  readonly index: number;
  readonly by: number;
  readonly error: number;
}

/**
 * What conditions with these indices had moved by to explain what they could of a change, and now go back by: to first order,
 * I_TT⁻¹ I_TC of the change. Those that are changed go where they are.
 */
export function shiftsOf(
  { before, after, errors, information }: DecidedMove,
  indices: readonly number[],
): readonly Shift[] {
  const changes = [...after.keys()].flatMap((index): Shift[] => {
    const by = (after[index] as number) - (before[index] as number);
    return by === 0 ? [] : [{ index, by, error: errors.get(index) ?? 0 }];
  });
  const changed = changes.map(({ index }) => index);
  const own = changes.filter(({ index }) => indices.includes(index));
  const others = indices.filter((index) => !changed.includes(index));
  const inverse = inverseOf(subMatrix(information, others));
  if (!inverse || others.length === 0 || changes.length === 0) return own;
  const taken = product(inverse, subMatrix(information, others, changed), others.length);
  const back = others.map((index, i): Shift => {
    let [by, variance] = [0, 0];
    changes.forEach((change, k) => {
      const part = taken[i * changes.length + k] as number;
      by -= part * change.by;
      variance += (part * change.error) ** 2;
    });
    return { index, by, error: Math.sqrt(variance) };
  });
  return [...own, ...back];
}
