import type { StormGrid } from "./grid.ts";

const DEGREE = Math.PI / 180;
/** Metres. */
const EARTH_RADIUS = 6_371_008.8;

/**
 * Relative vorticity at a point by central differences on the sphere, s-1: dv/dx - du/dy + u tan(latitude) / radius; turned around
 * south of the equator, so that it is positive where it is cyclonic. NaN at the ends of the grid and next to a pole.
 */
export function cyclonicVorticity(
  { rows, columns, lat, lon, wraps }: StormGrid,
  [u, v]: readonly [Float64Array, Float64Array],
  point: number,
): number {
  const row = Math.floor(point / columns);
  const column = point - row * columns;
  if (row === 0 || row === rows - 1 || (!wraps && (column === 0 || column === columns - 1))) return Number.NaN;
  const phi = (lat[row] as number) * DEGREE;
  const [west, east] = [(column + columns - 1) % columns, (column + 1) % columns];
  const wide = ((((lon[east] as number) - (lon[west] as number)) % 360) + 360) % 360;
  const dx = wide * DEGREE * Math.cos(phi) * EARTH_RADIUS;
  const dy = ((lat[row + 1] as number) - (lat[row - 1] as number)) * DEGREE * EARTH_RADIUS;
  const dv = (v[row * columns + east] as number) - (v[row * columns + west] as number);
  const du = (u[point + columns] as number) - (u[point - columns] as number);
  const vorticity = dv / dx - du / dy + ((u[point] as number) * Math.tan(phi)) / EARTH_RADIUS;
  return phi < 0 ? -vorticity : vorticity;
}
