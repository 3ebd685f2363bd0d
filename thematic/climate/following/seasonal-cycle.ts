import { InvalidArgumentError, solveSymmetric } from "../../../core/index.ts";

/** A smooth function of the time of year at each place: a mean and some harmonics. */
export interface SeasonalCycle {
  readonly harmonics: number;
  readonly places: number;
  /** `[place, 1 + 2 harmonics]`: mean, cos 1, sin 1, cos 2, … */
  readonly coefficients: readonly number[];
}

/** 1, cos 2πφ, sin 2πφ, cos 4πφ, … of a phase in 0 to 1. */
function basisAt(phase: number, harmonics: number): Float64Array {
  const basis = new Float64Array(1 + 2 * harmonics);
  basis[0] = 1;
  for (let k = 1; k <= harmonics; k++) {
    basis[2 * k - 1] = Math.cos(2 * Math.PI * k * phase);
    basis[2 * k] = Math.sin(2 * Math.PI * k * phase);
  }
  return basis;
}

/**
 * Fits a cycle by least squares.
 *
 * @param values - `[sample, place]` row-major, finite.
 * @param phases - Time of year of each sample, 0 to 1.
 */
export function fitCycle(values: Float64Array, phases: Float64Array, harmonics: number): SeasonalCycle {
  const samples = phases.length;
  const places = values.length / samples;
  const size = 1 + 2 * harmonics;
  const normal = new Float64Array(size * size);
  const right = new Float64Array(places * size);
  phases.forEach((phase, sample) => {
    const basis = basisAt(phase, harmonics);
    for (let i = 0; i < size; i++) {
      const b = basis[i] as number;
      for (let j = 0; j < size; j++) normal[i * size + j] = (normal[i * size + j] as number) + b * (basis[j] as number);
      for (let p = 0; p < places; p++) {
        right[p * size + i] = (right[p * size + i] as number) + b * (values[sample * places + p] as number);
      }
    }
  });
  const coefficients: number[] = [];
  for (let p = 0; p < places; p++) {
    const solved = solveSymmetric(normal, right.subarray(p * size, (p + 1) * size));
    if (!solved) {
      throw new InvalidArgumentError(
        `${samples} steps do not tell ${harmonics} harmonics of the year; give whole years, or fewer harmonics.`,
      );
    }
    coefficients.push(...solved);
  }
  return { harmonics, places, coefficients };
}

/** The cycle at a phase, `[place]`. */
export function cycleAt({ harmonics, places, coefficients }: SeasonalCycle, phase: number): Float64Array {
  const basis = basisAt(phase, harmonics);
  const size = basis.length;
  return Float64Array.from({ length: places }, (_, p) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (basis[i] as number) * (coefficients[p * size + i] as number);
    return sum;
  });
}
