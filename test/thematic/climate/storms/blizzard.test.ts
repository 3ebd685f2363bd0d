import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../../../core/index.ts";
import { Netcdf } from "../../../../modules/netcdf/netcdf.ts";
import {
  type DetectStormsOptions,
  detectStorms,
  matchTracks,
  type StormCandidate,
  type StormTrack,
  stormTracks,
  type TrackMatch,
} from "../../../../thematic/climate/index.ts";

const folder = fileURLToPath(new URL("../../../../../shared/data/netcdf/geocat-datafiles/", import.meta.url));

/**
 * Our own reading of the fields: the pressures around each low were printed with netCDF4 (Python), and the centre judged from the rows and
 * columns through it, to about 0.2 degrees where the low is round and 1 degree where it is a trough. `[hours since 1996-01-05, lat, lon]`.
 */
const BLIZZARD = [
  [54, 31.3, -84.9],
  [60, 33.6, -82.1],
  [66, 34.1, -80.1],
  [72, 35.25, -78.5],
  [78, 37.5, -75.8],
  [84, 38.8, -71.6],
  [90, 39.4, -71.2],
  [96, 41.2, -67.1],
  [102, 41.6, -64.4],
  [108, 43, -59.5],
] as const;
/** The other low of these ten times that does not lie at the edge: it goes from Hudson Bay to Quebec. */
const HUDSON_BAY = [
  [84, 56.1, -89],
  [90, 55.7, -84.7],
  [96, 52.4, -80.5],
  [102, 51, -78.2],
  [108, 48.3, -77.1],
] as const;

function reviewed(id: string, places: readonly (readonly [number, number, number])[]): StormTrack {
  return {
    id,
    points: places.map(([hours, lat, lon]) => {
      const milliseconds = Date.UTC(1996, 0, 5) + hours * 3.6e6;
      return { lat, lon, hours: milliseconds / 3.6e6, time: new Date(milliseconds).toISOString().slice(0, 19) };
    }),
  };
}

const OPTIONS: DetectStormsOptions = {
  pressure: { name: "p", unit: "Pa" },
  u: { name: "u", unit: "m s-1" },
  v: { name: "v", unit: "m s-1" },
  times: { unit: "hours since 1996-01-05" },
};

// Real data, which is not in the repository: skipped where it is not beside it.
describe.skipIf(!existsSync(folder))("the blizzard of January 1996 (needs shared/data/netcdf)", () => {
  let storm: Dataset;

  beforeAll(async () => {
    const files = new Netcdf({ hdf: undefined, sources: [], decode: true });
    const [p, u, v] = await Promise.all(
      ["Pstorm", "Ustorm", "Vstorm"].map((name) => files.open(`${folder}${name}.cdf`)),
    );
    storm = { ...(p as Dataset), variables: { ...p?.variables, ...u?.variables, ...v?.variables } };
  });

  it("is tracked at all ten times that were reviewed, from Georgia to beyond the edge, and ends there", async () => {
    const tracks = await stormTracks(storm, OPTIONS);
    const match = matchTracks(tracks, [reviewed("blizzard", BLIZZARD)]);
    expect(match).toMatchObject({ hits: 10, misses: 0, falseAlarms: 0, pod: 1, far: 0 });
    // The grid is 1.25 degrees (139 km) by 2.5 degrees (212 km at 40 N).
    expect(match.meanErrorKm).toBeLessThan(60);
    expect(match.maxErrorKm).toBeLessThan(110);
    expect(match.tracks[0]?.by).toHaveLength(1);
    const found = tracks.find(({ id }) => id === match.tracks[0]?.by[0]);
    expect([found?.begin, found?.end, found?.points.at(-1)?.closed]).toEqual(["genesis", "edge", "edge"]);
  });

  it.each<readonly [string, boolean, Partial<TrackMatch>]>([
    ["pressure as it is", false, { hits: 14, misses: 1, falseAlarms: 0 }],
    [
      "its difference from the mean of 16 days, which moves shallow lows",
      true,
      { hits: 10, misses: 5, falseAlarms: 1 },
    ],
  ])("and the low of Hudson Bay are all closed lows of these times: %s", async (_, anomaly, counts) => {
    const lows: StormCandidate[] = [];
    for await (const low of detectStorms(storm, { ...OPTIONS, anomaly })) lows.push(low);
    const closed = lows.filter((low) => low.closed === "yes").map((low, i) => ({ id: String(i), points: [low] }));
    const reference = [reviewed("blizzard", BLIZZARD), reviewed("Hudson Bay", HUDSON_BAY)];
    const match = matchTracks(closed, reference);
    // Of 15 reviewed centres; the one at the edge (hour 108) is not closed.
    expect(match).toMatchObject(counts);
  });

  it("is refused with what to do where times and units are not stated", async () => {
    await expect(stormTracks(storm, { pressure: "p", times: { unit: "hours since 1996-01-05" } })).rejects.toThrow(
      'pressure: "p" states no unit. Say which one it is in: { name: "p", unit: "Pa" }.',
    );
    await expect(stormTracks(storm, { pressure: { name: "p", unit: "Pa" } })).rejects.toThrow(
      /"timestep" is no time.*times: \{ unit/s,
    );
    await expect(
      stormTracks(storm, { pressure: { name: "p", unit: "K" }, times: { unit: "hours since 1996-01-05" } }),
    ).rejects.toThrow('is in "K", which does not convert to Pa');
  });
});
