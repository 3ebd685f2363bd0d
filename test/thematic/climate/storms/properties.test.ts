import { describe, expect, it } from "vitest";
import type { NdArray } from "../../../../core/index.ts";
import { detectStorms, type StormTrack, stormTracks } from "../../../../thematic/climate/index.ts";
import {
  degreesApart,
  type Grid,
  greatCircle,
  range,
  type Scene,
  sceneDataset,
  sceneField,
  type Vortex,
} from "./vortices.ts";

const grid: Grid = { lat: range(-90, 3, 61), lon: range(0, 3, 120) };
const vortices: readonly Vortex[] = [
  { centre: greatCircle({ lat: 40, lon: 170 }, 80, 2), depth: () => 3000, radius: 4 },
  { centre: greatCircle({ lat: -50, lon: -5 }, 95, 2.5), depth: () => 4000, radius: 4 },
  { centre: greatCircle({ lat: 80, lon: 60 }, 0, 1.5), depth: () => 3500, radius: 4 },
];
const scene: Scene = { grid, steps: 12, vortices, noise: 30, gradient: 10 };
const field = sceneField(scene);
const OPTIONS = { pressure: "psl" };

/** The field with its columns turned by so many, along the same longitudes. */
function turned(columns: number): Float64Array {
  return field.map((_, i) => {
    const column = i % 120;
    return field[i - column + ((column + 120 - columns) % 120)] as number;
  });
}

function places(tracks: readonly StormTrack[], turn = 0): readonly unknown[] {
  return tracks.map(({ points }) =>
    points.map(({ lat, lon, pressure }) => ({
      lat: lat.toFixed(5),
      lon: ((((lon - turn) % 360) + 360.000000001) % 360).toFixed(5),
      pressure: pressure?.toFixed(4),
    })),
  );
}

describe("tracks of a global field", () => {
  it("turn with it: any number of columns, over the date line and the pole", async () => {
    const tracks = await stormTracks(sceneDataset(scene, field), OPTIONS);
    expect(tracks).toHaveLength(3);
    for (const columns of [1, 17, 60, 119]) {
      const moved = await stormTracks(sceneDataset(scene, turned(columns)), OPTIONS);
      expect(places(moved, 3 * columns)).toEqual(places(tracks));
    }
  });

  it("do not depend on how the data lie: latitudes down, longitudes from -180 or down, axes in another order, a column twice", async () => {
    const tracks = await stormTracks(sceneDataset(scene, field), OPTIONS);
    const lay = (
      lats: readonly number[],
      columns: readonly number[],
      lons: readonly number[],
    ): ReturnType<typeof sceneDataset> => {
      const values = new Float64Array(12 * 61 * columns.length);
      let at = 0;
      for (let step = 0; step < 12; step++)
        for (const row of lats)
          for (const column of columns) values[at++] = field[(step * 61 + row) * 120 + column] as number;
      return sceneDataset({ ...scene, grid: { lat: lats.map((row) => grid.lat[row] as number), lon: lons } }, values);
    };
    const [rows, columns] = [range(0, 1, 61), range(0, 1, 120)];
    const down = [...rows].reverse();
    expect(await stormTracks(lay(down, columns, grid.lon), OPTIONS)).toEqual(tracks);
    expect(await stormTracks(lay(rows, [...columns].reverse(), [...grid.lon].reverse()), OPTIONS)).toEqual(tracks);
    expect(await stormTracks(lay(rows, [...columns, 0], [...grid.lon, 360]), OPTIONS)).toEqual(tracks);
    const fromWest = [...columns.slice(60), ...columns.slice(0, 60)];
    const west = await stormTracks(
      lay(
        down,
        fromWest,
        fromWest.map((column) => (3 * column >= 180 ? 3 * column - 360 : 3 * column)),
      ),
      OPTIONS,
    );
    expect(places(west)).toEqual(places(tracks));
    const source = sceneDataset(scene, field);
    const psl = source.variables["psl"];
    const array = (await psl?.read())?.transpose(["lon", "time", "lat"]).contiguous();
    const turnedAxes = {
      ...source,
      variables: {
        ...source.variables,
        psl: {
          ...psl,
          dims: ["lon", "time", "lat"],
          shape: [120, 12, 61],
          read: async (selection: Readonly<Record<string, never>>) => (array as NdArray).slice(selection),
        },
      },
    };
    expect(await stormTracks(turnedAxes as unknown as typeof source, OPTIONS)).toEqual(tracks);
  });

  it("are alike however little is read at a time", async () => {
    const tracks = await stormTracks(sceneDataset(scene, field), OPTIONS);
    expect(await stormTracks(sceneDataset(scene, field), { ...OPTIONS, maxBytes: 1 })).toEqual(tracks);
    expect(await stormTracks(sceneDataset(scene, field), { ...OPTIONS, maxBytes: 500_000 })).toEqual(tracks);
  });

  it("lie near the known centres at all times", async () => {
    const tracks = await stormTracks(sceneDataset(scene, field), OPTIONS);
    for (const { points } of tracks) {
      for (const point of points) {
        // With noise of 30 Pa, on cells of 3 degrees: within half a cell.
        expect(Math.min(...vortices.map((vortex) => degreesApart(vortex.centre(point.step ?? 0), point)))).toBeLessThan(
          1.5,
        );
      }
    }
  });
});

describe("reading", () => {
  it("holds no more of the fields than asked, and reads each step once", async () => {
    const source = sceneDataset(scene, field);
    const psl = source.variables["psl"];
    const reads: (readonly [number, number])[] = [];
    const watched = {
      ...source,
      variables: {
        ...source.variables,
        psl: {
          ...psl,
          dims: psl?.dims,
          shape: psl?.shape,
          unit: psl?.unit,
          attributes: psl?.attributes,
          read: async (selection: Readonly<Record<string, { start: number; stop: number }>>) => {
            const { start, stop } = selection["time"] as { start: number; stop: number };
            reads.push([start, stop]);
            return (await psl?.read({ time: { start, stop } })) as NdArray;
          },
        },
      },
    } as unknown as typeof source;
    // 61 x 120 values of 16 bytes are 117,120 bytes a step: 4 steps at a time.
    const fractions: number[] = [];
    await stormTracks(watched, { ...OPTIONS, maxBytes: 500_000, onProgress: (fraction) => fractions.push(fraction) });
    expect(reads).toEqual([
      [0, 4],
      [4, 8],
      [8, 12],
    ]);
    expect(fractions).toEqual(range(1, 1, 12).map((step) => step / 12));
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    let seen = 0;
    const all = async (): Promise<void> => {
      for await (const _ of detectStorms(sceneDataset(scene, field), { ...OPTIONS, signal: controller.signal })) {
        if (++seen === 4) controller.abort(new Error("enough"));
      }
    };
    await expect(all()).rejects.toThrow("enough");
    expect(seen).toBeLessThan(8);
  });
});
