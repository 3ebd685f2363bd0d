import type { Figure, Series } from "../../../core/index.ts";
import { type Cell, cellsOf, drawable, inRows } from "./cells.ts";
import { type Domain, xDomain, yDomain } from "./domain.ts";
import { type RatioAxis, ratioAxis, ratioCells, unityCells } from "./ratio.ts";
import { type SeriesStyle, seriesStyles } from "./series-style.ts";

/** A series as it is drawn in one panel. */
export interface DrawnSeries {
  readonly name: string;
  readonly kind: Series["kind"];
  readonly style: SeriesStyle;
  readonly cells: readonly Cell[];
}

/** All that a figure shows, in data units. */
export interface Drawing {
  readonly x: Domain;
  readonly y: Domain;
  readonly series: readonly DrawnSeries[];
  /** The lower panel. */
  readonly ratio?: RatioAxis & {
    readonly reference: DrawnSeries;
    readonly series: readonly DrawnSeries[];
  };
  /** What a reader must know about what is not shown; whole sentences. */
  readonly notes: readonly string[];
}

/** Decides what a figure shows: styles, what fits the axes, their ends, and the ratios. */
export function drawingOf(figure: Figure): Drawing {
  const styles = seriesStyles(figure.series, figure.ratioTo);
  const notes: string[] = [];
  const series = figure.series.map((one, index): DrawnSeries => {
    const { cells, dropped } = drawable(cellsOf(one), figure);
    if (dropped > 0) notes.push(droppedNote(one.name, dropped));
    const style = styles[index] as SeriesStyle;
    return { name: one.name, kind: one.kind, style, cells: placed(cells, figure, index, figure.series.length) };
  });
  const cells = series.map((one) => one.cells);
  if (!cells.flat().some(({ y }) => y !== undefined)) notes.push("There are no values to show.");
  const ratio = ratioOf(figure, styles);
  const x: Domain = figure.x.names ? [-0.5, figure.x.names.length - 0.5] : xDomain(figure.x, cells);
  const y = yDomain(figure.y, cells, { mayBeginAtZero: figure.x.names === undefined });
  if (figure.x.names) notes.push(...beyondNotes(cells.flat(), y));
  return { x, y, series, ...(ratio && { ratio }), notes };
}

/** Ratios are of all values, also of those that a logarithmic axis cannot show. */
function ratioOf(figure: Figure, styles: readonly SeriesStyle[]): Drawing["ratio"] {
  const at = figure.series.findIndex(({ name }) => name === figure.ratioTo);
  const reference = figure.series[at];
  if (!reference) return undefined;
  const referenceCells = cellsOf(reference);
  const series = figure.series.flatMap((one, index): DrawnSeries[] => {
    if (index === at) return [];
    const cells = ratioCells(cellsOf(one), referenceCells);
    if (!cells) return [];
    return [{ name: one.name, kind: one.kind, style: styles[index] as SeriesStyle, cells }];
  });
  const { name, kind } = reference;
  const unity = placed(unityCells(referenceCells), figure, 0, 1);
  return {
    // What has names may be of many kinds, which differ by factors.
    ...ratioAxis(
      series.flatMap(({ cells }) => cells),
      { mayBeLog: figure.x.names !== undefined },
    ),
    reference: { name, kind, style: styles[at] as SeriesStyle, cells: unity },
    series: series.map((one, index) => ({ ...one, cells: placed(one.cells, figure, index, series.length) })),
  };
}

/** Cells in the rows of a figure with names; those of other figures stay where they are. */
function placed(cells: readonly Cell[], { x }: Figure, place: number, count: number): readonly Cell[] {
  return x.names ? inRows(cells, { place, count }) : cells;
}

function beyondNotes(cells: readonly Cell[], [low, high]: Domain): readonly string[] {
  const count = cells.filter(({ y }) => y !== undefined && (y < low || y > high)).length;
  if (count === 0) return [];
  return [count === 1 ? "One value is beyond the axis: an arrow." : `${count} values are beyond the axis: arrows.`];
}

function droppedNote(name: string, count: number): string {
  const values = count === 1 ? "One value" : `${count} values`;
  return `${values} of ${name} at or below zero cannot be shown on a logarithmic axis.`;
}
