import { setImmediate } from "node:timers/promises";
import type { Spec } from "vega";
import { type Figure, type GeoMap, type HeatMap, importOptional, type Picture } from "../../../core/index.ts";
import { escapeXml, xmlCharacters } from "../escape-xml.ts";
import { coastlines } from "./coastlines.ts";
import { type Drawing, drawingOf } from "./drawing.ts";
import { figureSpec } from "./figure-spec.ts";
import { geoMapSpec, hasValues, reduceCells } from "./geo-map-spec.ts";
import { gapsOf, heatMapSpec } from "./heat-map-spec.ts";
import { namedRowsSpec } from "./named-rows-spec.ts";
import { axisTitle, LABEL_FUNCTIONS } from "./panel.ts";
import { logTickLabel, tickLabel } from "./ticks.ts";

/** A figure as SVG, and what its caption must add. */
export interface RenderedFigure {
  readonly svg: string;
  readonly notes: readonly string[];
}

/**
 * Draws a figure.
 *
 * @param figure - Checked.
 * @param id - Begins the ids inside the SVG, so that several fit on one page.
 * @throws `TWIN_PACKAGE_MISSING` when Vega is not installed, or for a map world-atlas.
 */
export async function renderFigure(
  figure: Picture,
  id: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<RenderedFigure> {
  options.signal?.throwIfAborted();
  const vega = await loadVega();
  // Drawing takes no turn of the event loop by itself: give a signal the chance to be heard.
  await setImmediate();
  options.signal?.throwIfAborted();
  const { spec, text, notes } = await partsOf(figure, vega);
  const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error });
  try {
    return { svg: withAccessibleRoot(await view.toSVG(), { caption: figure.caption, text, id }), notes };
  } finally {
    view.finalize();
  }
}

interface Parts {
  readonly spec: Spec;
  /** The drawing in words. */
  readonly text: string;
  readonly notes: readonly string[];
}

function partsOf(figure: Picture, vega: typeof import("vega")): Parts | Promise<Parts> {
  if (figure.kind === "map") return geoMapParts(figure, vega);
  return figure.kind === "heatmap" ? heatMapParts(figure) : figureParts(figure);
}

function figureParts(figure: Figure): Parts {
  const drawing = drawingOf(figure);
  const spec = figure.x.names ? namedRowsSpec(figure, figure.x.names, drawing) : figureSpec(figure, drawing);
  return { spec, text: description(figure, drawing), notes: drawing.notes };
}

function heatMapParts(map: HeatMap): Parts {
  const gaps = gapsOf(map);
  const text = `${axisTitle(map.color)} as colour: ${axisTitle(map.y)} against ${axisTitle(map.x)}, ${map.values.length} rows of ${map.xEdges.length - 1} cells.`;
  return { spec: heatMapSpec(map), text, notes: gaps > 0 ? [`${gaps} cells have no value.`] : [] };
}

async function geoMapParts(given: GeoMap, { scheme }: typeof import("vega")): Promise<Parts> {
  const { map, merged } = reduceCells(given);
  const { longitudeEdges, latitudeEdges, color } = map;
  const [west, east] = [longitudeEdges[0] as number, longitudeEdges.at(-1) as number];
  const coasts = await coastlines(east - west);
  const sequential = scheme("cividis") as (place: number) => string;
  const [rows, columns] = merged;
  const extent = `${west} to ${east} °E, ${latitudeEdges[0]} to ${latitudeEdges.at(-1)} °N`;
  const tracks = map.tracks?.length ? ` ${map.tracks.length} tracks.` : "";
  const points = map.points?.length ? ` Points: ${map.points.map(({ name }) => name).join(", ")}.` : "";
  const isColored = hasValues(map);
  const gaps = isColored || !(map.tracks?.length || map.points?.length) ? gapsOf(map) : 0;
  const cells = `${map.values.length} rows of ${longitudeEdges.length - 1} cells, with coastlines`;
  return {
    spec: geoMapSpec(map, { coasts, sequential }),
    text: isColored
      ? `Map of ${axisTitle(color)} as colour, ${extent}, ${cells}.${tracks}${points}`
      : `Map with coastlines, ${extent}.${tracks}${points}`,
    notes: [
      ...(rows * columns > 1 ? [`Drawn as averages of ${rows} × ${columns} cells.`] : []),
      ...(gaps > 0 ? [`${gaps} cells have no value.`] : []),
    ],
  };
}

let loading: Promise<typeof import("vega")> | undefined;

function loadVega(): Promise<typeof import("vega")> {
  loading ??= importOptional(() => import("vega"), {
    package: "vega",
    install: "npm install vega@6",
    neededBy: "Drawing figures",
  }).then((vega) => {
    vega.expressionFunction(LABEL_FUNCTIONS.linear, tickLabel);
    vega.expressionFunction(LABEL_FUNCTIONS.log, (value: number, min: number, max: number) =>
      logTickLabel(value, [min, max]),
    );
    return vega;
  });
  return loading;
}

/** Vega's root element replaced by one that scales, and tells in words what it shows. */
function withAccessibleRoot(
  svg: string,
  { caption, text, id }: { readonly caption: string; readonly text: string; readonly id: string },
): string {
  const root = /^<svg[^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>/.exec(svg);
  if (!root) throw new TypeError("Vega wrote an SVG without width and height.");
  const [tag, width, height] = root;
  const inside = withOwnIds(xmlCharacters(svg.slice(tag.length)), id);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` role="img" aria-labelledby="${id}-title ${id}-description">`,
    `<title id="${id}-title">${escapeXml(caption)}</title>`,
    `<desc id="${id}-description">${escapeXml(text)}</desc>`,
    inside,
  ].join("");
}

/** Vega counts its ids through all drawings of a process: number them anew, so that equal figures are equal text. */
function withOwnIds(svg: string, prefix: string): string {
  const ids = [...svg.matchAll(/<[^>]*?\bid="([^"]*)"/g)].map(([, id]) => id as string);
  const renamed = new Map(ids.map((id, index) => [id, `${prefix}-${index + 1}`]));
  // In tags alone: between them stands text of the figure, which may look like that.
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag
      .replace(/\bid="([^"]*)"/g, (_, id: string) => `id="${renamed.get(id)}"`)
      .replace(/url\(#([^)]*)\)/g, (_, id: string) => `url(#${renamed.get(id)})`),
  );
}

function description({ x, y }: Figure, { series, ratio }: Drawing): string {
  const names = series.map(
    ({ name, cells }) => `${name} (${cells.filter((cell) => cell.y !== undefined).length} values)`,
  );
  const below = ratio ? ` ${x.names ? "Beside" : "Below"}: the ratio to ${ratio.reference.name}.` : "";
  const rows = x.names ? ` Rows: ${x.names.join(", ")}.` : "";
  return `${axisTitle(y)} against ${axisTitle(x)}.${rows} Series: ${names.join(", ") || "none"}.${below}`;
}
