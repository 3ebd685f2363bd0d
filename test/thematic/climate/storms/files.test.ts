import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  matchTracks,
  readHurdat,
  readTracksCsv,
  type StormTrack,
  trackStorms,
  tracksCsv,
  tracksDataset,
} from "../../../../thematic/climate/index.ts";

const HURDAT = `AL092021,                IDA,      2,
20210826, 1200,  , TD, 16.5N,  78.9W,  30, 1006,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,   60
20210826, 1800,  , TS, 17.4S, 179.5E, -99, -999,   60,    0,    0,   60,    0,    0,    0,    0,    0,    0,    0,    0,   60
`;
const CSV = `track_id,year,month,day,hour,i,j,lon,lat,slp,zs,wind10,time
1207.0,1996.0,1.0,3.0,0.0,549.0,422.0,237.25,-15.5,100590.3,52.12494,9.561235,1996-01-03 00:00:00
1207.0,1996.0,1.0,3.0,6.0,550.0,421.0,137.5,-15.25,100156.6,13.97798,,1996-01-03 06:00:00
`;

describe("HURDAT2", () => {
  it("gives places in degrees, pressure in Pa and wind in m s-1; what is missing is left out", () => {
    // 30 knots are 30 x 1852 / 3600 m/s; 2021-08-26 is day 18,865 from 1970 on.
    expect(readHurdat(HURDAT)).toEqual([
      {
        id: "AL092021",
        name: "IDA",
        points: [
          {
            time: "2021-08-26T12:00:00",
            hours: 18_865 * 24 + 12,
            lat: 16.5,
            lon: -78.9,
            pressure: 100_600,
            windSpeed: 55_560 / 3600,
          },
          { time: "2021-08-26T18:00:00", hours: 18_865 * 24 + 18, lat: -17.4, lon: 179.5 },
        ],
      },
    ]);
  });

  it.each([
    ["a header that is cut", (text: string) => text.replace("AL092021,  ", "AL0920"), /^Line 1 .*a storm begins with/],
    [
      "a line too few",
      (text: string) => text.split("\n").slice(0, 2).join("\n"),
      /^Line 3 of the HURDAT2 text is "": a time/,
    ],
    ["a line too many", (text: string) => text.replace("2,", "1,").replace("IDA,      2", "IDA,      1"), /^Line 3 /],
    ["a letter in a number", (text: string) => text.replace("16.5N", "16.xN"), /^Line 2 .*16\.xN/],
    [
      "a day that does not exist",
      (text: string) => text.replace("20210826, 1200", "20210231, 1200"),
      /^Line 2 .*date, or the place, does not exist/,
    ],
    ["a latitude beyond the pole", (text: string) => text.replace("16.5N", "96.5N"), /does not exist/],
    [
      "times that go back",
      (text: string) => text.replace("20210826, 1800", "20210826, 0600"),
      /^Line 3 .*times of a storm must increase/,
    ],
  ])("is refused with the number of the line: %s", (_, damage, message) => {
    let error: unknown;
    try {
      readHurdat(damage(HURDAT));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "TWIN_CLIMATE_INPUT_INVALID", message: expect.stringMatching(message) });
  });
});

describe("CSV of TempestExtremes", () => {
  it("gives tracks; longitudes are from -180 on", () => {
    expect(readTracksCsv(CSV)).toMatchObject([
      {
        id: "1207",
        points: [
          { time: "1996-01-03T00:00:00", lat: -15.5, lon: -122.75, pressure: 100_590.3, windSpeed: 9.561235 },
          { lon: 137.5 },
        ],
      },
    ]);
    expect(readTracksCsv(CSV)[0]?.points[1]).not.toHaveProperty("windSpeed");
  });

  it.each([
    ["no latitude", (text: string) => text.replace("lat", "x"), /columns .*; lat are not there/],
    ["a cut line", (text: string) => text.slice(0, -40), /^Line 3 of the tracks .*values for 13 columns/],
    [
      "a word for a number",
      (text: string) => text.replace("-15.25", "south"),
      /^Line 3 .*lat is "south", which is no number/,
    ],
    [
      "a month that does not exist",
      (text: string) => text.replace("1996.0,1.0,3.0,6.0", "1996.0,13.0,3.0,6.0"),
      /^Line 3 .*the date does not exist/,
    ],
    [
      "the same time twice",
      (text: string) => text.replace("3.0,6.0", "3.0,0.0"),
      /^Line 3 .*times of a track must increase/,
    ],
  ])("is refused with the number of the line: %s", (_, damage, message) => {
    expect(() => readTracksCsv(damage(CSV))).toThrow(message);
  });

  it("is what is written: tracks come back", () => {
    const tracks = readHurdat(HURDAT).map(({ id, points }) => ({ id, points }));
    expect(readTracksCsv(tracksCsv(tracks))).toEqual(tracks);
  });
});

const folder = fileURLToPath(new URL("../../../../../shared/data/netcdf/storm-tracks/", import.meta.url));
// Real files, which are not in the repository: skipped where they are not beside it.
describe.skipIf(!existsSync(folder))("files of storms (needs shared/data/netcdf)", () => {
  const text = (name: string): string => readFileSync(`${folder}${name}`, "utf8");

  it("are read whole", () => {
    const count = (tracks: readonly StormTrack[]): readonly number[] => [
      tracks.length,
      tracks.reduce((sum, { points }) => sum + points.length, 0),
    ];
    // Counted with grep: lines that begin with two letters, and all others.
    expect(count(readHurdat(text("sample_hurdat.txt")))).toEqual([37, 1109 + 1 - 37]);
    expect(count(readTracksCsv(text("ERA5_1996_UZ.csv")))[1]).toBe(2274);
    expect(count(readTracksCsv(text("sample.csv")))).toEqual([3, 99]);
  });

  it("can be compared: a track with itself is all hits", () => {
    const tracks = readTracksCsv(text("sample.csv"));
    expect(matchTracks(tracks, tracks)).toMatchObject({
      hits: 99,
      misses: 0,
      falseAlarms: 0,
      pod: 1,
      far: 0,
      meanErrorKm: 0,
    });
  });
});

describe("comparing tracks", () => {
  const track = (id: string, places: readonly (readonly [number, number, number])[]): StormTrack => ({
    id,
    points: places.map(([hours, lat, lon]) => ({
      hours,
      lat,
      lon,
      time: `1970-01-01T${String(hours).padStart(2, "0")}:00:00`,
    })),
  });

  it("counts each centre once, the nearest first, and none at other times", () => {
    // One degree of latitude is 111.195 km: 2 degrees are within 300 km, 3 are not.
    const reference = [
      track("a", [
        [0, 0, 0],
        [6, 0, 0],
        [12, 0, 0],
      ]),
    ];
    const found = [
      track("x", [
        [0, 1, 0],
        [6, 3, 0],
        [18, 0, 0],
      ]),
      track("y", [[0, 2, 0]]),
    ];
    const match = matchTracks(found, reference);
    expect(match).toMatchObject({
      hits: 1,
      misses: 2,
      falseAlarms: 2,
      notJudged: 1,
      tracks: [{ id: "a", found: 1, of: 3, by: ["x"] }],
    });
    expect([match.pod, match.far]).toEqual([1 / 3, 2 / 3]);
    expect(match.meanErrorKm).toBeCloseTo((6371.0088 * Math.PI) / 180, 6);
    expect(matchTracks(found, reference, { withinKm: 350 }).hits).toBe(2);
  });
});

describe("stitching", () => {
  const low = (step: number, lon: number, more = {}) => ({
    step,
    hours: 6 * step,
    time: "",
    lat: 0,
    lon,
    pressure: 99_000,
    closed: "yes" as const,
    atRim: false,
    ...more,
  });
  const steps = Array.from({ length: 12 }, (_, step) => step);

  it("allows 8 degrees a step of 6 hours and 3 missed steps, and needs 10 steps", () => {
    expect(trackStorms(steps.map((step) => low(step, 7.9 * step)))).toHaveLength(1);
    expect(trackStorms(steps.map((step) => low(step, 8.1 * step)))).toEqual([]);
    expect(trackStorms(steps.filter((step) => step < 4 || step > 6).map((step) => low(step, step)))).toHaveLength(1);
    expect(trackStorms(steps.filter((step) => step < 4 || step > 7).map((step) => low(step, step)))).toEqual([]);
    expect(trackStorms(steps.slice(0, 10).map((step) => low(step, step)))).toHaveLength(1);
    expect(trackStorms(steps.slice(0, 9).map((step) => low(step, step)))).toEqual([]);
  });

  it("keeps to the speed where steps are shorter", () => {
    const hourly = (speed: number) =>
      Array.from({ length: 60 }, (_, step) => ({ ...low(step, speed * step), hours: step }));
    expect(trackStorms(hourly(1.3))).toHaveLength(1);
    expect(trackStorms(hourly(1.4))).toEqual([]);
  });

  it("gives a candidate to the nearest track, in whatever order they come", () => {
    const [a, b] = [
      steps.map((step) => low(step, 5)),
      steps.map((step) => ({ ...low(step, 0), lat: step === 6 ? 4 : 0 })),
    ];
    for (const all of [[...a, ...b], [...b, ...a].reverse()]) {
      expect(
        trackStorms(all)
          .map(({ points }) => points[11]?.lon)
          .sort(),
      ).toEqual([0, 5]);
    }
  });

  it("ends at the edge, and does not follow it", () => {
    const along = steps.map((step) => low(step, step, step > 9 && { atRim: true, closed: "edge" }));
    expect(trackStorms(along, { steps: { first: 0, last: 20 } })).toMatchObject([
      { begin: "record", end: "edge", points: { length: 11 } },
    ]);
  });

  it("refuses what cannot be", () => {
    expect(() => trackStorms([], { range: { degrees: 0, hours: 6 } })).toThrow("range.degrees is 0");
    expect(() => trackStorms([low(0, 0)], { tropical: true })).toThrow("no candidate has warmCore");
  });
});

describe("a dataset of tracks", () => {
  it("follows CF: trajectories in a contiguous ragged array", async () => {
    const tracks = [...readHurdat(HURDAT), ...readTracksCsv(CSV)];
    const set = tracksDataset(tracks, { attributes: { title: "Two" } });
    expect(set.attributes).toMatchObject({ featureType: "trajectory", title: "Two" });
    expect(set.variables["row_size"]?.attributes["sample_dimension"]).toBe("obs");
    const values = async (name: string) => [...((await set.variables[name]?.read())?.toFloat64() ?? [])];
    expect(await values("row_size")).toEqual([2, 2]);
    expect(await values("lat")).toEqual([16.5, -17.4, -15.5, -15.25]);
    expect(await values("pressure")).toEqual([100_600, Number.NaN, 100_590.3, 100_156.6]);
    expect(await values("begin")).toEqual([-1, -1]);
  });
});
