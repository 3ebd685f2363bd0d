import { describe, expect, it } from "vitest";
import { createTwin, type HeatMap } from "../../../core/index.ts";
import { report } from "../../../modules/report/index.ts";

const map: HeatMap = {
  kind: "heatmap",
  caption: "Correlation",
  x: { label: "layer" },
  y: { label: "depth", unit: "mm" },
  xEdges: [0, 1, 2, 4],
  yEdges: [0, 10, 20],
  values: [
    [-1, 0, 1],
    [null, 0.5, Number.NaN],
  ],
  color: { label: "correlation", min: -1, max: 1 },
};

async function svgOf(drawn: HeatMap): Promise<string> {
  await using twin = await createTwin({ plugins: { report: report() } });
  return await twin.report.svg(drawn);
}

/** Cells of the map: colour, and place on the page in units of the map's 400 pixels. */
function cellsOf(svg: string): { fill: string; x: number; y: number; width: number; height: number }[] {
  const group = /class="mark-rect role-mark cells"[^>]*>([\s\S]*?)<\/g>/.exec(svg)?.[1] ?? "";
  return [...group.matchAll(/<path[^>]*?d="M([\d.-]+),([\d.-]+)h([\d.-]+)v([\d.-]+)h[^"]*"[^>]*?fill="([^"]+)"/g)].map(
    ([, x, y, width, height, fill]) => ({
      fill: fill as string,
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    }),
  );
}

describe("a heat map", () => {
  it("has a cell for each value at its place, in a colour that says how large it is", async () => {
    const cells = cellsOf(await svgOf(map));
    expect(cells).toEqual([
      { fill: "#0072b2", x: 0, y: 200, width: 100, height: 200 },
      { fill: "#f4f4f4", x: 100, y: 200, width: 100, height: 200 },
      { fill: "#d55e00", x: 200, y: 200, width: 200, height: 200 },
      { fill: "#e5a97a", x: 100, y: 0, width: 100, height: 200 },
    ]);
  });

  it("shows values beyond the ends as the ends", async () => {
    const beyond = { ...map, values: [[-7, 0, 7], map.values[1] as (number | null)[]] };
    expect(cellsOf(await svgOf(beyond))).toEqual(cellsOf(await svgOf(map)));
  });

  it("is told in words, with what is missing", async () => {
    await using twin = await createTwin({ plugins: { report: report() } });
    const page = await twin.report.html({ title: "Maps", sections: [{ title: "One", items: [map] }] });
    expect(page).toContain("correlation as colour: depth [mm] against layer, 2 rows of 3 cells.");
    expect(page).toContain("<figcaption>Correlation. 2 cells have no value.</figcaption>");
  });

  it("is the same each time", async () => {
    expect(await svgOf(map)).toBe(await svgOf(structuredClone(map)));
  });

  it.each([
    ["a row too few", { values: [[1, 1, 1]] }, "values"],
    [
      "a cell too many",
      {
        values: [
          [1, 1, 1],
          [1, 1, 1, 1],
        ],
      },
      "values[1]",
    ],
    ["edges that fall", { xEdges: [0, 2, 1, 4] }, "xEdges[2]"],
    ["no edges", { yEdges: [] }, "yEdges"],
    ["colours without a range", { color: { label: "", min: 1, max: 1 } }, "color.max"],
    ["edges too large to draw", { xEdges: [0, 1, 2, 1e200] }, "xEdges[3]"],
  ])("with %s is refused", async (_, change, path) => {
    await expect(svgOf({ ...map, ...change })).rejects.toMatchObject({ code: "TWIN_INVALID_REPORT", path });
  });
});
