import type { Spec } from "vega";
import type { HeatMap } from "../../../core/index.ts";
import { colorBar, colorCellMark, diverging } from "./color-cells.ts";
import { FIGURE_CONFIG, MARGIN } from "./figure-spec.ts";
import { layer } from "./marks.ts";
import { panelMark } from "./panel.ts";

const SIZE = 400;
const TOP = 8;
const BAR_LEFT = SIZE + 90;

/** The Vega specification of a heat map: a square of coloured cells, and a bar that says what the colours mean. */
export function heatMapSpec(map: HeatMap): Spec {
  const { min, max } = map.color;
  const colorOf = (value: number): string => diverging(Math.min(1, Math.max(0, (value - min) / (max - min))));
  const cells = map.values.flatMap((row, i) =>
    row.flatMap((value, j) =>
      isNumber(value)
        ? [{ ...between(map.xEdges, j, "x"), ...between(map.yEdges, i, "y"), color: colorOf(value) }]
        : [],
    ),
  );
  const main = panelMark({
    name: "main",
    top: TOP,
    width: SIZE,
    height: SIZE,
    x: { axis: map.x, domain: ends(map.xEdges) },
    y: { axis: map.y, domain: ends(map.yEdges) },
    layers: [layer("cells", cells, colorCellMark)],
  });
  const bar = colorBar({ color: map.color, colorOf, top: TOP, height: SIZE });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    autosize: "none",
    width: BAR_LEFT + bar.width,
    height: TOP + SIZE,
    padding: MARGIN,
    config: FIGURE_CONFIG,
    marks: [main, { type: "group", aria: false, encode: { update: { x: { value: BAR_LEFT } } }, marks: [bar.mark] }],
  };
}

/** Number of cells without a value. */
export function gapsOf({ values }: Pick<HeatMap, "values">): number {
  return values.flat().filter((value) => !isNumber(value)).length;
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
