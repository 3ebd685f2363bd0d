import type { Figure, Series } from "../../../core/index.ts";
import { type Cell, cellsOf, drawable } from "./cells.ts";
import { type Domain, xDomain, yDomain } from "./domain.ts";
import { ratioCells, ratioDomain, unityCells } from "./ratio.ts";
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
  readonly ratio?: {
    readonly domain: Domain;
    readonly ticks: readonly number[];
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
    return { name: one.name, kind: one.kind, style: styles[index] as SeriesStyle, cells };
  });
  const cells = series.map((one) => one.cells);
  if (!cells.flat().some(({ y }) => y !== undefined)) notes.push("There are no values to show.");
  const ratio = ratioOf(figure, styles);
  return { x: xDomain(figure.x, cells), y: yDomain(figure.y, cells), series, ...(ratio && { ratio }), notes };
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
  return {
    ...ratioDomain(series.flatMap(({ cells }) => cells)),
    reference: { name, kind, style: styles[at] as SeriesStyle, cells: unityCells(referenceCells) },
    series,
  };
}

function droppedNote(name: string, count: number): string {
  const values = count === 1 ? "One value" : `${count} values`;
  return `${values} of ${name} at or below zero cannot be shown on a logarithmic axis.`;
}
