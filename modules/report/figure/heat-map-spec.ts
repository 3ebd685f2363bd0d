import type { Mark, Spec } from "vega";
import type { HeatMap } from "../../../core/index.ts";
import { FIGURE_CONFIG, FONT_SIZE, MARGIN } from "./figure-spec.ts";
import { layer } from "./marks.ts";
import { panelMark } from "./panel.ts";

const SIZE = 400;
const TOP = 8;
const BAR_LEFT = SIZE + 90;
const BAR_WIDTH = 18;
const BAR_STEPS = 64;

/** Blue, near white, vermilion: ends that all colour visions tell apart, and a middle that says "nothing" on any page. */
const LOW = [0x00, 0x72, 0xb2] as const;
const MIDDLE = [0xf4, 0xf4, 0xf4] as const;
const HIGH = [0xd5, 0x5e, 0x00] as const;

/** The Vega specification of a heat map: a square of coloured cells, and a bar that says what the colours mean. */
export function heatMapSpec(map: HeatMap): Spec {
  const { min, max } = map.color;
  const cells = map.values.flatMap((row, i) =>
    row.flatMap((value, j) =>
      isNumber(value)
        ? [{ ...between(map.xEdges, j, "x"), ...between(map.yEdges, i, "y"), color: colorOf(value, min, max) }]
        : [],
    ),
  );
  const steps = Array.from({ length: BAR_STEPS }, (_, i) => {
    const at = (step: number): number => min + ((max - min) * step) / BAR_STEPS;
    return { x: 0, x2: 1, y: at(i), y2: at(i + 1), color: colorOf(at(i + 0.5), min, max) };
  });
  const main = panelMark({
    name: "main",
    top: TOP,
    width: SIZE,
    height: SIZE,
    x: { axis: map.x, domain: ends(map.xEdges) },
    y: { axis: map.y, domain: ends(map.yEdges) },
    layers: [layer("cells", cells, cellMark)],
  });
  const bar = panelMark({
    name: "colors",
    top: TOP,
    width: BAR_WIDTH,
    height: SIZE,
    x: { axis: { label: "" }, domain: [0, 1], ticks: [], isBare: true },
    y: { axis: map.color, domain: [min, max] },
    layers: [layer("steps", steps, cellMark)],
  });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    autosize: "none",
    width: BAR_LEFT + BAR_WIDTH,
    height: TOP + SIZE,
    padding: MARGIN,
    config: FIGURE_CONFIG,
    marks: [main, { type: "group", aria: false, encode: { update: { x: { value: BAR_LEFT } } }, marks: [bar] }],
  };
}

/** Number of cells without a value. */
export function gapsOf({ values }: HeatMap): number {
  return values.flat().filter((value) => !isNumber(value)).length;
}

const cellMark: Mark = {
  type: "rect",
  encode: {
    update: {
      x: { scale: "x", field: "x" },
      x2: { scale: "x", field: "x2" },
      y: { scale: "y", field: "y" },
      y2: { scale: "y", field: "y2" },
      fill: { field: "color" },
      // Neighbours of one colour would show the page between them.
      stroke: { field: "color" },
      strokeWidth: { value: FONT_SIZE / 30 },
    },
  },
};

/** Half way along is the middle; beyond the ends are the ends. */
function colorOf(value: number, min: number, max: number): string {
  const place = Math.min(1, Math.max(-1, (2 * (value - min)) / (max - min) - 1));
  const end = place < 0 ? LOW : HIGH;
  const mixed = MIDDLE.map((middle, i) => Math.round(middle + Math.abs(place) * ((end[i] as number) - middle)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

function between(edges: readonly number[], index: number, name: "x" | "y"): Record<string, number> {
  return { [name]: edges[index] as number, [`${name}2`]: edges[index + 1] as number };
}

function ends(edges: readonly number[]): readonly [number, number] {
  return [edges[0] as number, edges.at(-1) as number];
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
