import { type Features, histogram, quantiles, RandomStream, separationPower } from "../../../../core/index.ts";
import { COLUMNS } from "./shower-features.ts";

const FIRST_SHARE = 2;
const LAYERS = COLUMNS - FIRST_SHARE;
/** Each with as many showers of full simulation, so that all are filled. */
const BINS = 20;
/** Of the jackknife. */
const PARTS = 10;
const FLOOR_DRAWS = 10;

/** Energies, MeV, from `min` up to, but without `max`. */
export interface Decade {
  readonly minMeV: number;
  readonly maxMeV: number;
}

/** The shares of layers of the showers in a decade, `[layer][shower]`. */
type Shares = readonly Float64Array[];

function sharesIn({ count, values }: Features, { minMeV, maxMeV }: Decade): Shares {
  const rows = Array.from({ length: count }, (_, i) => i * COLUMNS).filter(
    (row) => (values[row] as number) >= minMeV && (values[row] as number) < maxMeV,
  );
  return Array.from({ length: LAYERS }, (_, layer) =>
    Float64Array.from(rows, (row) => values[row + FIRST_SHARE + layer] as number),
  );
}

/** Separation power of a layer's share of the incident energy, mean over the layers that are looked at. */
function profileSeparation(made: Shares, real: Shares): number {
  let sum = 0;
  real.forEach((values, layer) => {
    const edges = edgesOf(values);
    const [a, b] = [histogram(made[layer] as Float64Array, edges), histogram(values, edges)];
    sum += separationPower(a.counts, b.counts);
  });
  return sum / real.length;
}

/** Quantiles, without those that are equal (layers that many showers do not reach), with nothing outside. */
function edgesOf(values: Float64Array): Float64Array {
  const inner = quantiles(
    values,
    Array.from({ length: BINS - 1 }, (_, i) => (i + 1) / BINS),
  );
  const distinct = [...new Set(inner)].filter((edge) => edge > 0);
  return Float64Array.of(0, ...distinct, Number.MAX_VALUE);
}

/** All but one of so many parts, each of which has every so manieth shower. */
function without(shares: Shares, part: number, parts: number): Shares {
  return shares.map((values) => values.filter((_, i) => i % parts !== part));
}

/**
 * A number, and its standard error by leaving out parts.
 *
 * @see J. W. Tukey, Annals of Mathematical Statistics 29 (1958) 614: the jackknife.
 */
function jackknife(parts: number, numberOf: (leftOut: number | undefined) => number): Estimate {
  const values = Array.from({ length: parts }, (_, part) => numberOf(part));
  const mean = values.reduce((sum, each) => sum + each, 0) / parts;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { value: numberOf(undefined), error: Math.sqrt(((parts - 1) / parts) * squares) };
}

/** Showers of full simulation after a change, and those of a twin that are to be like them. */
export interface Compared {
  readonly real: Features;
  /** The twin as it was before the change; with the cause that was found; with gains only. */
  readonly before: Features;
  readonly adapted: Features;
  readonly gains: Features;
  /** Full simulation without a change: all of it, and as many showers of it as are `real`; and the twin of these. */
  readonly nominal: Features;
  readonly same: Features;
  readonly own: Features;
}

/** With its standard error. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** Separations less their floor, and which part of the gap was closed. */
export interface Recovery {
  readonly decade: string;
  /** Of full simulation from full simulation, with as many showers; already subtracted from the others. */
  readonly floor: number;
  readonly before: Estimate;
  readonly adapted: Estimate;
  readonly gains: Estimate;
  /** Without a change: what the twin has wrong anyway. */
  readonly own: Estimate;
  readonly recovered: Estimate;
  readonly recoveredByGains: Estimate;
}

/** In one decade, mean over folds. */
export function recoveryIn(decade: Decade, folds: readonly Compared[]): Recovery {
  const shares = folds.map((fold) => ({
    real: sharesIn(fold.real, decade),
    before: sharesIn(fold.before, decade),
    adapted: sharesIn(fold.adapted, decade),
    gains: sharesIn(fold.gains, decade),
    same: sharesIn(fold.same, decade),
    own: sharesIn(fold.own, decade),
    nominal: sharesIn(fold.nominal, decade),
  }));
  type Name = "before" | "adapted" | "gains" | "own";
  const floors = shares.map(({ nominal, real, before }) => floorOf(nominal, countOf(before), countOf(real)));
  const excess = (name: Name, leftOut: number | undefined): number => {
    const each = shares.map((fold, i) => {
      const made = fold[name];
      const real = name === "own" ? fold.same : fold.real;
      const floor = floors[i] as number;
      if (leftOut === undefined) return profileSeparation(made, real) - floor;
      // A floor goes as 1/n.
      const fewer = profileSeparation(without(made, leftOut, PARTS), without(real, leftOut, PARTS));
      return fewer - (floor * PARTS) / (PARTS - 1);
    });
    return mean(each);
  };
  const estimate = (name: Name): Estimate => rounded(jackknife(PARTS, (leftOut) => excess(name, leftOut)));
  const recovered = (name: Name): Estimate =>
    rounded(jackknife(PARTS, (leftOut) => 1 - excess(name, leftOut) / excess("before", leftOut)));
  return {
    decade: `${decade.minMeV / 1000} to ${Math.round(decade.maxMeV / 1000)} GeV`,
    floor: Number(mean(floors).toPrecision(3)),
    ...{ before: estimate("before"), adapted: estimate("adapted"), gains: estimate("gains"), own: estimate("own") },
    ...{ recovered: recovered("adapted"), recoveredByGains: recovered("gains") },
  };
}

/** Of samples of one simulation with so many showers, mean over draws; of fewer, where there are not so many. */
function floorOf(all: Shares, made: number, real: number): number {
  const total = countOf(all);
  const fewer = Math.min(made, total - real);
  const order = Float64Array.from({ length: total }, (_, i) => i);
  const random = new RandomStream({ seed: 5n, id: 0n });
  const draws = Array.from({ length: FLOOR_DRAWS }, () => {
    for (let i = total - 1; i > 0; i--) {
      const other = Math.floor(random.uniform() * (i + 1));
      [order[i], order[other]] = [order[other] as number, order[i] as number];
    }
    const some = (from: number, to: number): Shares =>
      all.map((values) => Float64Array.from(order.subarray(from, to), (event) => values[event] as number));
    return profileSeparation(some(0, fewer), some(fewer, fewer + real));
  });
  return (mean(draws) * (1 / made + 1 / real)) / (1 / fewer + 1 / real);
}

function countOf([first]: Shares): number {
  return first?.length ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded({ value, error }: Estimate): Estimate {
  return { value: Number(value.toPrecision(4)), error: Number(error.toPrecision(2)) };
}
