import type { Mark, Spec } from "vega";
import type { GeoMap } from "../../../core/index.ts";
import type { GroundLine } from "./coastlines.ts";
import { colorBar, colorCellMark, diverging } from "./color-cells.ts";
import { FIGURE_CONFIG, MARGIN } from "./figure-spec.ts";
import { layer } from "./marks.ts";
import { panelMark } from "./panel.ts";
import { INK } from "./series-style.ts";

const WIDTH = 520;
/** No map is flatter or taller than these, whatever its shape on the ground. */
const HEIGHTS = [140, 560] as const;
const TOP = 8;
const BAR_GAP = 90;
/** More cells than this make a large drawing that looks the same. */
const MOST_CELLS = 10_000;
const TRACK = "#b2182b";
/** Maps may begin anywhere from -360 to 720. */
const TURNS = [-720, -360, 0, 360, 720];

/** A map to be drawn, with at most {@link MOST_CELLS} cells. */
export interface ReducedMap {
  readonly map: GeoMap;
  /** How many rows and columns of the original are in a cell. */
  readonly merged: readonly [rows: number, columns: number];
}

/** Neighbouring cells averaged, where there are more than are worth drawing; the average is of those that have a value. */
export function reduceCells(map: GeoMap): ReducedMap {
  const [rows, columns] = [map.values.length, map.longitudeEdges.length - 1];
  const factor = Math.ceil(Math.sqrt((rows * columns) / MOST_CELLS));
  if (factor <= 1) return { map, merged: [1, 1] };
  const merged = [Math.min(rows, factor), Math.min(columns, factor)] as const;
  const values = Array.from({ length: Math.ceil(rows / merged[0]) }, (_, i) =>
    Array.from({ length: Math.ceil(columns / merged[1]) }, (_, j) => averageOf(map.values, [i, j], merged)),
  );
  const every = (edges: readonly number[], step: number): readonly number[] => [
    ...edges.slice(0, -1).filter((_, index) => index % step === 0),
    edges.at(-1) as number,
  ];
  return {
    map: {
      ...map,
      values,
      latitudeEdges: every(map.latitudeEdges, merged[0]),
      longitudeEdges: every(map.longitudeEdges, merged[1]),
    },
    merged,
  };
}

function averageOf(
  values: GeoMap["values"],
  [i, j]: readonly [number, number],
  [rows, columns]: readonly [number, number],
): number | null {
  let [sum, count] = [0, 0];
  for (const row of values.slice(i * rows, (i + 1) * rows)) {
    for (const value of row.slice(j * columns, (j + 1) * columns)) {
      if (value === null || !Number.isFinite(value)) continue;
      sum += value;
      count++;
    }
  }
  return count === 0 ? null : sum / count;
}

/**
 * The Vega specification of a map: cells in plate carrée, true to scale in the middle, coastlines, tracks and points over them,
 * and a bar that says what the colours mean.
 *
 * @param sequential - Colour of a place from 0 to 1.
 */
export function geoMapSpec(
  map: GeoMap,
  { coasts, sequential }: { readonly coasts: readonly GroundLine[]; readonly sequential: (place: number) => string },
): Spec {
  const { longitudeEdges, latitudeEdges, color } = map;
  const [west, east] = ends(longitudeEdges);
  const [south, north] = ends(latitudeEdges);
  const middle = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const height = clamp((WIDTH * (north - south)) / ((east - west) * Math.max(middle, 0.3)), HEIGHTS);
  const paint = color.palette === "diverging" ? diverging : sequential;
  const colorOf = (value: number): string => paint(clamp((value - color.min) / (color.max - color.min), [0, 1]));
  const cells = map.values.flatMap((row, i) =>
    row.flatMap((value, j) =>
      value !== null && Number.isFinite(value)
        ? [
            {
              x: longitudeEdges[j] as number,
              x2: longitudeEdges[j + 1] as number,
              y: latitudeEdges[i] as number,
              y2: latitudeEdges[i + 1] as number,
              color: colorOf(value),
            },
          ]
        : [],
    ),
  );
  const inside = (line: GroundLine): readonly GroundLine[] => shifted(line, { west, east, south, north });
  const tracks = (map.tracks ?? []).map(({ longitudes, latitudes }) => unwound(longitudes, latitudes));
  const points = (map.points ?? []).flatMap(({ longitude, latitude }) =>
    turns(longitude, west, east).map((x) => ({ x, y: latitude })),
  );
  const main = panelMark({
    name: "main",
    top: TOP,
    width: WIDTH,
    height,
    x: { axis: { label: "longitude", unit: "°E" }, domain: [west, east], ticks: degreeTicks(west, east) },
    y: { axis: { label: "latitude", unit: "°N" }, domain: [south, north], ticks: degreeTicks(south, north) },
    layers: [
      layer("cells", cells, colorCellMark),
      layer("coasts", pathRows(coasts.flatMap(inside)), lineMark(INK, 0.8)),
      layer("tracks", pathRows(tracks.flatMap(inside)), lineMark(TRACK, 1.8)),
      layer("points", points, pointMark),
    ],
  });
  // A map of tracks or places alone has no colours to tell of.
  const isColored = hasValues(map);
  const bar = colorBar({ color, colorOf, top: TOP, height });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    autosize: "none",
    width: WIDTH + BAR_GAP + bar.width,
    height: TOP + height,
    padding: MARGIN,
    config: FIGURE_CONFIG,
    marks: [
      main,
      ...(isColored
        ? [
            {
              ...{ type: "group" as const, aria: false, marks: [bar.mark] },
              encode: { update: { x: { value: WIDTH + BAR_GAP } } },
            },
          ]
        : []),
    ],
  };
}

/** Whether a map has a coloured cell. */
export function hasValues({ values }: GeoMap): boolean {
  return values.some((row) => row.some((value) => value !== null && Number.isFinite(value)));
}

/** A place for each piece of line, with `null` where the next line begins. */
function pathRows(lines: readonly GroundLine[]): readonly object[] {
  return lines.flatMap((line) => [...line.map(([x, y]) => ({ x, y, drawn: true })), { x: 0, y: 0, drawn: false }]);
}

function lineMark(color: string, width: number): Mark {
  return {
    type: "line",
    encode: {
      update: {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: "y" },
        defined: { field: "drawn" },
        stroke: { value: color },
        strokeWidth: { value: width },
        strokeJoin: { value: "round" },
      },
    },
  };
}

const pointMark: Mark = {
  type: "symbol",
  encode: {
    update: {
      x: { scale: "x", field: "x" },
      y: { scale: "y", field: "y" },
      size: { value: 36 },
      fill: { value: "#ffffff" },
      stroke: { value: INK },
      strokeWidth: { value: 1.5 },
    },
  },
};

/** A way that goes on beyond the date line instead of jumping back. */
function unwound(longitudes: readonly number[], latitudes: readonly number[]): GroundLine {
  let before: number | undefined;
  return longitudes.map((longitude, index) => {
    const x = before === undefined ? longitude : longitude - 360 * Math.round((longitude - before) / 360);
    before = x;
    return [x, latitudes[index] as number];
  });
}

interface Extent {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** What a map shows of a line, whichever turn of the Earth that is on. */
function shifted(line: GroundLine, extent: Extent): readonly GroundLine[] {
  return TURNS.flatMap((turn) =>
    piecesIn(
      line.map(([x, y]) => [x + turn, y]),
      extent,
    ),
  );
}

/** The pieces of a line that may be seen: their segments are not all on one side of the map. */
function piecesIn(line: GroundLine, { west, east, south, north }: Extent): readonly GroundLine[] {
  const pieces: (readonly [number, number])[][] = [];
  let isOn = false;
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1] as readonly [number, number], line[i] as readonly [number, number]];
    const isSeen =
      Math.max(a[0], b[0]) >= west &&
      Math.min(a[0], b[0]) <= east &&
      Math.max(a[1], b[1]) >= south &&
      Math.min(a[1], b[1]) <= north;
    if (isSeen && !isOn) pieces.push([a]);
    if (isSeen) pieces.at(-1)?.push(b);
    isOn = isSeen;
  }
  return pieces;
}

/** Where a longitude is on a map, which may be not at all. */
function turns(longitude: number, west: number, east: number): readonly number[] {
  return TURNS.map((turn) => longitude + turn).filter((x) => x >= west && x <= east);
}

/** Degrees as maps count them. */
function degreeTicks(from: number, to: number): readonly number[] {
  const step = [1, 2, 5, 10, 15, 20, 30, 45, 60, 90].find((each) => (to - from) / each <= 7);
  if (to - from < 3 || step === undefined) return [from, (from + to) / 2, to];
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step + 0);
}

function clamp(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value));
}

function ends(edges: readonly number[]): readonly [number, number] {
  return [edges[0] as number, edges.at(-1) as number];
}
