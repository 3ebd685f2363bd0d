import { positive } from "./options.ts";
import { distanceKm } from "./sphere.ts";
import type { StormTrack, TrackPoint } from "./track.ts";

/** How well storms were found. */
export interface TrackMatch {
  /** Centres of the reference that were found at the same time within the distance. */
  readonly hits: number;
  readonly misses: number;
  /** Centres found, at times that the reference has, that none of its centres fits. */
  readonly falseAlarms: number;
  /** Centres found at times of which the reference says nothing. They count nowhere. */
  readonly notJudged: number;
  /** Probability of detection, hits / (hits + misses); NaN where the reference has no centre. */
  readonly pod: number;
  /** False alarm ratio, false alarms / (hits + false alarms); NaN where nothing was found. */
  readonly far: number;
  /** Mean great-circle distance of the hits, km; NaN without one. */
  readonly meanErrorKm: number;
  readonly maxErrorKm: number;
  /** Per track of the reference: how many of its times were found, and by which tracks. */
  readonly tracks: readonly {
    readonly id: string;
    readonly found: number;
    readonly of: number;
    readonly by: readonly string[];
  }[];
}

/**
 * Compares tracks with a reference: at each time of the reference, centres within 300 km of each other are a hit, the nearest first, each
 * once. Times are compared as dates, so that calendars may differ.
 *
 * @param options - `withinKm`: 300.
 * @throws `TWIN_INVALID_ARGUMENT` where the distance is not positive.
 *
 * @example
 * const { pod, far, meanErrorKm } = matchTracks(tracks, readHurdat(text));
 */
export function matchTracks(
  found: readonly StormTrack[],
  reference: readonly StormTrack[],
  { withinKm = 300 }: { readonly withinKm?: number } = {},
): TrackMatch {
  positive({ withinKm });
  const [foundAt, referenceAt] = [byTime(found), byTime(reference)];
  const errors: number[] = [];
  const hitsOf = new Map<string, string[]>();
  let [misses, falseAlarms, notJudged] = [0, 0, 0];
  for (const [time, wanted] of referenceAt) {
    const there = foundAt.get(time) ?? [];
    const pairs = wanted
      .flatMap((a) => there.map((b) => ({ a, b, km: distanceKm(a.point, b.point) })))
      .filter(({ km }) => km <= withinKm)
      .sort((p, q) => p.km - q.km);
    const taken = new Set<unknown>();
    for (const { a, b, km } of pairs) {
      if (taken.has(a) || taken.has(b)) continue;
      taken.add(a).add(b);
      errors.push(km);
      hitsOf.set(a.track, [...(hitsOf.get(a.track) ?? []), b.track]);
    }
    misses += wanted.filter((each) => !taken.has(each)).length;
    falseAlarms += there.filter((each) => !taken.has(each)).length;
  }
  for (const [time, there] of foundAt) if (!referenceAt.has(time)) notJudged += there.length;
  const hits = errors.length;
  return {
    ...{ hits, misses, falseAlarms, notJudged },
    pod: hits / (hits + misses),
    far: falseAlarms / (hits + falseAlarms),
    meanErrorKm: errors.reduce((sum, each) => sum + each, 0) / hits,
    maxErrorKm: hits === 0 ? Number.NaN : Math.max(...errors),
    tracks: reference.map(({ id, points }) => {
      const by = hitsOf.get(id) ?? [];
      return { id, found: by.length, of: points.length, by: [...new Set(by)] };
    }),
  };
}

interface Sighting {
  readonly track: string;
  readonly point: TrackPoint;
}

function byTime(tracks: readonly StormTrack[]): Map<string, Sighting[]> {
  const all = tracks.flatMap(({ id, points }) => points.map((point) => ({ track: id, point })));
  return Map.groupBy(all, ({ point }) => point.time);
}
