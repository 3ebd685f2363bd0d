import type { GroupMark, Mark } from "vega";
import type { Axis } from "../../../core/index.ts";
import { FONT_SIZE } from "./figure-spec.ts";
import { layer } from "./marks.ts";
import { panelMark } from "./panel.ts";

const BAR_WIDTH = 18;
const BAR_STEPS = 64;

/** Blue, near white, vermilion: ends that all colour visions tell apart, and a middle that says "nothing" on any page. */
const LOW = [0x00, 0x72, 0xb2] as const;
const MIDDLE = [0xf4, 0xf4, 0xf4] as const;
const HIGH = [0xd5, 0x5e, 0x00] as const;

/** The colour of a place from 0 to 1; 0.5 says "nothing". */
export function diverging(place: number): string {
  const side = 2 * place - 1;
  const end = side < 0 ? LOW : HIGH;
  const mixed = MIDDLE.map((middle, i) => Math.round(middle + Math.abs(side) * ((end[i] as number) - middle)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Rectangles with a colour of their own: `x`, `x2`, `y`, `y2`, `color`. */
export const colorCellMark: Mark = {
  type: "rect",
  encode: {
    update: {
      x: { scale: "x", field: "x" },
      x2: { scale: "x", field: "x2" },
      y: { scale: "y", field: "y" },
      y2: { scale: "y", field: "y2" },
      fill: { field: "color" },
      // Neighbours of one colour would show the page between them.
      stroke: { field: "color" },
      strokeWidth: { value: FONT_SIZE / 30 },
    },
  },
};

/** A bar that says what colours mean. */
export function colorBar({
  color,
  colorOf,
  top,
  height,
}: {
  readonly color: Axis & { readonly min: number; readonly max: number };
  readonly colorOf: (value: number) => string;
  readonly top: number;
  readonly height: number;
}): { readonly mark: GroupMark; readonly width: number } {
  const { min, max } = color;
  const steps = Array.from({ length: BAR_STEPS }, (_, i) => {
    const at = (step: number): number => min + ((max - min) * step) / BAR_STEPS;
    return { x: 0, x2: 1, y: at(i), y2: at(i + 1), color: colorOf(at(i + 0.5)) };
  });
  const mark = panelMark({
    name: "colors",
    top,
    width: BAR_WIDTH,
    height,
    x: { axis: { label: "" }, domain: [0, 1], ticks: [], isBare: true },
    y: { axis: color, domain: [min, max] },
    layers: [layer("steps", steps, colorCellMark)],
  });
  return { mark, width: BAR_WIDTH };
}
