import { InvalidArgumentError } from "../../../core/index.ts";
import type { StormCandidate } from "./candidate.ts";
import { positive } from "./options.ts";
import { distanceDegrees, type Place } from "./sphere.ts";
import type { StormTrack } from "./track.ts";

/** How candidates become tracks. */
export interface TrackStormsOptions {
  /** How far a storm may move in how many hours: 8 degrees in 6 hours (41 m/s). It is in proportion to the step of the data. */
  readonly range?: { readonly degrees: number; readonly hours: number };
  /** From its first to its last time, at least: 54 hours, which are 10 steps of 6 hours. */
  readonly minHours?: number;
  /** Between two of its times, at most: 24 hours, which are 3 missed steps of 6 hours. A gap does not widen the range. */
  readonly maxGapHours?: number;
  /** Steps at which the contour must be closed within the data; 1. With 0, tracks along the edge are kept as well. */
  readonly minClosedSteps?: number;
  /**
   * Keeps tropical storms alone: so many steps with a warm core, wind of at least so many m s-1 and a latitude of at most so many
   * degrees; 10 steps, 10 m s-1, 50 degrees. With `minVorticity` (s-1) that as well. **Not tried on real fields.**
   */
  readonly tropical?: true | TropicalCriteria;
  /** First and last step of the data, where no candidates are there; else those of the candidates. */
  readonly steps?: { readonly first: number; readonly last: number };
}

/** What makes a track a tropical one. */
export interface TropicalCriteria {
  readonly minSteps?: number;
  readonly minWind?: number;
  readonly maxLatitude?: number;
  readonly minVorticity?: number;
}

/**
 * Stitches candidates to tracks: at each step, the nearest pairs of a track and a candidate first, each once; what is left begins a
 * track. Shorter tracks than 54 hours are left out. A track does not go on along the edge of the data: it ends (or begins) at the first
 * (or last) of the steps in a row at which its lowest point lies there.
 *
 * @param candidates - Of `detectStorms`; of any order.
 * @returns By the time at which they begin; `id` is `"1"`, `"2"`, ….
 * @throws `TWIN_INVALID_ARGUMENT` for numbers that are not allowed, and where tropical storms are asked for of candidates without
 *   `warmCore` or `windSpeed`.
 * @see P. A. Ullrich and C. M. Zarzycki, Geosci. Model Dev. 10 (2017) 1069. Numbers are those of TempestExtremes' commands for tropical
 *   cyclones (P. A. Ullrich et al., Geosci. Model Dev. 14 (2021) 5023): `StitchNodes --range 8.0 --mintime "54h" --maxgap "24h"`.
 *   There the first candidate of a step takes the nearest; here the nearest pair does.
 */
export function trackStorms(
  candidates: readonly StormCandidate[],
  options: TrackStormsOptions = {},
): readonly StormTrack[] {
  const { range = { degrees: 8, hours: 6 }, minHours = 54, maxGapHours = 24, minClosedSteps = 1 } = options;
  positive({ "range.degrees": range.degrees, "range.hours": range.hours, maxGapHours });
  if (!(minHours >= 0) || !(minClosedSteps >= 0)) {
    throw new InvalidArgumentError("minHours and minClosedSteps must be numbers of 0 or more.");
  }
  const isTropical = tropicalTest(candidates, options.tropical);
  const steps = bySteps(candidates);
  const reach = (range.degrees / range.hours) * stepHours(steps);
  const open: StormCandidate[][] = [];
  const done: StormCandidate[][] = [];
  for (const lows of steps) {
    const now = (lows[0] as StormCandidate).hours;
    for (let i = open.length - 1; i >= 0; i--) {
      const last = open[i]?.at(-1) as StormCandidate;
      if (now - last.hours > maxGapHours + 1e-6) done.push(...open.splice(i, 1));
    }
    const taken = new Set<StormCandidate>();
    for (const [track, low] of nearestPairs(open, lows, reach)) {
      track.push(low);
      taken.add(low);
    }
    for (const low of lows) if (!taken.has(low)) open.push([low]);
  }
  const first = options.steps?.first ?? steps[0]?.[0]?.step ?? 0;
  const last = options.steps?.last ?? steps.at(-1)?.[0]?.step ?? 0;
  const hoursAt = new Map(steps.map(([low]) => [low?.step, low?.hours ?? 0]));
  const isGap = (before: number, after: number): boolean => {
    const [from, to] = [hoursAt.get(before), hoursAt.get(after)];
    return from !== undefined && to !== undefined && to - from > maxGapHours + 1e-6;
  };
  return [...done, ...open]
    .flatMap((points) => (minClosedSteps === 0 ? [points] : withoutRim(points)))
    .filter((points) => hoursOf(points) >= minHours - 1e-6)
    .filter((points) => points.filter(({ closed }) => closed === "yes").length >= minClosedSteps)
    .filter(isTropical)
    .sort((a, b) => compare(a[0] as StormCandidate, b[0] as StormCandidate))
    .map((points, i) => ({ id: String(i + 1), points, ...endsOf(points, { first, last, reach, isGap }) }));
}

/**
 * Cuts a track where the lowest point lies beside the end of the data at two or more of its steps in a row: there it is the end of the
 * data that is followed, and no storm. Of such steps the first stays as the end of what was before, the last as the beginning of what
 * comes after.
 */
function withoutRim(points: readonly StormCandidate[]): readonly (readonly StormCandidate[])[] {
  const pieces: StormCandidate[][] = [[]];
  points.forEach((point, i) => {
    const [before, after] = [points[i - 1]?.atRim ?? false, points[i + 1]?.atRim ?? false];
    if (point.atRim && before && !after) pieces.push([point]);
    else if (!(point.atRim && before)) pieces.at(-1)?.push(point);
  });
  return pieces.filter((piece) => piece.length > 0);
}

function compare(a: StormCandidate, b: StormCandidate): number {
  return a.hours - b.hours || a.pressure - b.pressure || a.lat - b.lat || a.lon - b.lon;
}

function hoursOf(points: readonly StormCandidate[]): number {
  return (points.at(-1)?.hours ?? 0) - (points[0]?.hours ?? 0);
}

function bySteps(candidates: readonly StormCandidate[]): readonly (readonly StormCandidate[])[] {
  const steps = Map.groupBy([...candidates].sort(compare), ({ hours }) => hours);
  return [...steps.values()];
}

/** The step of the data: the shortest time between steps, as in each the candidates' numbers of steps have it. */
function stepHours(steps: readonly (readonly StormCandidate[])[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < steps.length; i++) {
    const [before, here] = [steps[i - 1]?.[0] as StormCandidate, steps[i]?.[0] as StormCandidate];
    least = Math.min(least, (here.hours - before.hours) / Math.max(1, here.step - before.step));
  }
  return Number.isFinite(least) ? least : 6;
}

/** The pairs within reach, the nearest first, each track and each candidate once. */
function nearestPairs(
  tracks: readonly StormCandidate[][],
  lows: readonly StormCandidate[],
  reach: number,
): readonly (readonly [StormCandidate[], StormCandidate])[] {
  const pairs = tracks.flatMap((track) =>
    lows.map((low) => [track, low, distanceDegrees(track.at(-1) as Place, low)] as const),
  );
  const near = pairs.filter(([, , distance]) => distance <= reach).sort((a, b) => a[2] - b[2]);
  const taken = new Set<unknown>();
  return near.flatMap(([track, low]) => {
    if (taken.has(track) || taken.has(low)) return [];
    taken.add(track).add(low);
    return [[track, low] as const];
  });
}

interface DataEnds {
  readonly first: number;
  readonly last: number;
  readonly reach: number;
  /** Whether the data lack so much time between two steps that no track goes over it. */
  isGap(before: number, after: number): boolean;
}

/** A storm that is next seen beyond the edge, or was before: its contour meets the edge, or the edge is within its reach. */
function endsOf(
  points: readonly StormCandidate[],
  { first, last, reach, isGap }: DataEnds,
): Pick<Required<StormTrack>, "begin" | "end"> {
  const isNearEdge = ({ closed, edgeDistance }: StormCandidate): boolean =>
    closed === "edge" || (edgeDistance !== undefined && edgeDistance <= reach / 2);
  const [start, stop] = [points[0] as StormCandidate, points.at(-1) as StormCandidate];
  return {
    begin:
      start.step === first || isGap(start.step - 1, start.step) ? "record" : isNearEdge(start) ? "edge" : "genesis",
    end: stop.step === last || isGap(stop.step, stop.step + 1) ? "record" : isNearEdge(stop) ? "edge" : "lysis",
  };
}

function tropicalTest(
  candidates: readonly StormCandidate[],
  tropical: TrackStormsOptions["tropical"],
): (points: readonly StormCandidate[]) => boolean {
  if (tropical === undefined) return () => true;
  const { minSteps = 10, minWind = 10, maxLatitude = 50, minVorticity } = tropical === true ? {} : tropical;
  const needs = ["warmCore", "windSpeed", ...(minVorticity === undefined ? [] : ["vorticity"])] as const;
  for (const need of needs) {
    if (candidates.length === 0 || candidates.some((each) => Object.hasOwn(each, need))) continue;
    throw new InvalidArgumentError(
      `Tropical storms are told by ${needs.join(", ")}, and no candidate has ${need}. Give detectStorms ${need === "warmCore" ? "warmCore" : need === "windSpeed" ? "u and v" : "lowerWind"}.`,
    );
  }
  const isTropical = ({ warmCore, windSpeed = 0, lat, vorticity = 0 }: StormCandidate): boolean =>
    warmCore === "yes" &&
    windSpeed >= minWind &&
    Math.abs(lat) <= maxLatitude &&
    (minVorticity === undefined || vorticity >= minVorticity);
  return (points) => points.filter(isTropical).length >= minSteps;
}
