import { setImmediate } from "node:timers/promises";
import { RandomStream } from "../../../core/index.ts";
import type { ShowerFeatures } from "./shower-features.ts";

/** Showers of one set that take part in a comparison. */
export interface ChosenShowers {
  readonly features: ShowerFeatures;
  readonly events: Uint32Array;
}

/** Two sets of showers to compare, and two of the reference's own simulation that say what chance does. */
export interface ComparedSets {
  readonly generated: ChosenShowers;
  readonly reference: ChosenShowers;
  /** Showers of a second reference; without it, the halves of the reference are compared. */
  readonly second?: ChosenShowers | undefined;
  readonly thresholdMeV: number;
}

/** All showers of a comparison under one count: the generated ones first, then the reference, then the second one. */
export interface Pool {
  readonly sources: readonly ChosenShowers[];
  readonly size: number;
  readonly generated: Uint32Array;
  readonly reference: Uint32Array;
  /** Two sets of one simulation. */
  readonly alike: readonly [Uint32Array, Uint32Array];
  /**
   * What equal distributions give falls with the numbers of showers as 1/n₁ + 1/n₂: this brings it from those of `alike`
   * to those compared. The square root of it does so for differences that may have either sign.
   */
  readonly scale: number;
}

/** Puts the showers of a comparison together. */
export function poolOf({ generated, reference, second }: ComparedSets): Pool {
  const sources = second ? [generated, reference, second] : [generated, reference];
  let size = 0;
  const members = sources.map(({ events }) => {
    const from = size;
    size += events.length;
    return Uint32Array.from(events, (_, index) => from + index);
  });
  const [made, real, other] = members as [Uint32Array, Uint32Array, Uint32Array | undefined];
  const half = (parity: number): Uint32Array => real.filter((_, index) => index % 2 === parity);
  const alike: [Uint32Array, Uint32Array] = other ? [other, real] : [half(0), half(1)];
  const perShower = (a: Uint32Array, b: Uint32Array): number => 1 / Math.max(1, a.length) + 1 / Math.max(1, b.length);
  return {
    sources,
    size,
    generated: made,
    reference: real,
    alike,
    scale: perShower(made, real) / perShower(...alike),
  };
}

/** A number for every shower of the pool. */
export function pooledValues(
  { sources, size }: Pool,
  numberOf: (features: ShowerFeatures, event: number) => number,
): Float64Array {
  const values = new Float64Array(size);
  let at = 0;
  for (const { features, events } of sources) {
    for (let i = 0; i < events.length; i++) values[at++] = numberOf(features, events[i] as number);
  }
  return values;
}

/** The values of some members. */
export function pick(values: Float64Array, members: Uint32Array): Float64Array {
  const picked = new Float64Array(members.length);
  for (let i = 0; i < members.length; i++) picked[i] = values[members[i] as number] as number;
  return picked;
}

/** Other draws of the generated and the reference showers of a pool: what bootstrap errors and floors are made from. */
export interface Resamplings {
  /** Each: how often every shower of the pool is taken. */
  readonly bootstrap: readonly Uint8Array[];
  /** Each: the showers that stand for the reference, as many as it has; the others stand for the generated ones. */
  readonly shuffled: readonly Uint32Array[];
}

/** What the streams of random numbers of a validation are for. */
const PURPOSE = { bootstrap: 1, shuffle: 2 } as const;

/**
 * Draws resamplings by neighbours in incident energy: the showers are put in order of energy and cut into the smallest
 * groups with showers of both sets in them. A bootstrap takes groups; a shuffle exchanges generated and reference showers
 * within groups.
 *
 * So both keep the spectrum of energies, which is not what is judged: showers made at the reference's energies share its
 * random ups and downs, and a floor that did not know would be too high.
 */
export function resample(pool: Pool, options: { readonly seed: bigint; readonly count: number }): Resamplings {
  const { order, starts } = energyGroups(pool);
  const groups = starts.length - 1;
  const isReference = (member: number): boolean => member >= pool.generated.length;
  const bootstrap = Array.from({ length: options.count }, (_, i) => {
    const stream = new RandomStream({ seed: options.seed, id: BigInt(i), purpose: PURPOSE.bootstrap });
    const taken = new Uint8Array(groups);
    for (let k = 0; k < groups; k++) {
      const group = Math.floor(stream.uniform() * groups);
      taken[group] = (taken[group] as number) + 1;
    }
    const weights = new Uint8Array(pool.size);
    for (let group = 0; group < groups; group++) {
      for (let k = starts[group] as number; k < (starts[group + 1] as number); k++) {
        weights[order[k] as number] = taken[group] as number;
      }
    }
    return weights;
  });
  const inGroup = Uint32Array.from({ length: groups }, (_, group) => {
    let count = 0;
    for (let k = starts[group] as number; k < (starts[group + 1] as number); k++) {
      if (isReference(order[k] as number)) count++;
    }
    return count;
  });
  const shuffled = Array.from({ length: options.count }, (_, i) => {
    const stream = new RandomStream({ seed: options.seed, id: BigInt(i), purpose: PURPOSE.shuffle });
    const mixed = order.slice();
    const chosen = new Uint32Array(pool.reference.length);
    let found = 0;
    for (let group = 0; group < groups; group++) {
      const stop = starts[group + 1] as number;
      const from = starts[group] as number;
      for (let k = from; k < from + (inGroup[group] as number); k++) {
        const other = k + Math.floor(stream.uniform() * (stop - k));
        const member = mixed[other] as number;
        mixed[other] = mixed[k] as number;
        mixed[k] = member;
        chosen[found++] = member;
      }
    }
    return chosen;
  });
  return { bootstrap, shuffled };
}

/**
 * Generated and reference members in order of energy; group g is `order[starts[g]]` up to `order[starts[g + 1]]`. Many
 * showers of one energy are dealt out, so that there are as many groups as the smaller set has showers there.
 */
function energyGroups(pool: Pool): { readonly order: Uint32Array; readonly starts: Uint32Array } {
  const energies = pooledValues(pool, (features, event) => features.incidentMeV[event] as number);
  const both = pool.generated.length + pool.reference.length;
  const sorted = Uint32Array.from({ length: both }, (_, i) => i).sort(
    (a, b) => (energies[a] as number) - (energies[b] as number) || a - b,
  );
  const groups: { made: number[]; real: number[] }[] = [];
  let open = { made: [] as number[], real: [] as number[] };
  sorted.forEach((member, k) => {
    (member < pool.generated.length ? open.made : open.real).push(member);
    const next = sorted[k + 1];
    const isLastOfEnergy = next === undefined || energies[next] !== energies[member];
    if (!isLastOfEnergy || open.made.length === 0 || open.real.length === 0) return;
    groups.push(open);
    open = { made: [], real: [] };
  });
  const last = groups.at(-1);
  last?.made.push(...open.made);
  last?.real.push(...open.real);
  const order = new Uint32Array(both);
  const starts = [0];
  let at = 0;
  for (const { made, real } of groups) {
    const parts = Math.min(made.length, real.length);
    for (let part = 0; part < parts; part++) {
      for (const members of [made, real]) {
        const from = Math.floor((part * members.length) / parts);
        const to = Math.floor(((part + 1) * members.length) / parts);
        for (let k = from; k < to; k++) order[at++] = members[k] as number;
      }
      starts.push(at);
    }
  }
  return { order, starts: Uint32Array.from(starts) };
}

/** Lets timers, signals and progress through between pieces of long work. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
