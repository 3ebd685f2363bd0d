import { describe, expect, it } from "vitest";
import { type Dataset, dataset, NdArray } from "../../../../core/index.ts";
import { detectStorms, type StormCandidate, stormTracks } from "../../../../thematic/climate/index.ts";
import { type Centre, degreesApart, type Grid, range, type Scene, sceneDataset } from "./vortices.ts";

const grid: Grid = { lat: range(-5, 1, 46), lon: range(-80, 1, 61) };
const steps = 12;
const centre = (step: number): Centre => ({ lat: 15 + step, lon: -50 - step / 2 });
const scene: Scene = { grid, steps, vortices: [{ centre, depth: () => 3000, radius: 2 }] };

/** Fields of an analytic vortex: thickness is 20 m greater (or less) in the middle; wind turns as a solid body within 1.5 degrees. */
function withCore(sign: 1 | -1, turn: 1 | -1 = 1): Dataset {
  const size = steps * grid.lat.length * grid.lon.length;
  const [upper, u, v] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  let at = 0;
  for (let step = 0; step < steps; step++) {
    const middle = centre(step);
    for (const lat of grid.lat) {
      for (const lon of grid.lon) {
        const apart = degreesApart({ lat, lon }, middle);
        upper[at] = 9600 + 20 * sign * Math.exp((-apart * apart) / 18);
        // 20 m/s at 1.5 degrees: zeta is 2 x 20 m/s / 166.8 km = 2.4e-4 per second within, without the term of the sphere.
        const speed = (turn * 20 * Math.min(apart, 1.5)) / 1.5;
        const [dx, dy] = [(lon - middle.lon) * Math.cos((lat * Math.PI) / 180), lat - middle.lat];
        const length = Math.hypot(dx, dy) || 1;
        u[at] = (-speed * dy) / length;
        v[at] = (speed * dx) / length;
        at++;
      }
    }
  }
  const base = sceneDataset(scene);
  const field = (values: Float64Array, units: string) => ({
    array: new NdArray(values, {
      dtype: "float64",
      shape: [steps, grid.lat.length, grid.lon.length],
      dims: ["time", "lat", "lon"],
    }),
    attributes: { units },
  });
  const extra = dataset({
    variables: {
      z300: field(upper, "m"),
      z500: field(new Float64Array(size).fill(5800 * 9.80665), "m2 s-2"),
      u: field(u, "m s-1"),
      v: field(v, "km/h"),
    },
  });
  // In km/h, to see that it is converted.
  v.forEach((value, i) => {
    v[i] = value * 3.6;
  });
  return { ...base, variables: { ...base.variables, ...extra.variables } };
}

const OPTIONS = {
  pressure: "psl",
  u: "u",
  v: "v",
  lowerWind: { u: "u", v: "v" },
  warmCore: { thickness: ["z300", "z500"] as const },
};

async function candidates(source: Dataset): Promise<StormCandidate[]> {
  const all: StormCandidate[] = [];
  for await (const each of detectStorms(source, OPTIONS)) all.push(each);
  return all;
}

// Analytic vortices alone: no real field of these levels is at hand.
describe("tropical criteria, on analytic vortices", () => {
  it("tell a warm core from a cold one, with greatest wind and vorticity", async () => {
    const warm = await candidates(withCore(1));
    expect(warm).toHaveLength(steps);
    for (const { warmCore, windSpeed, vorticity } of warm) {
      expect(warmCore).toBe("yes");
      expect(windSpeed).toBeCloseTo(20, 1);
      expect((vorticity ?? 0) / 2.4e-4).toBeGreaterThan(0.85);
      expect((vorticity ?? 0) / 2.4e-4).toBeLessThan(1.1);
    }
    const cold = await candidates(withCore(-1, -1));
    expect(cold.map(({ warmCore }) => warmCore)).toEqual(warm.map(() => "no"));
    // It turns the other way round: cyclonic nowhere near.
    expect(Math.max(...cold.map(({ vorticity = 0 }) => vorticity))).toBeLessThan(1e-5);
  });

  it("keep the track of the one alone", async () => {
    expect(await stormTracks(withCore(1), { ...OPTIONS, tropical: { minVorticity: 3.5e-5 } })).toHaveLength(1);
    expect(await stormTracks(withCore(1), { ...OPTIONS, tropical: { minWind: 25 } })).toEqual([]);
    expect(await stormTracks(withCore(1), { ...OPTIONS, tropical: { maxLatitude: 20 } })).toEqual([]);
    expect(await stormTracks(withCore(-1), { ...OPTIONS, tropical: true })).toEqual([]);
  });

  it("refuse wind of one component, and temperatures as thickness", async () => {
    await expect(stormTracks(withCore(1), { pressure: "psl", u: "u" })).rejects.toThrow(
      "Wind needs both components: v is missing.",
    );
    await expect(stormTracks(withCore(1), { ...OPTIONS, warmCore: { temperature: ["z300", "z500"] } })).rejects.toThrow(
      '"z300" is in "m", which does not convert to K',
    );
  });
});

describe("high ground", () => {
  it("leaves out the lows over it, where its height is given", async () => {
    const base = sceneDataset(scene);
    const heights = (metres: number): Dataset => ({
      ...base,
      variables: {
        ...base.variables,
        ...dataset({
          variables: {
            orog: {
              array: new NdArray(new Float64Array(46 * 61).fill(metres), {
                dtype: "float64",
                shape: [46, 61],
                dims: ["lat", "lon"],
              }),
              attributes: { units: "m" },
            },
          },
        }).variables,
      },
    });
    expect(await stormTracks(heights(900), { pressure: "psl", orography: { field: "orog" } })).toHaveLength(1);
    expect(await stormTracks(heights(1100), { pressure: "psl", orography: { field: "orog" } })).toEqual([]);
  });
});
