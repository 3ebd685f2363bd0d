import type { GroupMark, Mark, Scale, Axis as VegaAxis } from "vega";
import type { Axis } from "../../../core/index.ts";
import type { Domain } from "./domain.ts";
import type { Layer } from "./marks.ts";
import { commonExponent, decimalsOf, linearTicks, logTicks } from "./ticks.ts";

/** Titles are at a fixed distance, so that the axes of all figures and panels line up whatever their labels. */
const TITLE_DISTANCE = { left: 54, bottom: 26 } as const;
/** Names of the functions for labels that `render-svg.ts` gives to Vega's expressions. */
export const LABEL_FUNCTIONS = { linear: "twinloomTickLabel", log: "twinloomLogTickLabel" } as const;

const TICK_LENGTH = 7;
const SHORT_TICK_LENGTH = 4;
const LABEL_GAP = 6;
const PIXELS_PER_X_TICK = 75;
const PIXELS_PER_Y_TICK = 45;

/** An axis with its ends, and where it differs from the usual. */
export interface PanelAxis {
  readonly axis: Axis;
  readonly domain: Domain;
  /** Ticks to use instead of those that fit. */
  readonly ticks?: readonly number[];
  /** Without labels and title: the panel below has them. */
  readonly isBare?: boolean;
}

/** A rectangle with axes on all four sides, ticks inwards, and layers cut off at its edges. */
export interface Panel {
  readonly name: string;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: PanelAxis;
  readonly y: PanelAxis;
  readonly layers: readonly Layer[];
  /** With x from top to bottom and y from left to right, `left` pixels from the first panel; `x` without ticks. */
  readonly onItsSide?: { readonly left: number };
}

/** The Vega group of a panel. */
export function panelMark({ name, top, width, height, x, y, layers, onItsSide }: Panel): GroupMark {
  const size = { width: { value: width }, height: { value: height } };
  return {
    type: "group",
    name,
    aria: false,
    encode: { update: { ...(onItsSide && { x: { value: onItsSide.left } }), y: { value: top }, ...size } },
    scales: onItsSide
      ? [scaleOf("x", x, [0, height]), scaleOf("y", y, [0, width])]
      : [scaleOf("x", x, [0, width]), scaleOf("y", y, [height, 0])],
    axes: onItsSide
      ? [...bareLines("x", ["left", "right"]), ...axesOf("y", y, ["bottom", "top"], width / PIXELS_PER_X_TICK)]
      : [
          ...axesOf("x", x, ["bottom", "top"], width / PIXELS_PER_X_TICK),
          ...axesOf("y", y, ["left", "right"], height / PIXELS_PER_Y_TICK),
        ],
    marks: [
      {
        type: "group",
        aria: false,
        clip: true,
        encode: { update: size },
        data: layers.map(({ data }) => data),
        marks: layers.map(({ mark }) => (onItsSide ? turned(mark) : mark)),
      },
    ],
  };
}

const TURNED: Readonly<Record<string, string>> = { x: "y", x2: "y2", y: "x", y2: "x2" };

/** A mark with what it has along x drawn downwards, and what it has along y to the right. */
function turned(mark: Mark): Mark {
  const channels = Object.entries(mark.encode?.update ?? {}).map(([name, value]) => [TURNED[name] ?? name, value]);
  const orient = mark.type === "area" ? { orient: { value: "horizontal" } } : {};
  return { ...mark, encode: { update: { ...Object.fromEntries(channels), ...orient } } } as Mark;
}

function bareLines(scale: "x" | "y", orients: readonly ["left", "right"]): VegaAxis[] {
  return orients.map((orient) => ({ scale, orient, domain: true, labels: false, ticks: false }));
}

function scaleOf(name: "x" | "y", { axis, domain }: PanelAxis, range: readonly [number, number]): Scale {
  return { name, type: axis.scale === "log" ? "log" : "linear", domain: [...domain], range: [...range], zero: false };
}

function axesOf(
  scale: "x" | "y",
  panelAxis: PanelAxis,
  [first, opposite]: readonly ["bottom", "top"] | readonly ["left", "right"],
  tickCount: number,
): VegaAxis[] {
  const ticks = ticksOf(panelAxis, tickCount);
  const labelled = panelAxis.isBare
    ? { labels: false }
    : {
        labels: true,
        encode: { labels: { update: { text: { signal: ticks.label } } } },
        title: axisTitle(panelAxis.axis),
        labelPadding: LABEL_GAP + TICK_LENGTH,
        minExtent: TITLE_DISTANCE[first],
        maxExtent: TITLE_DISTANCE[first],
      };
  const main = { scale, domain: true, tickSize: -TICK_LENGTH, ...ticks.main } as const;
  const mirrored: VegaAxis[] = [
    { ...main, orient: first, ...labelled },
    { ...main, orient: opposite, labels: false },
  ];
  const between = ([first, opposite] as const).map(
    (orient): VegaAxis => ({
      scale,
      orient,
      domain: false,
      labels: false,
      tickSize: -SHORT_TICK_LENGTH,
      values: [...ticks.between],
    }),
  );
  return ticks.between.length > 0 ? [...mirrored, ...between] : mirrored;
}

interface Ticks {
  readonly main: { readonly values: number[] };
  readonly between: readonly number[];
  /** Expression for the text of a label. */
  readonly label: string;
}

function ticksOf({ axis, domain, ticks }: PanelAxis, tickCount: number): Ticks {
  if (axis.scale === "log") {
    const { labelled, between } = logTicks(domain);
    const label = `${LABEL_FUNCTIONS.log}(datum.value, ${domain[0]}, ${domain[1]})`;
    return { main: { values: [...labelled] }, between, label };
  }
  const values = [...(ticks ?? linearTicks(domain, Math.max(2, Math.round(tickCount))))];
  const exponent = commonExponent(domain);
  const label = `${LABEL_FUNCTIONS.linear}(datum.value, ${exponent}, ${decimalsOf(values, exponent)})`;
  return { main: { values }, between: [], label };
}

/** `label [unit]`. */
export function axisTitle({ label, unit }: Axis): string {
  return unit ? `${label} [${unit}]` : label;
}
