import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../core/index.ts";
import {
  matchTracks,
  type StormTrack,
  type StormTracksOptions,
  stormTracks,
} from "../../../../thematic/climate/index.ts";
import { closedContour } from "../../../../thematic/climate/storms/contour.ts";
import { stormGrid, visits } from "../../../../thematic/climate/storms/grid.ts";
import {
  type Centre,
  degreesApart,
  type Grid,
  greatCircle,
  range,
  type Scene,
  sceneDataset,
  sceneField,
  sceneTracks,
  type Vortex,
} from "./vortices.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const OPTIONS: StormTracksOptions = { pressure: "psl" };

function world(spacing: number, { withPoles = true, from = 0 } = {}): Grid {
  const first = withPoles ? -90 : -90 + spacing / 2;
  return { lat: range(first, spacing, 180 / spacing + (withPoles ? 1 : 0)), lon: range(from, spacing, 360 / spacing) };
}

function gaussian(centre: (step: number) => Centre, depth = 3000, radius = 4): Vortex {
  return { centre, depth: () => depth, radius };
}

async function tracksOf(scene: Scene, options = OPTIONS): ReturnType<typeof stormTracks> {
  return await stormTracks(sceneDataset(scene), options);
}

describe("a moving low of known centre", () => {
  it.each([
    ["in the middle of the ocean", { lat: 40, lon: -40 }, 70],
    ["over the date line", { lat: 35, lon: 165 }, 85],
    ["over Greenwich", { lat: -45, lon: -20 }, 90],
    ["over the North Pole", { lat: 72, lon: 30 }, 5],
    ["over the South Pole", { lat: -75, lon: -100 }, 175],
  ])("is one track on a global grid %s", async (_, start, bearing) => {
    for (const withPoles of [true, false]) {
      const scene: Scene = {
        grid: world(1.5, { withPoles }),
        steps: 14,
        vortices: [gaussian(greatCircle(start, bearing, 2.5))],
      };
      const tracks = await tracksOf(scene);
      expect(tracks.map(({ points, begin, end }) => [points.length, begin, end])).toEqual([[14, "record", "record"]]);
      const match = matchTracks(tracks, sceneTracks(scene));
      expect([match.hits, match.falseAlarms]).toEqual([14, 0]);
      // A third of a cell of 1.5 degrees is 56 km.
      expect(match.maxErrorKm).toBeLessThan(30);
    }
  });

  it("is found between the points of the grid: without background, to some hundredths of a cell", async () => {
    for (const spacing of [0.5, 1, 2]) {
      const grid: Grid = { lat: range(20, spacing, 40 / spacing), lon: range(-60, spacing, 60 / spacing) };
      const scene: Scene = { grid, steps: 12, vortices: [gaussian(greatCircle({ lat: 38.3, lon: -42.1 }, 60, 1.13))] };
      const { meanErrorKm, pod } = matchTracks(await tracksOf(scene), sceneTracks(scene));
      expect(pod).toBe(1);
      expect(meanErrorKm / (spacing * 111.2)).toBeLessThan(0.06);
    }
  });

  it("that goes out over the edge ends there, and one that comes in begins there", async () => {
    const grid: Grid = { lat: range(20, 1, 41), lon: range(-80, 1, 61) };
    const away = gaussian((step) => ({ lat: 40, lon: -45 + 2 * step }));
    const into = gaussian((step) => ({ lat: 30 + step / 4, lon: -90 + 2 * step }));
    const [out] = await tracksOf({ grid, steps: 20, vortices: [away] });
    expect([out?.begin, out?.end]).toEqual(["record", "edge"]);
    // At step 12 the centre is at 21 W, at step 13 at 19 W: beyond the last column, 20 W, where the lowest point now is.
    expect(out?.points.slice(-2)).toMatchObject([
      { step: 12, closed: "edge", atRim: false, lon: expect.closeTo(-21, 1) },
      { step: 13, closed: "edge", atRim: true, lon: -20 },
    ]);
    expect(out?.points.map(({ closed }) => closed).slice(0, 10)).toEqual(Array.from({ length: 10 }, () => "yes"));
    const [come] = await tracksOf({ grid, steps: 20, vortices: [into] });
    expect([come?.begin, come?.end]).toEqual(["edge", "record"]);
    expect(come?.points[0]).toMatchObject({ closed: "edge" });
    expect(degreesApart(come?.points[0] as Centre, into.centre(come?.points[0]?.step ?? 0))).toBeLessThan(1.5);
  });

  it("whose centre stays beyond the edge is no storm, save where such are asked for", async () => {
    const grid: Grid = { lat: range(20, 1, 41), lon: range(-80, 1, 61) };
    const scene: Scene = { grid, steps: 16, vortices: [gaussian((step) => ({ lat: 30 + step, lon: -18 }))] };
    expect(await tracksOf(scene)).toEqual([]);
    const [kept] = await tracksOf(scene, { ...OPTIONS, minClosedSteps: 0 });
    expect(kept?.points.every(({ atRim, closed }) => atRim && closed === "edge")).toBe(true);
  });

  it("at missing values is at an edge, too; holes elsewhere change nothing", async () => {
    const grid: Grid = { lat: range(20, 1, 41), lon: range(-80, 1, 61) };
    const scene: Scene = { grid, steps: 12, vortices: [gaussian((step) => ({ lat: 40, lon: -60 + step }))] };
    const source = sceneDataset(scene);
    const whole = await stormTracks(source, OPTIONS);
    const values = sceneField(scene);
    const withHole = (east: number): Float64Array =>
      values.map((value, i) =>
        Math.abs((grid.lon[i % 61] as number) - east) <= 2 && i % 41 < 90 ? Number.NaN : value,
      );
    // Columns 32 W to 28 W: more than 5.5 degrees from the low, which ends at 49 W.
    const far = await stormTracks(sceneDataset(scene, withHole(-30)), OPTIONS);
    expect(far).toEqual(whole);
    // Columns 49 W to 45 W: the low comes to them at the end.
    const [near] = await stormTracks(sceneDataset(scene, withHole(-47)), OPTIONS);
    expect(near?.points[0]).toEqual(whole[0]?.points[0]);
    expect(near?.points.at(-1)?.closed).toBe("edge");
  });
});

describe("what is told of a low", () => {
  const grid: Grid = { lat: range(10, 2, 31), lon: range(-90, 2, 46) };

  it("that is the only one: it arose after the first step and filled before the last, though no other low was there", async () => {
    const brief: Vortex = {
      centre: greatCircle({ lat: 40, lon: -50 }, 70, 1),
      depth: (step) => (step >= 5 && step < 18 ? 3000 : 0),
      radius: 4,
    };
    const tracks = await tracksOf({ grid, steps: 24, vortices: [brief] });
    expect(tracks.map(({ points, begin, end }) => [points[0]?.step, points.at(-1)?.step, begin, end])).toEqual([
      [5, 17, "genesis", "lysis"],
    ]);
  });

  it("is of the record where the data lack more time than a gap may be, and goes on over less", async () => {
    const scene: Scene = { grid, steps: 30, vortices: [gaussian(greatCircle({ lat: 40, lon: -60 }, 70, 0.5))] };
    const values = sceneField(scene);
    const [size, absent] = [31 * 46, (step: number) => step >= 14 && step < 18];
    const kept = range(0, 1, 30).filter((step) => !absent(step));
    const source = sceneDataset(
      { ...scene, steps: kept.length },
      values.filter((_, i) => !absent(Math.floor(i / size))),
      kept.map((step) => 6 * step),
    );
    const ends = (tracks: readonly StormTrack[]): unknown =>
      tracks.map(({ points, begin, end }) => [points.length, begin, end]);
    // From step 13 to step 18 are 30 hours.
    expect(ends(await stormTracks(source, OPTIONS))).toEqual([
      [14, "record", "record"],
      [12, "record", "record"],
    ]);
    expect(ends(await stormTracks(source, { ...OPTIONS, maxGapHours: 30 }))).toEqual([[26, "record", "record"]]);
  });

  it("is refused where pascals are none: hectopascals, or anomalies, have no contour of 200 Pa", async () => {
    const scene: Scene = { grid, steps: 12, vortices: [gaussian(() => ({ lat: 40, lon: -50 }))] };
    const values = sceneField(scene);
    const tracks = stormTracks(
      sceneDataset(
        scene,
        values.map((value) => value / 100),
      ),
      OPTIONS,
    );
    await expect(tracks).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
      message: expect.stringMatching(/2001-02-03T00:00:00 is 1013 Pa.*"hPa"/),
    });
    const anomalies = stormTracks(
      sceneDataset(
        scene,
        values.map((value) => value - 101_300),
      ),
      OPTIONS,
    );
    await expect(anomalies).rejects.toThrow("not its anomaly");
    // A step without any value says nothing.
    const late = values.map((value, i) => (i < 31 * 46 ? Number.NaN : value));
    expect(await stormTracks(sceneDataset(scene, late), OPTIONS)).toHaveLength(1);
  });

  it("takes a short way out where its contour is open: some tens of points of a fine grid, and not all within the radius", () => {
    const fine = stormGrid(Float64Array.from(range(20, 0.25, 161)), Float64Array.from(range(-40, 0.25, 161)));
    const scratch = visits(fine);
    const field = new Float64Array(161 * 161).fill(100_000);
    const start = 80 * 161 + 80;
    field[start] = 99_990;
    const search = { field, sign: 1, start, change: 200, radius: 5.5 } as const;
    expect(closedContour(fine, scratch, search)).toBe("no");
    // 5.5 degrees are 22 steps with up to 8 points beside each; within them lie some 2,000 points.
    expect(scratch.marks.filter((mark) => mark === scratch.search).length).toBeLessThan(200);
  });
});

describe("two lows", () => {
  const grid: Grid = { lat: range(20, 1, 51), lon: range(-90, 1, 91) };

  it("that become one: one track goes on, the other ends where they meet", async () => {
    const deep = gaussian((step) => ({ lat: 45, lon: -70 + step / 2 }), 4000, 2);
    const shallow = gaussian((step) => ({ lat: 45, lon: -46 - step / 2 }), 2500, 2);
    const tracks = await tracksOf({ grid, steps: 24, vortices: [deep, shallow] });
    expect(tracks.map(({ points, end }) => [points.at(-1)?.step, end])).toEqual([
      [23, "record"],
      [expect.any(Number), "lysis"],
    ]);
    // The deep one swallows the shallow one when they are about 3 to 4 of their radii apart.
    const last = tracks[1]?.points.at(-1)?.step ?? 0;
    const apart = degreesApart(deep.centre(last), shallow.centre(last));
    expect(apart).toBeGreaterThan(6);
    expect(apart).toBeLessThan(8);
  });

  it("that come from one: one track goes on, the other begins where they are 6 degrees apart", async () => {
    const stays = gaussian(() => ({ lat: 40, lon: -60 }), 3000, 2);
    const leaves: Vortex = { centre: (step) => ({ lat: 40 + step, lon: -60 }), depth: () => 2500, radius: 2 };
    const tracks = await tracksOf({ grid, steps: 22, vortices: [stays, leaves] });
    expect(tracks.map(({ begin, end, points }) => [begin, end, points[0]?.step])).toEqual([
      ["record", "record", 0],
      // 6 degrees apart is not yet further than 6; the middle of the first is pulled a little towards the second.
      ["genesis", "record", 7],
    ]);
  });
});

/** What a random case is made of. */
function randomScene(id: bigint): { readonly scene: Scene; readonly spacing: number; readonly kind: string } {
  const random = new RandomStream({ seed: 20_260_101n, id });
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random.uniform() * all.length)] as T;
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  const spacing = pick([0.75, 1, 1.5, 2, 2.5]);
  const kind = pick(["regional", "regional", "global", "poles", "regional, 0 to 360 over Greenwich"]);
  const steps = 12 + Math.floor(between(0, 8));
  const isRegional = kind.startsWith("regional");
  const from = kind === "regional" ? -100 : 320;
  const regional: Grid = {
    lat: range(15, spacing, Math.floor(60 / spacing)),
    lon: range(from, spacing, Math.floor(80 / spacing)).map((lon) => (kind === "regional" ? lon : lon % 360)),
  };
  const grid = isRegional
    ? regional
    : world(pick([1.5, 2, 2.5].filter((each) => 180 % each === 0)), { from: pick([0, -180]) });
  const flipped: Grid = random.uniform() < 0.5 ? grid : { lat: [...grid.lat].reverse(), lon: grid.lon };
  const vortices: Vortex[] = [];
  for (let tries = 0; vortices.length < pick([1, 2, 3]) && tries < 200; tries++) {
    const lat = isRegional ? between(25, 62) : kind === "poles" ? pick([-1, 1]) * between(65, 89) : between(-65, 65);
    const lon = isRegional ? from + between(5, 75) : between(-180, 180);
    const centre = greatCircle({ lat, lon }, between(0, 360), between(0, 4));
    // Centres that come near each other merge, and are of another test.
    const isApart = vortices.every((other) =>
      range(0, 1, steps).every((step) => degreesApart(other.centre(step), centre(step)) > 18),
    );
    if (!isApart) continue;
    const depth = between(1500, 5000);
    const growth = between(0.6, 1);
    const holland = random.uniform() < 0.4;
    vortices.push({
      centre,
      depth: (step) => depth * (growth + (1 - growth) * Math.sin((Math.PI * step) / steps)),
      radius: holland ? between(1.5, 3) : between(2.5, 4.5),
      ...(holland && { b: between(1, 1.8) }),
    });
  }
  return {
    scene: { grid: flipped, steps, vortices, gradient: between(0, 20), noise: between(0, 15), seed: id + 1n },
    spacing: Math.abs((grid.lat[1] as number) - (grid.lat[0] as number)),
    kind,
  };
}

async function record(
  seen: {
    readonly [name in "cases" | "hits" | "misses" | "falseAlarms" | "pod" | "far" | "km" | "cells"]: number;
  },
): Promise<void> {
  const report = {
    date: new Date().toISOString().slice(0, 10),
    command: "npm run test:long -- test/thematic/climate/storms/analytic.test.ts",
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    scenes:
      "one to three lows, Gaussian or Holland, of 1500 to 5000 Pa, that move along great circles at up to 4 degrees in 6 hours, 18 degrees apart at least; regional and global grids of 0.75 to 2.5 degrees, over Greenwich and the poles too; a background of up to 20 Pa per degree, noise of up to 15 Pa",
    match:
      "a known centre within the data and one that was found, within 300 km at the same time; tracks of 18 hours on",
    cases: seen.cases,
    ...{ hits: seen.hits, misses: seen.misses, false_alarms: seen.falseAlarms },
    probability_of_detection: round(seen.pod),
    false_alarm_ratio: round(seen.far),
    mean_error_km: round(seen.km),
    mean_error_cells: round(seen.cells),
  };
  const file = fileURLToPath(new URL("../../../../docs/measurements/climate-storms.json", import.meta.url));
  await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

describe("random lows over a background with noise", () => {
  const cases = isLong ? 200 : 20;
  it(`are found, and no others: ${cases} cases`, { timeout: 600_000 }, async () => {
    const sums = { hits: 0, misses: 0, falseAlarms: 0, error: 0, cells: 0 };
    for (let i = 0; i < cases; i++) {
      const { scene, spacing } = randomScene(BigInt(i));
      const { lat, lon } = scene.grid;
      const [south, north] = [Math.min(...lat), Math.max(...lat)];
      const isGlobal = north - south > 170;
      const width = spacing * (lon.length - 1);
      const isSeen = (centre: Centre): boolean => {
        const east = (((centre.lon - (lon[0] as number)) % 360) + 360) % 360;
        return isGlobal || (centre.lat >= south && centre.lat <= north && east <= width);
      };
      // Tracks of 4 steps on: those that are soon out of the region are to be found as well.
      const tracks = await tracksOf(scene, { ...OPTIONS, minHours: 18 });
      const match = matchTracks(tracks, sceneTracks(scene, isSeen));
      sums.hits += match.hits;
      sums.misses += match.misses;
      sums.falseAlarms += match.falseAlarms;
      sums.error += match.hits === 0 ? 0 : match.meanErrorKm * match.hits;
      sums.cells += match.hits === 0 ? 0 : (match.meanErrorKm * match.hits) / (spacing * 111.195);
    }
    const { hits, misses, falseAlarms } = sums;
    const seen = {
      pod: hits / (hits + misses),
      far: falseAlarms / (hits + falseAlarms),
      km: sums.error / hits,
      cells: sums.cells / hits,
    };
    if (isLong) await record({ cases, ...sums, ...seen });
    expect(hits).toBeGreaterThan(cases * 8);
    expect(seen.pod).toBeGreaterThan(0.97);
    expect(seen.far).toBeLessThan(0.02);
    expect(seen.cells).toBeLessThan(0.3);
  });
});
