import { symmetricEigen } from "../../../core/index.ts";
import type { ClimateEmulator } from "./emulator.ts";
import { combine, identity, inverse, multiply, type Square, trace, transpose } from "./matrices.ts";
import { componentCovariance, type StationModel } from "./station-model.ts";
import type { StationNetwork } from "./stations.ts";

/** Sums of scores of steps so far apart vary by a tenth more than their information says, at most. */
const MOST_EXCESS = 0.1;
const MOST_STEPS = 1000;

/**
 * How many steps events must be apart to be taken as independent: the fewest for which the covariance of a sum of many scores is at
 * most a tenth larger than the information, for every combination of offsets, and for the spread. It follows from the emulator alone.
 */
export function independentSteps(emulator: ClimateEmulator, network: StationNetwork, model: StationModel): number {
  const components = componentCovariance(emulator);
  const look = { components, seen: seenInModes(emulator, network, model), stations: network.stations.length };
  const offsets = model.response.length / look.stations;
  let steps = 1;
  while (steps < MOST_STEPS) {
    const green = greenOf(emulator, steps);
    const excess = Math.max(offsetExcess(emulator, { ...look, offsets, green }), spreadExcess(look, green));
    if (excess <= MOST_EXCESS) break;
    steps++;
  }
  return steps;
}

/** How stations look at modes. */
interface Look {
  /** Hᵀ V⁻¹ H, `[mode, mode]`: H is what modes do at stations, V the covariance there on a day. */
  readonly seen: Square;
  /** C, `[mode, mode]`: covariance of the components. */
  readonly components: Square;
  readonly stations: number;
}

/**
 * Scores of offsets are Aᵀ c and noise, with A = Hᵀ V⁻¹ J and J = H σ. Steps apart, c has the covariance G C, (G G) C, …, which add up to
 * G (1 - G)⁻¹ C; twice the symmetric part of that, in units of the information Jᵀ V⁻¹ J, is what they vary together. The largest
 * eigenvalue.
 */
function offsetExcess(
  { modes: m, deviations }: ClimateEmulator,
  { seen, components, offsets, green }: Look & { readonly offsets: number; readonly green: Square },
): number {
  if (offsets === 0) return 0;
  const sum = multiply(multiply(green, inverse(combine(1, identity(m), -1, green), m), m), components, m);
  const both = multiply(multiply(seen, combine(1, sum, 1, transpose(sum, m)), m), seen, m);
  const scaled = (matrix: Square): Square =>
    Float64Array.from({ length: offsets * offsets }, (_, at) => {
      const [k, l] = [Math.floor(at / offsets), at % offsets];
      return (deviations[k] as number) * (matrix[k * m + l] as number) * (deviations[l] as number);
    });
  const { values, vectors } = symmetricEigen(scaled(seen), offsets);
  const most = Math.max(...values);
  // What no station sees has no scores.
  const roots = vectors.map((value, at) => {
    const own = values[Math.floor(at / offsets)] as number;
    return own > 1e-12 * most ? value / Math.sqrt(own) : 0;
  });
  const whitened = multiply(multiply(roots, scaled(both), offsets), transpose(roots, offsets), offsets);
  return Math.max(...symmetricEigen(whitened, offsets).values);
}

/** Squared distances ρᵀ V⁻¹ ρ have the covariance 2 tr(V⁻¹ Γ V⁻¹ Γᵀ) with Γ = H G C Hᵀ, and on a day twice the number of stations. */
function spreadExcess({ seen, components, stations }: Look, green: Square): number {
  const m = Math.sqrt(seen.length);
  let [lagged, excess, last] = [components, 0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < MOST_STEPS && last > 1e-3 * MOST_EXCESS; i++) {
    lagged = multiply(green, lagged, m);
    last = (2 * trace(multiply(multiply(seen, lagged, m), multiply(seen, transpose(lagged, m), m), m), m)) / stations;
    excess += last;
  }
  return excess;
}

function seenInModes(
  { modes, places, synthesis }: ClimateEmulator,
  network: StationNetwork,
  model: StationModel,
): Square {
  const count = network.stations.length;
  const precision = inverse(model.covariance, count);
  const at = (mode: number, station: number): number =>
    synthesis[mode * places + (network.places[station] as number)] as number;
  const pulled = Float64Array.from({ length: modes * count }, (_, index) => {
    const [mode, s] = [Math.floor(index / count), index % count];
    let sum = 0;
    for (let t = 0; t < count; t++) sum += at(mode, t) * (precision[t * count + s] as number);
    return sum;
  });
  return Float64Array.from({ length: modes * modes }, (_, index) => {
    const [k, l] = [Math.floor(index / modes), index % modes];
    let sum = 0;
    for (let s = 0; s < count; s++) sum += (pulled[k * count + s] as number) * at(l, s);
    return sum;
  });
}

/** G over some steps of all modes, `[mode, mode]`. */
function greenOf(emulator: ClimateEmulator, steps: number): Square {
  const { modes } = emulator;
  const { green, decay } = emulator.over(steps);
  const coupled = modes - decay.length;
  return Float64Array.from({ length: modes * modes }, (_, at) => {
    const [k, l] = [Math.floor(at / modes), at % modes];
    if (k < coupled && l < coupled) return green[k * coupled + l] as number;
    return k === l ? (decay[k - coupled] as number) : 0;
  });
}
