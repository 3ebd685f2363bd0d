import { InvalidArgumentError, OutOfDomainError, RandomStream } from "../../../core/index.ts";
import { type CalendarDays, calendarDays } from "./calendar-days.ts";
import { type EmulatorDocument, emulatorDigest } from "./document.ts";
import { spreadAt } from "./fit-emulator.ts";
import { type Propagator, propagate, propagator, stationaryDraw } from "./linear-inverse-model.ts";
import { cycleAt } from "./seasonal-cycle.ts";

/** A climate unlike that of the data: where the mean state has moved to, and by what factor departures from it are wider. */
export interface ClimateShift {
  /** Of the leading modes, in their standard deviations; 0 where there are none. */
  readonly offsets: ArrayLike<number>;
  /** Factor on standard deviations; 1 as in the data. */
  readonly spread: number;
}

export const NO_SHIFT: ClimateShift = { offsets: [], spread: 1 };

/** What the random numbers of an emulator are for. */
export const PURPOSE: { readonly trajectory: number; readonly filter: number; readonly forecast: number } = {
  trajectory: 0x434c_0001,
  filter: 0x434c_0002,
  forecast: 0x434c_0003,
};

/** A fitted emulator, ready to compute: fields of components and back, and components in time. */
export class ClimateEmulator {
  readonly document: EmulatorDocument;
  readonly digest: string;
  readonly days: CalendarDays;
  readonly places: number;
  readonly modes: number;
  /** `[mode, place]`: pattern over weight, so that a field is the sum of components times these. */
  readonly synthesis: Float64Array;
  /** `[mode, place]`: pattern times weight, so that a component is the sum of the field times these. */
  readonly analysis: Float64Array;
  /** `[mode]`: standard deviations of the components. */
  readonly deviations: Float64Array;
  /** `[place]`: standard deviation that the modes leave. */
  readonly residual: Float64Array;
  readonly #propagators: Map<number, Propagator> = new Map();
  readonly #cycles: Map<number, { readonly mean: Float64Array; readonly spread: Float64Array }> = new Map();

  constructor(document: EmulatorDocument) {
    this.document = document;
    this.digest = emulatorDigest(document);
    const { grid, patterns, dynamics, data } = document;
    this.days = calendarDays(data.calendar);
    this.places = grid.places.length;
    this.modes = dynamics.modes;
    const weight = (at: number): number => grid.weights[at % this.places] as number;
    this.synthesis = Float64Array.from(patterns, (value, at) => value / weight(at));
    this.analysis = Float64Array.from(patterns, (value, at) => value * weight(at));
    this.residual = Float64Array.from(document.residual, Math.sqrt);
    const { coupled, covariance, variances } = dynamics;
    this.deviations = Float64Array.from({ length: this.modes }, (_, m) =>
      Math.sqrt((m < coupled ? covariance[m * (coupled + 1)] : variances[m - coupled]) as number),
    );
  }

  get stepDays(): number {
    return this.document.data.stepDays;
  }

  /** Yearly cycle of a step: mean and standard deviation, `[place]`, in the unit of the field. */
  cycle(step: number): { readonly mean: Float64Array; readonly spread: Float64Array } {
    const phase = this.days.phase((step + 0.5) * this.stepDays);
    let found = this.#cycles.get(phase);
    if (!found) {
      if (this.#cycles.size >= 3000) this.#cycles.clear();
      const { mean, variance } = this.document;
      found = { mean: cycleAt(mean, phase), spread: spreadAt(variance, phase) };
      this.#cycles.set(phase, found);
    }
    return found;
  }

  /** The propagator over some steps; `Infinity` for the stationary distribution. */
  over(steps: number): Propagator {
    let found = this.#propagators.get(steps);
    if (!found) {
      const { dynamics } = this.document;
      found =
        steps === Number.POSITIVE_INFINITY ? stationaryDraw(dynamics) : propagator(dynamics, steps * this.stepDays);
      if (this.#propagators.size >= 1000) this.#propagators.clear();
      this.#propagators.set(steps, found);
    }
    return found;
  }

  /** Components of `[member]` states later by so many steps, with noise that depends on (seed, purpose, key, member) alone. */
  propagateAll(
    states: Float64Array,
    steps: number,
    noise: { readonly seed: bigint; readonly purpose: number; readonly key: number },
  ): Float64Array {
    const { modes } = this;
    const over = this.over(steps);
    const stream = new RandomStream({ seed: noise.seed, id: 0n, purpose: noise.purpose });
    const normals = new Float64Array(modes);
    const result = new Float64Array(states.length);
    for (let from = 0, member = 0; from < states.length; from += modes, member++) {
      stream.restart(noiseId(noise.key, member));
      stream.fillNormal(normals);
      result.set(propagate(over, states.subarray(from, from + modes), normals), from);
    }
    return result;
  }

  /** The departure from the yearly cycle in its standard deviations, `[place]`, of one state at `from`. */
  departure(states: Float64Array, from: number = 0): Float64Array {
    const { places, modes, synthesis } = this;
    const result = new Float64Array(places);
    for (let m = 0; m < modes; m++) {
      const component = states[from + m] as number;
      for (let p = 0; p < places; p++)
        result[p] = (result[p] as number) + component * (synthesis[m * places + p] as number);
    }
    return result;
  }

  /** Components of a departure, `[mode]`. */
  componentsOf(departure: Float64Array, from: number = 0): Float64Array {
    const { places, modes, analysis } = this;
    return Float64Array.from({ length: modes }, (_, m) => {
      let sum = 0;
      for (let p = 0; p < places; p++) sum += (departure[from + p] as number) * (analysis[m * places + p] as number);
      return sum;
    });
  }

  /** Where the mean state has moved to, in standard deviations of the yearly cycle, `[place]`. */
  offsetOf({ offsets }: ClimateShift): Float64Array {
    const moved = new Float64Array(this.modes);
    for (let m = 0; m < offsets.length; m++) moved[m] = (offsets[m] as number) * (this.deviations[m] as number);
    return this.departure(moved);
  }

  /** The field of a departure at a step, `[place]`, in its unit. */
  field(departure: Float64Array, step: number, shift: ClimateShift): Float64Array {
    const { mean, spread } = this.cycle(step);
    const offset = this.offsetOf(shift);
    return departure.map(
      (value, p) => (mean[p] as number) + (spread[p] as number) * ((offset[p] as number) + shift.spread * value),
    );
  }

  /** Number of the step that a time is in, nanoseconds since 1970-01-01 in the calendar of the data. */
  stepOf(timeNs: bigint): number {
    const stepNs = BigInt(Math.round(this.stepDays * 86_400e9));
    const step = timeNs / stepNs;
    return Number(timeNs < 0n && step * stepNs !== timeNs ? step - 1n : step);
  }

  /** When a step begins. */
  timeOf(step: number): bigint {
    return BigInt(step) * BigInt(Math.round(this.stepDays * 86_400e9));
  }
}

/** Member counts stay below 2^16, and lags and steps within 2^47. */
export const MOST_MEMBERS: number = 2 ** 16;

function noiseId(key: number, member: number): bigint {
  return BigInt(key) * BigInt(MOST_MEMBERS) + BigInt(member);
}

/** The bounds of what may be adapted: offsets within these standard deviations, spreads within these factors. */
export const SHIFT_BOUNDS: { readonly offset: number; readonly leastSpread: number; readonly mostSpread: number } = {
  offset: 5,
  leastSpread: 0.25,
  mostSpread: 4,
};

/** @throws `TWIN_OUT_OF_DOMAIN`, `TWIN_INVALID_ARGUMENT` */
export function checkShift(shift: ClimateShift, modes: number): void {
  const { offset, leastSpread, mostSpread } = SHIFT_BOUNDS;
  if (shift.offsets.length > modes) {
    throw new InvalidArgumentError(
      `There are offsets of ${shift.offsets.length} modes, and the emulator has ${modes}.`,
    );
  }
  const values = [...Array.from(shift.offsets), shift.spread];
  if (!values.every(Number.isFinite))
    throw new InvalidArgumentError(`A shift of the climate is finite; got ${values}.`);
  values.forEach((value, i) => {
    const isSpread = i === values.length - 1;
    const [min, max] = isSpread ? [leastSpread, mostSpread] : [-offset, offset];
    if (value >= min && value <= max) return;
    const condition = isSpread ? SPREAD_NAME : offsetName(i);
    throw new OutOfDomainError({ what: "The emulator of a climate", condition, value, min, max, unit: "1" });
  });
}

export const SPREAD_NAME = "spread of departures";

export function offsetName(mode: number): string {
  return `offset of mode ${mode}`;
}
