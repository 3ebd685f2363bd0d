import type { Cause } from "../../../core/index.ts";
import type { Fitted } from "./fit-conditions.ts";
import { inverseOf, product, subMatrix } from "./sub-matrix.ts";

/**
 * By Rao's score test: the reduction per condition that a fit with the cause would bring, to second order.
 *
 * @see C. R. Rao, Proc. Cambridge Phil. Soc. 44 (1948) 50.
 */
export function promiseOf({ at, free }: Pick<Fitted, "at" | "free">, { conditions }: Cause): number {
  const indices = [...new Set([...free, ...conditions])];
  const inverse = inverseOf(subMatrix(at.information, indices));
  if (!inverse) return 0;
  const score = Float64Array.from(indices, (index) => at.score[index] as number);
  const step = product(inverse, score, indices.length);
  return step.reduce((total, value, i) => total + value * (score[i] as number), 0) / conditions.length;
}

/** The cause that promises most; nothing where none promises anything. */
export function mostWanted(fit: Fitted, causes: readonly Cause[]): Cause | undefined {
  let [wanted, most]: [Cause | undefined, number] = [undefined, 0];
  for (const cause of causes) {
    const gain = promiseOf(fit, cause);
    if (gain > most) [wanted, most] = [cause, gain];
  }
  return wanted;
}

/** tr(H⁻¹V) / conditions, of those that moved: their overdispersion. 1 where all are held by bounds. */
export function meanEigenvalue({ at, free, spread }: Fitted): number {
  const inverse = inverseOf(subMatrix(at.information, free));
  if (!inverse || free.length === 0) return 1;
  const ratio = product(inverse, subMatrix(spread, free), free.length);
  let trace = 0;
  for (let i = 0; i < free.length; i++) trace += ratio[i * free.length + i] as number;
  return trace / free.length;
}
