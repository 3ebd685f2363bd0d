import { describe, expect, it } from "vitest";
import { createTwin, type GeoMap } from "../../../core/index.ts";
import { report } from "../../../modules/report/index.ts";

const map: GeoMap = {
  kind: "map",
  caption: "Anomaly",
  longitudeEdges: [-10, 0, 10],
  latitudeEdges: [40, 50, 60],
  values: [
    [-1, 0],
    [1, null],
  ],
  color: { label: "anomaly", unit: "K", min: -1, max: 1, palette: "diverging" },
};
/** A world of water where nothing but what is asked for is drawn: no coast comes so far from land. */
const ocean: GeoMap = { ...map, longitudeEdges: [-150, -145, -140], latitudeEdges: [-55, -52, -50] };

async function svgOf(drawn: GeoMap): Promise<string> {
  await using twin = await createTwin({ plugins: { report: report() } });
  return await twin.report.svg(drawn);
}

/** Rectangles of the map: colour and place on the page, `[x, y, width, height]`. */
function cellsOf(svg: string): (readonly [string, ...number[]])[] {
  const group = /class="mark-rect role-mark cells"[^>]*>([\s\S]*?)<\/g>/.exec(svg)?.[1] ?? "";
  return [...group.matchAll(/d="M([\d.-]+),([\d.-]+)h([\d.-]+)v([\d.-]+)h[^"]*"[^>]*?fill="([^"]+)"/g)].map(
    ([, x, y, width, height, fill]) => [fill as string, Number(x), Number(y), Number(width), Number(height)],
  );
}

/** Places of all lines of a kind, in pixels. */
function linesOf(svg: string, kind: "coasts" | "tracks"): number[][][] {
  const group = new RegExp(`class="mark-line role-mark ${kind}"[^>]*>([\\s\\S]*?)</g>`).exec(svg)?.[1] ?? "";
  return [...group.matchAll(/ d="([^"]*)"/g)].flatMap(([, d = ""]) =>
    d
      .split("M")
      .slice(1)
      .map((line) => line.split("L").map((place) => place.split(",").map(Number.parseFloat))),
  );
}

describe("a map", () => {
  it("has a cell for each value at its place, north up, in the colour of the value", async () => {
    const cells = cellsOf(await svgOf(map));
    // 20 degrees of longitude in 520 pixels; at 50 degrees north a degree of latitude is longer by 1 / cos 50.
    const height = 520 / Math.cos((50 * Math.PI) / 180);
    expect(height).toBeGreaterThan(560); // the most that there is
    expect(cells).toEqual([
      ["#0072b2", 0, 280, 260, 280],
      ["#f4f4f4", 260, 280, 260, 280],
      ["#d55e00", 0, 0, 260, 280],
    ]);
  });

  it("has coastlines where they are: of the Channel at 1.5 degrees east, 51 degrees north", async () => {
    const channel = { ...map, longitudeEdges: [1, 1.5, 2], latitudeEdges: [50.5, 51, 51.5] };
    const places = linesOf(await svgOf(channel), "coasts").flat();
    const inside = places.filter(([x = -1, y = -1]) => x >= 0 && x <= 520 && y >= 0 && y <= 560);
    expect(inside.length).toBeGreaterThan(3);
    expect(linesOf(await svgOf(ocean), "coasts").flat()).toEqual([]);
  });

  it("shows the Earth from 0 to 360 degrees with the same coasts as from -180 to 180", async () => {
    const world = { ...map, latitudeEdges: [-90, 0, 90], values: map.values };
    const greenwich = linesOf(await svgOf({ ...world, longitudeEdges: [-180, 0, 180] }), "coasts").flat();
    const dateLine = linesOf(await svgOf({ ...world, longitudeEdges: [0, 180, 360] }), "coasts").flat();
    const half = 520 / 2;
    const eastOf = (places: number[][], from: number): string[] =>
      places
        .filter(([x = 0]) => x > from + 2 && x < from + half - 2)
        .map(([x = 0, y = 0]) => `${Math.round(x - from)},${Math.round(y)}`)
        .toSorted((a, b) => a.localeCompare(b));
    // The eastern half is the right half of the one, and the left half of the other.
    expect(eastOf(dateLine, 0).length).toBeGreaterThan(500);
    expect(eastOf(dateLine, 0)).toEqual(eastOf(greenwich, half));
  });

  it("draws a track on across the date line, wherever the map begins", async () => {
    const track = { name: "one", longitudes: [170, 178, -175], latitudes: [0, 10, 20] };
    const drawn = { ...ocean, longitudeEdges: [160, 180, 200], latitudeEdges: [-10, 10, 30], tracks: [track] };
    const [line = []] = linesOf(await svgOf(drawn), "tracks");
    expect(line.map(([x]) => Math.round(x as number))).toEqual([130, 234, 325]);
    const west = { ...drawn, longitudeEdges: [-200, -180, -160] };
    expect(linesOf(await svgOf(west), "tracks")).toEqual([line]);
  });

  it("draws a grid of many cells as averages of neighbours, and says so", async () => {
    const rows = 200;
    const fine: GeoMap = {
      ...ocean,
      longitudeEdges: Array.from({ length: rows + 1 }, (_, i) => -150 + i / 20),
      latitudeEdges: Array.from({ length: rows + 1 }, (_, i) => -60 + i / 20),
      values: Array.from({ length: rows }, (_, i) =>
        Array.from({ length: rows }, (_, j) => ((i + j) % 2 === 0 ? 1 : -1)),
      ),
    };
    const cells = cellsOf(await svgOf(fine));
    expect(cells).toHaveLength(10_000);
    expect(new Set(cells.map(([color]) => color))).toEqual(new Set(["#f4f4f4"]));
    await using twin = await createTwin({ plugins: { report: report() } });
    const page = await twin.report.html({ title: "Maps", sections: [{ title: "One", items: [fine] }] });
    expect(page).toContain("<figcaption>Anomaly. Drawn as averages of 2 × 2 cells.</figcaption>");
  });

  it("has amounts from dark to bright, and is told in words", async () => {
    const amounts: GeoMap = {
      ...ocean,
      color: { label: "rain", unit: "mm", min: -1, max: 1, palette: "sequential" },
      points: [{ name: "Buoy", longitude: 215, latitude: -52 }],
    };
    const svg = await svgOf(amounts);
    const brightness = cellsOf(svg).map(([color]) =>
      [...color.matchAll(/\d+/g)].reduce((sum, [part]) => sum + Number(part), 0),
    );
    expect(brightness).toEqual(brightness.toSorted((a, b) => a - b));
    expect(new Set(brightness).size).toBe(3);
    expect(svg).toContain(
      "Map of rain [mm] as colour, -150 to -140 °E, -55 to -50 °N, 2 rows of 2 cells, with coastlines. Points: Buoy.",
    );
  });

  it.each([
    ["a row too few", { values: [[1, 1]] }, "values"],
    ["longitudes that fall", { longitudeEdges: [0, 20, 10] }, "longitudeEdges[2]"],
    ["more than the Earth", { longitudeEdges: [-180, 0, 181] }, "longitudeEdges"],
    ["latitudes that there are not", { latitudeEdges: [40, 50, 91] }, "latitudeEdges[2]"],
    ["a track with a latitude too few", { tracks: [{ name: "t", longitudes: [1, 2], latitudes: [1] }] }, "tracks[0]"],
    ["colours without a range", { color: { ...map.color, max: -1 } }, "color.max"],
  ])("with %s is refused", async (_, change, path) => {
    await expect(svgOf({ ...map, ...change } as GeoMap)).rejects.toMatchObject({ code: "TWIN_INVALID_REPORT", path });
  });
});
