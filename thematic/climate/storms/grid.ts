import { ClimateInputError } from "../errors.ts";
import { squaredChord } from "./sphere.ts";

const DEGREE = Math.PI / 180;
/** How far from the pole a row counts as the pole itself, in degrees. */
export const AT_POLE = 1e-6;

/**
 * A grid of latitudes and longitudes as points and their neighbours, on the sphere: it has no seam where longitudes go all around,
 * and goes over a pole that its rows reach. Rows run from south to north and columns from west to east, however the data lie.
 */
export interface StormGrid {
  readonly rows: number;
  readonly columns: number;
  /** `[row]`, degrees north, increasing. */
  readonly lat: Float64Array;
  /** `[column]`, degrees east, increasing. */
  readonly lon: Float64Array;
  /** Whether longitudes go all around. */
  readonly wraps: boolean;
  /** Neighbours of point `row * columns + column`: those from `first[point]` to before `first[point + 1]`. */
  readonly first: Int32Array;
  readonly neighbours: Int32Array;
  /** 1: a point at the end of the grid. */
  readonly isRim: Uint8Array;
  /** `[point, 3]`, on the unit sphere. */
  readonly position: Float64Array;
  /** How the data lie: `[row, column]` of the grid is there the row and column of these numbers. */
  readonly dataRow: Int32Array;
  readonly dataColumn: Int32Array;
  readonly dataColumns: number;
}

/**
 * @param latitudes - `[row]`, degrees, increasing or decreasing.
 * @param longitudes - `[column]`, degrees, increasing or decreasing; in any range. A last column that is the first one again is left out.
 * @throws `TWIN_CLIMATE_INPUT_INVALID` for fewer than 3 rows or columns, for values that are missing, do not increase or decrease, or
 *   are no latitudes, and for more than all the way around.
 */
export function stormGrid(latitudes: Float64Array, longitudes: Float64Array): StormGrid {
  const dataRow = ascending("Latitudes", latitudes);
  const east = ascending("Longitudes", unwrapped(longitudes));
  const lat = Float64Array.from(dataRow, (row) => latitudes[row] as number);
  if ((lat[0] as number) < -90.001 || (lat.at(-1) as number) > 90.001) {
    throw new ClimateInputError(`Latitudes go from ${lat[0]} to ${lat.at(-1)}: they must be degrees within -90 to 90.`);
  }
  const all = Float64Array.from(east, (column) => unwrapped(longitudes)[column] as number);
  const { lon, wraps } = circle(all);
  const dataColumn = east.subarray(0, lon.length);
  const [rows, columns] = [lat.length, lon.length];
  const { first, neighbours, isRim } = connect(lat, columns, wraps);
  return {
    ...{ rows, columns, lat, lon, wraps, first, neighbours, isRim, dataRow, dataColumn },
    position: positions(lat, lon),
    dataColumns: longitudes.length,
  };
}

/** Columns 170, 180, -170 are 170, 180, 190. */
function unwrapped(longitudes: Float64Array): Float64Array {
  const steps = longitudes.length - 1;
  const direction = Math.sign(
    Array.from({ length: Math.max(0, steps) }, (_, i) =>
      Math.sign((longitudes[i + 1] as number) - (longitudes[i] as number)),
    ).reduce((sum, each) => sum + each, 0),
  );
  const result = Float64Array.from(longitudes);
  for (let i = 1; i < result.length; i++) {
    const apart = (result[i] as number) - (result[i - 1] as number);
    if (apart * direction < 0) result[i] = (result[i] as number) + 360 * direction * Math.ceil(Math.abs(apart) / 360);
  }
  return result;
}

function ascending(what: string, values: Float64Array): Int32Array {
  const { length } = values;
  if (length < 3)
    throw new ClimateInputError(`${what}: ${length}. Storms need a grid of at least 3 rows and 3 columns.`);
  const isDown = (values[1] as number) < (values[0] as number);
  const order = Int32Array.from({ length }, (_, i) => (isDown ? length - 1 - i : i));
  for (let i = 1; i < length; i++) {
    const [before, here] = [values[order[i - 1] as number] as number, values[order[i] as number] as number];
    if (here > before) continue;
    throw new ClimateInputError(
      `${what} must increase or decrease all along: ${before} and ${here} follow each other. Storms are found on grids of latitude and longitude.`,
    );
  }
  return order;
}

function circle(lon: Float64Array): { readonly lon: Float64Array; readonly wraps: boolean } {
  const span = (lon.at(-1) as number) - (lon[0] as number);
  const spacing = span / (lon.length - 1);
  if (span > 360 + 1e-3)
    throw new ClimateInputError(`Longitudes go from ${lon[0]} to ${lon.at(-1)}: more than all the way around.`);
  if (Math.abs(span - 360) < 0.01 * spacing) return { lon: lon.slice(0, -1), wraps: true };
  // The way back from the last column to the first is one step.
  return { lon, wraps: 360 - span < 1.5 * spacing };
}

function connect(
  lat: Float64Array,
  columns: number,
  wraps: boolean,
): { readonly first: Int32Array; readonly neighbours: Int32Array; readonly isRim: Uint8Array } {
  const rows = lat.length;
  const first = new Int32Array(rows * columns + 1);
  const neighbours = new Int32Array(8 * rows * columns + 4 * columns);
  const isRim = new Uint8Array(rows * columns);
  const isPole = (row: number): boolean => wraps && Math.abs(lat[row] as number) > 90 - AT_POLE;
  const touchesPole = (row: number): boolean => {
    if (!wraps || (row !== 0 && row !== rows - 1)) return false;
    const spacing = Math.abs((lat[row] as number) - (lat[row === 0 ? 1 : rows - 2] as number));
    return 90 - Math.abs(lat[row] as number) <= 1.001 * spacing;
  };
  let end = 0;
  const add = (row: number, column: number): void => {
    if (!wraps && (column < 0 || column >= columns)) return;
    neighbours[end++] = row * columns + (isPole(row) ? 0 : (column + columns) % columns);
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const point = row * columns + column;
      first[point] = end;
      const inward = row === 0 ? 1 : rows - 2;
      if (isPole(row)) {
        // One point stands for all of the row.
        if (column === 0) for (let other = 0; other < columns; other++) add(inward, other);
        continue;
      }
      for (const other of [row - 1, row, row + 1]) {
        if (other < 0 || other >= rows) continue;
        if (isPole(other)) add(other, 0);
        else for (const beside of [-1, 0, 1]) if (other !== row || beside !== 0) add(other, column + beside);
      }
      if (touchesPole(row)) for (const beside of [-1, 0, 1]) add(row, column + Math.round(columns / 2) + beside);
      else if (row === 0 || row === rows - 1) isRim[point] = 1;
      if (!wraps && (column === 0 || column === columns - 1)) isRim[point] = 1;
    }
  }
  first[rows * columns] = end;
  return { first, neighbours: neighbours.slice(0, end), isRim };
}

function positions(lat: Float64Array, lon: Float64Array): Float64Array {
  const columns = lon.length;
  const result = new Float64Array(3 * lat.length * columns);
  for (let row = 0; row < lat.length; row++) {
    const [sin, cos] = [Math.sin((lat[row] as number) * DEGREE), Math.cos((lat[row] as number) * DEGREE)];
    for (let column = 0; column < columns; column++) {
      const at = 3 * (row * columns + column);
      result[at] = cos * Math.cos((lon[column] as number) * DEGREE);
      result[at + 1] = cos * Math.sin((lon[column] as number) * DEGREE);
      result[at + 2] = sin;
    }
  }
  return result;
}

/** Square of the straight line between two points. */
export function squaredBetween({ position }: StormGrid, a: number, b: number): number {
  let sum = 0;
  for (let axis = 0; axis < 3; axis++) {
    const apart = (position[3 * a + axis] as number) - (position[3 * b + axis] as number);
    sum += apart * apart;
  }
  return sum;
}

/** Points that have been visited, kept from one search to the next: marks are numbers of searches. */
export interface Visits {
  readonly marks: Int32Array;
  readonly queue: Int32Array;
  search: number;
}

export function visits({ rows, columns }: StormGrid): Visits {
  return { marks: new Int32Array(rows * columns), queue: new Int32Array(rows * columns), search: 0 };
}

/** Calls `visit` with all points within so many degrees of a point, itself among them. */
export function eachWithin(
  grid: StormGrid,
  { visits, start, radius }: { readonly visits: Visits; readonly start: number; readonly radius: number },
  visit: (point: number, squared: number) => void,
): void {
  const { marks, queue } = visits;
  const search = ++visits.search;
  const limit = squaredChord(radius);
  let end = 0;
  queue[end++] = start;
  marks[start] = search;
  for (let at = 0; at < end; at++) {
    const point = queue[at] as number;
    visit(point, squaredBetween(grid, start, point));
    for (let i = grid.first[point] as number; i < (grid.first[point + 1] as number); i++) {
      const next = grid.neighbours[i] as number;
      if (marks[next] === search || squaredBetween(grid, start, next) > limit) continue;
      marks[next] = search;
      queue[end++] = next;
    }
  }
}
