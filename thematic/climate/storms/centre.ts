import { solveSymmetric } from "../../../core/index.ts";
import type { StormGrid } from "./grid.ts";
import { type Place, wrapLongitude } from "./sphere.ts";

const DEGREE = Math.PI / 180;

/**
 * The lowest point between the points of the grid: that of a quadratic function fitted by least squares to a point and its neighbours,
 * in the plane that touches the sphere there. It stays within one step of the grid. The point itself where a neighbour is missing, or
 * where the function has no lowest point.
 */
export function fittedCentre(grid: StormGrid, field: Float64Array, point: number): Place {
  const row = Math.floor(point / grid.columns);
  const lat = grid.lat[row] as number;
  const lon = grid.lon[point - row * grid.columns] as number;
  const here: Place = { lat, lon: wrapLongitude(lon) };
  const [from, to] = [grid.first[point] as number, grid.first[point + 1] as number];
  const around = [...grid.neighbours.subarray(from, to)];
  if (grid.isRim[point] === 1 || around.length < 6 || around.some((each) => Number.isNaN(field[each]))) return here;
  const plane = tangentPlane(lat, lon);
  const places = [point, ...around].map((each) => plane.project(grid.position, each));
  const width = Math.max(...places.map(([x]) => Math.abs(x)));
  const height = Math.max(...places.map(([, y]) => Math.abs(y)));
  const minimum = lowest(
    places.map(([x, y]) => [x / width, y / height] as const),
    [point, ...around].map((each) => (field[each] as number) - (field[point] as number)),
  );
  return minimum === undefined ? here : plane.place(minimum[0] * width, minimum[1] * height);
}

/** Of a + bx + cy + dx² + exy + fy², fitted. */
function lowest(
  places: readonly (readonly [number, number])[],
  values: readonly number[],
): readonly [number, number] | undefined {
  const normal = new Float64Array(36);
  const right = new Float64Array(6);
  places.forEach(([x, y], i) => {
    const terms = [1, x, y, x * x, x * y, y * y];
    terms.forEach((term, a) => {
      right[a] = (right[a] as number) + term * (values[i] as number);
      terms.forEach((other, b) => {
        normal[6 * a + b] = (normal[6 * a + b] as number) + term * other;
      });
    });
  });
  const [, b = 0, c = 0, d = 0, e = 0, f = 0] = solveSymmetric(normal, right) ?? [];
  const determinant = 4 * d * f - e * e;
  if (!(d > 0) || !(determinant > 1e-9 * d * d)) return undefined;
  const [x, y] = [(e * c - 2 * f * b) / determinant, (e * b - 2 * d * c) / determinant];
  const reach = Math.max(1, Math.abs(x), Math.abs(y));
  return [x / reach, y / reach];
}

interface TangentPlane {
  /** Of a point, by the line through the middle of the Earth. */
  project(position: Float64Array, point: number): readonly [number, number];
  place(x: number, y: number): Place;
}

function tangentPlane(lat: number, lon: number): TangentPlane {
  const [sinLat, cosLat] = [Math.sin(lat * DEGREE), Math.cos(lat * DEGREE)];
  const [sinLon, cosLon] = [Math.sin(lon * DEGREE), Math.cos(lon * DEGREE)];
  const up = [cosLat * cosLon, cosLat * sinLon, sinLat] as const;
  const east = [-sinLon, cosLon, 0] as const;
  const north = [-sinLat * cosLon, -sinLat * sinLon, cosLat] as const;
  return {
    project(position, point) {
      const along = (axis: readonly [number, number, number]): number =>
        axis[0] * (position[3 * point] as number) +
        axis[1] * (position[3 * point + 1] as number) +
        axis[2] * (position[3 * point + 2] as number);
      return [along(east) / along(up), along(north) / along(up)];
    },
    place(x, y) {
      const [a, b, c] = [0, 1, 2].map(
        (axis) => (up[axis] as number) + x * (east[axis] as number) + y * (north[axis] as number),
      ) as [number, number, number];
      return { lat: Math.atan2(c, Math.hypot(a, b)) / DEGREE, lon: wrapLongitude(Math.atan2(b, a) / DEGREE) };
    },
  };
}
