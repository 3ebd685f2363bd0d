import { type Adaptable, type Expectation, type Features, solveSymmetric } from "../../../../core/index.ts";

/** What came of moving some conditions and leaving the others. */
export interface Fitted {
  readonly conditions: Float64Array;
  /** Of those that moved, by the information. */
  readonly errors: readonly number[];
  /** By how much the deviance of all events together fell. */
  readonly reduction: number;
}

/** Gauss and Newton's method on scores and information, from the initial conditions. */
export function gaussNewton(
  expectation: Expectation,
  features: Features,
  {
    adaptable,
    free,
    steps = 4,
  }: { readonly adaptable: Adaptable; readonly free: readonly number[]; readonly steps?: number },
): Fitted {
  const size = adaptable.conditions.length;
  const initial = initialOf(adaptable);
  const conditions = initial.slice();
  let errors: readonly number[] = [];
  for (let step = 0; step < steps; step++) {
    const scores = expectation.scores(features, conditions);
    const information = expectation.information(features, conditions);
    const matrix = Float64Array.from(free.flatMap((i) => free.map((j) => information[i * size + j] as number)));
    const gradient = free.map((i) =>
      sumOf(Float64Array.from({ length: features.count }, (_, e) => scores[e * size + i] as number)),
    );
    const move = solveSymmetric(matrix, gradient);
    if (!move) throw new Error(`Conditions ${free} cannot be told apart.`);
    free.forEach((i, k) => {
      conditions[i] = (conditions[i] as number) + (move[k] as number);
    });
    errors = free.map((_, k) =>
      Math.sqrt(
        solveSymmetric(
          matrix,
          free.map((__, m) => Number(m === k)),
        )?.[k] as number,
      ),
    );
  }
  const deviance = (at: Float64Array): number => sumOf(expectation.deviance(features, at));
  return { conditions, errors, reduction: deviance(initial) - deviance(conditions) };
}

export function initialOf({ conditions }: Adaptable): Float64Array {
  return Float64Array.from(conditions, ({ initial }) => initial);
}

/** Index of a condition. */
export function indexOf({ conditions }: Adaptable, name: string): number {
  const index = conditions.findIndex((condition) => condition.name === name);
  if (index < 0) throw new Error(`There is no condition ${name}.`);
  return index;
}

export function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
