import type { Mark, Spec, TextEncodeEntry } from "vega";
import type { Figure } from "../../../core/index.ts";
import type { Drawing } from "./drawing.ts";
import { FIGURE_CONFIG, FONT_SIZE, isEmpty, MARGIN, noDataMark, ratioLayers, ratioPanelAxis } from "./figure-spec.ts";
import { LEGEND_ROW_HEIGHT, legendOf } from "./legend.ts";
import { beyondMarks, type Layer, layer, seriesMarks } from "./marks.ts";
import { axisTitle, type Panel, panelMark } from "./panel.ts";
import { INK } from "./series-style.ts";
import { shortened, textWidth } from "./text-width.ts";

/** Of the whole picture, so that letters are as large in all of them. */
const WIDTH = 950;
const ROW_HEIGHT = 24;
const NAME_SIZE = FONT_SIZE - 2;
const LONGEST_NAME = 390;
const NAME_GAP = 12;
const EDGE = 8;
const RATIO_WIDTH = 190;
const RATIO_GAP = 16;
const LEGEND_GAP = 8;

/** The Vega specification of a figure with names: a row each, values from left to right, and ratios beside them. */
export function namedRowsSpec(figure: Figure, names: readonly string[], drawing: Drawing): Spec {
  const shown = names.map((name) => shortened(name, LONGEST_NAME, NAME_SIZE));
  const left = EDGE + NAME_GAP + Math.ceil(Math.max(...shown.map((name) => textWidth(name, NAME_SIZE))));
  const inner = WIDTH - left - MARGIN.right;
  const width = drawing.ratio ? inner - RATIO_WIDTH - RATIO_GAP : inner;
  const legend = legendOf(drawing.series, inner, FONT_SIZE);
  const top = legend.height + LEGEND_GAP;
  const height = names.length * ROW_HEIGHT;
  const shared = { top, height, x: { axis: figure.x, domain: drawing.x } };
  const marks: Mark[] = [
    legend.mark,
    nameMarks(shortened(axisTitle(figure.x), LONGEST_NAME, FONT_SIZE), shown, top),
    panelMark({
      ...shared,
      name: "main",
      width,
      y: { axis: figure.y, domain: drawing.y },
      onItsSide: { left: 0 },
      layers: [
        rowLines("main", names.length, width),
        ...drawing.series.flatMap((series, index) => [
          ...seriesMarks(series, `main-${index}`, drawing.y, { outline: false }),
          ...beyondMarks(series, `main-${index}`, drawing.y, { onItsSide: true }),
        ]),
      ],
    }),
  ];
  if (drawing.ratio)
    marks.push(panelMark(ratioColumn(drawing, drawing.ratio, { ...shared, left: inner - RATIO_WIDTH })));
  if (isEmpty(drawing)) marks.push(noDataMark(width / 2, top + height / 2));
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    autosize: "none",
    width: inner,
    height: top + height,
    padding: { ...MARGIN, left },
    config: FIGURE_CONFIG,
    marks,
  };
}

function ratioColumn(
  { x }: Drawing,
  ratio: NonNullable<Drawing["ratio"]>,
  { left, ...shared }: Pick<Panel, "top" | "height" | "x"> & { readonly left: number },
): Panel {
  return {
    ...shared,
    name: "ratio",
    width: RATIO_WIDTH,
    y: ratioPanelAxis(ratio),
    onItsSide: { left },
    layers: [rowLines("ratio", shared.height / ROW_HEIGHT, RATIO_WIDTH), ...ratioLayers(ratio, x, { onItsSide: true })],
  };
}

/** A faint line in each row, which leads the eye from the name to the points. */
function rowLines(panel: string, count: number, width: number): Layer {
  const rows = Array.from({ length: count }, (_, place) => ({ place }));
  return layer(`${panel}-lines`, rows, {
    type: "rule",
    encode: {
      update: {
        x: { scale: "x", field: "place" },
        y: { value: 0 },
        y2: { value: width },
        stroke: { value: INK },
        strokeOpacity: { value: 0.18 },
        strokeWidth: { value: 1 },
      },
    },
  });
}

/** Names at their rows, and above them what they are names of. */
function nameMarks(label: string, names: readonly string[], top: number): Mark {
  const rows = names.map((name, place) => ({ name, y: top + (place + 0.5) * ROW_HEIGHT }));
  const { mark, data } = layer(
    "names",
    rows,
    nameMark({ y: { field: "y" }, text: { field: "name" }, fontSize: { value: NAME_SIZE } }),
  );
  const head = nameMark({
    y: { value: LEGEND_ROW_HEIGHT / 2 },
    text: { value: label },
    fontSize: { value: FONT_SIZE },
  });
  return { type: "group", aria: false, data: [data], marks: [mark, head] };
}

function nameMark(where: Pick<TextEncodeEntry, "y" | "text" | "fontSize">): Mark {
  return {
    type: "text",
    aria: false,
    encode: {
      update: {
        ...where,
        x: { value: -NAME_GAP },
        align: { value: "right" },
        baseline: { value: "middle" },
        fill: { value: INK },
      },
    },
  };
}
