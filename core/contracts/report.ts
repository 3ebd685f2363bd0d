import { type Token, token } from "./token.ts";

/** Renders a report for people. The only door to a plot library is the plugin that provides this. */
export interface Report {
  /** One self-contained HTML page: no script, style, font or image is loaded from elsewhere. */
  html(document: ReportDocument, options?: { readonly signal?: AbortSignal | undefined }): Promise<string>;
  /** One figure as a stand-alone SVG document. */
  svg(figure: Picture, options?: { readonly signal?: AbortSignal | undefined }): Promise<string>;
}
export const Report: Token<Report> = token("report");

/** Plain JSON, so that a task can write it and another can render it. */
export interface ReportDocument {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly summary?: string;
  readonly sections: readonly ReportSection[];
  /** Facts for the foot of the page: versions, seeds, digests. */
  readonly provenance?: Readonly<Record<string, string>>;
}

/** A heading with text, tables and figures. */
export interface ReportSection {
  readonly title: string;
  readonly text?: string;
  readonly items: readonly (Table | Picture)[];
}

/** What is drawn. */
export type Picture = Figure | HeatMap | GeoMap;

/** A table; numbers are formatted by the renderer to the column's significant digits. */
export interface Table {
  readonly kind: "table";
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  /** One row per entry, a cell per column; `null` prints as a dash. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Head of a column; `digits` are the significant digits of its numbers, 4 by default; whole numbers are printed whole. */
export interface TableColumn {
  readonly name: string;
  readonly unit?: string;
  readonly digits?: number;
}

/**
 * A plot with one pair of axes, and under it, where asked, the ratio to one of its series on the same x axis.
 *
 * With names on its x axis it lies on its side: a row for each name, the first at the top, values from left to right, and
 * ratios beside them.
 */
export interface Figure {
  readonly kind: "figure";
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /**
   * Name of the series that the others are divided by in the lower panel. Its own error is drawn there as a band around
   * 1, and the errors of the others without it. Series at other places on x than this one are left out of that panel.
   */
  readonly ratioTo?: string;
}

/**
 * Numbers on a grid as colours, which meet in the middle of the colour axis. `null`, NaN and infinities are cells without
 * colour; what lies beyond the ends has the colour of the end.
 */
export interface HeatMap {
  readonly kind: "heatmap";
  readonly caption: string;
  /** Linear axes; their ends are those of the edges. */
  readonly x: Pick<Axis, "label" | "unit">;
  readonly y: Pick<Axis, "label" | "unit">;
  /** n + 1 increasing edges of n columns. */
  readonly xEdges: readonly number[];
  /** n + 1 increasing edges of n rows, from the lowest. */
  readonly yEdges: readonly number[];
  /** `[row][column]` */
  readonly values: readonly (readonly (number | null)[])[];
  readonly color: Pick<Axis, "label" | "unit"> & { readonly min: number; readonly max: number };
}

/**
 * Numbers on a grid of longitudes and latitudes as colours, with coastlines. `null`, NaN and infinities are cells without
 * colour; what lies beyond the ends of the colours has the colour of the end. A grid of more cells than are worth drawing is
 * drawn as averages of neighbours, and the caption says so.
 */
export interface GeoMap {
  readonly kind: "map";
  readonly caption: string;
  /** n + 1 increasing edges of n columns, degrees east; anywhere in -360 to 720, at most 360 degrees in all. */
  readonly longitudeEdges: readonly number[];
  /** n + 1 increasing edges of n rows, degrees north, from the southernmost. */
  readonly latitudeEdges: readonly number[];
  /** `[row][column]` */
  readonly values: readonly (readonly (number | null)[])[];
  /**
   * Colours: `"sequential"` from dark to bright for amounts, `"diverging"` for what has a middle that says "nothing" (anomalies).
   */
  readonly color: Pick<Axis, "label" | "unit"> & {
    readonly min: number;
    readonly max: number;
    readonly palette: "sequential" | "diverging";
  };
  /** Ways on the map, such as storm tracks. */
  readonly tracks?: readonly GeoTrack[];
  /** Places on the map, such as stations. */
  readonly points?: readonly GeoPoint[];
}

/** A way on a {@link GeoMap}: its places in order, degrees east and north. */
export interface GeoTrack {
  readonly name: string;
  readonly longitudes: readonly number[];
  readonly latitudes: readonly number[];
}

/** A place on a {@link GeoMap}, degrees east and north. */
export interface GeoPoint {
  readonly name: string;
  readonly longitude: number;
  readonly latitude: number;
}

/**
 * An axis: label and unit are printed as `label [unit]`. Without `min` and `max` it holds all the data. What is zero or
 * negative has no place on a logarithmic axis: it is left out, and the caption says so.
 */
export interface Axis {
  readonly label: string;
  readonly unit?: string;
  readonly scale?: "linear" | "log";
  readonly min?: number;
  readonly max?: number;
  /**
   * Of the x axis of points: what stands at 0, 1, 2, … instead of those numbers; all different, at most
   * {@link MOST_AXIS_NAMES}. Such an axis has no unit, scale and ends. Long names are cut in the middle.
   */
  readonly names?: readonly string[];
}

/** More rows than this do not fit a screen or a page of paper: make several figures. */
export const MOST_AXIS_NAMES = 24;

/**
 * One set of numbers in a plot; `null` is a gap, and so are NaN and infinities, which JSON writes as null. `steps` is a histogram: `x` are the n + 1 bin edges of n values, in
 * increasing order. `yError` is the standard error, drawn as a bar (points) or a band (steps, line).
 */
export interface Series {
  readonly kind: "steps" | "points" | "line";
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly yError?: readonly (number | null)[];
}
