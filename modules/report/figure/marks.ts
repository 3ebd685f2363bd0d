import type { Data, Mark } from "vega";
import { type Cell, runsOf } from "./cells.ts";
import type { Domain } from "./domain.ts";
import type { DrawnSeries } from "./drawing.ts";
import { INK } from "./series-style.ts";

const LINE_WIDTH = 2;
const MARKER_AREA = 44;
const CROWDED_MARKER_AREA = 12;
const CROWDED = 400;
const BAND_OPACITY = 0.22;
const UPRIGHT = "'triangle-up' : 'triangle-down'";
const ON_ITS_SIDE = "'triangle-right' : 'triangle-left'";

/** A mark and the rows that it draws. */
export interface Layer {
  readonly mark: Mark;
  readonly data: Data;
}

interface Row {
  readonly x: number;
  readonly [field: string]: number | boolean;
}

/**
 * The layers of a series within a panel.
 *
 * @param key - Begins the names of the marks, which are classes in the SVG: `"main-0"`.
 * @param y - The panel's axis; bars that leave it end at its edge, also below zero on a logarithmic one.
 */
export function seriesMarks(
  series: DrawnSeries,
  key: string,
  y: Domain,
  options: { readonly outline: boolean },
): Layer[] {
  switch (series.kind) {
    case "points":
      return pointMarks(series, key, y);
    case "line":
      return [...bandMarks(series, key, y), lineMark(series, `${key}-line`, lineRows(series.cells))];
    case "steps":
      return stepMarks(series, key, y, options);
  }
}

/** Only the error of a series, as a band: that of the reference in the ratio panel. */
export function bandMarks(series: DrawnSeries, key: string, [low]: Domain): Layer[] {
  const isLog = low > 0;
  const rows = runsOf(series.cells).flatMap((run) =>
    series.cells.some(({ error }) => error !== undefined)
      ? withGap(
          run.flatMap(({ from, to, y, error = 0 }) => {
            const band = { low: isLog ? Math.max(low, y - error) : y - error, high: y + error, defined: true };
            return from === to
              ? [{ x: from, ...band }]
              : [
                  { x: from, ...band },
                  { x: to, ...band },
                ];
          }),
          { low: isLog ? low : 0, high: isLog ? low : 0 },
        )
      : [],
  );
  if (rows.length === 0) return [];
  return [area(`${key}-band`, rows, series.style.color, BAND_OPACITY)];
}

/** Arrows at the edge where a value is beyond it. */
export function beyondMarks(
  series: DrawnSeries,
  key: string,
  [low, high]: Domain,
  options: { readonly onItsSide?: boolean } = {},
): Layer[] {
  // Drawn from the edge inwards: the panel cuts off what is outside.
  const [inwards, shapes] = options.onItsSide ? [-5, ON_ITS_SIDE] : [5, UPRIGHT];
  const rows = series.cells.flatMap(({ at, y }): Row[] => {
    if (y === undefined || (y >= low && y <= high)) return [];
    return [{ x: at, y: y > high ? high : low, above: y > high }];
  });
  if (rows.length === 0) return [];
  return [
    layer(`${key}-beyond`, rows, {
      type: "symbol",
      encode: {
        update: {
          x: scaled("x"),
          y: { scale: "y", field: "y", offset: { signal: `datum.above ? ${inwards} : ${-inwards}` } },
          shape: { signal: `datum.above ? ${shapes}` },
          size: { value: MARKER_AREA },
          fill: { value: series.style.color },
        },
      },
    }),
  ];
}

function stepMarks(series: DrawnSeries, key: string, y: Domain, { outline }: { readonly outline: boolean }): Layer[] {
  const baseline = y[0] <= 0 && y[1] >= 0 ? 0 : y[0];
  const runs = runsOf(series.cells);
  const rows = runs.flatMap((run) => {
    const path = run.flatMap(({ from, to, y: value }) => [
      { x: from, y: value, defined: true },
      { x: to, y: value, defined: true },
    ]);
    const first = path[0];
    const last = path.at(-1);
    if (!outline || !first || !last) return withGap(path, { y: baseline });
    return withGap([{ ...first, y: baseline }, ...path, { ...last, y: baseline }], { y: baseline });
  });
  const filled = rows.map(({ x, y: high, defined }) => ({
    x,
    low: baseline,
    high: high as number,
    defined: defined as boolean,
  }));
  return [
    ...(outline && series.style.isReference && rows.length > 0 ? [area(`${key}-fill`, filled, INK, 0.1)] : []),
    ...bandMarks(series, key, y),
    lineMark(series, `${key}-steps`, rows),
  ];
}

function pointMarks(series: DrawnSeries, key: string, [low]: Domain): Layer[] {
  const { color, shape } = series.style;
  const valued = series.cells.flatMap((cell) => (cell.y === undefined ? [] : [{ ...cell, y: cell.y }]));
  const points = valued.map(({ at, y }) => ({ x: at, y }));
  const bars = valued.flatMap(({ at, y, error }) =>
    error === undefined ? [] : [{ x: at, low: low > 0 ? Math.max(low, y - error) : y - error, high: y + error }],
  );
  return [
    ...(bars.length > 0 ? [errorBars(`${key}-errors`, bars, color)] : []),
    layer(`${key}-points`, points, {
      type: "symbol",
      encode: {
        update: {
          x: scaled("x"),
          y: scaled("y"),
          shape: { value: shape },
          size: { value: points.length > CROWDED ? CROWDED_MARKER_AREA : MARKER_AREA },
          fill: { value: color },
        },
      },
    }),
  ];
}

function errorBars(name: string, rows: readonly Row[], color: string): Layer {
  return layer(name, rows, {
    type: "rule",
    encode: {
      update: {
        x: scaled("x"),
        y: scaled("y", "low"),
        y2: scaled("y", "high"),
        stroke: { value: color },
        strokeWidth: { value: 1.4 },
      },
    },
  });
}

function lineMark({ style }: DrawnSeries, name: string, rows: readonly Row[]): Layer {
  return layer(name, rows, {
    type: "line",
    encode: {
      update: {
        x: scaled("x"),
        y: scaled("y"),
        defined: { field: "defined" },
        stroke: { value: style.color },
        strokeWidth: { value: LINE_WIDTH },
        strokeDash: { value: [...style.dash] },
        strokeJoin: { value: "round" },
      },
    },
  });
}

function area(name: string, rows: readonly Row[], color: string, opacity: number): Layer {
  return layer(name, rows, {
    type: "area",
    encode: {
      update: {
        x: scaled("x"),
        y: scaled("y", "high"),
        y2: scaled("y", "low"),
        defined: { field: "defined" },
        fill: { value: color },
        fillOpacity: { value: opacity },
      },
    },
  });
}

function lineRows(cells: readonly Cell[]): readonly Row[] {
  return runsOf(cells).flatMap((run) =>
    withGap(
      run.map(({ at, y }) => ({ x: at, y, defined: true })),
      { y: 1 },
    ),
  );
}

/** Ends a run with a row that is not drawn, so that the next run is not connected to it. */
function withGap(rows: readonly Row[], placeholder: Omit<Row, "x">): readonly Row[] {
  const last = rows.at(-1);
  return last ? [...rows, { ...placeholder, x: last.x, defined: false }] : [];
}

/** Vega gives a mark a data set of its own name: the rows need another. */
export function layer(name: string, rows: readonly object[], mark: Mark): Layer {
  const data = `${name}-rows`;
  return { mark: { ...mark, name, from: { data }, aria: false } as Mark, data: { name: data, values: [...rows] } };
}

function scaled(scale: "x" | "y", field: string = scale): { scale: string; field: string } {
  return { scale, field };
}
