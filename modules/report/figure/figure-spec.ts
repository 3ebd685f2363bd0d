import type { Config, Mark, Spec } from "vega";
import type { Figure } from "../../../core/index.ts";
import type { Domain } from "./domain.ts";
import type { Drawing, DrawnSeries } from "./drawing.ts";
import { legendOf } from "./legend.ts";
import { bandMarks, beyondMarks, type Layer, layer, seriesMarks } from "./marks.ts";
import { type Panel, type PanelAxis, panelMark } from "./panel.ts";
import type { RatioAxis } from "./ratio.ts";
import { INK } from "./series-style.ts";

const WIDTH = 520;
const HEIGHT = 300;
const RATIO_HEIGHT = 100;
/** Of titles of axes; labels are a pixel smaller. */
export const FONT_SIZE = 15;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";
/** Room for axes around every drawing. */
export const MARGIN: { left: number; right: number; top: number; bottom: number } = {
  left: 80,
  right: 30,
  top: 6,
  bottom: 58,
};
const LEGEND_GAP = 8;

/** How axes and text look in every drawing. */
export const FIGURE_CONFIG: Config = {
  axis: {
    domainColor: INK,
    tickColor: INK,
    labelColor: INK,
    titleColor: INK,
    labelFont: FONT,
    titleFont: FONT,
    labelFontSize: FONT_SIZE - 1,
    titleFontSize: FONT_SIZE,
    titleFontWeight: "normal",
    domainWidth: 1.2,
    tickWidth: 1.2,
    titlePadding: 6,
    labelOverlap: "greedy",
    aria: false,
  },
  text: { font: FONT, fill: INK },
};

/** The Vega specification of a figure without names; every one has the same width, and the same place for its axes. */
export function figureSpec(figure: Figure, drawing: Drawing): Spec {
  const legend = legendOf(drawing.series, WIDTH, FONT_SIZE);
  const top = legend.height + LEGEND_GAP;
  const marks: Mark[] = [legend.mark, panelMark(mainPanel(figure, drawing, top))];
  if (drawing.ratio) marks.push(panelMark(ratioPanel(figure, drawing, top + HEIGHT)));
  if (isEmpty(drawing)) marks.push(noDataMark(WIDTH / 2, top + HEIGHT / 2));
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    autosize: "none",
    width: WIDTH,
    height: top + HEIGHT + (drawing.ratio ? RATIO_HEIGHT : 0),
    padding: MARGIN,
    config: FIGURE_CONFIG,
    marks,
  };
}

function mainPanel({ x, y }: Figure, drawing: Drawing, top: number): Panel {
  return {
    name: "main",
    top,
    width: WIDTH,
    height: HEIGHT,
    x: { axis: x, domain: drawing.x, isBare: drawing.ratio !== undefined },
    y: { axis: y, domain: drawing.y },
    layers: backToFront(drawing.series).flatMap(({ series, index }) =>
      seriesMarks(series, `main-${index}`, drawing.y, { outline: true }),
    ),
  };
}

function ratioPanel({ x }: Figure, drawing: Drawing, top: number): Panel {
  const ratio = drawing.ratio as NonNullable<Drawing["ratio"]>;
  return {
    name: "ratio",
    top,
    width: WIDTH,
    height: RATIO_HEIGHT,
    x: { axis: x, domain: drawing.x },
    y: ratioPanelAxis(ratio),
    layers: ratioLayers(ratio, drawing.x),
  };
}

/** The axis of ratios. */
export function ratioPanelAxis({ scale, domain, ticks }: RatioAxis): PanelAxis {
  return { axis: { label: "ratio", scale }, domain, ...(ticks && { ticks }) };
}

/** What a panel of ratios shows: the reference as a line with a band, and the others. */
export function ratioLayers(
  { domain, reference, series }: NonNullable<Drawing["ratio"]>,
  x: Domain,
  options: { readonly onItsSide?: boolean } = {},
): readonly Layer[] {
  return [
    ...bandMarks(reference, "ratio-reference", domain),
    unityLine(x),
    ...series.flatMap((one, index) => [
      ...seriesMarks(one, `ratio-${index}`, domain, { outline: false }),
      ...beyondMarks(one, `ratio-${index}`, domain, options),
    ]),
  ];
}

/** The reference lies behind the others, and points before lines, whatever their order. */
function backToFront(
  series: readonly DrawnSeries[],
): readonly { readonly series: DrawnSeries; readonly index: number }[] {
  const depth = ({ style, kind }: DrawnSeries): number =>
    kind === "points" ? 3 : style.isReference && kind === "steps" ? 0 : kind === "steps" ? 1 : 2;
  return series.map((one, index) => ({ series: one, index })).sort((a, b) => depth(a.series) - depth(b.series));
}

function unityLine([from, to]: Domain): Layer {
  return layer("ratio-one", [{ from, to }], {
    type: "rule",
    encode: {
      update: {
        x: { scale: "x", field: "from" },
        x2: { scale: "x", field: "to" },
        y: { scale: "y", value: 1 },
        stroke: { value: INK },
        strokeWidth: { value: 1 },
      },
    },
  });
}

export function isEmpty({ series }: Drawing): boolean {
  return series.every(({ cells }) => cells.every(({ y }) => y === undefined));
}

/** The words in the middle of an empty panel. */
export function noDataMark(x: number, y: number): Mark {
  return {
    type: "text",
    aria: false,
    encode: {
      update: {
        x: { value: x },
        y: { value: y },
        align: { value: "center" },
        baseline: { value: "middle" },
        fontSize: { value: FONT_SIZE },
        fillOpacity: { value: 0.6 },
        text: { value: "no data" },
      },
    },
  };
}
