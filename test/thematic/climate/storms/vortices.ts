import { type Dataset, dataset, NdArray, RandomStream } from "../../../../core/index.ts";
import type { StormTrack } from "../../../../thematic/climate/index.ts";

const DEGREE = Math.PI / 180;

export interface Centre {
  readonly lat: number;
  readonly lon: number;
}

/** A low whose centre is known: where it is at a step, and how deep. */
export interface Vortex {
  centre(step: number): Centre;
  /** Pa; 0 or less where it is not there. */
  depth(step: number): number;
  /** Degrees: standard deviation of a Gaussian, radius of greatest wind of a Holland profile. */
  readonly radius: number;
  /** Holland's B (Mon. Weather Rev. 108 (1980) 1212); a Gaussian where it is left out. */
  readonly b?: number;
}

export interface Grid {
  readonly lat: readonly number[];
  readonly lon: readonly number[];
}

export function range(first: number, step: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i * step);
}

/** Along a great circle: from a place, towards a bearing (degrees from north), so many degrees per step. */
export function greatCircle({ lat, lon }: Centre, bearing: number, speed: number): (step: number) => Centre {
  const [phi, theta] = [lat * DEGREE, bearing * DEGREE];
  return (step) => {
    const arc = speed * step * DEGREE;
    const sine = Math.sin(phi) * Math.cos(arc) + Math.cos(phi) * Math.sin(arc) * Math.cos(theta);
    const y = Math.sin(theta) * Math.sin(arc) * Math.cos(phi);
    const x = Math.cos(arc) - Math.sin(phi) * sine;
    const east = lon + Math.atan2(y, x) / DEGREE;
    return { lat: Math.asin(sine) / DEGREE, lon: ((((east + 180) % 360) + 360) % 360) - 180 };
  };
}

/** The angle between two places by the law of cosines on unit vectors: not the formula of the product. */
export function degreesApart(a: Centre, b: Centre): number {
  const [x, y, z] = vector(a);
  const [p, q, r] = vector(b);
  const cross = Math.hypot(y * r - z * q, z * p - x * r, x * q - y * p);
  return Math.atan2(cross, x * p + y * q + z * r) / DEGREE;
}

function vector({ lat, lon }: Centre): readonly [number, number, number] {
  const cos = Math.cos(lat * DEGREE);
  return [cos * Math.cos(lon * DEGREE), cos * Math.sin(lon * DEGREE), Math.sin(lat * DEGREE)];
}

/** How much lower pressure is at so many degrees from the centre. */
export function deficit({ radius, b }: Vortex, depth: number, degrees: number): number {
  if (b === undefined) return depth * Math.exp((-degrees * degrees) / (2 * radius * radius));
  return degrees === 0 ? depth : depth * (1 - Math.exp(-((radius / degrees) ** b)));
}

export interface Scene {
  readonly grid: Grid;
  readonly steps: number;
  readonly vortices: readonly Vortex[];
  /** Pa per degree of latitude. */
  readonly gradient?: number;
  /** Standard deviation of the noise of each value, Pa. */
  readonly noise?: number;
  readonly seed?: bigint;
  readonly stepHours?: number;
}

/** Six-hourly pressure `[time, lat, lon]` of lows over a background. */
export function sceneField({ grid, steps, vortices, gradient = 0, noise = 0, seed = 1n }: Scene): Float64Array {
  const { lat, lon } = grid;
  const random = new RandomStream({ seed, id: 0n });
  const values = new Float64Array(steps * lat.length * lon.length);
  let at = 0;
  for (let step = 0; step < steps; step++) {
    const centres = vortices.map((vortex) => ({ vortex, depth: vortex.depth(step), at: vector(vortex.centre(step)) }));
    for (const north of lat) {
      for (const east of lon) {
        let value = 101_300 - gradient * Math.abs(north) + (noise > 0 ? noise * random.normal() : 0);
        const [x, y, z] = vector({ lat: north, lon: east });
        for (const {
          vortex,
          depth,
          at: [p, q, r],
        } of centres) {
          if (depth > 0)
            value -= deficit(vortex, depth, Math.acos(Math.min(1, Math.max(-1, x * p + y * q + z * r))) / DEGREE);
        }
        values[at++] = value;
      }
    }
  }
  return values;
}

export function sceneDataset(
  scene: Scene,
  values: Float64Array = sceneField(scene),
  hours: readonly number[] = range(0, scene.stepHours ?? 6, scene.steps),
): Dataset {
  const { grid, steps } = scene;
  const axis = (numbers: readonly number[], dim: string): NdArray =>
    new NdArray(Float64Array.from(numbers), { dtype: "float64", shape: [numbers.length], dims: [dim] });
  return dataset({
    variables: {
      time: {
        array: axis(hours, "time"),
        attributes: { units: "hours since 2001-02-03", standard_name: "time" },
      },
      lat: { array: axis(grid.lat, "lat"), attributes: { units: "degrees_north" } },
      lon: { array: axis(grid.lon, "lon"), attributes: { units: "degrees_east" } },
      psl: {
        array: new NdArray(values, {
          dtype: "float64",
          shape: [steps, grid.lat.length, grid.lon.length],
          dims: ["time", "lat", "lon"],
        }),
        attributes: { units: "Pa" },
      },
    },
  });
}

/** The known centres as tracks, at the steps at which they are there and, by `isSeen`, within the data. */
export function sceneTracks(
  { vortices, steps, stepHours = 6 }: Scene,
  isSeen: (centre: Centre) => boolean = () => true,
): readonly StormTrack[] {
  return vortices.map((vortex, i) => ({
    id: `known-${i}`,
    points: range(0, 1, steps)
      .filter((step) => vortex.depth(step) > 0 && isSeen(vortex.centre(step)))
      .map((step) => ({ ...vortex.centre(step), ...timeOf(step * stepHours) })),
  }));
}

function timeOf(hours: number): { readonly time: string; readonly hours: number } {
  const milliseconds = Date.UTC(2001, 1, 3) + hours * 3.6e6;
  return { time: new Date(milliseconds).toISOString().slice(0, 19), hours: milliseconds / 3.6e6 };
}
