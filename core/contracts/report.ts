import { type Token, token } from "./token.ts";

/** Renders a report for people. The only door to a plot library is the plugin that provides this. */
export interface Report {
  /** One self-contained HTML page: no script, style, font or image is loaded from elsewhere. */
  html(document: ReportDocument, options?: { readonly signal?: AbortSignal }): Promise<string>;
  /** One figure as a stand-alone SVG document. */
  svg(figure: Figure, options?: { readonly signal?: AbortSignal }): Promise<string>;
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
  readonly items: readonly (Table | Figure)[];
}

/** A table; numbers are formatted by the renderer to the column's significant digits. */
export interface Table {
  readonly kind: "table";
  readonly caption: string;
  readonly columns: readonly { readonly name: string; readonly unit?: string; readonly digits?: number }[];
  /** One row per entry, a cell per column; `null` prints as a dash. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A plot with one pair of axes, and under it, where asked, the ratio to one of its series on the same x axis. */
export interface Figure {
  readonly kind: "figure";
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Name of the series that the others are divided by in the lower panel. */
  readonly ratioTo?: string;
}

/** An axis: label and unit are printed as `label [unit]`. */
export interface Axis {
  readonly label: string;
  readonly unit?: string;
  readonly scale?: "linear" | "log";
  readonly min?: number;
  readonly max?: number;
}

/**
 * One set of numbers in a plot; `null` is a gap. `steps` is a histogram: `x` are the n + 1 bin edges of n values.
 * `yError` is the standard error, drawn as a bar (points) or a band (steps, line).
 */
export interface Series {
  readonly kind: "steps" | "points" | "line";
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly yError?: readonly (number | null)[];
}
