import type { StormCandidate, StormCriteria, StormFields } from "./candidate.ts";
import { fittedCentre } from "./centre.ts";
import { type ContourState, closedContour, isAtRim } from "./contour.ts";
import { eachWithin, type StormGrid, squaredBetween, type Visits } from "./grid.ts";
import { chordDegrees, squaredChord } from "./sphere.ts";
import { cyclonicVorticity } from "./vorticity.ts";

/** A low without its time. */
export type Low = Omit<StormCandidate, "step" | "time" | "hours">;

/** The lows of one step, from the lowest on. */
export function findLows(
  grid: StormGrid,
  visits: Visits,
  fields: StormFields,
  criteria: StormCriteria,
): readonly Low[] {
  const { searched, height } = fields;
  const { contour, mergeRadius, maxHeight } = criteria;
  const lows: { readonly point: number; readonly atRim: boolean }[] = [];
  for (let point = 0; point < searched.length; point++) {
    if (!isLowest(grid, searched, point)) continue;
    if (height && !((height[point] as number) <= maxHeight)) continue;
    lows.push({ point, atRim: isAtRim(grid, searched, point) });
  }
  // What lies beside the end of the data may be no centre: it does not take the place of one. Then the lower; then south, then west.
  lows.sort(
    (a, b) =>
      Number(a.atRim) - Number(b.atRim) ||
      (searched[a.point] as number) - (searched[b.point] as number) ||
      a.point - b.point,
  );
  const limit = squaredChord(mergeRadius);
  const kept: { readonly point: number; readonly closed: "yes" | "edge"; readonly atRim: boolean }[] = [];
  for (const { point, atRim } of lows) {
    if (kept.some((other) => squaredBetween(grid, other.point, point) <= limit)) continue;
    const closed = closedContour(grid, visits, {
      ...{ field: searched, sign: 1, start: point, change: contour.rise, radius: contour.radius },
    });
    if (closed !== "no") kept.push({ point, closed, atRim });
  }
  return kept
    .sort((a, b) => (searched[a.point] as number) - (searched[b.point] as number) || a.point - b.point)
    .map(({ point, closed, atRim }) => ({
      ...fittedCentre(grid, searched, point),
      pressure: fields.pressure[point] as number,
      closed,
      atRim,
      ...edgeOf(grid, visits, { field: searched, start: point, radius: contour.radius }),
      ...windOf(grid, visits, fields, { start: point, radius: criteria.windRadius }),
      ...warmthOf(grid, visits, fields, { start: point, ...criteria.warmCore }),
    }));
}

/** No neighbour is lower, and one is higher. */
function isLowest({ first, neighbours }: StormGrid, field: Float64Array, point: number): boolean {
  const value = field[point] as number;
  if (Number.isNaN(value)) return false;
  let isLower = false;
  for (let i = first[point] as number; i < (first[point + 1] as number); i++) {
    const other = field[neighbours[i] as number] as number;
    if (other < value) return false;
    if (other > value) isLower = true;
  }
  return isLower;
}

interface Around {
  readonly start: number;
  readonly radius: number;
}

function edgeOf(
  grid: StormGrid,
  visits: Visits,
  { field, start, radius }: Around & { readonly field: Float64Array },
): Pick<Low, "edgeDistance"> {
  let nearest = Number.POSITIVE_INFINITY;
  eachWithin(grid, { visits, start, radius }, (point, squared) => {
    if (squared < nearest && (grid.isRim[point] === 1 || Number.isNaN(field[point]))) nearest = squared;
  });
  return nearest === Number.POSITIVE_INFINITY ? {} : { edgeDistance: chordDegrees(nearest) };
}

function windOf(
  grid: StormGrid,
  visits: Visits,
  { wind, lowerWind }: StormFields,
  around: Around,
): Pick<Low, "windSpeed" | "vorticity"> {
  let [windSpeed, vorticity] = [-1, Number.NEGATIVE_INFINITY];
  if (!wind && !lowerWind) return {};
  eachWithin(grid, { visits, ...around }, (point) => {
    const speed = wind ? Math.hypot(wind[0][point] as number, wind[1][point] as number) : Number.NaN;
    if (speed > windSpeed) windSpeed = speed;
    const turning = lowerWind ? cyclonicVorticity(grid, lowerWind, point) : Number.NaN;
    if (turning > vorticity) vorticity = turning;
  });
  return { ...(windSpeed >= 0 && { windSpeed }), ...(vorticity > Number.NEGATIVE_INFINITY && { vorticity }) };
}

function warmthOf(
  grid: StormGrid,
  visits: Visits,
  { warmth }: StormFields,
  { start, drop, radius, within }: Around & { readonly drop: number; readonly within: number },
): Pick<Low, "warmCore"> {
  if (!warmth) return {};
  let warmest = -1;
  eachWithin(grid, { visits, start, radius: within }, (point) => {
    const value = warmth[point] as number;
    if (Number.isNaN(value)) return;
    if (warmest < 0 || value > (warmth[warmest] as number) || (value === warmth[warmest] && point < warmest))
      warmest = point;
  });
  if (warmest < 0) return { warmCore: "edge" };
  const warmCore: ContourState = closedContour(grid, visits, {
    field: warmth,
    sign: -1,
    start: warmest,
    change: drop,
    radius,
  });
  return { warmCore };
}
