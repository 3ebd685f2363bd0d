import type { GroupMark, Mark } from "vega";
import type { DrawnSeries } from "./drawing.ts";
import { INK } from "./series-style.ts";

/** Of the names of series, pixels. */
export const LEGEND_ROW_HEIGHT = 22;
const SYMBOL_WIDTH = 30;
const GAP = 8;
const COLUMN_GAP = 22;
/** Mean width of a letter, as a share of the font size; wide enough for capitals and digits. */
const LETTER_WIDTH = 0.58;

/** A legend above the panels, where it covers no data. */
export interface Legend {
  readonly mark: GroupMark;
  readonly height: number;
}

/** Names of the series beside what they are drawn with, in rows that are filled from the left. */
export function legendOf(series: readonly DrawnSeries[], width: number, fontSize: number): Legend {
  const letterWidth = LETTER_WIDTH * fontSize;
  const longest = Math.floor((width - SYMBOL_WIDTH - GAP) / letterWidth);
  const marks: Mark[] = [];
  let x = 0;
  let row = 0;
  for (const one of series) {
    const name = one.name.length > longest ? `${one.name.slice(0, longest - 1)}…` : one.name;
    const itemWidth = SYMBOL_WIDTH + GAP + name.length * letterWidth;
    if (x > 0 && x + itemWidth > width) {
      x = 0;
      row++;
    }
    const y = (row + 0.5) * LEGEND_ROW_HEIGHT;
    marks.push(...symbolMarks(one, x, y), labelMark(name, { x: x + SYMBOL_WIDTH + GAP, y, fontSize }));
    x += itemWidth + COLUMN_GAP;
  }
  return {
    mark: { type: "group", name: "legend", aria: false, marks },
    height: series.length > 0 ? (row + 1) * LEGEND_ROW_HEIGHT : 0,
  };
}

function symbolMarks({ kind, style, cells }: DrawnSeries, x: number, y: number): Mark[] {
  const hasError = cells.some(({ error }) => error !== undefined);
  const middle = x + SYMBOL_WIDTH / 2;
  if (kind === "points") {
    const symbol: Mark = {
      type: "symbol",
      aria: false,
      encode: {
        update: {
          x: { value: middle },
          y: { value: y },
          shape: { value: style.shape },
          size: { value: 60 },
          fill: { value: style.color },
        },
      },
    };
    return hasError ? [rule({ x: middle, y: y - 8, x2: middle, y2: y + 8 }, style.color, []), symbol] : [symbol];
  }
  const line = rule({ x, y, x2: x + SYMBOL_WIDTH, y2: y }, style.color, style.dash, 2.2);
  if (kind === "steps" && style.isReference) return [box(x, y, INK, 0.1), line];
  return hasError ? [box(x, y, style.color, 0.22), line] : [line];
}

function rule(
  at: { readonly x: number; readonly y: number; readonly x2: number; readonly y2: number },
  color: string,
  dash: readonly number[],
  width: number = 1.4,
): Mark {
  return {
    type: "rule",
    aria: false,
    encode: {
      update: {
        x: { value: at.x },
        y: { value: at.y },
        x2: { value: at.x2 },
        y2: { value: at.y2 },
        stroke: { value: color },
        strokeWidth: { value: width },
        strokeDash: { value: [...dash] },
      },
    },
  };
}

function box(x: number, y: number, color: string, opacity: number): Mark {
  return {
    type: "rect",
    aria: false,
    encode: {
      update: {
        x: { value: x },
        y: { value: y - 6 },
        width: { value: SYMBOL_WIDTH },
        height: { value: 12 },
        fill: { value: color },
        fillOpacity: { value: opacity },
      },
    },
  };
}

function labelMark(
  name: string,
  { x, y, fontSize }: { readonly x: number; readonly y: number; readonly fontSize: number },
): Mark {
  return {
    type: "text",
    aria: false,
    encode: {
      update: {
        x: { value: x },
        y: { value: y },
        text: { value: name },
        fontSize: { value: fontSize },
        baseline: { value: "middle" },
        fill: { value: INK },
      },
    },
  };
}
